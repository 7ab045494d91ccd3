/* Codes, polygons and circles to terminals. */
#include "controller/area.h"

#include "tests/controller/site_fixture.h"

#include <time.h>

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
    for (size_t i = 0; i < 2; i++)
        geometry_free(m->fixture.places[i].outline);
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

/* What its source may not address is as if it were another's: named, and never meant. */
static void test_bounds_of_a_source(void **state)
{
    struct matching *m = *state;
    struct config_source county = {.id = "county", .n_areas = 1, .areas = {{VILLAGE_2}}};
    static const struct {
        const char *code;
        bool covers;
        unsigned meant;
        size_t barred;
        const char *not_ours;
    } ROWS[] = {
        {VILLAGE_2, false, 1u << T_MIC | 1u << T_PLAIN, 0, NULL},
        {VILLAGE_2, true, 1u << T_MIC | 1u << T_PLAIN, 1, TOWNSHIP " (not among the areas of source county)"},
        {TOWNSHIP, false, 1u << T_MIC | 1u << T_PLAIN, 4, TOWNSHIP " (not among the areas of source county)"},
        {VILLAGE_1, false, 0, 3, VILLAGE_1 " (龙塘村, not among the areas of source county)"},
        {NEXT_TOWNSHIP, false, 0, 0, NEXT_TOWNSHIP " (a)"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        area_match_free(&m->match);
        assert_true(area_match_create(&m->match, &m->fixture.config));
        area_match_bar(&m->match, &m->fixture.config, &county);
        for (int again = 0; again < 2; again++)
            assert_int_equal(match(m, (struct info_text){.code = ROWS[i].code}, ROWS[i].covers), ROWS[i].meant != 0);
        for (size_t t = 0; t < N_TERMINALS; t++)
            assert_int_equal(m->match.meant[t], ROWS[i].meant >> t & 1);
        assert_int_equal(m->match.n_barred, ROWS[i].barred);
        if (ROWS[i].not_ours)
            assert_string_equal(json_string_value(json_array_get(m->match.not_ours, 0)), ROWS[i].not_ours);
        else
            assert_int_equal(json_array_size(m->match.not_ours), 0);
    }
}

static void test_names_not_mapped(void **state)
{
    struct matching *m = *state;
    const char *area = "<area><areaDesc>Qingxi</areaDesc>"
                       "<geocode><valueName>SAME</valueName><value>" VILLAGE_1 "</value></geocode>"
                       "<geocode><valueName>SAME</valueName><value>" VILLAGE_1 "</value></geocode>"
                       "<geocode><valueName>profile:code</valueName><value>12x</value></geocode></area>";
    assert_false(match(m, (struct info_text){.area = area}, false));
    assert_int_equal(json_array_size(m->match.not_ours), 2);
    assert_string_equal(not_ours(m, 0), "SAME=" VILLAGE_1 " (Qingxi)");
    assert_non_null(strstr(not_ours(m, 1), "(Qingxi)"));
}

static void test_partly_ours(void **state)
{
    struct matching *m = *state;
    const char *area = "<area><areaDesc/>"
                       "<geocode><valueName>profile:code</valueName><value>" VILLAGE_2 "</value></geocode>"
                       "<geocode><valueName>profile:code</valueName><value>" NEXT_TOWNSHIP "</value></geocode></area>";
    assert_true(match(m, (struct info_text){.area = area}, false));
    assert_int_equal(m->match.n_meant, 2);
    assert_int_equal(json_array_size(m->match.places), 1);
    assert_string_equal(not_ours(m, 0), NEXT_TOWNSHIP);
    area_match_end(&m->match, &m->fixture.config);
    assert_int_equal(json_array_size(m->match.no_position), 0); /* nobody asks where they are */
}

/* ---- ids ---- */

enum { P_VILLAGE_1, P_VILLAGE_2, P_EMPTY, P_DAM, P_GROUP_1, P_GROUP_3, P_RIVERSIDE, N_NAMED };

/* Group 3 of the first village has T_OUT_2 alone; group 1 has none. Below the dam: group 3, the second village, an empty one.
 */
struct named {
    struct config_place places[N_NAMED];
    const struct config_place *below[3], *along[2];
};

static void name_places(struct matching *m, struct named *named)
{
    static const struct {
        const char *id, *code, *zh;
        enum place_kind kind;
    } OF[N_NAMED] = {{VILLAGE_1, VILLAGE_1, "龙塘村", PLACE_AREA},
                     {VILLAGE_2, VILLAGE_2, "石桥村", PLACE_AREA},
                     {"360404101209", "360404101209", "月山村", PLACE_AREA},
                     {"dam", "", "龙塘水库", PLACE_RESERVOIR},
                     {"group-1", VILLAGE_1, "龙塘村一组", PLACE_GROUP},
                     {"group-3", VILLAGE_1, "龙塘村三组", PLACE_GROUP},
                     {"riverside", "", "沿河各村", PLACE_NAMED}};
    struct config *config = &m->fixture.config;
    *named = (struct named){0};
    for (size_t i = 0; i < N_NAMED; i++) {
        struct config_place *place = &named->places[i];
        text_copy(place->id, sizeof place->id, OF[i].id);
        text_copy(place->code.digits, sizeof place->code.digits, OF[i].code);
        text_copy(place->name[TEXT_ZH], sizeof place->name[TEXT_ZH], OF[i].zh);
        place->kind = OF[i].kind;
        place->village = place->kind == PLACE_GROUP ? &named->places[P_VILLAGE_1] : NULL;
    }
    named->below[0] = &named->places[P_GROUP_3];
    named->below[1] = &named->places[P_VILLAGE_2];
    named->below[2] = &named->places[P_EMPTY];
    named->along[0] = &named->places[P_DAM];
    named->along[1] = &named->places[P_GROUP_1];
    named->places[P_DAM].members = named->below;
    named->places[P_DAM].n_members = 3;
    named->places[P_RIVERSIDE].members = named->along;
    named->places[P_RIVERSIDE].n_members = 2;
    config->places = named->places;
    config->n_places = N_NAMED;
    config->terminals[T_OUT_2].group = &named->places[P_GROUP_3];
    assert_true(config_gather_terminals(config));
    area_match_free(&m->match);
    assert_true(area_match_create(&m->match, config));
}

static void forget_places(struct named *named)
{
    for (size_t i = 0; i < N_NAMED; i++)
        free(named->places[i].terminals);
}

static bool match_ids(struct matching *m, const char *name, const char *const *ids, bool covers)
{
    char area[1000] = "<area><areaDesc>d</areaDesc>";
    for (; *ids; ids++)
        sprintf(area + strlen(area), "<geocode><valueName>%s</valueName><value>%s</value></geocode>", name, *ids);
    strcat(area, "</area>");
    area_match_free(&m->match);
    assert_true(area_match_create(&m->match, &m->fixture.config));
    bool any = match(m, (struct info_text){.area = area}, covers);
    area_match_end(&m->match, &m->fixture.config);
    return any;
}

static void assert_meant(const struct matching *m, unsigned meant);

static void test_ids_of_places(void **state)
{
    struct matching *m = *state;
    struct named named;
    enum { VILLAGE = 1u << T_OUT | 1u << T_OUT_2 | 1u << T_SICK, SECOND = 1u << T_MIC | 1u << T_PLAIN };
    static const struct {
        const char *ids[3];
        bool covers;
        unsigned meant, n_groups, n_not_ours, n_notes;
    } ROWS[] = {
        {{VILLAGE_1}, false, VILLAGE, 0, 0, 0}, /* a code is taken as a code */
        {{"360404101"}, false, (1u << N_TERMINALS) - 1, 0, 0, 0},
        {{"group-3"}, false, 1u << T_OUT_2, 1, 0, 0},
        {{"group-3"}, true, 1u << T_OUT_2 | 1u << T_BOX, 1, 0, 0},
        {{"group-1"}, false, VILLAGE, 1, 0, 1}, /* no terminal says it: all of its village, and a note */
        {{"group-3", "group-3"}, false, 1u << T_OUT_2, 1, 0, 0},
        {{"group-3", VILLAGE_1}, false, VILLAGE, 0, 0, 0}, /* the village is meant whole */
        {{"dam"}, false, 1u << T_OUT_2 | SECOND, 1, 1, 0}, /* our part of what is below it */
        {{"riverside"}, false, VILLAGE | SECOND, 2, 1, 1},
        {{"dam", "elsewhere"}, false, 1u << T_OUT_2 | SECOND, 1, 2, 0},
        {{"elsewhere"}, false, 0, 0, 1, 0},
        {{"360404101209"}, false, 0, 0, 1, 0},
    };
    name_places(m, &named);
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        print_message("%s\n", ROWS[i].ids[0]);
        assert_int_equal(match_ids(m, alert_geocode_place, ROWS[i].ids, ROWS[i].covers), ROWS[i].meant != 0);
        assert_meant(m, ROWS[i].meant);
        assert_int_equal(m->match.n_groups, ROWS[i].n_groups);
        assert_int_equal(json_array_size(m->match.not_ours), ROWS[i].n_not_ours);
        assert_int_equal(json_array_size(m->match.notes), ROWS[i].n_notes);
    }
    forget_places(&named);
}

