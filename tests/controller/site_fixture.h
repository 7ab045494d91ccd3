/* A small site made by hand, and CAP messages for it, for the tests of the controller's logic.
 * Township 360404101000 with villages ...201 and ...202; beside it 360404102000, where nothing is ours. */
#ifndef TOCSIN_TESTS_CONTROLLER_SITE_FIXTURE_H
#define TOCSIN_TESTS_CONTROLLER_SITE_FIXTURE_H

#include "codecs/cap.h"
#include "config/config.h"
#include "controller/alert.h"
#include "controller/intake.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VILLAGE_1 "360404101201"
#define VILLAGE_2 "360404101202"
#define TOWNSHIP "360404101000"
#define NEXT_TOWNSHIP "360404102000"

/* Terminals by their index. Line 0: T_OUT, T_OUT_2, T_SICK; line 1: T_MIC, T_PLAIN; line 2, on a channel without output: T_BOX
 */
enum { T_OUT, T_OUT_2, T_MIC, T_PLAIN, T_SICK, T_BOX, N_TERMINALS };
enum { HAZARD_FLOOD, HAZARD_LANDSLIDE, HAZARD_OTHER, N_HAZARDS };

struct fixture {
    struct config config;
    struct profile output, microphone, plain; /* token and output level; microphone; neither */
    struct config_terminal terminals[N_TERMINALS];
    struct config_line lines[3];
    uint32_t on_line[3][3];
    struct config_channel channels[2];
    struct config_message messages[1];
    struct config_place places[2];
    struct config_hazard hazards[N_HAZARDS];
    char events[2][1][64];
    struct config_level_rule rules[2];
    struct config_source sources[2];
};

/* 2026-11-22T03:20:00+08:00, when the messages below are sent. */
static inline struct wall fixture_sent(void)
{
    return (struct wall){1795288800000};
}

static inline void fixture_terminal(struct fixture *f, uint32_t index, const char *id, uint32_t line,
                                    const struct profile *profile, const char *code)
{
    struct config_terminal *t = &f->terminals[index];
    struct error error;
    text_copy(t->hardware.id, sizeof t->hardware.id, id);
    text_copy(t->name, sizeof t->name, id);
    t->hardware.profile = profile;
    t->hardware.heard_level = NAN;
    t->line = line;
    t->volume_percent = 80;
    t->n_codes = 1;
    assert_true(area_code_parse(slice_of(code), &t->codes[0], &error));
    f->lines[line].terminals[f->lines[line].n_terminals++] = index;
}

static inline void fixture_hazards(struct fixture *f)
{
    static const struct {
        const char *id, *code, *event;
        int rank;
    } OF[N_HAZARDS] = {{"flood", "11B01", "洪水", 20}, {"landslide", "11D02", "Landslide", 10}, {"other", "", NULL, 90}};
    for (size_t i = 0; i < N_HAZARDS; i++) {
        struct config_hazard *hazard = &f->hazards[i];
        text_copy(hazard->id, sizeof hazard->id, OF[i].id);
        text_copy(hazard->code, sizeof hazard->code, OF[i].code);
        hazard->rank = OF[i].rank;
        if (OF[i].event) {
            text_copy(f->events[i][0], sizeof f->events[i][0], OF[i].event);
            hazard->events = f->events[i];
            hazard->n_events = 1;
        }
    }
}

static inline void fixture_channels(struct fixture *f)
{
    f->channels[0] = (struct config_channel){.id = "hall", .has_output = true, .n_languages = 2};
    f->channels[1] = (struct config_channel){.id = "boxes", .n_languages = 1, .messages = f->messages, .n_messages = 1};
    for (size_t c = 0; c < 2; c++) {
        f->channels[c].playout.rate = 8000;
        strcpy(f->channels[c].languages[0], "zh");
        strcpy(f->channels[c].languages[1], "en");
    }
    f->messages[0] = (struct config_message){.hazard = "flood", .level = LEVEL_RED, .language = "zh", .slot = 7, .tone = 3};
}

static inline void fixture_site(struct fixture *f)
{
    f->output = (struct profile){
        .token_field = 0, .uptime_field = -1, .level_kind = LEVEL_OUTPUT, .heard_level = -30, .level_window_ms = 300};
    f->microphone = (struct profile){
        .token_field = -1, .uptime_field = -1, .level_kind = LEVEL_MICROPHONE, .heard_level = 60, .level_window_ms = 1000};
    f->plain = (struct profile){.token_field = -1, .uptime_field = -1, .level_kind = LEVEL_NONE};
    f->output.commands[COMMAND_START].given = f->microphone.commands[COMMAND_START].given =
        f->plain.commands[COMMAND_START].given = true;
    for (uint32_t l = 0; l < 3; l++) {
        f->lines[l].terminals = f->on_line[l];
        f->lines[l].channel = l == 2;
        snprintf(f->lines[l].hardware.id, sizeof f->lines[l].hardware.id, "line%u", l);
    }
    fixture_terminal(f, T_OUT, "out", 0, &f->output, VILLAGE_1);
    fixture_terminal(f, T_OUT_2, "out2", 0, &f->output, VILLAGE_1);
    fixture_terminal(f, T_MIC, "mic", 1, &f->microphone, VILLAGE_2);
    fixture_terminal(f, T_PLAIN, "plain", 1, &f->plain, VILLAGE_2);
    fixture_terminal(f, T_SICK, "sick", 0, &f->output, VILLAGE_1);
    fixture_terminal(f, T_BOX, "box", 2, &f->output, TOWNSHIP);
    f->terminals[T_SICK].maintenance = true;
}

