/* The store's questions: those answered as JSON on its thread, and the few direct reads on the caller's own handle. */
#include "controller/store_sql.h"

#include <stdlib.h>
#include <string.h>

#define ALERT_COLUMNS "SELECT id, state, reason, sender, identifier, sent, received, changed, repetitions_ended, media_type, "
#define WHOLE_ALERT                                                                                                            \
    "SELECT id, sender, identifier, sent, media_type, bytes, state, reason, received, changed, repetitions_ended, detail "     \
    "FROM alert"

/* ?1 and ?2 are the job's texts, ?3 its limit, ?4 its number. */
static const char *const queries[] = {
    [QUERY_ALERTS] = ALERT_COLUMNS
    "json_remove(detail, '$.words', '$.places', '$.not_ours', '$.no_position', '$.not_spoken', '$.notes') AS detail"
    " FROM alert WHERE n < ifnull((SELECT n FROM alert WHERE id = ?1), ?4) ORDER BY n DESC LIMIT ?3",
    [QUERY_ALERT] = ALERT_COLUMNS "detail FROM alert WHERE id = ?1",
    [QUERY_MESSAGE] = "SELECT media_type, hex(bytes) AS hex FROM alert WHERE id = ?1",
    [QUERY_DELIVERIES] = "SELECT alert, terminal, line, channel, rung, end, reason, detail FROM delivery WHERE alert = ?1"
                         " ORDER BY terminal",
    [QUERY_READINGS] = "SELECT data FROM reading WHERE alert = ?1 AND terminal = ?2 ORDER BY n",
    [QUERY_AUDIT] =
        "SELECT seq, time, boot, actor, action, subject, detail, hash FROM audit WHERE seq > ?4 ORDER BY seq LIMIT ?3",
    [QUERY_EVENTS] = "SELECT seq AS id, type, data FROM event WHERE seq > ?4 ORDER BY seq LIMIT ?3",
};

/* A row as an object with the columns' names; NULL is left out, stored JSON becomes JSON again unless each byte counts. */
static json_t *row_object(sqlite3_stmt *row, bool exact)
{
    json_t *object = json_object();
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        const char *name = sqlite3_column_name(row, i);
        bool is_json = !exact && (strcmp(name, "detail") == 0 || strcmp(name, "data") == 0);
        json_t *value = NULL;
        if (sqlite3_column_type(row, i) == SQLITE_INTEGER)
            value = json_integer(sqlite3_column_int64(row, i));
        else if (sqlite3_column_type(row, i) == SQLITE_TEXT) {
            const char *text = (const char *)sqlite3_column_text(row, i);
            value = is_json ? json_loads(text, JSON_DECODE_ANY, NULL) : json_string(text);
        }
        if (value)
            json_object_set_new(object, name, value);
    }
    return object;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, text, -1, &statement, NULL) != SQLITE_OK)
        store_sql_error(db, "store", error);
    return statement;
}

/* All rows that the job's query finds, as an array; NULL with job->error set. */
static json_t *rows(sqlite3 *db, struct store_job *job)
{
    sqlite3_stmt *statement = prepare(db, queries[job->query], &job->error);
    if (!statement)
        return NULL;
    for (int i = 0; i < 2; i++)
        if (job->text[i])
            sqlite3_bind_text(statement, i + 1, job->text[i], -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, (int64_t)job->limit);
    sqlite3_bind_int64(statement, 4, job->seq);
    json_t *array = json_array();
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        json_array_append_new(array, row_object(statement, job->query == QUERY_AUDIT));
    if (code != SQLITE_DONE) {
        store_sql_error(db, "store", &job->error);
        json_decref(array);
        array = NULL;
    }
    sqlite3_finalize(statement);
    return array;
}

json_t *store_query_deliveries(sqlite3 *db, const char *alert, struct error *error)
{
    struct store_job job = {.query = QUERY_DELIVERIES, .text = {(char *)alert}};
    json_t *found = rows(db, &job);
    if (!found)
        *error = job.error;
    return found;
}

static void query_alert(sqlite3 *db, struct store_job *job)
{
    json_t *found = rows(db, job);
    job->result = json_incref(json_array_get(found, 0));
    if (found && !job->result)
        error_set(&job->error, ERROR_NOT_FOUND, "there is no alert %s", job->text[0]);
    json_decref(found);
}

static void query_alerts(sqlite3 *db, struct store_job *job)
{
    job->seq = job->text[0] ? 0 : INT64_MAX;
    job->result = rows(db, job);
    if (!job->text[0] || json_array_size(job->result) > 0 || job->error.code != ERROR_NONE)
        return;
    struct store_job known = {.query = QUERY_ALERT, .text = {job->text[0]}}; /* nothing is older, or there is no such alert */
    query_alert(db, &known);
    json_decref(known.result);
    if (known.result)
        return;
    job->error = known.error;
    json_decref(job->result);
    job->result = NULL;
}

