/* The store's SQL: schema and its versions, opening and checking the file, and the statements that write.
 * Used by store_open and the store's thread. */
#include "controller/store_sql.h"

#include "codecs/fault_point.h"
#include "controller/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Step i brings version i to i + 1; a step that was released is never changed. Alerts are numbered in the order in which they
 * came, whatever the clock did; their bytes stand last, out of the way of the rest. AUTOINCREMENT: a number of an event is
 * never used twice. */
static const char *const steps[] = {
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE setting(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE alert(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, identifier TEXT NOT NULL,"
    " sent TEXT NOT NULL, media_type TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, received INTEGER NOT NULL,"
    " changed INTEGER NOT NULL, repetitions_ended INTEGER NOT NULL, detail TEXT, bytes BLOB NOT NULL,"
    " UNIQUE(sender, identifier, sent));"
    "CREATE INDEX alert_open ON alert(n) WHERE " STORE_IS_OPEN ";"
    "CREATE TABLE delivery(alert TEXT NOT NULL, terminal TEXT NOT NULL, line TEXT NOT NULL, channel TEXT NOT NULL,"
    " rung TEXT NOT NULL, end TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,"
    " PRIMARY KEY(alert, terminal)) WITHOUT ROWID;"
    "CREATE TABLE reading(n INTEGER PRIMARY KEY, alert TEXT NOT NULL, terminal TEXT NOT NULL, data TEXT NOT NULL);"
    "CREATE INDEX reading_delivery ON reading(alert, terminal);"
    "CREATE TABLE event(seq INTEGER PRIMARY KEY AUTOINCREMENT, wall INTEGER NOT NULL, boot TEXT NOT NULL,"
    " mono INTEGER NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL);"
    "INSERT INTO meta VALUES('epoch', lower(hex(randomblob(6))));"
    "CREATE INDEX delivery_open ON delivery(alert) WHERE json_extract(detail, '$.final') = 0;",
    "CREATE TABLE idempotency(n INTEGER PRIMARY KEY, user TEXT NOT NULL, key TEXT NOT NULL, hash TEXT NOT NULL,"
    " alert TEXT NOT NULL, wall INTEGER NOT NULL, UNIQUE(user, key));",
    "CREATE TABLE referred(sender TEXT NOT NULL, identifier TEXT NOT NULL, sent TEXT NOT NULL, alert TEXT NOT NULL,"
    " PRIMARY KEY(sender, identifier, sent, alert)) WITHOUT ROWID;"
    "CREATE INDEX referred_by ON referred(alert);",
    "CREATE TABLE audit(seq INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, boot TEXT NOT NULL, actor TEXT NOT NULL,"
    " action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, hash TEXT NOT NULL);"
    "INSERT INTO meta VALUES('audit_gone', printf('0:%064d', 0));",
};

/* What a crash left half told: deliveries of ended alerts end as their alert did. As without a crash, what stood against a
 * terminal stays its reason; one that had shown all that it can is not called lost with the controller. The column of the
 * reason may be cut, the detail is whole. */
static const char repair[] =
    "UPDATE delivery SET (end, reason) = (SELECT"
    " CASE WHEN reason <> '' THEN 'failed' WHEN rung = 'heard' THEN 'heard' WHEN state IN ('expired', 'superseded') THEN state"
    " WHEN state <> 'finished' THEN 'cancelled' WHEN rung = json_extract(delivery.detail, '$.highest') THEN 'sounded'"
    " ELSE 'failed' END,"
    " CASE WHEN reason <> '' THEN reason WHEN rung = 'heard' OR state <> 'finished' THEN ''"
    " WHEN rung = json_extract(delivery.detail, '$.highest') THEN 'no_level' ELSE 'controller_lost' END"
    " FROM (SELECT state, delivery.reason AS reason FROM alert WHERE id = delivery.alert))"
    " WHERE end = '' AND json_extract(detail, '$.final') = 0 AND alert IN (SELECT id FROM alert WHERE NOT " STORE_IS_OPEN ");"
    "UPDATE delivery SET detail = json_set(detail, '$.end', end, '$.final', json('true'), '$.reason',"
    " iif(reason <> '' AND reason = substr(json_extract(detail, '$.reason'), 1, length(reason)), json_extract(detail, "
    "'$.reason'), reason))"
    " WHERE json_extract(detail, '$.final') = 0 AND alert IN (SELECT id FROM alert WHERE NOT " STORE_IS_OPEN ");";

/* Details that a worn disk has made unreadable. quick_check does not see them, yet SQLite evaluates the index over them at
 * every change of their row, and fails: they are written anew from the columns beside them. */
static const char unreadable[] = "SELECT EXISTS(SELECT 1 FROM alert WHERE NOT json_valid(detail)) OR EXISTS(SELECT 1 FROM "
                                 "delivery WHERE NOT json_valid(detail))";
static const char mend[] =
    "BEGIN IMMEDIATE; DROP INDEX delivery_open;"
    "UPDATE alert SET detail = json_object('id', id, 'state', state, 'reason', reason, 'sender', sender, 'identifier', "
    "identifier,"
    " 'sent', sent) WHERE NOT json_valid(detail);"
    "UPDATE delivery SET detail = json_object('alert', alert, 'terminal', terminal, 'line', line, 'channel', channel, 'rung', "
    "rung,"
    " 'end', end, 'reason', reason, 'final', json(iif(end = '', 'false', 'true'))) WHERE NOT json_valid(detail);"
    "CREATE INDEX delivery_open ON delivery(alert) WHERE json_extract(detail, '$.final') = 0; COMMIT;";

enum { SCHEMA_VERSION = sizeof steps / sizeof *steps, BUSY_MS = 2000 };

/* An alert that comes again without its bytes keeps those that are there. The row of another alert, which had this id before
 * the clock was set back, is left alone. */
static const char put_alert[] =
    "INSERT INTO alert(id, sender, identifier, sent, media_type, bytes, state, reason, received, changed, repetitions_ended,"
    " detail) VALUES(?1, ?2, ?3, ?4, ?5, ifnull(?6, x''), ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT(id) DO UPDATE SET"
    " media_type = ?5, bytes = ifnull(?6, bytes), state = ?7, reason = ?8,"
    " received = ?9, changed = ?10, repetitions_ended = ?11, detail = ?12 WHERE sender = ?2 AND identifier = ?3 AND sent = ?4";

/* The oldest alert beyond those that are kept; none while there are no more than ?1, or it came since ?2. */
#define OLDEST_TOO_MANY                                                                                                        \
    "(SELECT id FROM alert WHERE (SELECT count(*) FROM alert) > ?1 AND received < ?2 AND NOT " STORE_IS_OPEN                   \
    " ORDER BY n LIMIT 1)"

/* The last of the oldest entries, at most ?2, that came before ?1; never the newest. */
#define LAST_TO_GO                                                                                                             \
    "(SELECT max(seq) FROM (SELECT seq FROM audit ORDER BY seq LIMIT ?2) WHERE seq < ifnull("                                  \
    "(SELECT seq FROM audit WHERE time >= ?1 ORDER BY seq LIMIT 1), (SELECT max(seq) FROM audit)))"

static const char *const statements[STORE_STATEMENTS] = {
    [PUT_ALERT] = put_alert,
    [PUT_REFERRED] = "INSERT OR IGNORE INTO referred VALUES(?1, ?2, ?3, ?4)",
    [PUT_DELIVERY] = "INSERT OR REPLACE INTO delivery VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ifnull(?8, '{}'))",
    [PUT_READING] = "INSERT INTO reading(alert, terminal, data) VALUES(?1, ?2, ?3)",
    [PUT_KEY] = "INSERT OR REPLACE INTO idempotency(user, key, hash, alert, wall) VALUES(?1, ?2, ?3, ?4, ?5)",
    [CUT_KEYS] = "DELETE FROM idempotency WHERE wall < ?1 OR n <= (SELECT max(n) FROM idempotency) - ?2",
    [PUT_SETTING] = "INSERT OR REPLACE INTO setting(name, value) VALUES(?1, ?2)",
    [CUT_SETTING] = "DELETE FROM setting WHERE name = ?1",
    [CUT_READINGS] = "DELETE FROM reading WHERE n < (SELECT min(n) FROM reading) + ?2"
                     " AND NOT EXISTS (SELECT 1 FROM alert WHERE id = reading.alert AND (received >= ?1 OR " STORE_IS_OPEN "))",
    [CUT_DELIVERIES] = "DELETE FROM delivery WHERE alert = " OLDEST_TOO_MANY,
    [CUT_READINGS_OF_ALERT] = "DELETE FROM reading WHERE alert = " OLDEST_TOO_MANY,
    [CUT_REFERRED] = "DELETE FROM referred WHERE alert = " OLDEST_TOO_MANY,
    [CUT_ALERT] = "DELETE FROM alert WHERE id = " OLDEST_TOO_MANY,
    [PUT_AUDIT] = "INSERT OR REPLACE INTO audit VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", /* what stands there is not ours */
    [PUT_AUDIT_GONE] = "INSERT OR REPLACE INTO meta SELECT 'audit_gone', seq || ':' || hash FROM audit WHERE seq = " LAST_TO_GO,
    [CUT_AUDIT] = "DELETE FROM audit WHERE seq <= (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'audit_gone')",
    [PUT_EVENT] = "INSERT INTO event(wall, boot, mono, type, data) VALUES(?1, ?2, ?3, ?4, ?5)",
    [CUT_EVENTS] = "DELETE FROM event WHERE seq <= ?1",
};

bool store_sql_error(sqlite3 *db, const char *doing, struct error *error)
{
    int code = sqlite3_errcode(db);
    switch (code & 0xFF) {
    case SQLITE_FULL: return error_set(error, ERROR_IO, "%s: the disk is full: make room", doing);
    case SQLITE_CONSTRAINT: return error_set(error, ERROR_CONFLICT, "%s: %s", doing, sqlite3_errmsg(db));
    case SQLITE_NOMEM: return error_set(error, ERROR_NO_MEMORY, "%s: out of memory", doing);
    default: return error_set(error, ERROR_IO, "%s: %s (SQLite %d)", doing, sqlite3_errmsg(db), sqlite3_extended_errcode(db));
    }
}

bool store_sql_run(sqlite3 *db, const char *text, struct error *error)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK || store_sql_error(db, "store", error);
}

static bool commit(sqlite3 *db, struct error *error)
{
    fault_point("commit_before");
    bool good = store_sql_run(db, "COMMIT", error);
    fault_point("commit_after");
    return good;
}

const char *store_sql_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text : "";
}

