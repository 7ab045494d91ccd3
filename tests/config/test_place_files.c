/* Places from tables and maps beside the site file: merged by code or id, each value given once. */
#include "tests/config/helper.h"

#define FEATURE(geometry, properties) "{\"type\":\"Feature\",\"geometry\":" geometry ",\"properties\":{" properties "}}"
#define MAP(features) "{\"type\":\"FeatureCollection\",\"features\":[" features "]}"
#define SQUARE(west) "[[" west ".1,29.6],[" west ".2,29.6],[" west ".2,29.7],[" west ".1,29.7],[" west ".1,29.6]]"

struct files {
    const char *names; /* as in the site file */
    const char *table, *map;
};

/* The good site with places.csv and places.geojson beside it. */
static struct config *load_files(struct files files, struct said *said)
{
    struct folder folder;
    char with[200];
    snprintf(with, sizeof with, "place_files = [ %s ];\nplaces = (", files.names);
    char *site = replaced(GOOD_SITE, "places = (", with);
    folder_make(&folder);
    write_good_site(&folder, site);
    if (files.table)
        folder_write(&folder, "places.csv", files.table);
    if (files.map)
        folder_write(&folder, "places.geojson", files.map);
    struct config *config = load_in(&folder, "site.cfg", said);
    folder_remove(&folder);
    free(site);
    return config;
}

static struct config *load_good(struct files files)
{
    struct said said;
    struct config *config = load_files(files, &said);
    if (!config)
        print_said(&said);
    assert_non_null(config);
    return config;
}

static const struct config_place *place_of(const struct config *config, const char *id)
{
    const struct config_place *place = config_find_place_id(config, id);
    if (!place)
        fail_msg("no place %s", id);
    return place;
}

/* The site file has the names, the map the outlines, the table the rest, and groups and a reservoir of its own. */
static void test_table_and_map_together(void **state)
{
    (void)state;
    struct config *config = load_good((struct files){
        "\"places.csv\", \"places.geojson\"",
        "\xEF\xBB\xBFkind,code,id,village,zh,en,shelter_zh,population,contacts,places,position\r\n"
        ",360499103201,,,龙塘村,,龙塘小学,812,李明 13800000000 村支书；王芳 139,,\r\n"
        "village, 360499103202 ,,,,,\"石桥, 祠堂\",640.0,,,\r\n"
        "group,,longtang-3,360499103201,龙塘村三组,Longtang group 3,,,,,\r\n"
        "reservoir,,dam,,龙塘水库,Longtang reservoir,,,,longtang-3、360499103202,\"29.61, 115.81\"\r\n"
        "place_group,,all,,各村,all villages,,,,dam;360499103201,\r\n",
        MAP(FEATURE(
            "{\"type\":\"MultiPolygon\",\"coordinates\":[[" SQUARE("115") "],[" SQUARE("116") "]]}",
            "\"code\":"
            "\"36049910320"
            "1\"") "," FEATURE("{\"type\":\"Point\",\"coordinates\":[115.81,29.61]}",
                               "\"id\":\"dam\",\"kind\":\"reservoir\"") "," FEATURE("{\"type\":\"Point\","
                                                                                    "\"coordinates\":[115.82,29.62]}",
                                                                                    "\"id\":\"n1\",\"kind\":"
                                                                                    "\"terminal\"") "," FEATURE("{\"typ"
                                                                                                                "e\":"
                                                                                                                "\"Poly"
                                                                                                                "gon\","
                                                                                                                "\"coor"
                                                                                                                "dinate"
                                                                                                                "s\":"
                                                                                                                "[" SQUARE(
                                                                                                                    "11"
                                                                                                                    "5") "]}",
                                                                                                                "\"code"
                                                                                                                "\":"
                                                                                                                "360499"
                                                                                                                "103203"
                                                                                                                ",\"zh"
                                                                                                                "\":"
                                                                                                                "\"竹坪"
                                                                                                                "村\","
                                                                                                                "\"en\""
                                                                                                                ":\"Zhu"
                                                                                                                "ping"
                                                                                                                "\"")),
    });
    assert_int_equal(config->n_places, 6);
    const struct config_place *longtang = place_of(config, "360499103201"), *dam = place_of(config, "dam");
    assert_string_equal(longtang->name[TEXT_EN], "Longtang");
    assert_string_equal(longtang->words[PLACE_SHELTER][TEXT_ZH], "龙塘小学");
    assert_int_equal(longtang->population, 812);
    assert_int_equal(longtang->n_contacts, 2);
    assert_string_equal(longtang->contacts[0].role, "村支书");
    assert_string_equal(longtang->contacts[1].name, "王芳");
    assert_true(geometry_has(longtang->outline, (struct alert_point){29.65, 115.15}));
    assert_true(geometry_has(longtang->outline, (struct alert_point){29.65, 116.15}));
    assert_false(geometry_has(longtang->outline, (struct alert_point){29.65, 115.5}));
    assert_string_equal(place_of(config, "360499103202")->words[PLACE_SHELTER][TEXT_ZH], "石桥, 祠堂");
    assert_int_equal(place_of(config, "360499103202")->population, 640);
    assert_string_equal(place_of(config, "360499103203")->name[TEXT_ZH], "竹坪村");
    assert_ptr_equal(place_of(config, "longtang-3")->village, longtang);
    assert_int_equal(dam->n_members, 2);
    assert_true(dam->position.longitude == 115.81);
    assert_int_equal(place_of(config, "all")->n_members, 2);
    assert_true(config->terminals[0].has_position && config->terminals[0].latitude == 29.62);
    assert_false(config->terminals[1].has_position);
    config_free(config);
}

