/* Loads a site's configuration in the order in which its parts refer to each other, and answers questions over it. */
#include "config/load.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const load_level_names[] = {"red", "orange", "yellow", "blue", "advisory", "daily", NULL};

const char *level_name(enum level level)
{
    return (unsigned)level < LEVEL_COUNT ? load_level_names[level] : "unknown";
}

/* The tables that the documentation must know. */
static const struct {
    const char *name;
    const struct schema_item *items;
} tables[] = {
    {"site", load_site_items},
    {"place", load_place_items},
    {"group", load_group_items},
    {"feature", load_feature_items},
    {"place group", load_place_group_items},
    {"contact", load_contact_items},
    {"source", load_source_items},
    {"certificate", load_certificate_items},
    {"user", load_user_items},
    {"channel", load_channel_items},
    {"message", load_message_items},
    {"line", load_line_items},
    {"terminal", load_terminal_items},
    {"hazards", load_hazards_items},
    {"hazard", load_hazard_items},
    {"level rule", load_rule_items},
    {"texts", load_texts_items},
    {"alert text", load_alert_text_items},
    {"profile", load_profile_items},
    {"field", load_field_items},
    {"command", load_command_items},
    {"write", load_write_items},
    {"ignore", load_ignore_items},
    {"night passage", load_passage_items},
};

const struct schema_item *schema_table(size_t i, const char **name)
{
    if (i >= sizeof tables / sizeof *tables)
        return NULL;
    *name = tables[i].name;
    return tables[i].items;
}

/* Real paths, so that later changes of the working folder do not matter. */
static bool find_folders(struct loader *loader, const char *path)
{
    char copy[PATH_MAX];
    const char *data = getenv("TOCSIN_DATA"); /* NOLINT(concurrency-mt-unsafe): read once at the start */
    data = data && data[0] ? data : TOCSIN_DATA;
    if (!text_copy(copy, sizeof copy, path) || !realpath(dirname(copy), loader->folder)) {
        reporter_say(&loader->reporter, path, 0, false, "cannot be read: %s", strerror(errno));
        return false;
    }
    if (!realpath(data, loader->data))
        text_copy(loader->data, sizeof loader->data, data); /* reported when something is wanted from there */
    loader->roots[0] = loader->folder;
    loader->roots[1] = loader->data;
    return true;
}

static void load_all(struct loader *loader, const char *path)
{
    if (document_open(&loader->site, path, loader->folder, loader->roots, &loader->reporter)) {
        load_settings(loader);
        load_places(loader);
        load_users(loader);
        load_hazards(loader);
        load_source_hazards(loader);
        load_night(loader);
        load_texts(loader);
        load_channels(loader);
        load_lines(loader);
        load_terminals(loader);
        load_places_end(loader);
    }
    document_close(&loader->site);
}

struct config *config_load(const char *path, config_report_fn *report, void *context)
{
    struct loader *loader = calloc(1, sizeof *loader);
    struct config *config = calloc(1, sizeof *config);
    struct reporter reporter = {report, context, 0};
    if (loader && config) {
        loader->config = config;
        loader->reporter = reporter;
        if (find_folders(loader, path))
            load_all(loader, path);
        reporter = loader->reporter;
    } else {
        reporter_say(&reporter, path, 0, false, "out of memory");
    }
    free(loader);
    if (reporter.mistakes == 0)
        return config;
    config_free(config);
    return NULL;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->n_lines; i++)
        free(config->lines[i].terminals);
    for (size_t i = 0; i < config->n_channels; i++)
        free(config->channels[i].messages);
    for (size_t i = 0; i < config->n_places; i++)
        place_release(&config->places[i]);
    for (size_t i = 0; i < config->n_hazards; i++)
        free(config->hazards[i].events);
    free(config->profiles);
    free(config->lines);
    free(config->channels);
    free(config->terminals);
    free(config->places);
    free(config->hazards);
    free(config->level_rules);
    for (size_t i = 0; i < config->n_sources; i++) {
        for (size_t c = 0; c < config->sources[i].n_certificates; c++)
            sm2_key_free(config->sources[i].certificates[c].key);
        free(config->sources[i].certificates);
    }
    free(config->sources);
    free(config->night.passage);
    for (size_t i = 0; i < config->n_users; i++)
        free(config->users[i].relays);
    free(config->users);
    free(config);
}

int config_find_terminal(const struct config *config, const char *id)
{
    return load_find(config->terminals, config->n_terminals, sizeof *config->terminals, id);
}
