/* A whole site: the shipped ones load, a good one gives what stands in it, and each kind of mistake in a site file is reported
 * with its file and line, all of them at once. */
#include "tests/config/helper.h"

#include <math.h>

#define TCP_LINE "kind = \"tcp\"; host = \"10.0.0.1\"; port = 502; "
#define DTU_LINE "kind = \"rtu_over_tcp\"; host = \"10.0.0.1\"; port = 502; "
#define CALLED_LINE DTU_LINE "baud = 9600; calls_in = true; registration = "

static void test_shipped_sites_load(void **state)
{
    static const char *const sites[] = {"config/demo/site.cfg", "config/example/site.cfg"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct said said = {0};
        struct config *config = config_load(sites[i], remember, &said);
        if (!config)
            print_said(&said);
        assert_non_null(config);
        assert_int_equal(said.mistakes, 0);
        config_free(config);
    }
}

static void test_demo_is_as_promised(void **state)
{
    (void)state;
    struct said said = {0};
    struct config *config = config_load("config/demo/site.cfg", remember, &said);
    assert_non_null(config);
    assert_int_equal(config->n_terminals, 36);
    assert_int_equal(config->n_lines, 3);
    assert_int_equal(config->n_places, 13 + 3 + 2 + 1); /* the township, 12 villages; groups, features, a named group */
    assert_int_equal(config->n_profiles, 2);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(config->lines[i].n_terminals, 12);
        assert_int_equal(config->lines[i].hardware.baud, i == 1 ? 19200 : 9600);
        assert_int_equal(config->lines[i].channel, 0);
    }
    assert_string_equal(config->channels[0].playout.device, "village");
    assert_int_equal(config->clock, CLOCK_TRUST);
    for (size_t i = 0; i < config->n_terminals; i++) {
        assert_int_equal(config->terminals[i].n_codes, 1);
        assert_non_null(config_find_place(config, &config->terminals[i].codes[0]));
        assert_true(config->terminals[i].has_position);
    }
    for (size_t i = 1; i < 13; i++) {
        assert_int_equal(config->places[i].n_terminals, 3);
        assert_true(config->places[i].outline && config->places[i].population > 0);
        for (size_t l = 0; l < TEXT_LANGUAGES; l++)
            assert_true(config->places[i].words[PLACE_SHELTER][l] && config->places[i].words[PLACE_ROUTE][l]);
        for (size_t t = 0; t < 3; t++) { /* each in its own village */
            const struct config_terminal *terminal = &config->terminals[config->places[i].terminals[t]];
            assert_true(geometry_has(config->places[i].outline, (struct alert_point){terminal->latitude, terminal->longitude}));
        }
    }
    const struct config_place *reservoir = config_find_place_id(config, "longtang-reservoir");
    assert_true(reservoir && reservoir->has_position);
    assert_int_equal(reservoir->n_terminals, 12);
    config_free(config);
}

static void test_good_site_gives_what_it_says(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    char path[128];
    folder_make(&folder);
    write_good_site(&folder, GOOD_SITE);
    struct config *config = load_in(&folder, "site.cfg", &said);
    assert_non_null(config);
    assert_int_equal(said.warnings, 3); /* the township is not among the places; no shelters; the C4 has no hold */
    assert_string_equal(config->site_code.digits, "360499103000");
    assert_string_equal(config->lines[1].hardware.device, "/dev/ttyUSB0");
    snprintf(path, sizeof path, "%s/tty/north", folder.path);
    assert_string_equal(config->lines[0].hardware.device, path);
    assert_int_equal(config->lines[0].hardware.parity, 'E');
    assert_int_equal(config->lines[0].n_terminals, 2);
    assert_int_equal(config->lines[1].terminals[0], 2);
    assert_string_equal(config->terminals[2].codes[0].digits, "360499103000");
    assert_string_equal(config->terminals[2].hardware.profile->id, "beishan-c4");
    assert_ptr_equal(config->terminals[0].hardware.profile, config->terminals[1].hardware.profile);
    assert_true(isnan(config->terminals[0].hardware.heard_level));
    assert_false(config->terminals[0].has_position);
    snprintf(path, sizeof path, "%s/zh.wav", folder.path);
    assert_string_equal(config->recordings[RECORDING_DANGER].zh, path);
    assert_int_equal(config_find_terminal(config, "s1"), 2);
    assert_int_equal(config_find_terminal(config, "s2"), -1);
    assert_true(find_hazard(config, "reservoir_release") >= 0);
    assert_string_equal(config->hazards[config->n_hazards - 1].id, "other");
    config_free(config);
    folder_remove(&folder);
}

/* Open or closed, in arrays or lists, of whole numbers too. */
static void test_outlines(void **state)
{
    (void)state;
    static const char *const OUTLINES[] = {
        "( [29.6, 115.8], [29.6, 115.9], [29.7, 115.9], [29.7, 115.8] )",
        "( [29.6, 115.8], [29.6, 115.9], [29.7, 115.9], [29.7, 115.8], [29.6, 115.8] )",
        "( (29, 115.8), (29, 116), [30, 116], (30, 115.8) )",
    };
    struct folder folder;
    struct said said;
    folder_make(&folder);
    for (size_t i = 0; i < sizeof OUTLINES / sizeof *OUTLINES; i++) {
        char text[200];
        snprintf(text, sizeof text, "en = \"Longtang\"; outline = %s; ", OUTLINES[i]);
        char *site = replaced(GOOD_SITE, "en = \"Longtang\"; ", text);
        write_good_site(&folder, site);
        struct config *config = load_in(&folder, "site.cfg", &said);
        if (!config)
            print_said(&said);
        assert_non_null(config);
        assert_non_null(config->places[0].outline);
        assert_true(geometry_has(config->places[0].outline, (struct alert_point){29.65, 115.85}));
        assert_false(geometry_has(config->places[0].outline, (struct alert_point){29.65, 115.79}));
        assert_null(config->places[1].outline);
        config_free(config);
        free(site);
    }
    folder_remove(&folder);
}

