/* A bounded queue of reports in order of their frames. */
#include "audio/ledger.h"

bool ledger_has_room(const struct ledger *ledger)
{
    return ledger->n + LEDGER_PER_STEP <= LEDGER_ENTRIES;
}

void ledger_add(struct ledger *ledger, const struct ledger_entry *entry)
{
    ledger->entries[(ledger->first + ledger->n++) % LEDGER_ENTRIES] = *entry;
}

const struct ledger_entry *ledger_take(struct ledger *ledger, uint64_t played)
{
    if (ledger->n == 0 || ledger->entries[ledger->first].frame > played)
        return NULL;
    const struct ledger_entry *entry = &ledger->entries[ledger->first];
    ledger->first = (ledger->first + 1) % LEDGER_ENTRIES;
    ledger->n--;
    return entry;
}

void ledger_silence(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->n; i++)
        ledger->entries[(ledger->first + i) % LEDGER_ENTRIES].level = -120;
}
