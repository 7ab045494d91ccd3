/* A bucket for each login. */
#include "controller/refusals.h"

#include <string.h>

enum { MINUTE_US = 60 * 1000000 };

/* The login's place, or that of others where there is none left. */
static struct refusal_count *find(struct refusals *refusals, const char *login)
{
    struct refusal_count *free = NULL;
    for (size_t i = 1; i < REFUSALS_LOGINS; i++) {
        struct refusal_count *count = &refusals->counts[i];
        if (strcmp(count->login, login) == 0)
            return count;
        if (count->used == 0 && count->more == 0)
            free = count;
    }
    if (!free) {
        free = &refusals->counts[0];
        login = "others";
    }
    text_copy(free->login, sizeof free->login, login);
    return free;
}

static void give_back(struct refusal_count *count, struct mono now)
{
    int64_t minutes = mono_since(now, count->given_back) / MINUTE_US;
    if (minutes <= 0)
        return;
    count->used = minutes < count->used ? count->used - (unsigned)minutes : 0;
    count->given_back = mono_plus_us(count->given_back, minutes * MINUTE_US);
}

bool refusals_take(struct refusals *refusals, const char *login, struct mono now)
{
    for (size_t i = 0; i < REFUSALS_LOGINS; i++)
        give_back(&refusals->counts[i], now);
    struct refusal_count *count = find(refusals, login);
    count->last = now;
    if (count->used < REFUSALS_AT_ONCE) {
        if (count->used++ == 0)
            count->given_back = now;
        return true;
    }
    if (count->more++ == 0)
        count->first = now;
    return false;
}

unsigned refusals_sum(struct refusals *refusals, struct mono now, bool at_end, char login[REFUSALS_LOGIN_SIZE],
                      unsigned *over_s)
{
    for (size_t i = 0; i < REFUSALS_LOGINS; i++) {
        struct refusal_count *count = &refusals->counts[i];
        unsigned more = count->more;
        if (more == 0 || (!at_end && mono_since(now, count->first) < MINUTE_US))
            continue;
        text_copy(login, REFUSALS_LOGIN_SIZE, count->login);
        *over_s = (unsigned)(mono_since(count->last, count->first) / 1000000) + 1;
        count->more = 0;
        return more;
    }
    return 0;
}