static void query_readings(sqlite3 *db, struct store_job *job)
{
    json_t *found = rows(db, job);
    job->result = found ? json_array() : NULL;
    for (size_t i = 0; i < json_array_size(found); i++)
        json_array_append(job->result, json_object_get(json_array_get(found, i), "data"));
    json_decref(found);
}

/* The first event kept and the last one ever given; both 0 before any. */
static bool event_range(sqlite3 *db, int64_t *first, int64_t *last, struct error *error)
{
    sqlite3_stmt *statement = prepare(
        db, "SELECT ifnull(min(seq), 0), ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0) FROM event", error);
    if (!statement)
        return false;
    bool row = sqlite3_step(statement) == SQLITE_ROW;
    if (row) {
        *first = sqlite3_column_int64(statement, 0);
        *last = sqlite3_column_int64(statement, 1);
    } else
        store_sql_error(db, "store", error);
    sqlite3_finalize(statement);
    return row;
}

/* The number in "epoch:seq"; -1 if it is none of ours. */
static int64_t parse_id(const char *id, const char *epoch)
{
    size_t n = strlen(epoch);
    if (strncmp(id, epoch, n) != 0 || id[n] != ':')
        return -1;
    const char *digits = id + n + 1;
    size_t n_digits = strspn(digits, "0123456789");
    if (n_digits == 0 || n_digits > 18 || digits[n_digits] != '\0')
        return -1;
    return strtoll(digits, NULL, 10);
}

static void query_events(sqlite3 *db, const char *epoch, struct store_job *job)
{
    int64_t first, last;
    job->seq = parse_id(job->text[0], epoch);
    if (!event_range(db, &first, &last, &job->error))
        return;
    bool reset = job->seq < 0 || job->seq > last || job->seq < first - 1;
    json_t *events = reset ? json_array() : rows(db, job);
    if (!events)
        return;
    for (size_t i = 0; i < json_array_size(events); i++) {
        json_t *event = json_array_get(events, i);
        json_int_t seq = json_integer_value(json_object_get(event, "id"));
        json_object_set_new(event, "id", json_sprintf("%s:%" JSON_INTEGER_FORMAT, epoch, seq));
    }
    job->result = json_pack("{s:b, s:o, s:o}", "reset", reset, "events", events, "last",
                            json_sprintf("%s:%" JSON_INTEGER_FORMAT, epoch, (json_int_t)last));
}

bool store_query_audit_link(sqlite3 *db, int64_t seq, char text[AUDIT_LINK_SIZE], struct error *error)
{
    sqlite3_stmt *row = prepare(db,
                                "SELECT * FROM (SELECT seq || ':' || hash FROM audit WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1)"
                                " UNION ALL SELECT value FROM meta WHERE name = 'audit_gone'",
                                error);
    if (!row)
        return false;
    sqlite3_bind_int64(row, 1, seq);
    int code = sqlite3_step(row);
    text_copy(text, AUDIT_LINK_SIZE, code == SQLITE_ROW ? store_sql_text(row, 0) : "");
    bool good = code == SQLITE_ROW || code == SQLITE_DONE || store_sql_error(db, "store", error);
    sqlite3_finalize(row);
    return good;
}

/* In one transaction, so that what it answers belongs together. */
static void query_audit(sqlite3 *db, struct store_job *job)
{
    char previous[AUDIT_LINK_SIZE], head[AUDIT_LINK_SIZE];
    json_t *entries = NULL;
    job->seq = strtoll(job->text[0], NULL, 10);
    if (!store_sql_run(db, "BEGIN", &job->error))
        return;
    if (store_query_audit_link(db, job->seq, previous, &job->error) &&
        store_query_audit_link(db, INT64_MAX, head, &job->error) && (entries = rows(db, job)))
        job->result = json_pack("{s:s, s:s, s:o}", "previous", previous, "head", head, "entries", entries);
    store_sql_run(db, "COMMIT", NULL);
}

void store_query_run(sqlite3 *db, const char *epoch, struct store_job *job)
{
    if (job->query == QUERY_EVENTS)
        query_events(db, epoch, job);
    else if (job->query == QUERY_AUDIT)
        query_audit(db, job);
    else if (job->query == QUERY_ALERTS)
        query_alerts(db, job);
    else if (job->query == QUERY_ALERT || job->query == QUERY_MESSAGE)
        query_alert(db, job);
    else if (job->query == QUERY_READINGS)
        query_readings(db, job);
    else
        job->result = rows(db, job);
    if (!job->result && job->error.code == ERROR_NONE)
        error_set(&job->error, ERROR_NO_MEMORY, "store: no memory for an answer");
}

