/* Which places hear, what is said of them, and how many people they are. A township of three villages; the second has two
 * groups, of which only the first has a terminal of its own. */
#include "controller/gazetteer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TOWN, LONGTANG, SHIQIAO, ZHUPING, GROUP_1, GROUP_2, N_PLACES };
enum { T_LONGTANG, T_SHIQIAO, T_SHIQIAO_1, T_ZHUPING, N_TERMINALS };

struct town {
    struct config config;
    struct profile profile;
    struct config_place places[N_PLACES];
    struct config_terminal terminals[N_TERMINALS];
    struct place_contact contacts[3];
    struct gazetteer_heard heard;
};

static void add_place(struct town *town, size_t i, const char *id, const char *code, const char *zh, const char *en)
{
    struct config_place *place = &town->places[i];
    text_copy(place->id, sizeof place->id, id);
    text_copy(place->code.digits, sizeof place->code.digits, code);
    text_copy(place->name[TEXT_ZH], sizeof place->name[TEXT_ZH], zh);
    text_copy(place->name[TEXT_EN], sizeof place->name[TEXT_EN], en);
    place->kind = strcmp(id, code) == 0 ? PLACE_AREA : PLACE_GROUP;
    place->village = place->kind == PLACE_GROUP ? &town->places[SHIQIAO] : NULL;
}

static int set_up(void **state)
{
    static const char *const CODES[N_TERMINALS] = {"360499103201", "360499103202", "360499103202", "360499103203"};
    struct town *town = calloc(1, sizeof *town);
    *state = town;
    add_place(town, TOWN, "360499103000", "360499103000", "青溪镇", "Qingxi");
    add_place(town, LONGTANG, "360499103201", "360499103201", "龙塘村", "Longtang");
    add_place(town, SHIQIAO, "360499103202", "360499103202", "石桥村", "Shiqiao");
    add_place(town, ZHUPING, "360499103203", "360499103203", "竹坪村", "Zhuping");
    add_place(town, GROUP_1, "shiqiao-1", "360499103202", "石桥村一组", "Shiqiao group 1");
    add_place(town, GROUP_2, "shiqiao-2", "360499103202", "石桥村二组", "Shiqiao group 2");
    town->profile.commands[COMMAND_START].given = true;
    for (size_t t = 0; t < N_TERMINALS; t++) {
        town->terminals[t].hardware.profile = &town->profile;
        town->terminals[t].n_codes = 1;
        text_copy(town->terminals[t].codes[0].digits, sizeof town->terminals[t].codes[0].digits, CODES[t]);
    }
    town->terminals[T_SHIQIAO_1].group = &town->places[GROUP_1];
    town->config =
        (struct config){.n_places = N_PLACES, .places = town->places, .n_terminals = N_TERMINALS, .terminals = town->terminals};
    return config_gather_terminals(&town->config) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct town *town = *state;
    gazetteer_free(&town->heard);
    for (size_t i = 0; i < N_PLACES; i++)
        free(town->places[i].terminals);
    free(town);
    return 0;
}

/* Bit per terminal; bit per group of the village. */
static void hear(struct town *town, unsigned terminals, unsigned groups)
{
    uint32_t list[N_TERMINALS];
    const struct config_place *named[2];
    size_t n = 0, n_named = 0;
    for (uint32_t t = 0; t < N_TERMINALS; t++)
        if (terminals >> t & 1)
            list[n++] = t;
    for (size_t g = 0; g < 2; g++)
        if (groups >> g & 1)
            named[n_named++] = &town->places[GROUP_1 + g];
    gazetteer_free(&town->heard);
    assert_true(gazetteer_hear(&town->config, list, n, named, n_named, &town->heard));
}

static const char *names(const struct town *town, enum text_language language)
{
    static char text[200];
    gazetteer_names(&town->heard, language, text, sizeof text);
    return text;
}