static void test_where_the_voice_is(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    char here[256];
    folder_make(&folder);
    ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);
    assert_true(n > 0);
    here[n] = '\0';
    *strrchr(here, '/') = '\0';
    const struct {
        const char *program, *start, *end;
    } cases[] = {{"tocsin-voice", here, "/tocsin-voice"}, {"/opt/v", "/opt/v", "/opt/v"}, {"bin/v", folder.path, "/bin/v"}};
    for (size_t i = 0; i < 3; i++) {
        char text[80];
        snprintf(text, sizeof text, "voice = { program = \"%s\"; };\nchannels = (", cases[i].program);
        char *site = replaced(GOOD_SITE, "channels = (", text);
        write_good_site(&folder, site);
        struct config *config = load_in(&folder, "site.cfg", &said);
        assert_non_null(config);
        const char *program = config->voice.program;
        assert_memory_equal(program, cases[i].start, strlen(cases[i].start));
        assert_string_equal(program + strlen(program) - strlen(cases[i].end), cases[i].end);
        config_free(config);
        free(site);
    }
    folder_remove(&folder);
}

/* Defaults as docs/configuration.md and the contract state them. */
static void test_defaults(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    write_good_site(&folder, GOOD_SITE);
    struct config *config = load_in(&folder, "site.cfg", &said);
    assert_non_null(config);
    assert_string_equal(config->state_dir, "/var/lib/tocsin");
    assert_string_equal(config->socket_path, "/run/tocsin/tocsin.sock");
    assert_string_equal(config->socket_group, "tocsin");
    assert_int_equal(config->clock, CLOCK_NTP);
    assert_int_equal(config->utc_offset_minutes, 480);
    assert_int_equal(config->repetitions, 3);
    assert_int_equal(config->max_speech_s, 60);
    assert_int_equal(config->default_life_s, 3600);
    assert_int_equal(config->hold_open_s, 30);
    assert_int_equal(config->silence_ms, 1500);
    assert_int_equal(config->tone_min_ms, 3000);
    assert_int_equal(config->tone_max_ms, 10000);
    assert_int_equal(config->line_down_grace_ms, 3000);
    assert_true(config->rise_output_db == 6 && config->rise_microphone_db == 10);
    assert_int_equal(config->voice.deadline_ms, 20000);
    assert_string_equal(config->voice.english, "kal16");
    assert_true(config->channels[0].has_output);
    assert_int_equal(config->channels[0].playout.rate, 48000);
    assert_int_equal(config->channels[0].playout.queue_ms, 60);
    assert_int_equal(config->channels[0].n_languages, 2);
    assert_string_equal(config->channels[0].languages[0], "zh");
    assert_int_equal(config->lines[0].hardware.turnaround_ms, 100);
    assert_int_equal(config->lines[0].hardware.first_byte_ms, 500);
    assert_int_equal(config->lines[0].hardware.poll_s, 10);
    assert_int_equal(config->lines[0].hardware.arm_wait_ms, 1000);
    assert_false(config->lines[0].hardware.stop_unasked);
    assert_int_equal(config->terminals[0].volume_percent, 80);
    config_free(config);
    folder_remove(&folder);
}

static void test_lines_of_each_kind(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    char *a = replaced(GOOD_SITE, "device = \"tty/north\"; baud = 9600;",
                       CALLED_LINE "\"dtu-0?\"; heartbeat = \"hex:FE ?? FE\"; heartbeat_s = 90; gateway_delay_ms = 300; "
                                   "key_up_ms = 20; quiet_ms = 30; echo = true;");
    char *b = replaced(a, "device = \"/dev/ttyUSB0\"; baud = 19200;", "kind = \"tcp\"; host = \"2001:db8::7\"; port = 502;");
    /* two may be called in on at one place */
    char *c = replaced(b, "lines = (", "lines = ( { id = \"third\"; channel = \"main\"; " CALLED_LINE "\"dtu-10\"; },");
    write_good_site(&folder, c);
    struct config *config = load_in(&folder, "site.cfg", &said);
    if (!config)
        print_said(&said);
    assert_non_null(config);
    const struct line_settings *called = &config->lines[1].hardware, *tcp = &config->lines[2].hardware;
    assert_int_equal(called->kind, LINE_RTU_OVER_TCP);
    assert_true(called->calls_in && called->echo);
    assert_string_equal(called->host, "10.0.0.1");
    assert_int_equal(called->port, 502);
    assert_int_equal(called->registration.n, 6);
    assert_int_equal(called->registration.mask[5], 0);
    assert_int_equal(called->heartbeat.n, 3);
    assert_int_equal(called->heartbeat.bytes[2], 0xFE);
    assert_int_equal(called->heartbeat_s, 90);
    assert_int_equal(called->gateway_delay_ms, 300);
    assert_int_equal(called->key_up_ms, 20);
    assert_int_equal(called->quiet_ms, 30);
    assert_int_equal(tcp->kind, LINE_TCP);
    assert_string_equal(tcp->host, "2001:db8::7");
    assert_int_equal(tcp->baud, 0);
    assert_int_equal(tcp->heartbeat.n + tcp->heartbeat_s + tcp->gateway_delay_ms + tcp->key_up_ms + tcp->quiet_ms, 0);
    free(a), free(b), free(c);
    config_free(config);
    folder_remove(&folder);
}

