/* The site's own settings. */
#include "config/load.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const clock_names[] = {"ntp", "rtc", "trust", NULL}; /* enum clock_mode */

static const struct schema_item site_items[] = {
    {"name_zh", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config, site_name_zh)},
    {"name_en", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config, site_name_en)},
    {"code", SCHEMA_CODE, SCHEMA_AT(config, site_code)},
    {0},
};

static const struct schema_item http_items[] = {
    {"enabled", SCHEMA_BOOLEAN, .initial = "true", SCHEMA_AT(config, http_enabled)},
    {"port", SCHEMA_INTEGER, 0, 65535, "0", SCHEMA_AT(config, http_port)},
    {"connections", SCHEMA_INTEGER, 8, 512, "256", SCHEMA_AT(config, http_connections)}, /* libmodbus: descriptors below 1024 */
    {0},
};

static const struct schema_item programme_items[] = {
    {"repetitions", SCHEMA_INTEGER, 1, 20, "3", SCHEMA_AT(config, repetitions)},
    {"max_speech_s", SCHEMA_INTEGER, 5, 300, "60", SCHEMA_AT(config, max_speech_s)},
    {"returns", SCHEMA_BOOLEAN, .initial = "true", SCHEMA_AT(config, returns)},
    {"hold_open_s", SCHEMA_INTEGER, 0, 300, "30", SCHEMA_AT(config, hold_open_s)},
    {"silence_ms", SCHEMA_INTEGER, 500, 10000, "1500", SCHEMA_AT(config, silence_ms)}, /* ISO 7240-16: at most 10 s */
    {"tone_min_ms", SCHEMA_INTEGER, 1000, 10000, "3000", SCHEMA_AT(config, tone_min_ms)},
    {"tone_max_ms", SCHEMA_INTEGER, 1000, 60000, "10000", SCHEMA_AT(config, tone_max_ms)},
    {"fallback_zh", SCHEMA_PATH, .initial = "", SCHEMA_AT(config, recordings[RECORDING_DANGER].zh)},
    {"fallback_en", SCHEMA_PATH, .initial = "", SCHEMA_AT(config, recordings[RECORDING_DANGER].en)},
    {"fallback_drill_zh", SCHEMA_PATH, .initial = "", SCHEMA_AT(config, recordings[RECORDING_DRILL].zh)},
    {"fallback_drill_en", SCHEMA_PATH, .initial = "", SCHEMA_AT(config, recordings[RECORDING_DRILL].en)},
    {"fallback_all_clear_zh", SCHEMA_PATH, .initial = "", SCHEMA_AT(config, recordings[RECORDING_ALL_CLEAR].zh)},
    {"fallback_all_clear_en", SCHEMA_PATH, .initial = "", SCHEMA_AT(config, recordings[RECORDING_ALL_CLEAR].en)},
    {0},
};

static const struct schema_item proof_items[] = {
    {"rise_output_db", SCHEMA_REAL, 1, 60, "6", SCHEMA_AT(config, rise_output_db)},
    {"rise_microphone_db", SCHEMA_REAL, 1, 60, "10", SCHEMA_AT(config, rise_microphone_db)},
    {0},
};

static const char *check_english(const void *voice)
{
    return strcmp(voice, "kal16") == 0 || strcmp(voice, "slt") == 0 ? NULL : "must be \"kal16\" or \"slt\"";
}

static const struct schema_item voice_items[] = {
    {"program", SCHEMA_TEXT, .least = 1, .initial = "tocsin-voice", SCHEMA_AT(config, voice.program)},
    {"deadline_ms", SCHEMA_INTEGER, 1000, 120000, "20000", SCHEMA_AT(config, voice.deadline_ms)},
    {"cpu_s", SCHEMA_INTEGER, 1, 120, "10", SCHEMA_AT(config, voice.cpu_s)},
    {"memory_mib", SCHEMA_INTEGER, 64, 1024, "256", SCHEMA_AT(config, voice.memory_mib)},
    {"english", SCHEMA_TEXT, .initial = "kal16", SCHEMA_AT(config, voice.english), .check = check_english},
    {0},
};

