/* Who may do what: logins of the API, the source that each acts for, and its rights. */
#include "config/load.h"

#include <stdlib.h>
#include <string.h>

static const char *const right_names[] = {"send",    "stop",    "extend",  "all_clear",
                                          "correct", "approve", "release", NULL}; /* enum right */

const char *right_name(enum right right)
{
    return (unsigned)right < RIGHT_COUNT ? right_names[right] : "unknown";
}

const struct schema_item load_user_items[] = {
    {"login", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config_user, login)},
    {"source", SCHEMA_REFERENCE, .initial = NULL},
    {"relays", SCHEMA_LIST, 0, 100, .initial = ""},
    {"rights", SCHEMA_LIST, 0, RIGHT_COUNT, .initial = ""},
    {0},
};

static void read_rights(const struct document *document, const config_setting_t *element, struct config_user *user)
{
    const config_setting_t *list = schema_list(element, "rights");
    user->rights = list ? 0 : (1U << RIGHT_COUNT) - 1;
    for (size_t i = 0; i < schema_length(list); i++) {
        const char *name = schema_text(document, schema_element(list, i), "each of rights");
        struct nearest nearest = nearest_to(name ? name : "");
        unsigned right = 0;
        while (name && right < RIGHT_COUNT && strcmp(right_names[right], name) != 0)
            nearest_try(&nearest, right_names[right++]);
        char text[80];
        if (name && right < RIGHT_COUNT)
            user->rights |= 1U << right;
        else if (name)
            schema_mistake(document, schema_element(list, i), "\"%s\" is no right%s", name, nearest_text(&nearest, text));
    }
}

static void read_relays(const struct loader *loader, const config_setting_t *element, struct config_user *user)
{
    const struct config *config = loader->config;
    const config_setting_t *list = schema_list(element, "relays");
    if (schema_length(list) == 0)
        return;
    user->relays = calloc(schema_length(list), sizeof *user->relays);
    for (size_t i = 0; user->relays && i < schema_length(list); i++) {
        const char *id = schema_text(&loader->site, schema_element(list, i), "each of relays");
        int source = id ? load_find(config->sources, config->n_sources, sizeof *config->sources, id) : -1;
        if (source >= 0)
            user->relays[user->n_relays++] = (uint32_t)source;
        else if (id)
            schema_mistake(&loader->site, schema_element(list, i), "relays names \"%s\", which is no source", id);
    }
}

static void check_source(const struct loader *loader, const config_setting_t *element, const struct config_user *user)
{
    if (strcmp(loader->config->sources[user->source].sender, "*") == 0)
        schema_mistake(&loader->site, element, "%s acts for a source whose sender is \"*\": it must have one of its own",
                       user->login);
}

void load_users(struct loader *loader)
{
    struct config *config = loader->config;
    const config_setting_t *root = document_root(&loader->site), *list = schema_list(root, "users");
    config->users = load_list(&loader->site, root, "users", load_user_items, sizeof *config->users, &config->n_users);
    load_check_unique(&loader->site, list, config->users, config->n_users, sizeof *config->users);
    for (size_t i = 0; i < config->n_users; i++) {
        const config_setting_t *element = schema_element(list, i);
        struct config_user *user = &config->users[i];
        int source = load_refer(&loader->site, element, "source", config->sources, config->n_sources, sizeof *config->sources);
        if (!config_setting_is_group(element))
            continue;
        read_rights(&loader->site, element, user);
        read_relays(loader, element, user);
        if (source < 0)
            continue;
        user->source = (uint32_t)source;
        check_source(loader, element, user);
    }
    if (config->n_users == 0)
        schema_warning(
            &loader->site, root,
            "without users nobody acts for a source: alerts in parts, all-clears and corrections can only come as CAP");
}
