/* What is said: a text for each hazard, and those for updates, all-clears, drills and corrections; in a file of their own,
 * which a site may replace once its people have agreed on the words. */
#include "config/load.h"
#include "config/slots.h"

#include <stdlib.h>
#include <string.h>

static const struct schema_item text_items[] = {
    {"zh", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config_text, in[TEXT_ZH])},
    {"en", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config_text, in[TEXT_EN])},
    {0},
};

const struct schema_item load_alert_text_items[] = {
    {"hazard", SCHEMA_REFERENCE, .initial = NULL},
    {"zh", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config_text, in[TEXT_ZH])},
    {"en", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config_text, in[TEXT_EN])},
    {0},
};

/* Behind the alerts in the order of enum text_key. */
const struct schema_item load_texts_items[] = {
    {"alerts", SCHEMA_LIST, .least = 1, .most = 200},
    {"update", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_UPDATE]), .items = text_items},
    {"all_clear", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_ALL_CLEAR]), .items = text_items},
    {"all_clear_begin", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_ALL_CLEAR_BEGIN]), .items = text_items},
    {"drill", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_DRILL]), .items = text_items},
    {"drill_begin", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_DRILL_BEGIN]), .items = text_items},
    {"drill_again", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_DRILL_AGAIN]), .items = text_items},
    {"drill_end", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_DRILL_END]), .items = text_items},
    {"drill_stopped", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_DRILL_STOPPED]), .items = text_items},
    {"correction", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_CORRECTION]), .items = text_items},
    {"correct_no_danger", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_CORRECT_NO_DANGER]), .items = text_items},
    {"correct_place", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_CORRECT_PLACE]), .items = text_items},
    {"flash_flood_here", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_FLASH_FLOOD_HERE]), .items = text_items},
    {"flash_flood_coming", SCHEMA_GROUP, .offset = offsetof(struct config, texts[TEXT_FLASH_FLOOD_COMING]),
     .items = text_items},
    {0},
};

/* Sets of slots. What is said by itself names whom it is for, who says so, and when. */
enum {
    WHOLE = 1 << SLOT_PLACES | 1 << SLOT_ISSUER | 1 << SLOT_TIME,
    WAY = 1 << SLOT_SHELTER | 1 << SLOT_ROUTE | 1 << SLOT_CLOSED,
    ALERT = WHOLE | WAY | 1 << SLOT_HAZARD | 1 << SLOT_POINT | 1 << SLOT_RIVER | 1 << SLOT_ZONE | 1 << SLOT_STATE |
            1 << SLOT_DIRECTION | 1 << SLOT_RESERVOIR | 1 << SLOT_OPERATOR | 1 << SLOT_START | 1 << SLOT_PHONE |
            1 << SLOT_NEWS | 1 << SLOT_ACTION,
};

struct use {
    uint32_t allowed, required;
};

/* A correction has no slot for what was said by mistake, so that it is not heard once more. */
static const struct use ALERT_USE = {ALERT, WHOLE};
static const struct use USE[TEXT_COUNT] = {
    [TEXT_UPDATE] = {WHOLE | WAY | 1 << SLOT_HAZARD | 1 << SLOT_ZONE | 1 << SLOT_NEWS | 1 << SLOT_PHONE,
                     WHOLE | 1 << SLOT_HAZARD | 1 << SLOT_NEWS},
    [TEXT_ALL_CLEAR] = {WHOLE | 1 << SLOT_HAZARD | 1 << SLOT_RETURN | 1 << SLOT_STAY | 1 << SLOT_PHONE,
                        WHOLE | 1 << SLOT_HAZARD | 1 << SLOT_RETURN | 1 << SLOT_STAY},
    [TEXT_DRILL] = {WHOLE | WAY | 1 << SLOT_HAZARD, WHOLE},
    [TEXT_CORRECTION] = {WHOLE | 1 << SLOT_WRONG_TIME | 1 << SLOT_CORRECT, WHOLE | 1 << SLOT_WRONG_TIME | 1 << SLOT_CORRECT},
    [TEXT_CORRECT_PLACE] = {1 << SLOT_RIGHT | 1 << SLOT_WRONG | 1 << SLOT_SHELTER,
                            1 << SLOT_RIGHT | 1 << SLOT_WRONG | 1 << SLOT_SHELTER},
};

