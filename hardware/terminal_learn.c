/* How long a terminal is waited for: learnt from its own answers, so that one that dies costs the others little. */
#include "hardware/terminal.h"

enum { ANSWER_MARGIN_US = 10000 };

/* The learnt time is the slowest of the last 8 answers to first tries. An answer to a second try, which the ceiling had waited
 * for, counts as one of them only if it is slower: it raises the time at once and never lowers it. So one slow answer is
 * waited for from then on, and is forgotten after 8 that were quicker. */
void terminal_learn(struct terminal *terminal, const struct wire_reply *reply)
{
    int64_t took = mono_since(reply->first_byte, reply->sent_end), slowest = 1;
    bool retried = terminal->tries > 0 || terminal->garbled > 0 || terminal->dead;
    if (retried && took <= terminal->health.answer_us)
        return;
    terminal->learnt[terminal->learns++ % TERMINAL_LEARNS] = took;
    for (size_t i = 0; i < TERMINAL_LEARNS; i++)
        slowest = terminal->learnt[i] > slowest ? terminal->learnt[i] : slowest;
    terminal->health.answer_us = slowest;
}

/* The first stop to one that is dead is for its ears only: more follow as its probes. */
int64_t terminal_first_byte_limit(const struct terminal *terminal)
{
    int64_t learnt = terminal->health.answer_us + ANSWER_MARGIN_US;
    bool doubtful = terminal->tries > 0 || terminal->dead || terminal->late || terminal->health.answer_us == 0;
    bool blind_stop = terminal->phase == TERMINAL_STOP && terminal->dead && !terminal->stop_sent;
    return (blind_stop || !doubtful) && learnt < terminal->world->ceiling_us ? learnt : terminal->world->ceiling_us;
}