static void test_ids_are_told(void **state)
{
    struct matching *m = *state;
    struct named named;
    name_places(m, &named);
    assert_true(match_ids(m, alert_geocode_place, (const char *const[]){"dam", "x", "group-1", "龙塘村一组", NULL}, false));
    assert_int_equal(json_array_size(m->match.places), 2);
    const json_t *dam = json_array_get(m->match.places, 0);
    assert_ptr_equal(m->match.feature, &named.places[P_DAM]);
    assert_string_equal(json_string_value(json_object_get(dam, "id")), "dam");
    assert_string_equal(json_string_value(json_object_get(dam, "name_zh")), "龙塘水库");
    assert_string_equal(not_ours(m, 0), "360404101209 of dam: no terminal here (d)");
    assert_string_equal(not_ours(m, 1), "x: no place of this id or code is known here (d)");
    assert_string_equal(not_ours(m, 2), "龙塘村一组: a name; write its code or id, group-1 (d)");
    assert_string_equal(json_string_value(json_array_get(m->match.notes, 0)),
                        "group_by_village: no terminal is of group-1 (龙塘村一组) alone; all of its village 龙塘村 are meant");
    forget_places(&named);
}

static void test_ids_of_terminals(void **state)
{
    struct matching *m = *state;
    struct profile device = m->fixture.plain;
    device.commands[COMMAND_START].given = false;
    m->fixture.terminals[T_MIC].hardware.profile = &device;
    assert_true(match_ids(m, alert_geocode_terminal, (const char *const[]){"out2", "mic", "gone", NULL}, false));
    assert_meant(m, 1u << T_OUT_2);
    const json_t *place = json_array_get(m->match.places, 0);
    assert_string_equal(json_string_value(json_object_get(place, "code")), VILLAGE_1); /* where it stands */
    assert_string_equal(not_ours(m, 0), "mic: a site device, which cannot sound (d)");
    assert_string_equal(not_ours(m, 1), "gone: no terminal of this id is known here (d)");
    assert_false(match_ids(m, alert_geocode_terminal, (const char *const[]){"gone", NULL}, false));
}