/* The first column of the first row as text; false if there is none. */
static bool one_text(sqlite3 *db, const char *query, char *to, size_t size, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) != SQLITE_OK)
        return store_sql_error(db, query, error);
    bool row = sqlite3_step(statement) == SQLITE_ROW;
    if (row)
        text_copy(to, size, store_sql_text(statement, 0));
    else
        store_sql_error(db, query, error);
    sqlite3_finalize(statement);
    return row;
}

static bool expect(sqlite3 *db, const char *query, const char *wanted, bool *damaged, struct error *error)
{
    char got[160];
    if (!one_text(db, query, got, sizeof got, error))
        return false;
    if (strcmp(got, wanted) == 0)
        return true;
    *damaged = strcmp(query, "PRAGMA quick_check(1)") == 0;
    return error_set(error, *damaged ? ERROR_INVALID : ERROR_UNSUPPORTED, "%s answers \"%s\" instead of \"%s\"", query, got,
                     wanted);
}

static bool migrate(sqlite3 *db, struct error *error)
{
    char text[32];
    if (!one_text(db, "PRAGMA user_version", text, sizeof text, error))
        return false;
    long version = strtol(text, NULL, 10);
    if (version < 0 || version > SCHEMA_VERSION)
        return error_set(error, ERROR_UNSUPPORTED,
                         "its schema is version %ld, this Tocsin knows up to %d: install the newer one", version,
                         SCHEMA_VERSION);
    if (version == SCHEMA_VERSION)
        return true;
    bool good = store_sql_run(db, "BEGIN IMMEDIATE", error);
    for (; good && version < SCHEMA_VERSION; version++)
        good = store_sql_run(db, steps[version], error);
    snprintf(text, sizeof text, "PRAGMA user_version = %d", SCHEMA_VERSION);
    return good && store_sql_run(db, text, error) && commit(db, error);
}

