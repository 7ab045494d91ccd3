/* Features of GeoJSON files, as a map program writes them. */
#include "codecs/geojson.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COLLECTION(features) "{\"type\":\"FeatureCollection\",\"features\":[" features "]}"
#define FEATURE(geometry, properties) "{\"type\":\"Feature\",\"geometry\":" geometry ",\"properties\":" properties "}"
#define SQUARE "[[115.8,29.6],[115.9,29.6],[115.9,29.7],[115.8,29.7],[115.8,29.6]]"

static struct geojson_feature feature;
static struct error error;

static int tear_down(void **state)
{
    (void)state;
    geojson_feature_free(&feature);
    return 0;
}

static struct geojson begin(const char *text)
{
    struct geojson file;
    if (!geojson_begin(&file, slice_of(text), &error))
        fail_msg("%s", error.message);
    return file;
}

static enum geojson_step next(struct geojson *file)
{
    geojson_feature_free(&feature);
    enum geojson_step step = geojson_next(file, &feature, &error);
    if (step == GEOJSON_WRONG || step == GEOJSON_BROKEN)
        print_message("%s\n", error.message);
    return step;
}

static const char *value_of(const char *name)
{
    for (size_t i = 0; i < feature.n_properties; i++)
        if (strcmp(feature.properties[i].name, name) == 0)
            return feature.properties[i].value;
    return NULL;
}

static void test_properties(void **state)
{
    (void)state;
    struct geojson file =
        begin("\xEF\xBB\xBF{ \"type\" : \"FeatureCollection\", \"n\":12 , \"crs\":{\"a\":[1,2]},\n \"features\" : [\n"
              "{\"type\":\"Feature\",\"id\":7,\"geometry\":null,\"properties\":{\"zh\":\"龙塘村\",\"population\":812,"
              "\"area\":29.6,\"code\":360499103201,\"flag\":true,\"none\":null,\"places\":[\"a\",\"b\"],\"o\":{\"x\":1}}},"
              "{\"type\":\"Feature\",\"id\":8,\"properties\":{\"id\":\"dam\"}},"
              "{\"type\":\"Feature\",\"properties\":null} ] , \"bbox\":[1,2,3,4] } \n");
    assert_int_equal(next(&file), GEOJSON_FEATURE);
    assert_int_equal(feature.number, 1);
    assert_string_equal(value_of("zh"), "龙塘村");
    assert_string_equal(value_of("population"), "812");
    assert_string_equal(value_of("area"), "29.6");
    assert_string_equal(value_of("code"), "360499103201");
    assert_string_equal(value_of("flag"), "true");
    assert_null(value_of("none"));
    assert_string_equal(value_of("places"), "a;b");
    assert_string_equal(value_of("o"), "{\"x\":1}");
    assert_string_equal(value_of("id"), "7");
    assert_false(feature.has_position);
    assert_int_equal(feature.n_polygons, 0);
    assert_int_equal(next(&file), GEOJSON_FEATURE);
    assert_string_equal(value_of("id"), "dam");
    assert_int_equal(next(&file), GEOJSON_FEATURE);
    assert_int_equal(feature.n_properties, 0);
    assert_int_equal(next(&file), GEOJSON_END);
}

static void test_shapes(void **state)
{
    (void)state;
    struct geojson file =
        begin(COLLECTION(FEATURE("{\"type\":\"Polygon\",\"coordinates\":[" SQUARE "," SQUARE "]}", "{}") "," FEATURE(
            "{\"type\":\"MultiPolygon\",\"coordinates\":[[" SQUARE "],[" SQUARE "]]}",
            "{}") "," FEATURE("{\"type\":\"Point\",\"coordinates\":[115.87,29.61,33]}",
                              "{}") "," FEATURE("{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4],[5,6]]}", "{}")));
    assert_int_equal(next(&file), GEOJSON_FEATURE);
    assert_int_equal(feature.n_polygons, 1); /* the hole is left out */
    assert_int_equal(feature.polygons[0].n_points, 5);
    assert_true(feature.polygons[0].points[1].longitude == 115.9 && feature.polygons[0].points[1].latitude == 29.6);
    assert_int_equal(next(&file), GEOJSON_FEATURE);
    assert_int_equal(feature.n_polygons, 2);
    assert_int_equal(next(&file), GEOJSON_FEATURE);
    assert_true(feature.has_position && feature.position.latitude == 29.61 && feature.position.longitude == 115.87);
    assert_int_equal(next(&file), GEOJSON_FEATURE);
    assert_true(feature.has_position && feature.position.latitude == 4 && feature.position.longitude == 3);
    assert_int_equal(next(&file), GEOJSON_END);
}