static void test_output_none(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    char *site = replaced(GOOD_SITE, "output = \"alsa:default\";",
                          "output = \"none\"; languages = [ \"zh\" ];\nmessages = ( { hazard = \"flood\"; level = \"orange\"; "
                          "language = \"zh\"; exercise = true; slot = 7; } );");
    write_good_site(&folder, site);
    struct config *config = load_in(&folder, "site.cfg", &said);
    assert_non_null(config);
    assert_false(config->channels[0].has_output);
    assert_string_equal(config->channels[0].playout.device, "");
    assert_int_equal(config->channels[0].n_messages, 1);
    assert_string_equal(config->channels[0].messages[0].hazard, "flood");
    assert_int_equal(config->channels[0].messages[0].level, LEVEL_ORANGE);
    assert_int_equal(config->channels[0].messages[0].slot, 7);
    assert_true(config->channels[0].messages[0].exercise);
    config_free(config);
    free(site);
    folder_remove(&folder);
}

static void test_rules_of_the_site_go_first(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    char *site = replaced(GOOD_SITE, "channels = (",
                          "level_rules = ( { source = \"county\"; name = \"alert_color\"; value = \"red\"; "
                          "level = \"blue\"; } );\nchannels = (");
    write_good_site(&folder, site);
    struct config *config = load_in(&folder, "site.cfg", &said);
    assert_non_null(config);
    assert_string_equal(config->level_rules[0].source, "county");
    assert_int_equal(config->level_rules[0].level, LEVEL_BLUE);
    assert_true(config->n_level_rules > 10);
    assert_string_equal(config->level_rules[1].source, "");
    config_free(config);
    free(site);
    folder_remove(&folder);
}

/* Loads the good site with a change; the caller frees. */
static struct config *load_changed(const char *from, const char *to)
{
    struct folder folder;
    struct said said;
    folder_make(&folder);
    char *site = replaced(GOOD_SITE, from, to);
    write_good_site(&folder, site);
    struct config *config = load_in(&folder, "site.cfg", &said);
    if (!config)
        print_said(&said);
    assert_non_null(config);
    free(site);
    folder_remove(&folder);
    return config;
}

static void test_gates_of_a_source(void **state)
{
    (void)state;
    struct config *config = load_changed("channels = (", "channels = (");
    const struct config_source *source = &config->sources[0];
    assert_int_equal(source->n_hazards + source->n_levels + source->n_areas + source->most_terminals + source->per_hour, 0);
    assert_true(source->exercise && !source->approve);
    assert_int_equal(source->approve_within_s, 300);
    assert_string_equal(config->night.from, "");
    config_free(config);
    config = load_changed("sender = \"w@c.example\";",
                          "sender = \"w@c.example\"; hazards = [ \"flood\", \"dam\" ]; levels = [ \"red\" ]; areas = [ "
                          "\"360499103201\", \"360499\" ]; most_terminals = 40; per_hour = 5; exercise = false; "
                          "approve = true; approve_within_s = 60;");
    source = &config->sources[0];
    assert_int_equal(source->n_hazards, 2);
    assert_true(source->hazards[find_hazard(config, "dam")] && !source->hazards[find_hazard(config, "storm")]);
    assert_true(source->levels[LEVEL_RED] && !source->levels[LEVEL_ORANGE]);
    assert_string_equal(source->areas[1].digits, "360499000000");
    assert_int_equal(source->most_terminals + source->per_hour + source->approve_within_s, 105);
    assert_true(source->approve && !source->exercise);
    config_free(config);
}

static void test_night(void **state)
{
    (void)state;
    struct config *config = load_changed("channels = (", "night = { from = \"22:30\"; until = \"06:05\"; };\nchannels = (");
    const struct config_night *night = &config->night;
    assert_int_equal(night->from_minute, 22 * 60 + 30);
    assert_int_equal(night->until_minute, 6 * 60 + 5);
    assert_int_equal(night->n_passage, 1); /* without a table what is red passes */
    assert_int_equal(night->passage[0].hazard, -1);
    assert_true(night->passage[0].levels[LEVEL_RED] && !night->passage[0].levels[LEVEL_ORANGE]);
    assert_true(config->hazards[find_hazard(config, "reservoir_release")].passes_night);
    assert_true(config->hazards[find_hazard(config, "flash_flood_prepare")].passes_night);
    assert_true(config->hazards[find_hazard(config, "flash_flood")].passes_night);
    assert_false(config->hazards[find_hazard(config, "flood")].passes_night);
    config_free(config);
    config = load_changed("channels = (", "night = { from = \"22:30\"; until = \"06:05\"; passage = ( { hazard = \"flood\"; "
                                          "levels = [ \"red\", \"orange\" ]; actions = [ \"Evacuate\" ]; }, { } ); };"
                                          "\nchannels = (");
    night = &config->night;
    assert_int_equal(night->n_passage, 2);
    assert_int_equal(night->passage[0].hazard, find_hazard(config, "flood"));
    assert_true(night->passage[0].levels[LEVEL_ORANGE] && !night->passage[0].levels[LEVEL_YELLOW]);
    assert_string_equal(night->passage[0].actions[0], "Evacuate");
    assert_int_equal(night->passage[1].hazard, -1);
    assert_true(night->passage[1].levels[LEVEL_DAILY]);
    assert_int_equal(night->passage[1].n_actions, 0);
    config_free(config);
    config = load_changed("channels = (", "night = { from = \"22:30\"; until = \"06:05\"; passage = ( ); };\nchannels = (");
    assert_int_equal(config->night.n_passage, 0); /* nothing but what always passes */
    config_free(config);
}