/* ---- shapes ---- */

static void put(struct matching *m, unsigned terminal, double latitude, double longitude)
{
    m->fixture.terminals[terminal].has_position = true;
    m->fixture.terminals[terminal].latitude = latitude;
    m->fixture.terminals[terminal].longitude = longitude;
}

/* A place with a box as its outline. */
static void outline(struct matching *m, size_t place, const char *code, double south, double west, double size)
{
    struct alert_point corners[] = {{south, west}, {south, west + size}, {south + size, west + size}, {south + size, west}};
    text_copy(m->fixture.places[place].code.digits, sizeof m->fixture.places[place].code.digits, code);
    text_copy(m->fixture.places[place].id, sizeof m->fixture.places[place].id, code);
    geometry_free(m->fixture.places[place].outline);
    m->fixture.places[place].outline = geometry_of_polygon(&(struct alert_polygon){corners, 4}, NULL);
    assert_non_null(m->fixture.places[place].outline);
    m->fixture.config.n_places = 2;
}

static bool match_anew(struct matching *m, const char *shapes, bool covers)
{
    char area[2000];
    snprintf(area, sizeof area, "<area><areaDesc>d</areaDesc>%s</area>", shapes);
    area_match_free(&m->match);
    assert_true(area_match_create(&m->match, &m->fixture.config));
    bool any = match(m, (struct info_text){.area = area}, covers);
    area_match_end(&m->match, &m->fixture.config);
    return any;
}

static void assert_meant(const struct matching *m, unsigned meant)
{
    size_t n = 0;
    for (size_t t = 0; t < N_TERMINALS; t++) {
        n += meant >> t & 1;
        if (m->match.meant[t] != (meant >> t & 1))
            fail_msg("terminal %zu", t);
    }
    assert_int_equal(m->match.n_meant, n);
}

