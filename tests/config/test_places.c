/* Places of a site: villages, their groups, hazard points, reservoirs, dykes, named groups; what they say of each other. */
#include "tests/config/helper.h"

#define GROUPS                                                                                                                      \
    "groups = ( { id = \"longtang-3\"; village = \"360499103201\"; zh = \"龙塘村三组\"; en = \"Longtang group 3\"; "           \
    "shelter_zh = \"龙塘小学\"; shelter_en = \"Longtang school\"; population = 120; },\n"                                       \
    "  { id = \"longtang-1\"; village = \"360499103201\"; zh = \"龙塘村一组\"; en = \"Longtang group 1\"; population = 80; } " \
    ");\n"
#define FEATURES                                                                                                                \
    "features = ( { id = \"dam\"; kind = \"reservoir\"; hazard = \"dam\"; zh = \"龙塘水库\"; en = \"Longtang reservoir\"; " \
    "operator_zh = \"水库管理站\"; position = [29.61, 115.81]; places = [ \"longtang-3\", \"360499103202\" ]; } );\n"
#define NAMED                                                                                                                      \
    "place_groups = ( { id = \"riverside\"; zh = \"沿河各村\"; en = \"the riverside\"; places = [ \"dam\", \"longtang-1\" ]; " \
    "} );\n"
#define PLACES GROUPS FEATURES NAMED "programme = {"

static struct config *load_text(const char *site, struct said *said)
{
    struct folder folder;
    folder_make(&folder);
    write_good_site(&folder, site);
    struct config *config = load_in(&folder, "site.cfg", said);
    folder_remove(&folder);
    return config;
}

static char *site_with_places(void)
{
    char *more = replaced(GOOD_SITE, "programme = {", PLACES);
    char *site = replaced(more, "codes = [ \"360499103201\" ]; }", "codes = [ \"360499103201\" ]; group = \"longtang-3\"; }");
    free(more);
    return site;
}

static const struct config_place *place_of(const struct config *config, const char *id)
{
    const struct config_place *place = config_find_place_id(config, id);
    if (!place)
        fail_msg("no place %s", id);
    return place;
}

static void test_what_the_site_says(void **state)
{
    (void)state;
    struct said said;
    char *site = site_with_places();
    struct config *config = load_text(site, &said);
    if (!config)
        print_said(&said);
    assert_non_null(config);
    assert_int_equal(config->n_places, 6);
    const struct config_place *longtang = place_of(config, "360499103201"), *shiqiao = place_of(config, "360499103202"),
                              *third = place_of(config, "longtang-3"), *first = place_of(config, "longtang-1"),
                              *dam = place_of(config, "dam"), *riverside = place_of(config, "riverside");
    assert_ptr_equal(third->village, longtang);
    assert_string_equal(third->words[PLACE_SHELTER][TEXT_EN], "Longtang school");
    assert_null(third->words[PLACE_ROUTE][TEXT_ZH]);
    assert_int_equal(longtang->population, 200); /* of its groups */
    assert_false(longtang->counted);
    assert_int_equal(dam->kind, PLACE_RESERVOIR);
    assert_string_equal(place_kind_name(dam), "reservoir");
    assert_string_equal(dam->hazard, "dam");
    assert_true(dam->has_position && dam->position.latitude == 29.61);
    assert_int_equal(dam->n_members, 2);
    assert_ptr_equal(dam->members[0], third);
    assert_ptr_equal(dam->members[1], shiqiao);
    assert_ptr_equal(riverside->members[0], dam);
    assert_ptr_equal(config->terminals[0].group, third);
    assert_null(config->terminals[1].group);
    assert_int_equal(third->n_terminals, 1);
    assert_false(third->by_village);
    assert_true(first->by_village);
    assert_int_equal(first->n_terminals, 1); /* n1, of its village */
    assert_int_equal(dam->n_terminals, 2);
    assert_int_equal(riverside->n_terminals, 2);
    assert_int_equal(longtang->n_terminals, 1);
    config_free(config);
    free(site);
}

static void test_gaps_are_told_in_numbers(void **state)
{
    (void)state;
    struct said said;
    struct config *config = load_text(GOOD_SITE, &said);
    assert_non_null(config);
    assert_said(&said, true, "/site.cfg", 0, "of 2 villages with terminals 2 have no shelter in both languages");
    config_free(config);
    char *half = replaced(GOOD_SITE, "en = \"Longtang\";",
                          "en = \"Longtang\"; shelter_zh = \"小学\"; shelter_en = \"the school\"; population = 5;");
    char *site = replaced(half, "en = \"Shiqiao\";",
                          "en = \"Shiqiao\"; shelter_zh = \"小学\"; shelter_en = \"the school\"; population = 7;");
    config = load_text(half, &said);
    assert_non_null(config);
    assert_said(&said, true, "/site.cfg", 0, "of 2 villages with terminals 1 have no shelter in both languages");
    config_free(config);
    config = load_text(site, &said);
    assert_non_null(config);
    assert_false(was_said(&said, true, "/site.cfg", 0, "villages with terminals"));
    config_free(config);
    free(half);
    free(site);
}