/* Each: what is changed in the good site, the line of the mistake by the text that stands there, and what is said. */
struct broken {
    const char *from, *to, *where, *message;
    bool warning;
};

static const struct broken broken[] = {
    {"code = \"360499103000\"; };", "};", "site = {", "code is missing: an area code in quotes is needed", false},
    {"code = \"360499103000\"", "code = \"3604\"", "site = {", "code: ", false},
    {"name_en = \"Qingxi\"", "name_en = \"\"", "site = {", "name_en must not be empty", false},
    {"name_en = \"Qingxi\"", "name_en = 7", "site = {", "name_en must be a text in quotes", false},
    {"name_en = \"Qingxi\"", "name_en = \"Qing\\nxi\"", "site = {", "one line without control characters", false},
    {"\"Qingxi\"", "\"0123456789012345678901234567890123456789012345678901234567890123\"", "site = {",
     "is too long: 64 bytes, at most 63", false},
    {"geocode_names =", "geocode_nam =", "geocode_nam =", "unknown setting \"geocode_nam\"; did you mean \"geocode_names\"?",
     false},
    {"geocode_names = [ \"areaCode\" ]", "geocode_names = [ ]", "geocode_names", "must have from 1 to 8 elements, not 0",
     false},
    {"[ \"areaCode\" ]", "[ 1 ]", "geocode_names", "must be a text in quotes on one line", false},
    {"[ \"areaCode\" ]", "\"areaCode\"", "geocode_names", "must be a list in ( ) or [ ]", false},
    {"id = \"county\"", "id = \"County 1\"", "sources", "id must be 1 to 32 of a-z, 0-9, _ and -", false},
    {"sender = \"w@c.example\";", "sender = \"w@c.example\"; authority = \"king\";", "sources", "authority must be one of",
     false},
    {"source = \"county\"", "source = \"contry\"", "users",
     "source names \"contry\", which is not there; did you mean \"county\"?", false},
    {"login = \"*\"", "rights = [ ]", "users", "login is missing", false},
    {"source = \"county\"; }", "source = \"county\"; rights = [ \"all-clear\" ]; }", "users",
     "\"all-clear\" is no right; did you mean \"all_clear\"?", false},
    {"source = \"county\"; }", "source = \"county\"; relays = [ \"duty\" ]; }", "users",
     "relays names \"duty\", which is no source", false},
    {"sender = \"w@c.example\"", "sender = \"*\"", "users", "* acts for a source whose sender is \"*\"", false},
    {"users = ( { login = \"*\"; source = \"county\"; } );", "", NULL, "without users nobody acts for a source", true},
    {"sender = \"w@c.example\";", "", "sources", "sender is missing", false},
    {"sender = \"w@c.example\";", "sender = \"w@c.example\"; covers = 1;", "sources", "covers must be true or false", false},
#define SOURCE(more) "sender = \"w@c.example\"; " more
    {"sender = \"w@c.example\";", SOURCE("hazards = [ \"flod\" ];"), "sources",
     "hazards names \"flod\", which is not there; did you mean \"flood\"?", false},
    {"sender = \"w@c.example\";", SOURCE("hazards = [ 5 ];"), "sources", "hazards must be a text in quotes", false},
    {"sender = \"w@c.example\";", SOURCE("levels = [ \"reed\" ];"), "sources",
     "levels names \"reed\", which is not there; did you mean \"red\"?", false},
    {"sender = \"w@c.example\";", SOURCE("areas = [ \"3604991032x1\" ];"), "sources", "areas: ", false},
    {"sender = \"w@c.example\";", SOURCE("areas = [ \"360498\" ];"), "sources",
     "areas: 360498000000 lies outside of the site 360499103000", false},
    {"sender = \"w@c.example\";", SOURCE("per_hour = -1;"), "sources", "per_hour must be from 0 to 1000, not -1", false},
    {"sender = \"w@c.example\";", SOURCE("approve = \"others\";"), "sources", "approve must be true or false", false},
    {"sender = \"w@c.example\";", SOURCE("approve_within_s = 0;"), "sources", "approve_within_s must be from 1", false},
#undef SOURCE
    {"channels = (", "night = { from = \"22:00\"; };\nchannels = (", "night", "until is missing", false},
    {"channels = (", "night = { from = \"22:60\"; until = \"06:00\"; };\nchannels = (", "night",
     "from must be a time of day from 00:00 to 23:59", false},
    {"channels = (", "night = { from = \"22:00\"; until = \"6:00\"; };\nchannels = (", "night", "until must be a time of day",
     false},
    {"channels = (", "night = { from = \"22:00\"; until = \"22:00\"; };\nchannels = (", "night", "from and until are the same",
     false},
    {"channels = (", "night = { from = \"22:00\"; until = \"06:00\"; passage = ( { hazard = \"flod\"; } ); };\nchannels = (",
     "night", "hazard names \"flod\"", false},
    {"channels = (",
     "night = { from = \"22:00\"; until = \"06:00\"; passage = ( { actions = [ \"Evacuat\" ]; } ); };\nchannels = (", "night",
     "actions names \"Evacuat\", which is not there; did you mean \"Evacuate\"?", false},
    {"sender = \"w@c.example\";", "sender = \"w@c.example\"; audio_from = [ \"https://a/\", \"https://media.example\" ];",
     "sources", "audio_from \"https://media.example\": give a server and folder with a slash", false},
    {"sender = \"w@c.example\";", "sender = \"w@c.example\"; audio_from = [ \"https://b@a/\" ];", "sources", "https://b@a/",
     false},
    {"sender = \"w@c.example\";", "sender = \"w@c.example\"; audio_from = [ \"ftp://a/\" ];", "sources", "ftp://a/", false},
    {"sender = \"w@c.example\";", "sender = \"w@c.example\"; audio_from = [ \"https:///\" ];", "sources", "https:///", false},
    {"sources = ( {", "sources = ( 5, {", "sources", "each of sources must be a group in { }", false},
    {"\"360499103202\"; zh", "\"360499103201\"; zh", "石桥村", "\"360499103201\" stands twice in places", false},
    {"\"360499103202\"; zh", "\"360499104202\"; zh", "石桥村", "lies outside of the site 360499103000", false},
    {"programme = {", "programme = { repetitions = 0;", "programme", "repetitions must be from 1 to 20, not 0", false},
    {"programme = {", "programme = { repetitions = 2.5;", "programme", "repetitions must be a whole number", false},
    {"programme = {", "programme = { tone_min_ms = 9000; tone_max_ms = 4000;", "programme", "tone_min_ms must not exceed",
     false},
    {"programme = {", "proof = { rise_output_db = 0.5; };\nprogramme = {", "proof",
     "rise_output_db must be from 1 to 60, not 0.5", false},
    {"programme = {", "http = { port = 65536; };\nprogramme = {", "http", "port must be from 0 to 65535, not 65536", false},
    {"programme = {", "clock = \"gps\";\nprogramme = {", "clock",
     "clock must be one of \"ntp\", \"rtc\", \"trust\", not \"gps\"", false},
    {"programme = {", "clock = \"trsut\";\nprogramme = {", "clock", "did you mean \"trust\"?", false},
    {"programme = {", "voice = { english = \"bdl\"; };\nprogramme = {", "voice", "english must be \"kal16\" or \"slt\"", false},
    {"programme = {", "voice = \"slt\";\nprogramme = {", "voice", "voice must be a group in { }", false},
    {"programme = {", "state_dir = \"\";\nprogramme = {", "state_dir", "state_dir must be a path on one line", false},
    {"programme = {", "default_life_s = 5000000000;\nprogramme = {", "default_life_s", "does not fit 32 bits", false},
    {"programme = {", "default_life_s = 5000000000L;\nprogramme = {", "default_life_s",
     "must be from 60 to 86400, not 5000000000", false},
    {"\"zh.wav\"", "\"no.wav\"", NULL, "which sounds where no voice can speak, cannot be read", true},
    {"\"alsa:default\"", "\"oss:dsp\"", "channels", "output must be \"alsa:NAME\" or \"none\", not \"oss:dsp\"", false},
    {"\"alsa:default\"", "\"alsa:\"", "channels", "output must be \"alsa:NAME\" or \"none\"", false},
    {"\"alsa:default\"", "\"none\"", "channels", "nothing will sound on it", true},
    {"\"alsa:default\";", "\"alsa:default\"; period_ms = 20; queue_ms = 30;", "channels", "queue_ms must be at least twice",
     false},
    {"\"alsa:default\";", "\"alsa:default\"; messages = ( { hazard = \"flood\"; level = \"red\"; language = \"zh\"; } );",
     "channels", "messages are only for a channel with output = \"none\"", false},
    {"\"alsa:default\";", "\"none\"; messages = ( { hazard = \"flod\"; level = \"red\"; language = \"zh\"; } );", "channels",
     "hazard names \"flod\", which is not there; did you mean \"flood\"?", false},
    {"\"alsa:default\"; }", "\"alsa:default\"; }, { id = \"spare\"; output = \"alsa:x\"; }", "channels",
     "no line hears the channel spare", true},
    {"channel = \"main\"; device = \"tty", "channel = \"mian\"; device = \"tty", "tty/north",
     "channel names \"mian\", which is not there; did you mean \"main\"?", false},
    {"channel = \"main\"; device = \"tty", "device = \"tty", "tty/north", "channel is missing: an id in quotes is needed",
     false},
    {"baud = 9600;", "baud = 9601;", "tty/north", "baud must be 1200, 2400", false},
    {"baud = 9600;", "", "tty/north", "baud is missing", false},
    {"baud = 9600;", "baud = 9600; parity = \"e\";", "tty/north", "parity must be one of \"none\", \"even\", \"odd\"", false},
    {"baud = 9600;", "baud = 9600; poll_s = 61;", "tty/north", "poll_s must be from 1 to 60, not 61", false},
    {"id = \"south\"", "id = \"north\"", "/dev/ttyUSB0", "the id \"north\" stands twice in lines", false},
    {"\"/dev/ttyUSB0\"", "\"tty/north\"", "19200", "the lines north and south have the same device", false},
    /* kinds of line: what one needs and another must not have */
    {"device = \"tty/north\";", "", "9600", "device is missing: the serial port is needed", false},
    {"device = \"tty/north\";", "device = \"tty/north\"; host = \"10.0.0.1\";", "tty/north",
     "host is only for kind = \"tcp\" or \"rtu_over_tcp\"", false},
    {"device = \"tty/north\";", "device = \"tty/north\"; port = 502;", "tty/north", "port is only for kind", false},
    {"device = \"tty/north\";", "device = \"tty/north\"; calls_in = true; registration = \"a\";", "tty/north",
     "calls_in is only for kind = \"rtu_over_tcp\"", false},
    {"device = \"tty/north\";", "device = \"tty/north\"; heartbeat = \"HB\";", "tty/north", "heartbeat is only for kind",
     false},
    {"device = \"tty/north\";", TCP_LINE "device = \"tty/north\";", "10.0.0.1", "device is only for kind = \"rtu\"", false},
    {"device = \"tty/north\";", TCP_LINE "echo = true;", "10.0.0.1", "echo is only for kind", false},
    {"device = \"tty/north\";", TCP_LINE "adapter = \"usb\";", "10.0.0.1", "adapter is only for kind = \"rtu\"", false},
    {"device = \"tty/north\";", "kind = \"tcp\"; port = 502;", "502", "host is missing: the gateway's IP address", false},
    {"device = \"tty/north\";", "kind = \"tcp\"; host = \"10.0.0.1\";", "10.0.0.1", "port is missing: its TCP port", false},
    {"device = \"tty/north\";", "kind = \"tcp\"; port = 502; host = \"gateway\";", "502",
     "host must be an IP address, not a name", false},
    {"device = \"tty/north\";", "kind = \"tcp\"; port = 502; host = \"10.1\";", "502", "host must be an IP address", false},
    {"device = \"tty/north\";", "kind = \"tcp\"; port = 0; host = \"10.0.0.1\";", "10.0.0.1", "port must be from 1 to 65535",
     false},
    {"device = \"tty/north\"; baud = 9600;", DTU_LINE, "10.0.0.1", "baud is missing: the speed of the terminals is needed",
     false},
    {"device = \"tty/north\";", DTU_LINE "calls_in = true;", "10.0.0.1",
     "registration is missing: what the gateway names itself by is needed", false},
    {"device = \"tty/north\";", DTU_LINE "registration = \"a\";", "10.0.0.1", "registration is only for calls_in = true",
     false},
    {"device = \"tty/north\";", DTU_LINE "heartbeat_s = 60;", "10.0.0.1", "heartbeat_s is only for a line with heartbeat",
     false},
    {"device = \"tty/north\";", DTU_LINE "heartbeat = \"hex:XX\";", "10.0.0.1",
     "heartbeat must have two hexadecimal digits or ??", false},
    {"device = \"tty/north\";", DTU_LINE "heartbeat = 7;", "10.0.0.1", "heartbeat must be a text in quotes", false},
    {"device = \"tty/north\";", DTU_LINE "heartbeat = \"\\n\";", "10.0.0.1", "write control characters as \"hex:0D 0A\"",
     false},
    {"device = \"tty/north\";", DTU_LINE "heartbeat = \"hex:02 84 FF\";", "10.0.0.1",
     "heartbeat can be the begin of a reply of the terminal n2 (unit 2)", false},
    {"device = \"tty/north\";", DTU_LINE "heartbeat = \"hex:01\";", "10.0.0.1",
     "heartbeat can be the begin of a reply of the terminal n1", false},
    {"device = \"tty/north\";", TCP_LINE "gateway_delay_ms = 5001;", "10.0.0.1", "gateway_delay_ms must be from 0 to 5000",
     false},
    {"device = \"tty/north\";", TCP_LINE "key_up_ms = -1;", "10.0.0.1", "key_up_ms must be from 0 to 2000", false},
    {"device = \"tty/north\";", TCP_LINE "quiet_ms = 2001;", "10.0.0.1", "quiet_ms must be from 0 to 2000", false},
    {"device = \"tty/north\"; baud = 9600; },", TCP_LINE "},\n{ id = \"x\"; channel = \"main\"; " DTU_LINE "baud = 9600; },",
     "id = \"x\"", "the lines north and x have the same host and port", false},
    {"device = \"tty/north\"; baud = 9600; },",
     CALLED_LINE "\"dtu-?\"; },\n{ id = \"x\"; channel = \"main\"; " CALLED_LINE "\"dtu-1\"; },", "id = \"x\"",
     "the lines north and x are called in on at 10.0.0.1:502 with registrations that can be the same", false},
    {"line = \"south\"; unit = 1;", "line = \"sout\"; unit = 1;", "three",
     "line names \"sout\", which is not there; did you mean \"south\"?", false},
    {"line = \"south\"; unit = 1;", "line = \"north\"; unit = 3;", "/dev/ttyUSB0", "there is no terminal on line south", true},
    {"unit = 2;", "unit = 1;", "two", "the unit address 1 stands twice on line north: n1 and n2", false},
    {"unit = 2;", "unit = 248;", "two", "unit must be from 1 to 247, not 248", false},
    {"unit = 2;", "unit = 0;", "two", "unit must be from 1 to 247, not 0", false},
    {"unit = 2;", "unt = 2;", "two", "unknown setting \"unt\"; did you mean \"unit\"?", false},
    {"id = \"n2\"", "id = \"n1\"", "two", "the id \"n1\" stands twice in terminals", false},
    {"\"beishan-c4\"", "\"beishan-c5\"", "three", "there is no profile \"beishan-c5\"", false},
    {"\"beishan-c4\"", "\"../site\"", "three", "profile must be 1 to 32 of", false},
    {"codes = [ \"360499103202\" ]", "codes = [ \"3604991032x2\" ]", "two", "codes: ", false},
    {"codes = [ \"360499103202\" ]", "codes = [ \"360498103202\" ]", "two", "the code 360498103202 lies outside of the site",
     false},
    {"codes = [ \"360499103202\" ]", "codes = [ \"360499103299\" ]", "two", "360499103299 is not among the places", true},
    {"codes = [ \"360499103202\" ];", "", "two", "codes is missing: no alert would ever reach the terminal n2", false},
    {"codes = [ \"360499103202\" ];", "codes = [ \"360499103202\" ]; position = [ 91.0, 115.0 ];", "two",
     "position must be [latitude", false},
    {"codes = [ \"360499103202\" ];", "codes = [ \"360499103202\" ]; position = [ \"a\", \"b\" ];", "two",
     "position must be [latitude", false},
    {"codes = [ \"360499103202\" ];", "codes = [ \"360499103202\" ]; position = [ 29.0 ];", "two",
     "position must have from 2 to 2", false},
    {"codes = [ \"360499103202\" ];", "codes = [ \"360499103202\" ]; volume = 0;", "two", "volume must be from 1 to 100, not 0",
     false},
    {"channels = (", "level_rules = ( { source = \"cuonty\"; name = \"a\"; value = \"b\"; level = \"red\"; } );\nchannels = (",
     "level_rules", "source names \"cuonty\", which is not there; did you mean \"county\"?", false},
    {"channels = (", "level_rules = ( { name = \"a\"; value = \"b\"; level = \"pink\"; } );\nchannels = (", "level_rules",
     "level must be one of \"red\"", false},
    {"programme = {", "programme = [", "fallback_zh", "cannot be understood here or just above", false},
    {"lines = (", "lines = (\"", "lines = (", "a \" is not closed on this line", false},
};