/* The sentences that we put around the words of others, as shipped. */
static inline void fixture_texts(struct config *config)
{
    static const struct {
        enum text_key key;
        const char *zh, *en;
    } TEXTS[] = {
        {TEXT_ALL_CLEAR_BEGIN, "解除通知。", "All clear."},
        {TEXT_DRILL_BEGIN, "演习，演习，这是演习，没有险情！", "Drill, drill, this is a drill, there is no danger!"},
        {TEXT_DRILL_AGAIN, "这是演习。", "This is a drill."},
        {TEXT_DRILL_END, "演习结束，没有险情，大家可以回家。", "The drill is over, there is no danger, you may go home."},
        {TEXT_DRILL_STOPPED, "演习停止！下面是真的！", "The drill has stopped. This is real!"},
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        text_copy(config->texts[TEXTS[i].key].in[TEXT_ZH], sizeof config->texts[0].in[0], TEXTS[i].zh);
        text_copy(config->texts[TEXTS[i].key].in[TEXT_EN], sizeof config->texts[0].in[0], TEXTS[i].en);
    }
}

static inline struct config *fixture_init(struct fixture *f)
{
    *f = (struct fixture){0};
    f->config = (struct config){
        .clock = CLOCK_TRUST,
        .utc_offset_minutes = 480,
        .n_geocode_names = 1,
        .geocode_names = {"profile:code"},
        .repetitions = 3,
        .max_speech_s = 60,
        .default_life_s = 3600,
        .unchecked_life_s = 600,
        .hold_open_s = 30,
        .silence_ms = 1500,
        .tone_min_ms = 3000,
        .tone_max_ms = 10000,
        .line_down_grace_ms = 3000,
        .rise_output_db = 6,
        .rise_microphone_db = 10,
        .n_lines = 3,
        .lines = f->lines,
        .n_channels = 2,
        .channels = f->channels,
        .n_terminals = N_TERMINALS,
        .terminals = f->terminals,
        .n_places = 1,
        .places = f->places,
        .n_hazards = N_HAZARDS,
        .hazards = f->hazards,
        .level_rules = f->rules,
        .sources = f->sources,
    };
    strcpy(f->places[0].code.digits, VILLAGE_1);
    strcpy(f->places[0].id, VILLAGE_1);
    strcpy(f->places[0].name[TEXT_ZH], "龙塘村");
    fixture_texts(&f->config);
    fixture_hazards(f);
    fixture_channels(f);
    fixture_site(f);
    return &f->config;
}

/* ---- messages ---- */

#define ALL_CLEAR "<responseType>AllClear</responseType>" /* for info_text.more */

/* NULL where the usual will do. */
struct cap_text {
    const char *identifier, *sender, *status, *msg_type, *scope, *references, *infos;
};

struct info_text {
    const char *language, *event, *urgency, *severity, *headline, *code;
    const char *more;  /* elements behind headline: instruction, parameter ... */
    const char *times; /* effective, expires */
    const char *area;  /* in place of the usual one with code */
};

static inline const char *or_else(const char *text, const char *usual)
{
    return text ? text : usual;
}

/* Each call has a buffer of its own, of eight. */
static inline const char *info_xml(struct info_text info)
{
    static char text[8][4096];
    static size_t next;
    char area[512], *to = text[next++ % 8];
    bool english = info.language && strncmp(info.language, "en", 2) == 0;
    snprintf(area, sizeof area,
             "<area><areaDesc>a</areaDesc><geocode><valueName>profile:code</valueName><value>%s</value></geocode></area>",
             or_else(info.code, VILLAGE_1));
    snprintf(to, sizeof text[0],
             "<info><language>%s</language><category>Geo</category><event>%s</event><urgency>%s</urgency>"
             "<severity>%s</severity><certainty>Observed</certainty>%s<headline>%s</headline>%s%s</info>",
             or_else(info.language, "zh-CN"), or_else(info.event, "洪水"), or_else(info.urgency, "Immediate"),
             or_else(info.severity, "Extreme"), or_else(info.times, ""),
             or_else(info.headline, english ? "The flood is coming" : "洪水来了"), or_else(info.more, ""),
             or_else(info.area, area));
    return to;
}

static inline struct alert_message *cap_message(struct cap_text cap)
{
    char text[16384];
    snprintf(text, sizeof text,
             "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>%s</identifier><sender>%s</sender>"
             "<sent>2026-11-22T03:20:00+08:00</sent><status>%s</status><msgType>%s</msgType><scope>%s</scope>%s%s</alert>",
             or_else(cap.identifier, "a-1"), or_else(cap.sender, "county"), or_else(cap.status, "Actual"),
             or_else(cap.msg_type, "Alert"), or_else(cap.scope, "Public"), or_else(cap.references, ""),
             cap.infos ? cap.infos : info_xml((struct info_text){0}));
    struct alert_message *message = NULL;
    struct error error = {0};
    if (!cap_decode(slice_of(text), &message, &error))
        fail_msg("%s", error.message);
    return message;
}

/* An alert as intake makes it, ten seconds after it was sent. */
static inline struct alert *fixture_alert(const struct config *config, const char *id, struct cap_text cap)
{
    struct intake_terms terms = {config, {.wall = {fixture_sent().ms + 10000}}, true, false, NULL};
    struct alert_message *message = cap_message(cap);
    struct alert *alert = NULL;
    struct refusal refusal;
    if (!intake_judge(&terms, message, &alert, &refusal))
        fail_msg("%s: %s", refusal.code, refusal.message);
    text_copy(alert->id, sizeof alert->id, id);
    return alert;
}

#endif
