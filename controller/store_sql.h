/* What the files of the store share: its jobs, its statements, its queries. Included by store*.c only. */
#ifndef TOCSIN_CONTROLLER_STORE_SQL_H
#define TOCSIN_CONTROLLER_STORE_SQL_H

#include "controller/store.h"

#include <sqlite3.h>

/* The writes of a change. */
enum store_statement {
    PUT_ALERT,
    PUT_REFERRED,
    PUT_DELIVERY,
    PUT_READING,
    PUT_KEY,
    CUT_KEYS,
    PUT_SETTING,
    CUT_SETTING,
    CUT_READINGS,
    CUT_DELIVERIES,
    CUT_READINGS_OF_ALERT,
    CUT_REFERRED,
    CUT_ALERT,
    PUT_AUDIT,
    PUT_AUDIT_GONE,
    CUT_AUDIT,
    PUT_EVENT,
    CUT_EVENTS,
    STORE_STATEMENTS
};

enum store_value_type { VALUE_NULL, VALUE_NUMBER, VALUE_TEXT, VALUE_BYTES };

struct store_value {
    enum store_value_type type;
    int64_t number;
    char *data; /* owned; NULL with a text or bytes: there was no memory for the copy */
    size_t size;
};

enum {
    STORE_VALUES_MAX = 12,
    STORE_EVENTS_KEPT = 20000,
    STORE_KEYS_KEPT = 1000,
    STORE_READINGS_CUT = 500,
    STORE_AUDIT_CUT = 500,
    STORE_KEY_LIFE_MS = 24 * 3600 * 1000
};

/* An alert in any state but these has not ended. */
#define STORE_IS_OPEN "state NOT IN ('finished', 'stopped', 'cleared', 'cancelled', 'expired', 'superseded', 'refused')"

/* One row to write; its values are bound in this order. */
struct store_write {
    enum store_statement statement;
    int n;
    struct store_value values[STORE_VALUES_MAX];
};

enum store_query {
    QUERY_NONE,
    QUERY_ALERTS,
    QUERY_ALERT,
    QUERY_MESSAGE,
    QUERY_DELIVERIES,
    QUERY_READINGS,
    QUERY_EVENTS,
    QUERY_AUDIT
};

/* A request on its way down and, filled in, its answer on the way up. No JSON value is shared with the thread: text goes
 * down, and what the thread makes is handed over whole. */
struct store_job {
    struct store_job *next;
    enum store_query query; /* QUERY_NONE: a change */
    struct store_write *writes;
    size_t n_writes;
    char *event;
    json_t *event_data; /* touched on the main loop only */
    store_done_fn *done;
    struct store_job *owed_next; /* of the main loop, like the three below */
    struct mono asked;
    bool urgent, told;
    bool with_next; /* in one transaction with the change behind it */
    bool decided;   /* it has a decision that stands whatever the disk says */
    char *text[2];  /* what a query asks for */
    size_t limit;
    store_result_fn *result_done;
    void *context;
    int64_t seq; /* the answer; of a question about events: those after it */
    json_t *result;
    struct error error;
};

/* store_change.c: a change as rows; what could not be copied leaves job->error set. */
void store_change_copy(struct store_job *job, const struct store_change *change, const char *boot);
void store_job_free(struct store_job *job);

/* Leaves of a job that failed only the decision that it came with. False if it has none that stands. */
bool store_job_keep_decision(struct store_job *job);

/* The writing handle. The end of the audit trail is remembered, not read, so that who cuts the table off is found out. */
struct store_sql {
    sqlite3 *db;
    sqlite3_stmt *put[STORE_STATEMENTS];
    struct audit_link audit, audit_durable; /* as written, and as committed */
};

/* Opens, checks and brings up to date; *damaged tells apart what must be set aside from what merely failed. */
bool store_sql_open(struct store_sql *sql, const char *path, bool *damaged, struct error *error);
void store_sql_close(struct store_sql *sql);
bool store_sql_run(sqlite3 *db, const char *text, struct error *error);
bool store_sql_write(struct store_sql *sql, struct store_job *job, struct error *error);
bool store_sql_commit(struct store_sql *sql, struct error *error);
void store_sql_roll_back(struct store_sql *sql); /* also where SQLite has done so by itself */
/* Says what db failed at; returns false. */
bool store_sql_error(sqlite3 *db, const char *doing, struct error *error);
const char *store_sql_text(sqlite3_stmt *row, int column); /* "" for NULL */
/* Renames the database and its log to name, which is chosen here. */
bool store_sql_set_aside(const char *path, char *name, size_t size, struct error *error);

/* store_query.c */
void store_query_run(sqlite3 *db, const char *epoch, struct store_job *job);
bool store_query_epoch(sqlite3 *db, char *epoch, size_t size, struct error *error);
json_t *store_query_deliveries(sqlite3 *db, const char *alert, struct error *error);
bool store_query_open_alerts(sqlite3 *db, struct store_alert **alerts, size_t *n, struct error *error);
bool store_query_key(sqlite3 *db, const char *const key[3], struct store_alert *alert, bool *found, struct error *error);
bool store_query_id(sqlite3 *db, const char *id, struct store_alert *alert, bool *found, struct error *error);
bool store_query_identifier(sqlite3 *db, const char *identifier, char id[24]);
bool store_query_has_alert(sqlite3 *db, const char *id);
bool store_query_referring(sqlite3 *db, const struct store_reference *to, store_referring_fn *each, void *context,
                           struct error *error);
/* The link, as text, of the last entry of the audit trail up to seq, or of what stood before those that are kept; "" without.
 */
bool store_query_audit_link(sqlite3 *db, int64_t seq, char text[AUDIT_LINK_SIZE], struct error *error);
struct wall store_query_last_time(sqlite3 *db);
bool store_query_keys(sqlite3 *db, void (*each)(void *context, const struct store_key *key), void *context,
                      struct error *error);
bool store_query_setting(sqlite3 *db, const char *name, int64_t *value);
bool store_query_settings(sqlite3 *db, const char *prefix, store_setting_fn *each, void *context, struct error *error);

#endif