#define LONGTANG "en = \"Longtang\"; "
static const struct broken broken_outlines[] = {
    {LONGTANG, LONGTANG "outline = 5; ", "Longtang", "outline must be a list in ( ) or [ ]", false},
    {LONGTANG, LONGTANG "outline = ( [29.6, 115.8], [29.7, 115.8] ); ", "Longtang", "outline must have from 3 to 10000", false},
    {LONGTANG, LONGTANG "outline = ( [29.6, 115.8],\n[29.7],\n[29.7, 115.9] ); ", "[29.7]",
     "each point of outline must be [latitude, longitude] in degrees, such as [29.61, 115.87]", false},
    {LONGTANG, LONGTANG "outline = ( [29.6, 115.8],\n29.7,\n[29.7, 115.9] ); ", "29.7,", "each point of outline must be",
     false},
    {LONGTANG, LONGTANG "outline = ( [29.6, 115.8],\n{ a = 1; b = 2; },\n[29.7, 115.9] ); ", "{ a",
     "each point of outline must be", false},
    {LONGTANG, LONGTANG "outline = ( [29.6, 115.8],\n(29.7, \"x\"),\n[29.7, 115.9] ); ", "(29.7",
     "each point of outline must be", false},
    {LONGTANG, LONGTANG "outline = ( [29.6, 115.8],\n[115.8, 29.7],\n[29.7, 115.9] ); ", "[115.8",
     "each point of outline must be", false}, /* longitude first */
    {LONGTANG, LONGTANG "\noutline = ( [29.6, 115.8], [29.7, 115.9], [29.8, 116.0] ); ", "[29.6",
     "outline of 360499103201 has no area", false},
    {LONGTANG, LONGTANG "\noutline = ( [29.6, 115.8], [29.7, 115.9], [29.6, 115.8] ); ", "outline",
     "outline of 360499103201 has fewer than 3 different points", false},
    {LONGTANG, LONGTANG "\noutline = ( [29.0, 115.0], [30.0, 116.0], [30.0, 115.0], [29.0, 116.0] ); ", "outline",
     "outline of 360499103201 has no area: its points lie on a line, or it crosses itself", false},
};