bool store_query_epoch(sqlite3 *db, char *epoch, size_t size, struct error *error)
{
    sqlite3_stmt *statement = prepare(db, "SELECT value FROM meta WHERE name = 'epoch'", error);
    if (!statement)
        return false;
    bool row = sqlite3_step(statement) == SQLITE_ROW;
    if (row)
        text_copy(epoch, size, store_sql_text(statement, 0));
    else
        error_set(error, ERROR_INVALID, "the store has no epoch");
    sqlite3_finalize(statement);
    return row;
}

struct wall store_query_last_time(sqlite3 *db)
{
    struct wall last = {0};
    sqlite3_stmt *statement = prepare(db, "SELECT wall FROM event ORDER BY seq DESC LIMIT 1", NULL);
    if (statement && sqlite3_step(statement) == SQLITE_ROW)
        last.ms = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return last;
}

static char *copy_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? strdup(text) : NULL;
}

/* Reads a row of WHOLE_ALERT. */
static bool read_alert(sqlite3_stmt *row, struct store_alert *alert, struct error *error)
{
    *alert = (struct store_alert){0};
    text_copy(alert->id, sizeof alert->id, store_sql_text(row, 0));
    alert->sender = copy_text(row, 1);
    alert->identifier = copy_text(row, 2);
    alert->sent = copy_text(row, 3);
    text_copy(alert->media_type, sizeof alert->media_type, store_sql_text(row, 4));
    alert->n_bytes = (size_t)sqlite3_column_bytes(row, 5);
    alert->bytes = malloc(alert->n_bytes + 1);
    text_copy(alert->state, sizeof alert->state, store_sql_text(row, 6));
    alert->state_reason = copy_text(row, 7);
    alert->received.ms = sqlite3_column_int64(row, 8);
    alert->changed.ms = sqlite3_column_int64(row, 9);
    alert->repetitions_ended = (uint32_t)sqlite3_column_int64(row, 10);
    const char *detail = (const char *)sqlite3_column_text(row, 11);
    alert->detail = detail ? json_loads(detail, JSON_DECODE_ANY, NULL) : NULL;
    if (!alert->sender || !alert->identifier || !alert->sent || !alert->bytes) {
        store_alert_clear(alert);
        return error_set(error, ERROR_NO_MEMORY, "store: no memory for an alert");
    }
    if (alert->n_bytes > 0)
        memcpy(alert->bytes, sqlite3_column_blob(row, 5), alert->n_bytes);
    alert->bytes[alert->n_bytes] = '\0';
    return true;
}

/* Reads all rows into a new array; the caller clears it, also after a failure. */
static bool read_alerts(sqlite3_stmt *statement, struct store_alert **alerts, size_t *n, struct error *error)
{
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_alert *larger = reallocarray(*alerts, *n + 1, sizeof *larger);
        if (!larger)
            return error_set(error, ERROR_NO_MEMORY, "store: no memory for the open alerts");
        *alerts = larger;
        if (!read_alert(statement, &larger[*n], error))
            return false;
        (*n)++;
    }
    return code == SQLITE_DONE || store_sql_error(sqlite3_db_handle(statement), "store", error);
}

bool store_query_open_alerts(sqlite3 *db, struct store_alert **alerts, size_t *n, struct error *error)
{
    *alerts = NULL;
    *n = 0;
    sqlite3_stmt *statement = prepare(db, WHOLE_ALERT " WHERE " STORE_IS_OPEN " ORDER BY n", error);
    if (!statement)
        return false;
    bool good = read_alerts(statement, alerts, n, error);
    sqlite3_finalize(statement);
    if (good)
        return true;
    for (size_t i = 0; i < *n; i++)
        store_alert_clear(&(*alerts)[i]);
    free(*alerts);
    *alerts = NULL;
    *n = 0;
    return false;
}