const struct schema_item load_site_items[] = {
    {"site", SCHEMA_GROUP, .items = site_items},
    {"state_dir", SCHEMA_PATH, .least = 1, .initial = "/var/lib/tocsin", SCHEMA_AT(config, state_dir)},
    {"socket", SCHEMA_PATH, .least = 1, .initial = "/run/tocsin/tocsin.sock", SCHEMA_AT(config, socket_path)},
    {"socket_group", SCHEMA_TEXT, .least = 1, .initial = "tocsin", SCHEMA_AT(config, socket_group)},
    {"http", SCHEMA_GROUP, .initial = "", .items = http_items},
    {"clock", SCHEMA_CHOICE, .initial = "ntp", SCHEMA_AT(config, clock), .names = clock_names},
    {"utc_offset_minutes", SCHEMA_INTEGER, -720, 840, "480", SCHEMA_AT(config, utc_offset_minutes)},
    {"geocode_names", SCHEMA_LIST, .least = 1, .most = CONFIG_NAMES_MAX},
    {"default_life_s", SCHEMA_INTEGER, 60, 86400, "3600", SCHEMA_AT(config, default_life_s)},
    {"unchecked_life_s", SCHEMA_INTEGER, 1, 86400, "600", SCHEMA_AT(config, unchecked_life_s)},
    {"ask_before_s", SCHEMA_INTEGER, 0, 86400, "600", SCHEMA_AT(config, ask_before_s)},
    {"keep_alerts", SCHEMA_INTEGER, 100, 1000000, "10000", SCHEMA_AT(config, keep_alerts)},
    {"keep_days", SCHEMA_INTEGER, 7, 36500, "400", SCHEMA_AT(config, keep_days)},
    {"keep_audit_days", SCHEMA_INTEGER, 30, 36500, "3650", SCHEMA_AT(config, keep_audit_days)},
    {"keep_readings_days", SCHEMA_INTEGER, 1, 36500, "400", SCHEMA_AT(config, keep_readings_days)},
    {"line_down_grace_ms", SCHEMA_INTEGER, 0, 60000, "3000", SCHEMA_AT(config, line_down_grace_ms)},
    {"programme", SCHEMA_GROUP, .initial = "", .items = programme_items},
    {"proof", SCHEMA_GROUP, .initial = "", .items = proof_items},
    {"voice", SCHEMA_GROUP, .initial = "", .items = voice_items},
    {"night", SCHEMA_GROUP, .initial = "", .items = load_night_items},
    {"level_rules", SCHEMA_LIST, 0, 1000, .initial = ""},
    {"places", SCHEMA_LIST, 0, 20000, .initial = ""},
    {"groups", SCHEMA_LIST, 0, 20000, .initial = ""},
    {"features", SCHEMA_LIST, 0, 20000, .initial = ""},
    {"place_groups", SCHEMA_LIST, 0, 1000, .initial = ""},
    {"place_files", SCHEMA_LIST, 0, 64, .initial = ""},
    {"sources", SCHEMA_LIST, .least = 1, .most = 100},
    {"users", SCHEMA_LIST, 0, 100, .initial = ""},
    {"channels", SCHEMA_LIST, .least = 1, .most = 32},
    {"lines", SCHEMA_LIST, .least = 1, .most = 64},
    {"terminals", SCHEMA_LIST, .least = 1, .most = 4000},
    {0},
};

/* Not given: the shipped one. Missing, rule 12 (no tone without words) cannot be kept where every voice fails. */
static void find_fallback(struct loader *loader, const char *name, char path[256])
{
    char shipped[PATH_MAX];
    if (!path[0] && load_find_file(loader, name, shipped) && !text_copy(path, 256, shipped))
        path[0] = '\0';
    if (!path[0] || access(path, R_OK) != 0)
        schema_warning(&loader->site, NULL, "the recording %s, which sounds where no voice can speak, cannot be read",
                       path[0] ? path : name);
}

static void find_recordings(struct loader *loader, enum recording which, const char *kind)
{
    struct config_recording *recording = &loader->config->recordings[which];
    char name[64];
    snprintf(name, sizeof name, "fallback-%szh.wav", kind);
    find_fallback(loader, name, recording->zh);
    snprintf(name, sizeof name, "fallback-%sen.wav", kind);
    find_fallback(loader, name, recording->en);
}

/* Named without a slash it is the program of that name beside the one that runs; with one it is a path like all others. */
static void place_voice(struct loader *loader)
{
    char *program = loader->config->voice.program;
    char self[PATH_MAX], path[PATH_MAX + 256];
    const char *folder = loader->folder;
    if (program[0] == '/')
        return;
    if (!strchr(program, '/')) {
        ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
        self[n > 0 ? n : 0] = '\0';
        folder = dirname(self);
    }
    snprintf(path, sizeof path, "%s/%s", folder, program);
    if (!text_copy(program, sizeof loader->config->voice.program, path))
        schema_mistake(&loader->site, NULL, "voice.program is too long with its folder %s", folder);
}

void load_settings(struct loader *loader)
{
    struct config *config = loader->config;
    const config_setting_t *root = document_root(&loader->site);
    schema_read(&loader->site, root, load_site_items, config);
    config->n_geocode_names = schema_texts(&loader->site, schema_list(root, "geocode_names"), config->geocode_names[0],
                                           sizeof config->geocode_names[0], CONFIG_NAMES_MAX);
    if (config->tone_min_ms > config->tone_max_ms)
        schema_mistake(&loader->site, config_setting_get_member(root, "programme"), "tone_min_ms must not exceed tone_max_ms");
    place_voice(loader);
    find_recordings(loader, RECORDING_DANGER, "");
    find_recordings(loader, RECORDING_DRILL, "drill-");
    find_recordings(loader, RECORDING_ALL_CLEAR, "all-clear-");
    load_sources(loader);
}
