/* The terminals' learnt answer times, kept over a restart: "answer.ID" in the store, in microseconds. */
#include "controller/desk_intern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "answer."

enum { LOOK_US = 10000000, NAME_SIZE = 64 };

static void take_stored(void *context, const char *name, int64_t value)
{
    struct desk *desk = context;
    int terminal = config_find_terminal(desk->config, name + strlen(PREFIX));
    if (terminal < 0)
        journal_forget_number(&desk->journal, name); /* it is not of this site any more */
    else
        desk->learnt[terminal].stored_us = value;
}

bool desk_load_learnt(struct desk *desk, struct error *error)
{
    desk->learnt = calloc(desk->config->n_terminals + 1, sizeof *desk->learnt);
    if (!desk->learnt)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    return store_load_settings(desk->store, PREFIX, take_stored, desk, error);
}

static void write_down(struct desk *desk, uint32_t terminal, int64_t answer_us, struct mono now)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof name, PREFIX "%s", desk->config->terminals[terminal].hardware.id);
    journal_number(&desk->journal, name, answer_us, NULL, NULL);
    desk->learnt[terminal] = (struct learnt){answer_us, now};
}

/* All that are due at once: the store commits together what comes together. */
void desk_keep_learnt(struct desk *desk, struct mono now)
{
    struct error why;
    if (mono_since(now, desk->learnt_looked) < LOOK_US || !desk_is_quiet(desk) || store_in_trouble(desk->store, &why))
        return;
    desk->learnt_looked = now;
    for (uint32_t i = 0; i < desk->config->n_terminals; i++) {
        int64_t answer_us = site_answer_us(desk->site, i);
        if (learnt_due(&desk->learnt[i], answer_us, now))
            write_down(desk, i, answer_us, now);
    }
}

void desk_keep_learnt_at_end(struct desk *desk, struct mono now)
{
    for (uint32_t i = 0; i < desk->config->n_terminals; i++) {
        int64_t answer_us = site_answer_us(desk->site, i);
        if (learnt_differs(&desk->learnt[i], answer_us))
            write_down(desk, i, answer_us, now);
    }
}