/* A site may leave all its places to a file. */
static void test_only_files(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    const char *at = strstr(GOOD_SITE, "places = (");
    const char *end = strstr(at, ");\n") + 3;
    size_t size = strlen(GOOD_SITE) + 100;
    char *site = malloc(size);
    assert_non_null(site);
    snprintf(site, size, "%.*splace_files = [ \"places.csv\" ];\n%s", (int)(at - GOOD_SITE), GOOD_SITE, end);
    folder_make(&folder);
    write_good_site(&folder, site);
    folder_write(&folder, "places.csv", "code,zh,en\n360499103201,龙塘村,Longtang\n");
    struct config *config = load_in(&folder, "site.cfg", &said);
    assert_non_null(config);
    assert_int_equal(config->n_places, 1);
    config_free(config);
    folder_write(&folder, "places.csv", "code,zh,en\n");
    assert_null(load_in(&folder, "site.cfg", &said));
    assert_said(&said, false, "/site.cfg", 0, "there is no place");
    folder_remove(&folder);
    free(site);
}

#define HEAD "kind,code,id,village,zh,en,population,contacts,places,position,hazard\n"

static void test_mistakes_in_a_table(void **state)
{
    (void)state;
    static const struct {
        const char *table;
        unsigned line;
        const char *said;
    } ROWS[] = {
        {"", 1, "there is nothing in it: its first row must name the columns"},
        {"zh;code\n", 1, "there is no column \"code\" or \"id\": the first row must name the columns, with commas"},
        {"code,zh,code\n", 1, "the column \"code\" stands twice"},
        {HEAD ",36049910320,,,,,,,,,\n", 2, "code must have 12 digits, or 6 or 9, not \"36049910320\""},
        {HEAD ",3.60499E+11,,,,,,,,,\n", 2, "code was made a number by the spreadsheet: format its column as text"},
        {HEAD ",360499103201,,,,,many,,,,\n", 2, "population must be a whole number, of people, not \"many\""},
        {HEAD ",360499103201,,,,,8.5,,,,\n", 2, "population must be a whole number"},
        {HEAD ",360499103201,,,,,-3,,,,\n", 2, "population must be a whole number"},
        {HEAD "\n,360499103201,,,,,,李明,,,\n", 3, "contacts must be a name, a blank and a phone"},
        {HEAD ",360499103201,,,\"a\nb\",,,,,,\n", 2, "zh must be one line without control characters"},
        {HEAD ",360499103201,,,,,,,,29 115,\n", 2, "position is no setting of a village"},
        {HEAD ",360499103209,,,月山村,,,,,,\n", 2, "en is missing: 360499103209 needs a name"},
        {HEAD ",360499104201,,,a,b,,,,,\n", 2, "the place 360499104201 lies outside of the site 360499103000"},
        {HEAD "dam,,x,,,,,,,,\n", 2, "kind must be village, group, hazard_point"},
        {HEAD ",,x,,,,,,,,\n", 2, "code is missing; or say by kind what else this is"},
        {HEAD "group,,,360499103201,a,b,,,,,\n", 2, "id is missing"},
        {HEAD "group,,x,360499103209,a,b,,,,,\n", 2, "village of x names \"360499103209\", which is not among the places"},
        {HEAD "group,,x,,a,b,,,,,\n", 2, "village is missing"},
        {HEAD "group,,X Y,360499103201,a,b,,,,,\n", 2, "id must be 1 to 32 of a-z, 0-9, _ and -, not \"X Y\""},
        {HEAD "dyke,,x,,a,b,,,360499103209,,\n", 2, "places of x names \"360499103209\", which is not there"},
        {HEAD "dyke,,x,,a,b,,,,115.8 29.6,\n", 2, "position must be latitude and longitude in degrees"},
        {HEAD "dyke,,x,,a,b,,,,,flod\n", 2, "hazard of x names \"flod\", which is not there; did you mean \"flood\"?"},
        {HEAD "terminal,,n9,,,,,,,29.6 115.8,\n", 2, "there is no terminal \"n9\""},
        {HEAD "terminal,,n1,,,,,,,,\n", 2, "position of a terminal is missing"},
        {HEAD ",360499103201,,,龙塘,,,,,,\n", 2, "zh of 360499103201 was given before, and was another: let it stand once"},
        {HEAD ",360499103201,,,,,8,,,,\n,360499103201,,,,,9,,,,\n", 3, "population of 360499103201 was given before"},
        {HEAD ",360499103201,,,,,,a 1,,,\n,360499103201,,,,,,a 2,,,\n", 3, "contacts of 360499103201 was given before"},
        {HEAD "terminal,,n1,,,,,,,29.6 115.8,\nterminal,,n1,,,,,,,29.7 115.8,\n", 3, "position of n1 was given before"},
        {HEAD ",360499103201,,,,,8,,,,,,\n", 2, "the row has 13 cells, but the first row names 11 columns"},
        {HEAD ",360499103201,\"\n", 2, "the quote that opens cell 3 is never closed"},
        {HEAD ",360499103201,\xC1\xFA\n", 2, "is not UTF-8: save it as \"CSV UTF-8\""},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct said said;
        assert_null(load_files((struct files){"\"places.csv\"", ROWS[i].table, NULL}, &said));
        assert_said(&said, false, "/places.csv", ROWS[i].line, ROWS[i].said);
        if (said.mistakes != 1)
            print_said(&said);
        assert_int_equal(said.mistakes, 1);
    }
}