#define POLYGON(points) "<polygon>" points "</polygon>"
#define CIRCLE(text) "<circle>" text "</circle>"
#define CODE(value) "<geocode><valueName>profile:code</valueName><value>" value "</value></geocode>"
#define BOX_AT_29_115 POLYGON("29,115 29,116 30,116 30,115 29,115")

static const char *listed(const json_t *list, size_t i)
{
    return json_string_value(json_array_get(list, i));
}

static void test_positions(void **state)
{
    struct matching *m = *state;
    static const struct {
        const char *shapes;
        unsigned meant;
    } ROWS[] = {
        {BOX_AT_29_115, 1u << T_OUT | 1u << T_MIC},
        {CIRCLE("29.5,115.5 1"), 1u << T_OUT},
        {CIRCLE("29.5,115.5 0"), 1u << T_OUT}, /* where it stands, to the point */
        {CIRCLE("28,115 200"), 1u << T_OUT | 1u << T_MIC | 1u << T_PLAIN},
        {CIRCLE("28,115 60") CIRCLE("29.5,115.5 1"), 1u << T_OUT | 1u << T_PLAIN}, /* a union of all */
        {CIRCLE("28,115 60") CODE(VILLAGE_1), 1u << T_OUT | 1u << T_OUT_2 | 1u << T_SICK | 1u << T_PLAIN},
        {BOX_AT_29_115 CODE(NEXT_TOWNSHIP), 1u << T_OUT | 1u << T_MIC},
        {POLYGON("40,115 40,116 41,116 40,115"), 0},
        {CIRCLE("40,115 3"), 0},
        {CIRCLE("0,0 3"), 0}, /* where it is not known that anybody is */
    };
    put(m, T_OUT, 29.5, 115.5);
    put(m, T_MIC, 29, 115.3); /* on the edge */
    put(m, T_PLAIN, 28.1, 115);
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        assert_int_equal(match_anew(m, ROWS[i].shapes, false), ROWS[i].meant != 0);
        assert_meant(m, ROWS[i].meant);
    }
}

/* For people: the villages reached, and what reaches nobody. */
static void test_what_shapes_list(void **state)
{
    struct matching *m = *state;
    put(m, T_OUT, 29.5, 115.5);
    put(m, T_OUT_2, 29.5, 115.6);
    put(m, T_BOX, 29.5, 115.5); /* coded for the township, which is not all reached */
    assert_true(match_anew(m, BOX_AT_29_115 CIRCLE("40,115 3") POLYGON("40,115 40,116 41,116 40,115"), false));
    assert_int_equal(json_array_size(m->match.places), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(m->match.places, 0), "name_zh")), "龙塘村");
    assert_int_equal(json_array_size(m->match.not_ours), 2);
    assert_string_equal(not_ours(m, 0), "polygon of 4 points from 40,115 (d)");
    assert_string_equal(not_ours(m, 1), "circle 40,115 3 (d)");
    assert_int_equal(m->match.n_shapes, 3);
    assert_int_equal(json_array_size(m->match.no_position), 3);
    assert_string_equal(listed(m->match.no_position, 0), "mic (mic)");
    assert_string_equal(listed(m->match.no_position, 2), "sick (sick)");
}

/* The block of a second language has the same area: it is ours as well. */
static void test_the_same_shape_again(void **state)
{
    struct matching *m = *state;
    put(m, T_OUT, 29.5, 115.5);
    assert_true(match_anew(m, BOX_AT_29_115, false));
    assert_true(match(m, (struct info_text){.area = "<area><areaDesc>d</areaDesc>" BOX_AT_29_115 "</area>"}, false));
    outline(m, 1, VILLAGE_2, 29, 115, 0.1);
    assert_true(match_anew(m, CIRCLE("29,115 1"), false));
    assert_true(match(m, (struct info_text){.area = "<area><areaDesc>d</areaDesc>" CIRCLE("29,115 1") "</area>"}, false));
    assert_meant(m, 1u << T_MIC | 1u << T_PLAIN);
}