static void check_broken(const struct folder *folder, const struct broken *what)
{
    struct said said;
    char *site = replaced(GOOD_SITE, what->from, what->to);
    write_good_site(folder, site);
    struct config *config = load_in(folder, "site.cfg", &said);
    unsigned line = what->where ? line_of(site, what->where) : 0;
    assert_said(&said, what->warning, "/site.cfg", line, what->message);
    if (what->warning)
        assert_non_null(config);
    else
        assert_null(config);
    /* What was misspelt is missing as well; who named the second of two equal ids finds nothing. */
    unsigned most =
        strstr(what->message, "unknown setting") || strstr(what->message, "twice in lines") || strstr(what->to, "County 1") ? 2
                                                                                                                            : 1;
    if (!what->warning && said.mistakes > most) {
        print_said(&said);
        fail_msg("more than the one mistake after %s", what->to);
    }
    config_free(config);
    free(site);
}

static void test_each_mistake_with_its_line(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        check_broken(&folder, &broken[i]);
    for (size_t i = 0; i < sizeof broken_outlines / sizeof *broken_outlines; i++)
        check_broken(&folder, &broken_outlines[i]);
    folder_remove(&folder);
}

/* 200 terminals at 1200 baud: a round takes more than a minute, and nobody sees a fault for two. */
static void test_a_line_too_slow_for_its_terminals(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    char *more = calloc(200, 160);
    assert_non_null(more);
    strcpy(more, "terminals = (\n");
    for (int unit = 3; unit < 200; unit++)
        sprintf(more + strlen(more),
                "{ id = \"n%d\"; name = \"x\"; line = \"north\"; unit = %d; profile = \"linghu-t8\"; codes = [ "
                "\"360499103201\" ]; },\n",
                unit, unit);
    folder_make(&folder);
    char *full = replaced(GOOD_SITE, "terminals = (\n", more),
         *site = replaced(full, "baud = 9600;", "baud = 1200; poll_s = 60;");
    write_good_site(&folder, full);
    struct config *config = load_in(&folder, "site.cfg", &said);
    assert_non_null(config);
    assert_false(was_said(&said, true, "/site.cfg", line_of(full, "tty/north"), "a fault may be shown only after"));
    config_free(config);
    write_good_site(&folder, site);
    config = load_in(&folder, "site.cfg", &said);
    assert_non_null(config);
    assert_said(&said, true, "/site.cfg", line_of(site, "tty/north"),
                "with 199 terminals at 1200 baud a fault may be shown only after 1");
    config_free(config);
    free(more);
    free(full);
    free(site);
    folder_remove(&folder);
}