static void check_text(const struct document *document, const config_setting_t *group, const struct config_text *text,
                       const struct use *use)
{
    for (size_t i = 0; i < TEXT_LANGUAGES; i++) {
        struct error error = {0};
        const config_setting_t *setting = config_setting_get_member(group, text_items[i].name);
        if (text->in[i][0] && !slots_check(text->in[i], use->allowed, use->required, &error))
            schema_mistake(document, setting, "%s: %s", text_items[i].name, error.message);
    }
}

/* Whoever hears only its beginning or only its end must know it for a drill. */
static void check_drill(const struct document *document, const config_setting_t *group, const struct config_text *text)
{
    static const char *const WORD[TEXT_LANGUAGES] = {"演习", "drill"};
    for (size_t i = 0; i < TEXT_LANGUAGES; i++)
        if (text->in[i][0] && !strcasestr(text->in[i], WORD[i]))
            schema_mistake(document, config_setting_get_member(group, text_items[i].name), "%s must say \"%s\"",
                           text_items[i].name, WORD[i]);
}

/* The text of one element goes to its hazard. A site's own table of hazards may leave out what is shipped. */
static void give_text(struct loader *loader, const struct document *document, const config_setting_t *element, bool shipped,
                      const struct config_text *text)
{
    struct config *config = loader->config;
    const char *id = "";
    config_setting_lookup_string(element, "hazard", &id);
    if (shipped && load_find(config->hazards, config->n_hazards, sizeof *config->hazards, id) < 0)
        return;
    int hazard = load_refer(document, element, "hazard", config->hazards, config->n_hazards, sizeof *config->hazards);
    if (hazard >= 0 && config->hazards[hazard].text.in[TEXT_ZH][0])
        schema_mistake(document, element, "the hazard \"%s\" stands twice in alerts", id);
    else if (hazard >= 0)
        config->hazards[hazard].text = *text;
}

/* "other" is the last hazard. */
static void fill_up(const struct document *document, const config_setting_t *list, struct config *config)
{
    if (!config->hazards || config->n_hazards == 0)
        return; /* reported with hazards.cfg */
    const struct config_text *other = &config->hazards[config->n_hazards - 1].text;
    if (!other->in[TEXT_ZH][0])
        schema_mistake(document, list, "a text for the last hazard, \"other\", is needed: it is said of all that have none");
    for (struct config_hazard *hazard = config->hazards; &hazard->text != other; hazard++) {
        if (hazard->text.in[TEXT_ZH][0])
            continue;
        schema_warning(document, list, "there is no text for the hazard \"%s\": that of \"other\" is said", hazard->id);
        hazard->text = *other;
    }
}

static void read_alert_texts(struct loader *loader, const struct document *document, bool shipped)
{
    const config_setting_t *root = document_root(document), *list = schema_list(root, "alerts");
    size_t n;
    struct config_text *texts = load_list(document, root, "alerts", load_alert_text_items, sizeof *texts, &n);
    for (size_t i = 0; i < n; i++) {
        const config_setting_t *element = schema_element(list, i);
        if (!config_setting_is_group(element))
            continue;
        check_text(document, element, &texts[i], &ALERT_USE);
        give_text(loader, document, element, shipped, &texts[i]);
    }
    free(texts);
    if (list)
        fill_up(document, list, loader->config);
}

static void check_texts(const struct document *document, const struct config *config)
{
    for (size_t key = 0; key < TEXT_COUNT; key++) {
        const config_setting_t *group = config_setting_get_member(document_root(document), load_texts_items[1 + key].name);
        if (!group || !config_setting_is_group(group))
            continue;
        check_text(document, group, &config->texts[key], &USE[key]);
        if (key == TEXT_DRILL_BEGIN || key == TEXT_DRILL_AGAIN || key == TEXT_DRILL_END)
            check_drill(document, group, &config->texts[key]);
    }
}

void load_texts(struct loader *loader)
{
    char path[PATH_MAX];
    if (!load_find_file(loader, "texts.cfg", path)) {
        reporter_say(&loader->reporter, path, 0, false,
                     "cannot be read: the shipped data should be there, or name its folder in "
                     "the environment as TOCSIN_DATA");
        return;
    }
    struct document document = {0};
    if (document_open(&document, path, loader->folder, loader->roots, &loader->reporter)) {
        size_t n = strlen(loader->folder);
        bool shipped = strncmp(path, loader->folder, n) != 0 || strcmp(path + n, "/texts.cfg") != 0;
        schema_read(&document, document_root(&document), load_texts_items, loader->config);
        read_alert_texts(loader, &document, shipped);
        check_texts(&document, loader->config);
    }
    document_close(&document);
}