static void test_outlines(void **state)
{
    struct matching *m = *state;
    outline(m, 0, VILLAGE_1, 29, 115, 0.1);
    outline(m, 1, VILLAGE_2, 29, 115.2, 0.1);
    put(m, T_OUT_2, 29.5, 115.5); /* where it is known to be counts, whatever its village does */
    assert_true(match_anew(m, CIRCLE("29.05,115.05 1"), false));
    assert_meant(m, 1u << T_OUT | 1u << T_SICK);
    assert_string_equal(json_string_value(json_object_get(json_array_get(m->match.places, 0), "code")), VILLAGE_1);
    assert_true(match_anew(m, POLYGON("29.05,115.15 29.05,115.2 29.06,115.15 29.05,115.15"), false)); /* touches the second */
    assert_meant(m, 1u << T_MIC | 1u << T_PLAIN);
    assert_true(match_anew(m, POLYGON("29.01,114 29.02,114 29.02,117 29.01,117 29.01,114"), false)); /* through both */
    assert_meant(m, 1u << T_OUT | 1u << T_SICK | 1u << T_MIC | 1u << T_PLAIN);
    assert_int_equal(json_array_size(m->match.no_position), 1); /* the township has no outline */
    assert_string_equal(listed(m->match.no_position, 0), "box (box)");
    assert_false(match_anew(m, CIRCLE("29.05,115.15 1"), false)); /* between them */
    assert_int_equal(json_array_size(m->match.no_position), 1);
}

/* A terminal that serves two villages may be in the one that is not drawn. */
static void test_half_known(void **state)
{
    struct matching *m = *state;
    outline(m, 0, VILLAGE_1, 29, 115, 0.1);
    m->fixture.terminals[T_OUT].n_codes = 2;
    strcpy(m->fixture.terminals[T_OUT].codes[1].digits, VILLAGE_2);
    assert_false(match_anew(m, CIRCLE("40,115 1"), false));
    assert_int_equal(json_array_size(m->match.no_position), 4);
    assert_string_equal(listed(m->match.no_position, 0), "out (out)");
    assert_true(match_anew(m, CIRCLE("29,115 1"), false));
    assert_meant(m, 1u << T_OUT | 1u << T_OUT_2 | 1u << T_SICK);
}

static void test_radius_0_is_the_village_around(void **state)
{
    struct matching *m = *state;
    outline(m, 0, TOWNSHIP, 29, 115, 1);
    outline(m, 1, VILLAGE_2, 29, 115, 0.1);
    put(m, T_MIC, 40, 115); /* coded for the village: it is one of its terminals wherever it stands */
    assert_true(match_anew(m, CIRCLE("29.05,115.05 0"), false));
    assert_meant(m, 1u << T_MIC | 1u << T_PLAIN);
    assert_int_equal(json_array_size(m->match.not_ours), 0);
    assert_string_equal(json_string_value(json_object_get(json_array_get(m->match.places, 0), "code")), VILLAGE_2);
    assert_true(match_anew(m, CIRCLE("29.05,115.05 0"), true)); /* as the village's code would */
    assert_meant(m, 1u << T_MIC | 1u << T_PLAIN | 1u << T_BOX);
    assert_true(match_anew(m, CIRCLE("29.5,115.5 0"), false)); /* in the township, and in no village that is drawn */
    assert_meant(m, (1u << N_TERMINALS) - 1);
    assert_false(match_anew(m, CIRCLE("28,115.05 0"), false));
    assert_string_equal(not_ours(m, 0), "circle 28,115.05 0 (d)");
    outline(m, 1, NEXT_TOWNSHIP, 28, 115, 0.1); /* a place without a terminal */
    assert_false(match_anew(m, CIRCLE("28.05,115.05 0"), false));
    assert_meant(m, 0);
}

static void test_degenerate_shapes(void **state)
{
    struct matching *m = *state;
    put(m, T_OUT, 29.5, 115.5);
    assert_false(match_anew(m, POLYGON("29,115 29,115 29,115 29,115") CIRCLE("29.5,115.5 20000"), false));
    assert_string_equal(m->match.degenerate, "polygon of 4 points from 29,115 has fewer than 3 different points");
    assert_string_equal(not_ours(m, 0), "polygon of 4 points from 29,115 has fewer than 3 different points (d)");
    assert_string_equal(
        not_ours(m, 1),
        "circle 29.5,115.5 20000 has a radius of 20000, which is not from 0 to 2000: it is in km, not in m (d)");
    assert_true(match_anew(m, POLYGON("29,115 30,116 29,116 30,115 29,115") CODE(VILLAGE_2), false));
    assert_meant(m, 1u << T_MIC | 1u << T_PLAIN);
    assert_non_null(strstr(not_ours(m, 0), "has no area"));
    assert_true(match_anew(m, POLYGON("29,115 30,116 29,116 30,115 29,115") CIRCLE("29.5,115.5 1"), false));
    assert_meant(m, 1u << T_OUT);
}

