/* Fuzz harness of codecs/cap for libFuzzer; test_fuzz_cap.c replays its corpus without clang. */
#include "codecs/cap.h"
#include "tests/fuzz/require.h"

static void require_area(const struct alert_area *area)
{
    for (size_t i = 0; i < area->n_polygons; i++) {
        const struct alert_polygon *polygon = &area->polygons[i];
        require(polygon->n_points >= 4);
        const struct alert_point *first = polygon->points, *last = &polygon->points[polygon->n_points - 1];
        require(first->latitude == last->latitude && first->longitude == last->longitude);
        for (const struct alert_point *p = first; p <= last; p++)
            require(p->latitude >= -90 && p->latitude <= 90 && p->longitude >= -180 && p->longitude <= 180);
    }
    for (size_t i = 0; i < area->n_circles; i++)
        require(area->circles[i].radius_km >= 0);
    for (size_t i = 0; i < area->n_geocodes; i++)
        require(area->geocodes[i].name && area->geocodes[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct alert_message *message = NULL;
    struct error error = {ERROR_NONE, ""};
    if (!cap_decode((struct slice){(const char *)data, size}, &message, &error)) {
        require(!message && error.code != ERROR_NONE);
        require_text(error.message);
        return 0;
    }
    require_text(message->identifier);
    require_text(message->sender);
    require_text(message->sent_text);
    for (size_t i = 0; i < message->n_infos; i++) {
        require_text(message->infos[i].language);
        for (size_t a = 0; a < message->infos[i].n_areas; a++)
            require_area(&message->infos[i].areas[a]);
    }
    alert_message_free(message);
    return 0;
}