static void test_all_mistakes_at_once(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    char *a = replaced(GOOD_SITE, "baud = 19200", "baud = 3; colour = 1");
    char *b = replaced(a, "unit = 2;", "unit = 300;");
    char *c = replaced(b, "\"beishan-c4\"", "\"own\"");
    char *site = replaced(c, "name_en = \"Qingxi\";", "");
    write_good_site(&folder, site);
    folder_write(&folder, "profiles/own.cfg", "id = \"own\";\nvendor = 5;\nfields = ();\n");
    folder_write(&folder, "hazards.cfg", "hazards = ( { id = \"flood\"; zh = \"洪水\"; en = \"Flood\"; rank = -1; } );\n");
    assert_null(load_in(&folder, "site.cfg", &said));
    assert_said(&said, false, "/site.cfg", 1, "name_en is missing");
    assert_said(&said, false, "/site.cfg", line_of(site, "ttyUSB0"), "baud must be from 1200 to 115200, not 3");
    assert_said(&said, false, "/site.cfg", line_of(site, "ttyUSB0"), "unknown setting \"colour\"");
    assert_said(&said, false, "/site.cfg", line_of(site, "two"), "unit must be from 1 to 247");
    assert_said(&said, false, "/profiles/own.cfg", 0, "model is missing");
    assert_said(&said, false, "/profiles/own.cfg", 2, "vendor must be a text in quotes");
    assert_said(&said, false, "/profiles/own.cfg", 3, "fields must have from 1 to 32 elements, not 0");
    assert_said(&said, false, "/hazards.cfg", 1, "rank must be from 0 to 1000, not -1");
    assert_said(&said, false, "/hazards.cfg", 1, "the last hazard must be \"other\"");
    assert_int_equal(said.mistakes, 9);
    free(a);
    free(b);
    free(c);
    free(site);
    folder_remove(&folder);
}