static void test_names(void **state)
{
    struct town *town = *state;
    static const struct {
        unsigned terminals, groups;
        const char *zh, *en;
    } ROWS[] = {
        {1u << T_LONGTANG, 0, "龙塘村", "Longtang"},
        {1u << T_LONGTANG | 1u << T_ZHUPING, 0, "龙塘村、竹坪村", "Longtang and Zhuping"},
        {1u << T_LONGTANG | 1u << T_ZHUPING | 1u << T_SHIQIAO, 0, "龙塘村、石桥村、竹坪村", "Longtang, Shiqiao and Zhuping"},
        {0xF, 0, "青溪镇", "Qingxi"}, /* all of it */
        {1u << T_SHIQIAO_1, 0, "石桥村", "Shiqiao"},
        {1u << T_SHIQIAO_1, 1, "石桥村一组", "Shiqiao group 1"},
        {1u << T_SHIQIAO_1 | 1u << T_SHIQIAO, 3, "石桥村一组、石桥村二组", "Shiqiao group 1 and Shiqiao group 2"},
        {0xF, 3, "龙塘村、竹坪村、石桥村一组、石桥村二组",
         "Longtang, Zhuping, Shiqiao group 1 and Shiqiao group 2"}, /* the others of the village are not */
        {1u << T_LONGTANG, 1, "龙塘村", "Longtang"},                /* another channel hears the group */
        {0, 0, "", ""},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        hear(town, ROWS[i].terminals, ROWS[i].groups);
        assert_string_equal(names(town, TEXT_ZH), ROWS[i].zh);
        assert_string_equal(names(town, TEXT_EN), ROWS[i].en);
    }
}

static void test_too_many_names_are_cut_between_them(void **state)
{
    struct town *town = *state;
    char text[24];
    hear(town, 0x7, 0);
    assert_false(gazetteer_names(&town->heard, TEXT_ZH, text, 20));
    assert_string_equal(text, "龙塘村");
    assert_true(gazetteer_names(&town->heard, TEXT_ZH, text, 22));
}

static char *words_in(struct town *town, enum place_words words)
{
    static char text[200];
    gazetteer_words(&town->heard, words, TEXT_ZH, text, sizeof text);
    return text;
}

static void test_shelters(void **state)
{
    struct town *town = *state;
    char text[200];
    town->places[LONGTANG].words[PLACE_SHELTER][TEXT_ZH] = "龙塘小学";
    town->places[SHIQIAO].words[PLACE_SHELTER][TEXT_ZH] = "石桥祠堂";
    town->places[GROUP_1].words[PLACE_SHELTER][TEXT_ZH] = "文昌阁";
    hear(town, 1u << T_LONGTANG | 1u << T_SHIQIAO, 0);
    assert_true(gazetteer_shelter(&town->heard, TEXT_ZH, text, sizeof text));
    assert_string_equal(text, "龙塘小学或石桥祠堂");
    hear(town, 1u << T_SHIQIAO_1 | 1u << T_SHIQIAO, 3); /* the second group goes where its village goes */
    assert_true(gazetteer_shelter(&town->heard, TEXT_ZH, text, sizeof text));
    assert_string_equal(text, "文昌阁或石桥祠堂");
    hear(town, 1u << T_ZHUPING, 0);
    assert_true(gazetteer_shelter(&town->heard, TEXT_ZH, text, sizeof text));
    assert_string_equal(text, "安全的地方");
}

static void test_what_is_right_for_all(void **state)
{
    struct town *town = *state;
    char *text;
    town->places[LONGTANG].words[PLACE_ROUTE][TEXT_ZH] = "后山大路";
    town->places[SHIQIAO].words[PLACE_ROUTE][TEXT_ZH] = "后山大路";
    town->places[LONGTANG].words[PLACE_CLOSED][TEXT_ZH] = "龙塘桥";
    town->places[ZHUPING].words[PLACE_CLOSED][TEXT_ZH] = "河堤路";
    hear(town, 1u << T_LONGTANG | 1u << T_SHIQIAO, 0);
    assert_string_equal(words_in(town, PLACE_ROUTE), "后山大路");
    hear(town, 0x9, 0); /* Zhuping has no route: Longtang's is not its way */
    assert_string_equal(words_in(town, PLACE_ROUTE), "");
    text = words_in(town, PLACE_CLOSED);
    assert_string_equal(text, "龙塘桥、河堤路");
    assert_string_equal(words_in(town, PLACE_RIVER), "");
    town->places[SHIQIAO].words[PLACE_CLOSED][TEXT_ZH] = "石桥";
    town->places[GROUP_1].words[PLACE_CLOSED][TEXT_ZH] = "水渠路";
    hear(town, 0xF, 3); /* a fourth */
    assert_string_equal(words_in(town, PLACE_CLOSED), "");
}

static void contact(struct town *town, size_t place, size_t i, const char *phone)
{
    text_copy(town->contacts[i].phone, sizeof town->contacts[i].phone, phone);
    town->places[place].contacts = &town->contacts[i];
    town->places[place].n_contacts = 1;
}

static const char *phone(struct town *town)
{
    static char text[100];
    gazetteer_phone(&town->config, &town->heard, TEXT_ZH, text, sizeof text);
    return text;
}