static bool mend_details(sqlite3 *db, struct error *error)
{
    char any[8];
    if (!one_text(db, unreadable, any, sizeof any, error))
        return false;
    if (strcmp(any, "0") == 0)
        return true;
    log_line(LOG_ALARM, "the store holds details that cannot be read: they are made anew from what stands beside them");
    return store_sql_run(db, mend, error);
}

static bool repair_deliveries(sqlite3 *db, struct error *error)
{
    fault_point("commit_before");
    bool good = store_sql_run(db, repair, error);
    fault_point("commit_after");
    return good;
}

/* The table says which number it gave last, also where the row is gone: the next entry then leaves a gap that is seen. */
static bool find_trail_end(struct store_sql *sql, struct error *error)
{
    char given[32], end[AUDIT_LINK_SIZE];
    if (!store_query_audit_link(sql->db, INT64_MAX, end, error) ||
        !one_text(sql->db, "SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0)", given, sizeof given,
                  error))
        return false;
    int64_t last = strtoll(given, NULL, 10);
    if (!audit_link_parse(end, &sql->audit)) { /* warnings go on all the same; a check of the trail finds this place */
        log_line(LOG_ALARM, "the audit trail was changed: its end cannot be read");
        sql->audit = (struct audit_link){.seq = last};
    }
    if (last > sql->audit.seq) {
        log_line(LOG_ALARM, "the audit trail was cut off: entries %lld to %lld are missing", (long long)sql->audit.seq + 1,
                 (long long)last);
        sql->audit.seq = last;
    }
    sql->audit_durable = sql->audit;
    return true;
}