static void test_contacts(void **state)
{
    (void)state;
    struct said said;
    char *site = replaced(GOOD_SITE, "en = \"Longtang\";",
                          "en = \"Longtang\"; contacts = ( { name = \"李明\"; phone = \"13800000000\"; role = \"村支书\"; },"
                          " { name = \"王芳\"; phone = \"0792-8888888\"; } );");
    struct config *config = load_text(site, &said);
    assert_non_null(config);
    const struct config_place *longtang = place_of(config, "360499103201");
    assert_int_equal(longtang->n_contacts, 2);
    assert_string_equal(longtang->contacts[0].role, "村支书");
    assert_string_equal(longtang->contacts[1].phone, "0792-8888888");
    config_free(config);
    free(site);
}

static void test_mistakes_of_the_site(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *where, *message;
    } ROWS[] = {
        {"id = \"longtang-3\"; village", "id = \"3-longtang\"; village",
         "groups =", "the id 3-longtang must begin with a letter"},
        {"id = \"longtang-1\"", "id = \"longtang-3\"", "一组", "the id \"longtang-3\" stands twice in groups"},
        {"id = \"riverside\"", "id = \"dam\"", "place_groups",
         "\"dam\" is a place_group here, and a reservoir where it stands before"},
        {"village = \"360499103201\"; zh = \"龙塘村一组\"", "village = \"360499103209\"; zh = \"龙塘村一组\"", "一组",
         "village of longtang-1 names \"360499103209\", which is not among the places"},
        {"village = \"360499103201\"; zh = \"龙塘村一组\"", "zh = \"龙塘村一组\"", "一组", "village is missing"},
        {"kind = \"reservoir\"", "kind = \"resevoir\"", "features", "did you mean \"reservoir\"?"},
        {"hazard = \"dam\"", "hazard = \"dame\"", "features",
         "hazard of dam names \"dame\", which is not there; did you mean \"dam\"?"},
        {"position = [29.61, 115.81]", "position = [115.81, 29.61]", "features", "position must be [latitude, longitude]"},
        {"[ \"longtang-3\", \"360", "[ \"longtang-4\", \"360", "features",
         "places of dam names \"longtang-4\", which is not there; did you mean \"longtang-1\"?"},
        {"[ \"longtang-3\", \"360499103202\"", "[ \"360499103209\"", "features", "names \"360499103209\", which is not there"},
        {"[ \"longtang-3\", \"360", "[ \"riverside\", \"360", "features", "places of dam names riverside, a place_group"},
        {"[ \"dam\", \"longtang-1\"", "[ \"riverside\"", "place_groups", "places of riverside names riverside, a place_group"},
        {"[ \"dam\", \"longtang-1\"", "[ \"a b\"", "place_groups", "each of places must be a code or an id"},
        {"group = \"longtang-3\"", "group = \"longtang-2\"", "id = \"n1\"", "group names \"longtang-2\", which is not there"},
        {"group = \"longtang-3\"", "group = \"dam\"", "id = \"n1\"", "group names dam, a reservoir"},
        {"codes = [ \"360499103202\" ]", "codes = [ \"360499103202\" ]; group = \"longtang-3\"", "id = \"n2\"",
         "group longtang-3 is of the village 360499103201, whose code is not among its codes"},
        {"population = 120", "population = -1", "三组", "population must be from 0 to"},
        {"shelter_zh = \"龙塘小学\"", "shelter_zh = \"龙塘\\n小学\"", "三组", "shelter_zh must be one line"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct said said;
        char *good = site_with_places(), *site = replaced(good, ROWS[i].from, ROWS[i].to);
        assert_null(load_text(site, &said));
        assert_said(&said, false, "/site.cfg", line_of(site, ROWS[i].where), ROWS[i].message);
        free(good);
        free(site);
    }
}

static void test_a_text_that_is_too_long(void **state)
{
    (void)state;
    struct said said;
    char text[400], *site;
    snprintf(text, sizeof text, "en = \"Longtang\"; route_en = \"%0241d\"; ", 0);
    site = replaced(GOOD_SITE, "en = \"Longtang\"; ", text);
    assert_null(load_text(site, &said));
    assert_said(&said, false, "/site.cfg", line_of(site, "Longtang"), "route_en is too long: 241 bytes, at most 240");
    free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_site_says),
        cmocka_unit_test(test_gaps_are_told_in_numbers),
        cmocka_unit_test(test_contacts),
        cmocka_unit_test(test_mistakes_of_the_site),
        cmocka_unit_test(test_a_text_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, use_shipped_data, NULL);
}