static void test_site_devices_are_not_meant_by_shapes(void **state)
{
    struct matching *m = *state;
    struct profile ups = {.token_field = -1, .uptime_field = -1, .level_field = -1};
    m->fixture.terminals[T_SICK].hardware.profile = m->fixture.terminals[T_OUT].hardware.profile = &ups;
    put(m, T_OUT, 29.5, 115.5);
    outline(m, 1, VILLAGE_1, 29, 115, 0.1);
    assert_true(match_anew(m, BOX_AT_29_115, false));
    assert_meant(m, 1u << T_OUT_2);
    assert_true(match_anew(m, CIRCLE("29,115 0"), false));
    assert_meant(m, 1u << T_OUT_2);
    assert_false(match_anew(m, CIRCLE("40,115 1"), false));
    assert_int_equal(json_array_size(m->match.no_position), 3); /* and they are missed by nobody */
}

static void test_bounds(void **state)
{
    struct matching *m = *state;
    struct alert_circle *circles = calloc(AREA_SHAPES_MAX + 2, sizeof *circles);
    struct alert_point *points = calloc(AREA_POINTS_MAX + 1, sizeof *points);
    for (size_t i = 0; i < AREA_SHAPES_MAX + 2; i++)
        circles[i] = (struct alert_circle){{40 + (double)i / AREA_SHAPES_MAX, 115}, 1};
    for (size_t i = 0; i <= AREA_POINTS_MAX; i++)
        points[i] = (struct alert_point){i > 1 ? 30 : 29, (i > 1) == (i % 2) ? 115 : 116};
    struct alert_polygon polygons[] = {{points, AREA_POINTS_MAX + 1}, {points, AREA_POINTS_MAX}};
    struct alert_area area = {.circles = circles, .n_circles = AREA_SHAPES_MAX, .polygons = polygons, .n_polygons = 1};
    struct alert_info info = {.areas = &area, .n_areas = 1};
    put(m, T_OUT, 29.5, 115.5);
    circles[AREA_SHAPES_MAX - 2] = (struct alert_circle){{29.5, 115.5}, 1}; /* the last that is looked at, behind the polygon */
    assert_true(area_match_info(&m->match, &m->fixture.config, &info, false));
    assert_string_equal(m->match.degenerate,
                        "polygon of 100001 points from 29,115 is one too many: of an alert 5000 shapes with "
                        "100000 points are looked at");
    circles[AREA_SHAPES_MAX - 1] = circles[AREA_SHAPES_MAX - 2];
    circles[AREA_SHAPES_MAX - 2].centre.latitude = 41;
    area_match_free(&m->match);
    assert_true(area_match_create(&m->match, &m->fixture.config));
    assert_false(area_match_info(&m->match, &m->fixture.config, &info, false));
    area.polygons++; /* one that is just small enough */
    area.n_circles = 0;
    area_match_free(&m->match);
    assert_true(area_match_create(&m->match, &m->fixture.config));
    assert_true(area_match_info(&m->match, &m->fixture.config, &info, false));
    free(circles);
    free(points);
}

/* ---- a whole county ---- */

enum { COUNTY_TERMINALS = 2000, COUNTY_PLACES = 3000, COUNTY_POINTS = 30000, OUTLINE_POINTS = 60 };

static struct geometry *round_outline(double latitude, double longitude, double radius, size_t n, struct alert_point *points)
{
    for (size_t i = 0; i < n; i++) {
        double angle = 2 * M_PI * (double)i / (double)n, r = radius * (1 + 0.1 * sin(7 * angle));
        points[i] = (struct alert_point){latitude + r * sin(angle), longitude + r * cos(angle)};
    }
    return geometry_of_polygon(&(struct alert_polygon){points, n}, NULL);
}