static bool set_up(struct store_sql *sql, bool *damaged, struct error *error)
{
    sqlite3 *db = sql->db;
    sqlite3_busy_timeout(db, BUSY_MS);
    if (!expect(db, "PRAGMA journal_mode = WAL", "wal", damaged, error) ||
        !store_sql_run(db, "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4194304", error) ||
        !expect(db, "PRAGMA quick_check(1)", "ok", damaged, error) || !migrate(db, error) || !mend_details(db, error) ||
        !repair_deliveries(db, error) || !find_trail_end(sql, error))
        return false;
    for (int i = 0; i < STORE_STATEMENTS; i++)
        if (sqlite3_prepare_v3(db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &sql->put[i], NULL) != SQLITE_OK)
            return store_sql_error(db, "store", error);
    return true;
}

bool store_sql_open(struct store_sql *sql, const char *path, bool *damaged, struct error *error)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    *damaged = false;
    *sql = (struct store_sql){0};
    bool good = sqlite3_open_v2(path, &sql->db, flags, NULL) == SQLITE_OK ? set_up(sql, damaged, error)
                                                                          : store_sql_error(sql->db, "open", error);
    if (good)
        return true;
    int code = sqlite3_errcode(sql->db) & 0xFF;
    *damaged = *damaged || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    store_sql_close(sql);
    return error_prefix(error, "%s", path);
}

void store_sql_close(struct store_sql *sql)
{
    for (int i = 0; i < STORE_STATEMENTS; i++)
        sqlite3_finalize(sql->put[i]);
    sqlite3_close(sql->db);
    *sql = (struct store_sql){0};
}

static int bind(sqlite3_stmt *statement, int at, const struct store_value *value)
{
    switch (value->type) {
    case VALUE_NUMBER: return sqlite3_bind_int64(statement, at, value->number);
    case VALUE_TEXT: return sqlite3_bind_text64(statement, at, value->data, value->size, SQLITE_STATIC, SQLITE_UTF8);
    case VALUE_BYTES: return sqlite3_bind_blob64(statement, at, value->data, value->size, SQLITE_STATIC);
    case VALUE_NULL: break;
    }
    return sqlite3_bind_null(statement, at);
}

