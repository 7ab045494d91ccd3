/* Reads deliveries as journal.c wrote them. */
#include "controller/evidence.h"

#include "codecs/rfc3339.h"

/* The delivery of a terminal as it was written last; NULL where there is none. */
static const json_t *written(const struct broadcast *broadcast, const struct delivery *delivery)
{
    return json_object_get(broadcast->alert->deliveries, broadcast->config->terminals[delivery->terminal].hardware.id);
}

static void recall(struct delivery *delivery, const json_t *detail)
{
    const json_t *times = json_object_get(detail, "times"), *level = json_object_get(detail, "level");
    for (int rung = RUNG_SENT; rung < RUNG_COUNT; rung++) {
        struct error error;
        const char *text = json_string_value(json_object_get(times, rung_name((enum rung)rung)));
        if (!text || !rfc3339_parse(slice_of(text), &delivery->reached[rung].wall, NULL, &error))
            continue;
        delivery->rung = (enum rung)rung;
    }
    const json_t *troubles = json_object_get(detail, "troubles");
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        json_int_t n = json_integer_value(json_object_get(troubles, delivery_reason_name((enum delivery_reason)reason)));
        delivery->troubles[reason] = (uint16_t)(n > 0 && n < UINT16_MAX ? n : 0);
    }
    if (json_is_number(level)) {
        delivery->level = json_number_value(level);
        delivery->has_level = true;
    }
}

void evidence_recall(struct broadcast *broadcast)
{
    for (size_t i = 0; i < broadcast->n_deliveries; i++) {
        const json_t *detail = written(broadcast, &broadcast->deliveries[i]);
        if (detail)
            recall(&broadcast->deliveries[i], detail);
    }
}

bool evidence_is_final(const struct broadcast *broadcast, const struct delivery *delivery)
{
    return json_is_true(json_object_get(written(broadcast, delivery), "final"));
}