static void test_phone(void **state)
{
    struct town *town = *state;
    char text[100];
    hear(town, 1u << T_SHIQIAO_1, 1);
    assert_false(gazetteer_phone(&town->config, &town->heard, TEXT_EN, text, sizeof text));
    assert_string_equal(text, "");
    contact(town, SHIQIAO, 0, "0792-8110");
    assert_string_equal(phone(town), "零七九二八幺幺零"); /* its village's */
    assert_true(gazetteer_phone(&town->config, &town->heard, TEXT_EN, text, sizeof text));
    assert_string_equal(text, "0 7 9 2 8 1 1 0");
    assert_false(gazetteer_phone(&town->config, &town->heard, TEXT_EN, text, 15));
    assert_string_equal(text, "");
    hear(town, 1u << T_SHIQIAO | 1u << T_LONGTANG, 0);
    assert_string_equal(phone(town), "");
    contact(town, TOWN, 1, "222");
    assert_string_equal(phone(town), "二二二");
    contact(town, LONGTANG, 2, "0792-8110");
    assert_string_equal(phone(town), "零七九二八幺幺零");
}

static void test_people(void **state)
{
    struct town *town = *state;
    bool reached[N_TERMINALS] = {[T_SHIQIAO] = true, [T_ZHUPING] = true};
    town->places[LONGTANG].population = 800;
    town->places[SHIQIAO].population = 1001;
    town->places[GROUP_1].population = 120;
    hear(town, 0x7, 0);
    assert_int_equal(gazetteer_people(&town->heard, NULL), 1801); /* the group is in its village */
    assert_int_equal(gazetteer_people(&town->heard, reached), 501);
    hear(town, 1u << T_SHIQIAO_1 | 1u << T_LONGTANG, 1);
    assert_int_equal(gazetteer_people(&town->heard, NULL), 920);
    reached[T_SHIQIAO_1] = true;
    assert_int_equal(gazetteer_people(&town->heard, reached), 120);
    hear(town, 1u << T_ZHUPING, 0); /* not counted: nobody */
    assert_int_equal(gazetteer_people(&town->heard, NULL), 0);
}

/* A terminal that is coded for the township: its people are those of its villages too. */
static void test_people_of_an_area_around(void **state)
{
    struct town *town = *state;
    text_copy(town->terminals[T_ZHUPING].codes[0].digits, 13, "360499103000");
    assert_true(config_gather_terminals(&town->config));
    town->places[LONGTANG].population = 800;
    town->places[TOWN].population = 4000;
    hear(town, 0xF, 0);
    assert_string_equal(names(town, TEXT_ZH), "青溪镇");
    assert_int_equal(gazetteer_people(&town->heard, NULL), 4000);
    town->places[TOWN].population = 0;
    assert_int_equal(gazetteer_people(&town->heard, NULL), 800);
}

/* In whole persons, all of them: the first have one more. */
static void test_shares(void **state)
{
    struct town *town = *state;
    uint32_t people[N_TERMINALS] = {0};
    town->places[LONGTANG].population = 800;
    town->places[SHIQIAO].population = 1001;
    town->places[GROUP_1].population = 120;
    hear(town, 0xF, 0);
    assert_int_equal(gazetteer_share(&town->heard, people), 1); /* of Zhuping nobody knows */
    assert_int_equal(people[T_LONGTANG], 800);
    assert_int_equal(people[T_SHIQIAO], 501);
    assert_int_equal(people[T_SHIQIAO_1], 500);
    assert_int_equal(people[T_ZHUPING], 0);
    memset(people, 0, sizeof people);
    hear(town, 1u << T_SHIQIAO_1, 1);
    assert_int_equal(gazetteer_share(&town->heard, people), 0);
    assert_int_equal(people[T_SHIQIAO_1], 120);
    assert_int_equal(people[T_SHIQIAO], 0);
}

/* Who is counted around a village stands for its people too, and for them once. */
static void test_shares_of_an_area_around(void **state)
{
    struct town *town = *state;
    uint32_t people[N_TERMINALS] = {0};
    text_copy(town->terminals[T_ZHUPING].codes[0].digits, 13, "360499103000");
    assert_true(config_gather_terminals(&town->config));
    town->places[LONGTANG].population = 800;
    town->places[TOWN].population = 4001;
    hear(town, 0xF, 0);
    assert_int_equal(gazetteer_share(&town->heard, people), 0);
    assert_int_equal(people[T_LONGTANG] + people[T_SHIQIAO] + people[T_SHIQIAO_1] + people[T_ZHUPING], 4001);
    assert_int_equal(people[T_LONGTANG], 1001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_names_are_cut_between_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shelters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_right_for_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_phone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_people, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_people_of_an_area_around, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shares, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shares_of_an_area_around, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
