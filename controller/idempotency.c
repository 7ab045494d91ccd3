/* A table that is small enough to be looked through. */
#include "controller/idempotency.h"

#include "controller/audit.h"

#include <stdlib.h>
#include <string.h>

struct idempotency {
    size_t n;
    struct {
        struct alert_key key;
        struct wall at;
    } kept[IDEMPOTENCY_MAX]; /* the oldest first */
};

struct idempotency *idempotency_create(void)
{
    return calloc(1, sizeof(struct idempotency));
}

void idempotency_free(struct idempotency *table)
{
    free(table);
}

bool idempotency_key(struct alert_key *key, const char *user, const char *text, struct slice body)
{
    *key = (struct alert_key){0};
    text_copy(key->user, sizeof key->user, user);
    if (!text || !*text)
        return true;
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return text_copy(key->key, sizeof key->key, text) && audit_digest(body, key->hash);
}

/* Its place; table->n if it is not there. */
static size_t find(const struct idempotency *table, const struct alert_key *key)
{
    size_t i = 0;
    while (i < table->n && (strcmp(table->kept[i].key.key, key->key) != 0 || strcmp(table->kept[i].key.user, key->user) != 0))
        i++;
    return i;
}

/* NULL: not given, or too long ago. */
static const struct alert_key *find_kept(const struct idempotency *table, const struct alert_key *key, struct wall now)
{
    size_t i = find(table, key);
    return *key->key && i < table->n && now.ms - table->kept[i].at.ms < IDEMPOTENCY_LIFE_MS ? &table->kept[i].key : NULL;
}

bool idempotency_conflicts(const struct idempotency *table, const struct alert_key *key, struct wall now)
{
    const struct alert_key *kept = find_kept(table, key, now);
    return kept && strcmp(kept->hash, key->hash) != 0;
}

const char *idempotency_alert(const struct idempotency *table, const struct alert_key *key, struct wall now)
{
    const struct alert_key *kept = find_kept(table, key, now);
    return kept && *kept->alert ? kept->alert : NULL;
}

static void remove_at(struct idempotency *table, size_t i)
{
    table->n--;
    memmove(&table->kept[i], &table->kept[i + 1], (table->n - i) * sizeof table->kept[i]);
}

void idempotency_keep(struct idempotency *table, const struct alert_key *key, struct wall at)
{
    if (!*key->key)
        return;
    idempotency_drop(table, key);
    if (table->n == IDEMPOTENCY_MAX)
        remove_at(table, 0);
    table->kept[table->n].key = *key;
    table->kept[table->n++].at = at;
}

void idempotency_drop(struct idempotency *table, const struct alert_key *key)
{
    size_t i = find(table, key);
    if (i < table->n)
        remove_at(table, i);
}
