/* Fuzz harness of codecs/geojson. */
#include "codecs/geojson.h"
#include "tests/fuzz/require.h"

static void look(const struct geojson_feature *feature)
{
    for (size_t i = 0; i < feature->n_properties; i++)
        require(feature->properties[i].name && text_is_utf8(slice_of(feature->properties[i].value)));
    for (size_t i = 0; i < feature->n_polygons; i++)
        require(feature->polygons[i].points && feature->polygons[i].n_points > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct geojson file;
    struct geojson_feature feature;
    struct error error = {0};
    enum geojson_step step = GEOJSON_FEATURE;
    if (!geojson_begin(&file, (struct slice){(const char *)data, size}, &error)) {
        require_text(error.message);
        return 0;
    }
    for (unsigned n = 1; step == GEOJSON_FEATURE || step == GEOJSON_WRONG; n++) {
        step = geojson_next(&file, &feature, &error);
        if (step == GEOJSON_FEATURE)
            look(&feature);
        else if (step != GEOJSON_END)
            require_text(error.message);
        require(step == GEOJSON_END || feature.number == n);
        geojson_feature_free(&feature);
    }
    return 0;
}