/* Each is told and left out, and the one behind it is read. */
static void test_wrong_features(void **state)
{
    (void)state;
    static const struct {
        const char *feature, *said;
    } ROWS[] = {
        {"5", "must be an object of type Feature"},
        {"{\"type\":\"Polygon\"}", "must be an object of type Feature"},
        {FEATURE("null", "[]"), "properties must be an object"},
        {FEATURE("{}", "{}"), "geometry has no type"},
        {FEATURE("{\"type\":\"GeometryCollection\"}", "{}"), "geometry of type GeometryCollection is not read"},
        {FEATURE("{\"type\":\"Point\",\"coordinates\":[115]}", "{}"), "a position must be [longitude, latitude]"},
        {FEATURE("{\"type\":\"Point\",\"coordinates\":[\"115\",\"29\"]}", "{}"), "a position must be [longitude, latitude]"},
        {FEATURE("{\"type\":\"LineString\",\"coordinates\":[]}", "{}"), "a position must be"},
        {FEATURE("{\"type\":\"Polygon\",\"coordinates\":[]}", "{}"), "a polygon must have 3 to 10000 points, not 0"},
        {FEATURE("{\"type\":\"Polygon\"}", "{}"), "a polygon must have 3 to 10000 points, not 0"},
        {FEATURE("{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[3]]]}", "{}"), "a position must be"},
        {FEATURE("{\"type\":\"MultiPolygon\",\"coordinates\":[]}", "{}"), "a MultiPolygon must have 1 to 1000 polygons"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        char text[500];
        snprintf(text, sizeof text, "{\"features\":[%s,%s]}", ROWS[i].feature, FEATURE("null", "{}"));
        struct geojson file = begin(text);
        assert_int_equal(next(&file), GEOJSON_WRONG);
        assert_non_null(strstr(error.message, ROWS[i].said));
        assert_int_equal(feature.number, 1);
        assert_int_equal(next(&file), GEOJSON_FEATURE);
        assert_int_equal(feature.number, 2);
        assert_int_equal(next(&file), GEOJSON_END);
    }
}

static void test_broken_files(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        unsigned n; /* features before */
        const char *said;
    } ROWS[] = {
        {"{\"features\":[" FEATURE("null", "{}") ",{\"type\":", 1, "feature 2: cannot be read as JSON: "},
        {"{\"features\":[" FEATURE("null", "{}"), 1, "behind feature 1: neither a comma nor the end of the list"},
        {"{\"features\":[" FEATURE("null", "{}") "]", 1, "behind feature 1: the file does not end as it should"},
        {"{\"features\":[" FEATURE("null", "{}") "]} x", 1, "behind feature 1: the file does not end as it should"},
        {"{\"features\":[" FEATURE("null", "{}") "],\"features\":[]}", 1, "behind feature 1: the file does not end"},
        {"{\"features\":[" FEATURE("null", "{\"a\":1,\"a\":2}") "]}", 0, "feature 1: cannot be read as JSON: duplicate"},
        {"{\"features\":[" FEATURE("null", "{\"a\":\"\xC1\xFA\"}") "]}", 0, "feature 1: cannot be read as JSON: "},
        {"{\"features\":[", 0, "feature 1: cannot be read as JSON"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct geojson file = begin(ROWS[i].file);
        for (unsigned n = 0; n < ROWS[i].n; n++)
            assert_int_equal(next(&file), GEOJSON_FEATURE);
        assert_int_equal(next(&file), GEOJSON_BROKEN);
        assert_non_null(strstr(error.message, ROWS[i].said));
    }
}

static void test_no_geojson(void **state)
{
    (void)state;
    static const char *const FILES[] = {"",
                                        "[]",
                                        "{}",
                                        "{\"type\":\"FeatureCollection\"}",
                                        "{\"features\":{}}",
                                        "{\"a\":1 \"features\":[]}",
                                        "code,zh\n",
                                        FEATURE("null", "{}")};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        struct geojson file;
        assert_false(geojson_begin(&file, slice_of(FILES[i]), &error));
        assert_non_null(strstr(error.message, "is no GeoJSON"));
    }
}

static void test_bounds(void **state)
{
    (void)state;
    size_t size = GEOJSON_FEATURE_MAX + 1000;
    char *text = malloc(size);
    assert_non_null(text);
    size_t used =
        (size_t)sprintf(text, "{\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[");
    for (int i = 0; i <= GEOJSON_POINTS_MAX; i++)
        used += (size_t)sprintf(text + used, "%s[1,2]", i ? "," : "");
    sprintf(text + used, "]]}}]}");
    struct geojson file = begin(text);
    assert_int_equal(next(&file), GEOJSON_WRONG);
    assert_non_null(strstr(error.message, "not 10001"));
    memset(text, ' ', size - 1);
    memcpy(text, "{\"features\":[{", 14);
    text[size - 1] = '\0';
    file = begin(text);
    assert_int_equal(next(&file), GEOJSON_BROKEN);
    assert_string_equal(error.message, "feature 1: has more than 1048576 bytes");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_properties, tear_down),     cmocka_unit_test_teardown(test_shapes, tear_down),
        cmocka_unit_test_teardown(test_wrong_features, tear_down), cmocka_unit_test_teardown(test_broken_files, tear_down),
        cmocka_unit_test_teardown(test_no_geojson, tear_down),     cmocka_unit_test_teardown(test_bounds, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