/* Every second terminal has a position, the others have villages. */
static void county_init(struct config *config, const struct profile *profile)
{
    static struct alert_point points[OUTLINE_POINTS];
    for (size_t p = 0; p < COUNTY_PLACES; p++) {
        struct config_place *place = &config->places[p];
        snprintf(place->code.digits, sizeof place->code.digits, "360404%03zu%03zu", 100 + p / 100, 200 + p % 100);
        text_copy(place->id, sizeof place->id, place->code.digits);
        place->outline =
            round_outline(29 + (double)(p / 60) * 0.02, 115 + (double)(p % 60) * 0.02, 0.009, OUTLINE_POINTS, points);
    }
    for (size_t t = 0; t < COUNTY_TERMINALS; t++) {
        struct config_terminal *terminal = &config->terminals[t];
        terminal->hardware.profile = profile;
        terminal->n_codes = 1;
        terminal->codes[0] = config->places[t * COUNTY_PLACES / COUNTY_TERMINALS].code;
        terminal->has_position = t % 2;
        terminal->latitude = 29 + (double)(t / 50) * 0.025;
        terminal->longitude = 115 + (double)(t % 50) * 0.025;
    }
}

static void test_cost(void **state)
{
    struct matching *m = *state;
    struct config config = m->fixture.config;
    config.n_places = COUNTY_PLACES;
    config.places = calloc(COUNTY_PLACES, sizeof *config.places);
    config.n_terminals = COUNTY_TERMINALS;
    config.terminals = calloc(COUNTY_TERMINALS, sizeof *config.terminals);
    county_init(&config, &m->fixture.output);
    struct alert_point *points = calloc(COUNTY_POINTS, sizeof *points);
    geometry_free(round_outline(29.5, 115.6, 0.3, COUNTY_POINTS, points));
    struct alert_polygon polygon = {points, COUNTY_POINTS};
    struct alert_area area = {.polygons = &polygon, .n_polygons = 1};
    struct alert_info info = {.areas = &area, .n_areas = 1};
    struct area_match match;
    clock_t start = clock();
    assert_true(area_match_create(&match, &config));
    clock_t made = clock();
    assert_true(area_match_info(&match, &config, &info, false));
    double made_ms = (double)(made - start) * 1e3 / CLOCKS_PER_SEC, ms = (double)(clock() - made) * 1e3 / CLOCKS_PER_SEC;
    print_message(
        "%d terminals, %d villages of %d points: prepared in %.1f ms, a polygon of %d points in %.1f ms (%zu meant)\n",
        COUNTY_TERMINALS, COUNTY_PLACES, OUTLINE_POINTS, made_ms, COUNTY_POINTS, ms, match.n_meant);
    assert_true(made_ms + ms < 2000);
    assert_true(match.n_meant > 100 && match.n_meant < COUNTY_TERMINALS);
    area_match_free(&match);
    for (size_t p = 0; p < COUNTY_PLACES; p++)
        geometry_free(config.places[p].outline);
    free(config.places);
    free(config.terminals);
    free(points);
}

/* ---- real ones, below $TOCSIN_SAMPLES ---- */

static void test_macau(void **state)
{
    struct matching *m = *state;
    const char *folder = getenv("TOCSIN_SAMPLES");
    char path[512];
    static char text[1 << 16];
    if (!folder) {
        print_message("%s is skipped: set TOCSIN_SAMPLES to the folder of samples\n", __func__);
        skip();
    }
    snprintf(path, sizeof path, "%s/cap/macau_monsoon.xml", folder);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct slice bytes = {text, fread(text, 1, sizeof text, file)};
    fclose(file);
    struct error error;
    assert_true(cap_decode(bytes, &m->message, &error));
    put(m, T_OUT, 22.1987, 113.5439);   /* the senate square in Macau */
    put(m, T_MIC, 22.1167, 113.5569);   /* Coloane */
    put(m, T_PLAIN, 22.2819, 114.1580); /* Hong Kong */
    for (size_t i = 0; i < m->message->n_infos; i++)
        assert_true(area_match_info(&m->match, &m->fixture.config, &m->message->infos[i], false));
    assert_int_equal(m->message->n_infos, 3);
    assert_meant(m, 1u << T_OUT | 1u << T_MIC);
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
    assert_int_equal(m->match.n_unlisted, 30);
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
    struct profile ups = {.token_field = -1, .uptime_field = -1, .level_field = -1};
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
        cmocka_unit_test_setup_teardown(test_bounds_of_a_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names_not_mapped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_partly_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ids_of_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ids_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ids_of_terminals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_description, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bounded_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_against_every_pair, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_site_devices_are_not_meant, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_area, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_positions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_shapes_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_shape_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_outlines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_radius_0_is_the_village_around, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_degenerate_shapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_site_devices_are_not_meant_by_shapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_macau, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