/* 247 units fit, one more has no address left: both the address and the number are refused. */
static void test_a_full_line(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    char *many = malloc(64 * 1024);
    assert_non_null(many);
    size_t used = 0;
    for (unsigned unit = 3; unit <= 248; unit++)
        used +=
            (size_t)sprintf(many + used,
                            "\n{ id = \"x%u\"; name = \"x\"; line = \"north\"; unit = %u; profile = \"linghu-t8\"; codes = [ "
                            "\"360499103201\" ]; },",
                            unit, unit <= 247 ? unit : 1);
    sprintf(many + used, "\n{ id = \"s1\"");
    char *site = replaced(GOOD_SITE, "\n  { id = \"s1\"", many);
    folder_make(&folder);
    write_good_site(&folder, site);
    assert_null(load_in(&folder, "site.cfg", &said));
    assert_said(&said, false, "/site.cfg", line_of(site, "\"x248\""), "there are more than 247 terminals on line north");
    assert_said(&said, false, "/site.cfg", line_of(site, "\"x248\""), "the unit address 1 stands twice");
    assert_int_equal(said.mistakes, 2);
    free(site);
    free(many);
    folder_remove(&folder);
}

static void test_files_that_are_not_there(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    assert_null(load_in(&folder, "site.cfg", &said));
    assert_said(&said, false, "/site.cfg", 0, "cannot be read: No such file");
    assert_null(load_in(&folder, "no/site.cfg", &said));
    assert_said(&said, false, "no/site.cfg", 0, "cannot be read: No such file");
    write_good_site(&folder, GOOD_SITE);
    setenv("TOCSIN_DATA", "/nonexistent", 1);
    assert_null(load_in(&folder, "site.cfg", &said));
    assert_said(&said, false, "/nonexistent/hazards.cfg", 0, "name its folder in the environment as TOCSIN_DATA");
    use_shipped_data(NULL);
    folder_remove(&folder);
}

/* sun_path holds 107 bytes; a deep folder is refused with the reason, not cut. */
static void test_socket_path_too_long(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    char *site = replaced(
        GOOD_SITE, "programme = {",
        "socket = \"a/0123456789012345678901234567890123456789/0123456789012345678901234567890123456789\";\nprogramme = {");
    write_good_site(&folder, site);
    assert_null(load_in(&folder, "site.cfg", &said));
    assert_said(&said, false, "/site.cfg", line_of(site, "socket"), "at most 103 bytes; use a shorter folder");
    free(site);
    folder_remove(&folder);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(level_name(LEVEL_RED), "red");
    assert_string_equal(level_name(LEVEL_DAILY), "daily");
    assert_string_equal(level_name(LEVEL_COUNT), "unknown");
    config_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped_sites_load),
        cmocka_unit_test(test_demo_is_as_promised),
        cmocka_unit_test(test_good_site_gives_what_it_says),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_outlines),
        cmocka_unit_test(test_where_the_voice_is),
        cmocka_unit_test(test_lines_of_each_kind),
        cmocka_unit_test(test_output_none),
        cmocka_unit_test(test_rules_of_the_site_go_first),
        cmocka_unit_test(test_gates_of_a_source),
        cmocka_unit_test(test_night),
        cmocka_unit_test(test_each_mistake_with_its_line),
        cmocka_unit_test(test_a_line_too_slow_for_its_terminals),
        cmocka_unit_test(test_all_mistakes_at_once),
        cmocka_unit_test(test_a_full_line),
        cmocka_unit_test(test_files_that_are_not_there),
        cmocka_unit_test(test_socket_path_too_long),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, use_shipped_data, NULL);
}
