/* Codes to terminals. */
#include "controller/area.h"

#include "tests/controller/site_fixture.h"

struct matching {
    struct fixture fixture;
    struct area_match match;
    struct alert_message *message;
};

static int set_up(void **state)
{
    struct matching *m = calloc(1, sizeof *m);
    *state = m;
    return area_match_create(&m->match, fixture_init(&m->fixture)) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct matching *m = *state;
    area_match_free(&m->match);
    alert_message_free(m->message);
    free(m);
    return 0;
}

static bool match(struct matching *m, struct info_text info, bool covers)
{
    alert_message_free(m->message);
    m->message = cap_message((struct cap_text){.infos = info_xml(info)});
    return area_match_info(&m->match, &m->fixture.config, &m->message->infos[0], covers);
}

/* One fresh match per row: the code, whether its source covers, and the terminals that it means. */
static void test_level_boundaries(void **state)
{
    struct matching *m = *state;
    static const struct {
        const char *code;
        bool covers;
        unsigned meant; /* bit per terminal */
    } ROWS[] = {
        {VILLAGE_1, false, 1u << T_OUT | 1u << T_OUT_2 | 1u << T_SICK},
        {VILLAGE_2, false, 1u << T_MIC | 1u << T_PLAIN},
        {TOWNSHIP, false, (1u << N_TERMINALS) - 1},
        {"360404101", false, (1u << N_TERMINALS) - 1}, /* padded */
        {"360404", false, (1u << N_TERMINALS) - 1},
        {"360000000000", false, (1u << N_TERMINALS) - 1},
        {"360404101200", false, 0}, /* a village of that number, not the villages that begin so */
        {"360404100000", false, 0}, /* nor the townships */
        {NEXT_TOWNSHIP, false, 0},
        {"360404102201", false, 0},
        {"370000000000", false, 0},
        {VILLAGE_2, true, 1u << T_MIC | 1u << T_PLAIN | 1u << T_BOX}, /* the box is coded for the township around it */
        {"360404101299", true, 1u << T_BOX},
        {"360404102201", true, 0},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        area_match_free(&m->match);
        assert_true(area_match_create(&m->match, &m->fixture.config));
        bool any = match(m, (struct info_text){.code = ROWS[i].code}, ROWS[i].covers);
        size_t expected = 0;
        for (size_t t = 0; t < N_TERMINALS; t++) {
            bool meant = ROWS[i].meant >> t & 1;
            expected += meant;
            if (m->match.meant[t] != meant)
                fail_msg("%s: terminal %zu", ROWS[i].code, t);
        }
        assert_int_equal(any, expected > 0);
        assert_int_equal(m->match.n_meant, expected);
        assert_int_equal(m->match.n_codes, 1);
        assert_int_equal(json_array_size(expected ? m->match.places : m->match.not_ours), 1);
        assert_int_equal(json_array_size(expected ? m->match.not_ours : m->match.places), 0);
    }
}

static void test_each_terminal_once(void **state)
{
    struct matching *m = *state;
    assert_true(match(m, (struct info_text){.code = VILLAGE_1}, false));
    assert_true(match(m, (struct info_text){.code = TOWNSHIP}, false));
    assert_true(match(m, (struct info_text){.code = VILLAGE_1}, false));
    assert_int_equal(m->match.n_meant, N_TERMINALS);
    assert_int_equal(json_array_size(m->match.places), 2);
    const json_t *place = json_array_get(m->match.places, 0);
    assert_string_equal(json_string_value(json_object_get(place, "code")), VILLAGE_1);
    assert_string_equal(json_string_value(json_object_get(place, "name_zh")), "龙塘村");
    assert_null(json_object_get(json_array_get(m->match.places, 1), "name_zh"));
}

static const char *not_ours(const struct matching *m, size_t i)
{
    return json_string_value(json_array_get(m->match.not_ours, i));
}

static void test_names_not_mapped(void **state)
{
    struct matching *m = *state;
    const char *area = "<area><areaDesc>Qingxi</areaDesc>"
                       "<geocode><valueName>SAME</valueName><value>" VILLAGE_1 "</value></geocode>"
                       "<geocode><valueName>SAME</valueName><value>" VILLAGE_1 "</value></geocode>"
                       "<geocode><valueName>profile:code</valueName><value>12x</value></geocode></area>";
    assert_false(match(m, (struct info_text){.area = area}, false));
    assert_int_equal(m->match.n_codes, 0);
    assert_int_equal(json_array_size(m->match.not_ours), 2);
    assert_string_equal(not_ours(m, 0), "SAME=" VILLAGE_1 " (Qingxi)");
    assert_non_null(strstr(not_ours(m, 1), "(Qingxi)"));
}

