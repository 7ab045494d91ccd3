/* A change copied into a job: rows of values that the store's thread binds and writes, nothing shared with the caller. */
#include "controller/store_sql.h"

#include "codecs/rfc3339.h"
#include "controller/clock.h"

#include <stdlib.h>
#include <string.h>

static void add_number(struct store_write *write, int64_t number)
{
    write->values[write->n++] = (struct store_value){.type = VALUE_NUMBER, .number = number};
}

static void add_copy(struct store_write *write, enum store_value_type type, const char *data, size_t size)
{
    struct store_value *value = &write->values[write->n++];
    if (!data)
        return;
    *value = (struct store_value){.type = type, .data = malloc(size + 1), .size = size};
    if (!value->data)
        return;
    memcpy(value->data, data, size);
    value->data[size] = '\0';
}

static void add_text(struct store_write *write, const char *text)
{
    add_copy(write, VALUE_TEXT, text, text ? strlen(text) : 0);
}

static void add_json(struct store_write *write, const json_t *json)
{
    struct store_value *value = &write->values[write->n++];
    if (!json)
        return;
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15); /* as listeners are told: 42.3 */
    *value = (struct store_value){.type = VALUE_TEXT, .data = json_dumps(json, flags)};
    value->size = value->data ? strlen(value->data) : 0;
}

static struct store_write *add_row(struct store_job *job, enum store_statement statement)
{
    struct store_write *write = &job->writes[job->n_writes++];
    write->statement = statement;
    return write;
}

static void add_alert(struct store_job *job, const struct store_alert *alert)
{
    struct store_write *row = add_row(job, PUT_ALERT);
    add_text(row, alert->id);
    add_text(row, alert->sender ? alert->sender : "");
    add_text(row, alert->identifier ? alert->identifier : "");
    add_text(row, alert->sent ? alert->sent : "");
    add_text(row, alert->media_type);
    add_copy(row, VALUE_BYTES, alert->bytes, alert->n_bytes);
    add_text(row, alert->state);
    add_text(row, alert->state_reason);
    add_number(row, alert->received.ms);
    add_number(row, alert->changed.ms);
    add_number(row, alert->repetitions_ended);
    add_json(row, alert->detail);
}

static void add_reference(struct store_job *job, const char *alert, const struct store_reference *to)
{
    struct store_write *row = add_row(job, PUT_REFERRED);
    add_text(row, to->sender);
    add_text(row, to->identifier);
    add_text(row, to->sent);
    add_text(row, alert);
}

static void add_delivery(struct store_job *job, const struct store_delivery *delivery)
{
    struct store_write *row = add_row(job, PUT_DELIVERY);
    add_text(row, delivery->alert);
    add_text(row, delivery->terminal);
    add_text(row, delivery->line);
    add_text(row, delivery->channel);
    add_text(row, delivery->rung);
    add_text(row, delivery->end);
    add_text(row, delivery->reason);
    add_json(row, delivery->detail);
}

static void add_key(struct store_job *job, const struct store_key *key)
{
    struct store_write *row = add_row(job, PUT_KEY);
    add_text(row, key->user);
    add_text(row, key->key);
    add_text(row, key->hash);
    add_text(row, key->alert);
    add_number(row, key->at.ms);
    row = add_row(job, CUT_KEYS);
    add_number(row, key->at.ms - STORE_KEY_LIFE_MS);
    add_number(row, STORE_KEYS_KEPT);
}

/* An alert goes last: the statements before find by it what is its own. */
static void add_limits(struct store_job *job, const struct store_limits *limits)
{
    static const enum store_statement OF_ALERT[] = {CUT_DELIVERIES, CUT_READINGS_OF_ALERT, CUT_REFERRED, CUT_ALERT};
    struct store_write *row = add_row(job, CUT_READINGS);
    add_number(row, limits->readings_before.ms);
    add_number(row, STORE_READINGS_CUT);
    for (size_t i = 0; i < sizeof OF_ALERT / sizeof *OF_ALERT; i++) {
        row = add_row(job, OF_ALERT[i]);
        add_number(row, limits->alerts);
        add_number(row, limits->alerts_before.ms);
        add_number(row, limits->bytes);
        add_number(row, limits->bytes_before.ms);
    }
    char before[RFC3339_SIZE];
    rfc3339_format(limits->audit_before, 0, before);
    row = add_row(job, PUT_AUDIT_GONE);
    add_text(row, before);
    add_number(row, STORE_AUDIT_CUT);
    add_row(job, CUT_AUDIT);
}

/* A name may be whatever somebody gave: what is no text could not be read back, and would break the trail for him. */
static void add_clean(struct store_write *write, const char *text)
{
    char clean[256];
    text_clean(clean, sizeof clean, text);
    add_text(write, clean);
}

