/* Who may send, and what: the gates of each source. */
#include "config/load.h"

#include <stdlib.h>
#include <string.h>

static const char *const authority_names[] = {"village",  "township", "county", "city",
                                              "province", "nation",   NULL}; /* enum authority */

static const char *const signature_names[] = {"preferred", "required", "off", NULL}; /* enum signature_policy */

const struct schema_item load_source_items[] = {
    {"id", SCHEMA_ID, SCHEMA_AT(config_source, id)},
    {"sender", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config_source, sender)},
    {"authority", SCHEMA_CHOICE, .initial = "township", SCHEMA_AT(config_source, authority), .names = authority_names},
    {"name_zh", SCHEMA_TEXT, .initial = "", SCHEMA_AT(config_source, name_zh)},
    {"name_en", SCHEMA_TEXT, .initial = "", SCHEMA_AT(config_source, name_en)},
    {"covers", SCHEMA_BOOLEAN, .initial = "false", SCHEMA_AT(config_source, covers)},
    {"audio_from", SCHEMA_LIST, 0, CONFIG_AUDIO_FROM_MAX, .initial = ""},
    {"signature", SCHEMA_CHOICE, .initial = "preferred", SCHEMA_AT(config_source, signature), .names = signature_names},
    {"signer_id", SCHEMA_TEXT, .least = 1, .initial = sm2_default_id, SCHEMA_AT(config_source, signer_id)},
    {"certificates", SCHEMA_LIST, 0, 32, .initial = ""},
    {"hazards", SCHEMA_LIST, 0, CONFIG_HAZARDS_MAX, .initial = ""},
    {"levels", SCHEMA_LIST, 0, LEVEL_COUNT, .initial = ""},
    {"areas", SCHEMA_LIST, 0, CONFIG_AREAS_MAX, .initial = ""},
    {"most_terminals", SCHEMA_INTEGER, 0, 4000, "0", SCHEMA_AT(config_source, most_terminals)},
    {"per_hour", SCHEMA_INTEGER, 0, 1000, "0", SCHEMA_AT(config_source, per_hour)},
    {"exercise", SCHEMA_BOOLEAN, .initial = "true", SCHEMA_AT(config_source, exercise)},
    {"approve", SCHEMA_BOOLEAN, .initial = "false", SCHEMA_AT(config_source, approve)},
    {"approve_within_s", SCHEMA_INTEGER, 1, 86400, "300", SCHEMA_AT(config_source, approve_within_s)},
    {0},
};

/* A source of another county, or a typing error: it could never address anything. */
static void check_area(struct loader *loader, const config_setting_t *setting, const struct area_code *area)
{
    const struct area_code *site = &loader->config->site_code;
    if (site->digits[0] && !area_code_contains(site, area) && !area_code_contains(area, site))
        schema_mistake(&loader->site, setting, "areas: %s lies outside of the site %s", area->digits, site->digits);
}

static void read_areas(struct loader *loader, const config_setting_t *element, struct config_source *source)
{
    const config_setting_t *list = schema_list(element, "areas");
    for (size_t i = 0; i < schema_length(list) && source->n_areas < CONFIG_AREAS_MAX; i++) {
        struct error error = {0};
        const config_setting_t *setting = schema_element(list, i);
        const char *text = schema_text(&loader->site, setting, "areas");
        if (!text)
            continue;
        if (area_code_parse(slice_of(text), &source->areas[source->n_areas], &error))
            check_area(loader, setting, &source->areas[source->n_areas++]);
        else
            schema_mistake(&loader->site, setting, "areas: %s", error.message);
    }
}

static bool is_folder_of_server(const char *address)
{
    const char *host = strstr(address, "://");
    bool web = strncmp(address, "http://", 7) == 0 || strncmp(address, "https://", 8) == 0;
    size_t n = web ? strcspn(host + 3, "/") : 0;
    return n > 0 && address[strlen(address) - 1] == '/' && !strpbrk(address, "@?#\\") && host[3 + n] == '/';
}

static void read_audio_from(struct loader *loader, const config_setting_t *element, struct config_source *source)
{
    const config_setting_t *list = schema_list(element, "audio_from");
    source->n_audio_from =
        schema_texts(&loader->site, list, source->audio_from[0], sizeof source->audio_from[0], CONFIG_AUDIO_FROM_MAX);
    for (size_t i = 0; i < source->n_audio_from; i++)
        if (!is_folder_of_server(source->audio_from[i]))
            schema_mistake(
                &loader->site, list,
                "audio_from \"%s\": give a server and folder with a slash at its end, as https://media.example/alerts/",
                source->audio_from[i]);
}

void load_sources(struct loader *loader)
{
    struct config *config = loader->config;
    const config_setting_t *root = document_root(&loader->site), *list = schema_list(root, "sources");
    config->sources = load_list(&loader->site, root, "sources", load_source_items, sizeof *config->sources, &config->n_sources);
    load_check_unique(&loader->site, list, config->sources, config->n_sources, sizeof *config->sources);
    for (size_t i = 0; i < config->n_sources; i++) {
        const config_setting_t *element = schema_element(list, i);
        struct config_source *source = &config->sources[i];
        load_certificates(loader, element, source);
        if (!config_setting_is_group(element))
            continue; /* reported */
        source->n_levels = load_levels(&loader->site, element, "levels", source->levels);
        read_areas(loader, element, source);
        read_audio_from(loader, element, source);
    }
}

void load_source_hazards(struct loader *loader)
{
    struct config *config = loader->config;
    const config_setting_t *list = schema_list(document_root(&loader->site), "sources");
    size_t n = config->n_hazards < CONFIG_HAZARDS_MAX ? config->n_hazards : CONFIG_HAZARDS_MAX; /* more were reported */
    for (size_t i = 0; i < config->n_sources; i++)
        if (config_setting_is_group(schema_element(list, i)))
            config->sources[i].n_hazards = load_choose(&loader->site, schema_element(list, i), "hazards", config->hazards, n,
                                                       sizeof *config->hazards, config->sources[i].hazards);
}