static void test_mistakes_in_a_map(void **state)
{
    (void)state;
    static const struct {
        const char *map, *said;
    } ROWS[] = {
        {"[]", "is no GeoJSON"},
        {MAP(FEATURE("null", "\"zh\":\"x\"")), "feature 1: code is missing"},
        {MAP(FEATURE("null", "\"code\":\"360499103201\"") ",5"), "feature 2: must be an object of type Feature"},
        {MAP(FEATURE("{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[3,4]]]}", "\"code\":\"360499103201\"")),
         "feature 1: outline of 360499103201 has fewer than 3 different points"},
        {MAP(FEATURE("{\"type\":\"Polygon\",\"coordinates\":[" SQUARE("295") "]}", "\"code\":\"360499103201\"")),
         "feature 1: outline of 360499103201 has a point (29.6, 295.1) that is off the globe"},
        {MAP(FEATURE("{\"type\":\"Polygon\",\"coordinates\":[" SQUARE("115") "]}",
                     "\"id\":\"x\",\"kind\":\"dyke\",\"zh\":\"a\",\"en\":\"b\"")),
         "feature 1: a dyke has no outline"},
        {MAP(FEATURE("{\"type\":\"Polygon\",\"coordinates\":[" SQUARE("115") "]}", "\"code\":\"360499103201\"") "," FEATURE(
             "{\"type\":\"Polygon\",\"coordinates\":[" SQUARE("116") "]}", "\"code\":\"360499103201\"")),
         "feature 2: outline of 360499103201 was given before"},
        {MAP(FEATURE("{\"type\":\"Point\",\"coordinates\":[29.6,115.8]}",
                     "\"id\":\"x\",\"kind\":\"dyke\",\"zh\":\"a\",\"en\":\"b\"")),
         "feature 1: position must be latitude and longitude"},
        {"{\"features\":[" FEATURE("null", "\"code\":\"360499103201\""), "behind feature 1: neither a comma"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct said said;
        assert_null(load_files((struct files){"\"places.geojson\"", NULL, ROWS[i].map}, &said));
        assert_said(&said, false, "/places.geojson", 0, ROWS[i].said);
        assert_int_equal(said.mistakes, 1);
    }
}

/* A map brings columns of its own, hundreds of times: told once. */
static void test_columns_of_others(void **state)
{
    (void)state;
    struct said said;
    struct config *config = load_files(
        (struct files){"\"places.csv\", \"places.geojson\"", "code,remarks,poplation\n360499103201,x,5\n360499103202,x,7\n",
                       MAP(FEATURE("null", "\"code\":\"360499103201\",\"OBJECTID\":1") "," FEATURE(
                           "null", "\"code\":\"360499103202\",\"OBJECTID\":2"))},
        &said);
    assert_non_null(config);
    assert_said(&said, true, "/places.csv", 1, "\"remarks\" is no setting of a place and is not read");
    assert_said(&said, true, "/places.csv", 1,
                "\"poplation\" is no setting of a place and is not read; did you mean \"population\"?");
    assert_said(&said, true, "/places.geojson", 0, "\"OBJECTID\" is no setting");
    assert_int_equal(said.warnings, 3 + 3);
    config_free(config);
}

static void test_files_that_are_none(void **state)
{
    (void)state;
    struct said said;
    assert_null(load_files((struct files){"\"no.csv\"", NULL, NULL}, &said));
    assert_said(&said, false, "/no.csv", 0, "cannot be read: No such file");
    assert_null(load_files((struct files){"\"places.xlsx\"", NULL, NULL}, &said));
    assert_said(&said, false, "/site.cfg", line_of(GOOD_SITE, "places = ("), "a place file is a .csv, .geojson or .json");
    assert_null(load_files((struct files){"\".\", \"x.csv/y.csv\"", NULL, NULL}, &said));
    assert_int_equal(said.mistakes, 2);
}

/* A file with a mistake in every row is not told row by row; it is refused all the same. */
static void test_not_all_mistakes_are_shown(void **state)
{
    (void)state;
    struct said said;
    char *table = calloc(1, 100 * 20);
    assert_non_null(table);
    strcpy(table, "code\n");
    for (int i = 0; i < 80; i++)
        strcat(table, "x\n");
    assert_null(load_files((struct files){"\"places.csv\"", table, NULL}, &said));
    assert_int_equal(said.mistakes, 51);
    assert_said(&said, false, "/places.csv", 52, "more mistakes follow, which are not shown");
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_and_map_together),     cmocka_unit_test(test_only_files),
        cmocka_unit_test(test_mistakes_in_a_table),        cmocka_unit_test(test_mistakes_in_a_map),
        cmocka_unit_test(test_columns_of_others),          cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_not_all_mistakes_are_shown),
    };
    return cmocka_run_group_tests(tests, use_shipped_data, NULL);
}