static void test_partly_ours(void **state)
{
    struct matching *m = *state;
    const char *area = "<area><areaDesc/>"
                       "<polygon>29,115 29,116 30,116 29,115</polygon><circle>29,115 3</circle>"
                       "<geocode><valueName>profile:code</valueName><value>" VILLAGE_2 "</value></geocode>"
                       "<geocode><valueName>profile:code</valueName><value>" NEXT_TOWNSHIP "</value></geocode></area>";
    assert_true(match(m, (struct info_text){.area = area}, false));
    assert_int_equal(m->match.n_meant, 2);
    assert_int_equal(m->match.n_shapes, 2);
    assert_int_equal(m->match.n_codes, 2);
    assert_int_equal(json_array_size(m->match.places), 1);
    assert_string_equal(not_ours(m, 0), NEXT_TOWNSHIP);
}

static void test_long_description(void **state)
{
    struct matching *m = *state;
    char area[3000] = "<area><areaDesc>";
    for (size_t i = 0; i < 300; i++)
        strcat(area, "村");
    strcat(area, "</areaDesc><geocode><valueName>profile:code</valueName><value>" NEXT_TOWNSHIP "</value></geocode></area>");
    assert_false(match(m, (struct info_text){.area = area}, false));
    assert_non_null(not_ours(m, 0));
    assert_memory_equal(not_ours(m, 0), NEXT_TOWNSHIP " (村村", 20);
}

static void test_bounded_list(void **state)
{
    struct matching *m = *state;
    for (unsigned i = 0; i < 130; i++) {
        char code[13];
        snprintf(code, sizeof code, "37%010u", i + 1);
        assert_false(match(m, (struct info_text){.code = code}, false));
    }
    assert_int_equal(json_array_size(m->match.not_ours), 100);
    assert_int_equal(m->match.n_codes, 130);
}

/* As area_code.h says it, for one pair: what the search must come to. */
static bool means(const struct area_code *code, const struct area_code *terminal, bool covers)
{
    return area_code_contains(code, terminal) || (covers && area_code_contains(terminal, code));
}

static size_t pick(uint32_t *random, size_t n)
{
    *random = *random * 1103515245 + 12345;
    return (*random >> 16) % n;
}

/* Codes that lie in each other, beside each other, several for a terminal, in any order, some of them twice. */
static void test_against_every_pair(void **state)
{
    struct matching *m = *state;
    static const char *const CODES[] = {"360000000000", "360400000000", "360404",      TOWNSHIP,       VILLAGE_1,
                                        VILLAGE_2,      "360404200",    NEXT_TOWNSHIP, "360404101200", "360404000201",
                                        "360404101210", "370000000000", "370404",      "360404102201", "360404101209",
                                        "360404000000", "010101001001"};
    enum { N = sizeof CODES / sizeof *CODES };
    struct area_code codes[N];
    struct error error;
    uint32_t random = 1;
    for (size_t i = 0; i < N; i++)
        assert_true(area_code_parse(slice_of(CODES[i]), &codes[i], &error));
    for (size_t round = 0; round < 2000; round++) {
        bool wanted[N_TERMINALS] = {false}, covers = round & 1;
        for (size_t t = 0; t < N_TERMINALS; t++) {
            m->fixture.terminals[t].n_codes = t % 3;
            for (size_t i = 0; i < t % 3; i++)
                m->fixture.terminals[t].codes[i] = codes[pick(&random, N)];
        }
        area_match_free(&m->match);
        assert_true(area_match_create(&m->match, &m->fixture.config));
        for (size_t asked = 0; asked < 3; asked++) {
            const struct area_code *code = &codes[pick(&random, N)];
            for (size_t t = 0; t < N_TERMINALS; t++)
                for (size_t i = 0; i < m->fixture.terminals[t].n_codes; i++)
                    wanted[t] |= means(code, &m->fixture.terminals[t].codes[i], covers);
            match(m, (struct info_text){.code = code->digits}, covers);
        }
        assert_memory_equal(m->match.meant, wanted, sizeof wanted);
    }
}

/* A UPS may have codes, to say where it is; no alert means it. */
static void test_site_devices_are_not_meant(void **state)
{
    struct matching *m = *state;
    struct profile ups = {.token_field = -1, .level_field = -1};
    m->fixture.terminals[T_SICK].hardware.profile = &ups;
    area_match_free(&m->match);
    assert_true(area_match_create(&m->match, &m->fixture.config));
    const char *area =
        "<area><areaDesc/><geocode><valueName>profile:code</valueName><value>" TOWNSHIP "</value></geocode></area>";
    assert_true(match(m, (struct info_text){.area = area}, false));
    assert_int_equal(m->match.n_meant, N_TERMINALS - 1);
    assert_false(m->match.meant[T_SICK]);
}

static void test_no_area(void **state)
{
    struct matching *m = *state;
    assert_false(match(m, (struct info_text){.area = ""}, true));
    assert_int_equal(m->match.n_areas, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_level_boundaries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_terminal_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names_not_mapped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_partly_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_description, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bounded_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_against_every_pair, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_site_devices_are_not_meant, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_area, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