/* At most one. Binds n texts. */
static bool find_alert(sqlite3 *db, const char *query, const char *const texts[], int n, struct store_alert *alert, bool *found,
                       struct error *error)
{
    *found = false;
    sqlite3_stmt *statement = prepare(db, query, error);
    if (!statement)
        return false;
    for (int i = 0; i < n; i++)
        sqlite3_bind_text(statement, i + 1, texts[i] ? texts[i] : "", -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    bool good =
        code == SQLITE_ROW ? read_alert(statement, alert, error) : code == SQLITE_DONE || store_sql_error(db, "store", error);
    *found = good && code == SQLITE_ROW;
    sqlite3_finalize(statement);
    return good;
}

bool store_query_key(sqlite3 *db, const char *const key[3], struct store_alert *alert, bool *found, struct error *error)
{
    return find_alert(db, WHOLE_ALERT " WHERE sender = ?1 AND identifier = ?2 AND sent = ?3", key, 3, alert, found, error);
}

bool store_query_id(sqlite3 *db, const char *id, struct store_alert *alert, bool *found, struct error *error)
{
    return find_alert(db, WHOLE_ALERT " WHERE id = ?1", &id, 1, alert, found, error);
}

/* The inner question is answered by the index of the keys alone, without touching a row. */
bool store_query_identifier(sqlite3 *db, const char *identifier, char id[24])
{
    sqlite3_stmt *row = prepare(db, "SELECT id FROM alert WHERE n = (SELECT max(n) FROM alert WHERE identifier = ?1)", NULL);
    if (!row)
        return false;
    sqlite3_bind_text(row, 1, identifier, -1, SQLITE_STATIC);
    bool found = sqlite3_step(row) == SQLITE_ROW;
    if (found)
        text_copy(id, 24, store_sql_text(row, 0));
    sqlite3_finalize(row);
    return found;
}

bool store_query_has_alert(sqlite3 *db, const char *id)
{
    sqlite3_stmt *statement = prepare(db, "SELECT 1 FROM alert WHERE id = ?1", NULL);
    if (!statement)
        return false;
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    bool has = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return has;
}

bool store_query_referring(sqlite3 *db, const struct store_reference *to, store_referring_fn *each, void *context,
                           struct error *error)
{
    static const char text[] = "SELECT id, a.sender, json_extract(detail, '$.status'), json_extract(detail, '$.msg_type'),"
                               " json_extract(detail, '$.all_clear') FROM referred r JOIN alert a ON id = r.alert"
                               " WHERE r.sender = ?1 AND r.identifier = ?2 AND (r.sent = ?3 OR (r.sent = '' AND a.sent >= ?3)) "
                               "AND state NOT IN ('refused', 'waiting') AND (state NOT IN ('stopped', 'expired') OR"
                               " json_extract(detail, '$.begun') IS NOT NULL) ORDER BY n";
    sqlite3_stmt *row = prepare(db, text, error);
    if (!row)
        return false;
    int code;
    sqlite3_bind_text(row, 1, to->sender, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, to->identifier, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 3, to->sent, -1, SQLITE_STATIC);
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        const struct store_referring alert = {store_sql_text(row, 0), store_sql_text(row, 1), store_sql_text(row, 2),
                                              store_sql_text(row, 3), sqlite3_column_int(row, 4) != 0};
        each(context, &alert);
    }
    bool good = code == SQLITE_DONE || store_sql_error(db, "store", error);
    sqlite3_finalize(row);
    return good;
}

bool store_query_keys(sqlite3 *db, void (*each)(void *context, const struct store_key *key), void *context, struct error *error)
{
    sqlite3_stmt *row = prepare(db, "SELECT user, key, hash, alert, wall FROM idempotency ORDER BY n", error);
    if (!row)
        return false;
    int code;
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        const struct store_key key = {store_sql_text(row, 0),
                                      store_sql_text(row, 1),
                                      store_sql_text(row, 2),
                                      store_sql_text(row, 3),
                                      {sqlite3_column_int64(row, 4)}};
        each(context, &key);
    }
    bool good = code == SQLITE_DONE || store_sql_error(db, "store", error);
    sqlite3_finalize(row);
    return good;
}

bool store_query_setting(sqlite3 *db, const char *name, int64_t *value)
{
    sqlite3_stmt *statement = prepare(db, "SELECT value FROM setting WHERE name = ?1", NULL);
    if (!statement)
        return false;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    bool row = sqlite3_step(statement) == SQLITE_ROW;
    if (row)
        *value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return row;
}

bool store_query_settings(sqlite3 *db, const char *prefix, store_setting_fn *each, void *context, struct error *error)
{
    sqlite3_stmt *row = prepare(db, "SELECT name, value FROM setting WHERE substr(name, 1, length(?1)) = ?1", error);
    if (!row)
        return false;
    int code;
    sqlite3_bind_text(row, 1, prefix, -1, SQLITE_STATIC);
    while ((code = sqlite3_step(row)) == SQLITE_ROW)
        each(context, store_sql_text(row, 0), sqlite3_column_int64(row, 1));
    bool good = code == SQLITE_DONE || store_sql_error(db, "store", error);
    sqlite3_finalize(row);
    return good;
}