static bool write_row(struct store_sql *sql, const struct store_write *write, struct error *error)
{
    sqlite3_stmt *statement = sql->put[write->statement];
    int code = SQLITE_OK;
    for (int i = 0; i < write->n && code == SQLITE_OK; i++)
        code = bind(statement, i + 1, &write->values[i]);
    bool good = code == SQLITE_OK && sqlite3_step(statement) == SQLITE_DONE;
    if (!good)
        store_sql_error(sql->db, "store", error);
    if (good && write->statement == PUT_ALERT && sqlite3_changes(sql->db) == 0)
        good = error_set(error, ERROR_INTERNAL, "store: another alert has the id %.*s", (int)write->values[0].size,
                         write->values[0].data);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return good;
}

/* Gives an entry its number and its hash. */
static bool link_entry(struct store_sql *sql, struct store_write *write, struct error *error)
{
    struct store_value *values = write->values;
    struct audit_link next = {.seq = sql->audit.seq + 1};
    const struct audit_entry entry = {next.seq,       values[1].data, values[2].data, values[3].data,
                                      values[4].data, values[5].data, values[6].data};
    if (!audit_hash(sql->audit.hash, &entry, next.hash))
        return error_set(error, ERROR_NO_MEMORY, "store: no memory for a hash");
    values[0].number = next.seq;
    memcpy(values[7].data, next.hash, values[7].size);
    sql->audit = next;
    return true;
}

/* Old events are cut as new ones come, so that the table stays as long as it is. */
bool store_sql_write(struct store_sql *sql, struct store_job *job, struct error *error)
{
    for (size_t i = 0; i < job->n_writes; i++)
        if ((job->writes[i].statement == PUT_AUDIT && !link_entry(sql, &job->writes[i], error)) ||
            !write_row(sql, &job->writes[i], error))
            return false;
    if (!job->event)
        return true;
    job->seq = sqlite3_last_insert_rowid(sql->db); /* the event is the last row of its change */
    struct store_write cut = {CUT_EVENTS, 1, {{.type = VALUE_NUMBER, .number = job->seq - STORE_EVENTS_KEPT}}};
    return write_row(sql, &cut, error);
}

bool store_sql_commit(struct store_sql *sql, struct error *error)
{
    if (!commit(sql->db, error))
        return false;
    sql->audit_durable = sql->audit;
    return true;
}

void store_sql_roll_back(struct store_sql *sql)
{
    if (!sqlite3_get_autocommit(sql->db))
        store_sql_run(sql->db, "ROLLBACK", NULL);
    sql->audit = sql->audit_durable;
}

/* A folder's entries are durable only after the folder itself is. */
static void sync_folder(const char *path)
{
    char copy[4096];
    text_copy(copy, sizeof copy, path);
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return;
    fsync(folder);
    close(folder);
}

bool store_sql_set_aside(const char *path, char *name, size_t size, struct error *error)
{
    char stamp[32], from[4200], to[4200];
    struct tm utc;
    time_t now = time(NULL);
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    snprintf(to, sizeof to, "%s.damaged-%s", path, stamp);
    for (int n = 2; access(to, F_OK) == 0; n++)
        snprintf(to, sizeof to, "%s.damaged-%s-%d", path, stamp, n);
    if (rename(path, to) != 0)
        return error_set(error, ERROR_IO, "%s is damaged and cannot be set aside: %s", path, strerror(errno));
    text_copy(name, size, to);
    char *end = to + strlen(to);
    snprintf(from, sizeof from, "%s-wal", path);
    snprintf(end, sizeof to - (size_t)(end - to), "-wal");
    rename(from, to); /* the log belongs to the damaged file; mostly there is none */
    snprintf(from, sizeof from, "%s-shm", path);
    unlink(from); /* an index of the log, made anew when needed */
    sync_folder(path);
    return true;
}