/* In the order in which it is hashed; number and hash are given when it is written. */
static void add_audit(struct store_job *job, const struct store_audit *audit, const char *boot)
{
    static const char NO_HASH[AUDIT_HASH_SIZE];
    char time[RFC3339_SIZE];
    rfc3339_format(clock_read().wall, 0, time);
    struct store_write *row = add_row(job, PUT_AUDIT);
    add_number(row, 0);
    add_text(row, time);
    add_text(row, boot);
    add_clean(row, audit->actor);
    add_clean(row, audit->action);
    add_clean(row, audit->subject);
    add_text(row, audit->detail);
    add_copy(row, VALUE_TEXT, NO_HASH, sizeof NO_HASH - 1);
    job->decided = !audit->with_change;
}

/* Stamped with wall time, and with boot and monotonic time so that a later step of the clock can be seen. */
static void add_event(struct store_job *job, const struct store_change *change, const char *boot)
{
    struct moment now = clock_read();
    job->event = strdup(change->event);
    job->event_data = change->event_data ? json_incref(change->event_data) : json_object();
    struct store_write *row = add_row(job, PUT_EVENT);
    add_number(row, now.wall.ms);
    add_text(row, boot);
    add_number(row, now.mono.us);
    add_text(row, change->event);
    add_json(row, job->event_data);
}

static bool is_whole(const struct store_job *job, const struct store_change *change)
{
    if (change->event && (!job->event || !job->event_data))
        return false;
    for (size_t i = 0; i < job->n_writes; i++)
        for (int j = 0; j < job->writes[i].n; j++)
            if (job->writes[i].values[j].type >= VALUE_TEXT && !job->writes[i].values[j].data)
                return false;
    return true;
}

void store_change_copy(struct store_job *job, const struct store_change *change, const char *boot)
{
    job->writes = calloc(change->n_deliveries + change->n_references + 16, sizeof *job->writes);
    if (job->writes) {
        if (change->alert)
            add_alert(job, change->alert);
        for (size_t i = 0; i < change->n_references; i++)
            add_reference(job, change->alert->id, &change->references[i]);
        for (size_t i = 0; i < change->n_deliveries; i++)
            add_delivery(job, &change->deliveries[i]);
        if (change->reading) {
            struct store_write *row = add_row(job, PUT_READING);
            add_text(row, change->reading_alert);
            add_text(row, change->reading_terminal);
            add_json(row, change->reading);
        }
        if (change->key)
            add_key(job, change->key);
        if (change->setting) {
            struct store_write *row = add_row(job, PUT_SETTING);
            add_text(row, change->setting);
            add_number(row, change->setting_value);
        }
        if (change->forget)
            add_text(add_row(job, CUT_SETTING), change->forget);
        if (change->limits)
            add_limits(job, change->limits);
        if (change->audit)
            add_audit(job, change->audit, boot);
        if (change->event)
            add_event(job, change, boot);
        /* Thousands may wait at once: each keeps the rows that it has, and not those that it might have had. */
        struct store_write *fit = realloc(job->writes, (job->n_writes + 1) * sizeof *fit);
        job->writes = fit ? fit : job->writes;
    }
    if (!job->writes || !is_whole(job, change))
        error_set(&job->error, ERROR_NO_MEMORY, "store: no memory to copy a change");
}

static void clear_write(struct store_write *write)
{
    for (int i = 0; i < write->n; i++)
        free(write->values[i].data);
    *write = (struct store_write){0};
}

bool store_job_keep_decision(struct store_job *job)
{
    bool refused = job->error.code == ERROR_CONFLICT || job->error.code == ERROR_INTERNAL ||
                   job->error.code == ERROR_NO_MEMORY || job->error.code == ERROR_DISCONNECTED;
    if (!job->decided || refused)
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < job->n_writes; i++)
        if (job->writes[i].statement == PUT_AUDIT)
            kept = i;
    struct store_write decision = job->writes[kept];
    job->writes[kept].n = 0;
    for (size_t i = 0; i < job->n_writes; i++)
        clear_write(&job->writes[i]);
    job->writes[0] = decision;
    job->n_writes = 1;
    free(job->event);
    json_decref(job->event_data);
    job->event = NULL;
    job->event_data = NULL;
    job->done = NULL;
    job->urgent = job->told = false;
    job->error = (struct error){0};
    return true;
}

void store_job_free(struct store_job *job)
{
    for (size_t i = 0; i < job->n_writes; i++)
        clear_write(&job->writes[i]);
    free(job->writes);
    free(job->event);
    json_decref(job->event_data);
    free(job->text[0]);
    free(job->text[1]);
    free(job);
}
