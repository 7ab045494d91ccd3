/* What is said of an alert. */
#include "controller/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct drill {
    const char *language, *before, *after, *closing, *stopped;
} DRILL[] = {
    {"zh", "演习，演习，这是演习，没有险情！", "这是演习。", "演习结束，没有险情，大家可以回家。", "演习停止！下面是真的！"},
    {"en", "Drill, drill, this is a drill, there is no danger! ", " This is a drill.",
     "The drill is over, there is no danger, you may go home.", "The drill has stopped. This is real! "},
};

/* begins: what words begin with that say so already. */
static const struct all_clear {
    const char *language, *before, *begins;
} ALL_CLEAR[] = {{"zh", "解除通知。", "解除"}, {"en", "All clear. ", "all clear"}};

bool words_same_language(const char *a, const char *b)
{
    size_t na = strcspn(a, "-_"), nb = strcspn(b, "-_");
    return na == nb && strncasecmp(a, b, na) == 0;
}

bool words_all_clear(const struct alert_info *info)
{
    for (size_t i = 0; i < info->n_response_types; i++)
        if (strcasecmp(info->response_types[i], "AllClear") == 0)
            return true;
    return info->urgency == URGENCY_PAST;
}

static const struct drill *drill_in(const char *language)
{
    for (size_t i = 0; i < sizeof DRILL / sizeof *DRILL; i++)
        if (words_same_language(DRILL[i].language, language))
            return &DRILL[i];
    return NULL;
}

static const struct all_clear *all_clear_in(const char *language)
{
    for (size_t i = 0; i < sizeof ALL_CLEAR / sizeof *ALL_CLEAR; i++)
        if (words_same_language(ALL_CLEAR[i].language, language))
            return &ALL_CLEAR[i];
    return NULL;
}

const char *words_drill_before(const char *language)
{
    const struct drill *drill = drill_in(language);
    return drill ? drill->before : NULL;
}

const char *words_drill_after(const char *language)
{
    const struct drill *drill = drill_in(language);
    return drill ? drill->after : NULL;
}

const char *words_drill_closing(const char *language)
{
    const struct drill *drill = drill_in(language);
    return drill ? drill->closing : NULL;
}

const char *words_drill_stopped(const char *language)
{
    const struct drill *drill = drill_in(language);
    return drill ? drill->stopped : NULL;
}

const char *words_all_clear_before(const char *language)
{
    const struct all_clear *all_clear = all_clear_in(language);
    return all_clear ? all_clear->before : NULL;
}

static size_t character_size(unsigned char first)
{
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

static double character_seconds(size_t size)
{
    return size >= 3 ? 1 / 3.6 : 1 / 14.0;
}

double words_seconds(const char *text)
{
    double seconds = 0;
    for (const char *p = text; *p;) {
        size_t size = character_size((unsigned char)*p);
        seconds += character_seconds(size);
        p += size;
    }
    return seconds;
}

static bool ends_sentence(const char *p)
{
    static const char *const ENDS[] = {"。", "！", "？", "；", "!", "?", ";", "\n"};
    for (size_t i = 0; i < sizeof ENDS / sizeof *ENDS; i++)
        if (strncmp(p, ENDS[i], strlen(ENDS[i])) == 0)
            return true;
    return *p == '.' && (p[1] == ' ' || p[1] == '\0'); /* not the point of 3.5 */
}

/* Cuts text where it would take longer than max_s: after the last whole sentence, or if there is none after the last character.
 */
static bool shorten(char *text, uint32_t max_s)
{
    double seconds = 0;
    char *sentence = NULL;
    for (char *p = text; *p;) {
        size_t size = character_size((unsigned char)*p);
        seconds += character_seconds(size);
        if (seconds > max_s) {
            *(sentence ? sentence : p) = '\0';
            return true;
        }
        if (ends_sentence(p))
            sentence = p + size;
        p += size;
    }
    return false;
}

static bool has_words(const char *text)
{
    return text && *text;
}

static const char *parameter(const struct alert_info *info, const char *name)
{
    for (size_t i = 0; i < info->n_parameters; i++)
        if (strcasecmp(info->parameters[i].name, name) == 0)
            return info->parameters[i].value;
    return NULL;
}

static char *join(const char *a, const char *between, const char *b)
{
    char *text = NULL;
    return asprintf(&text, "%s%s%s", a, between, b) < 0 ? NULL : text;
}

/* Not empty. */
static const char *last_character(const char *text)
{
    const char *p = text + strlen(text) - 1;
    while (p > text && ((unsigned char)*p & 0xC0) == 0x80)
        p--;
    return p;
}

/* A full stop is put where the headline has none, so that no voice runs it into the instruction. */
static char *headline_and_instruction(const struct alert_info *info)
{
    const char *headline = has_words(info->headline) ? info->headline : "";
    const char *instruction = has_words(info->instruction) ? info->instruction : "";
    if (!*headline || !*instruction)
        return join(headline, "", instruction);
    return join(headline,
                ends_sentence(last_character(headline))     ? " "
                : words_same_language(info->language, "zh") ? "。"
                                                            : ". ",
                instruction);
}

static char *frame_drill(char *text, const char *language)
{
    const struct drill *drill = drill_in(language);
    if (!drill)
        return text;
    char *framed = join(drill->before, text, drill->after);
    free(text);
    return framed;
}

static char *frame_all_clear(char *text, const char *language)
{
    const struct all_clear *all_clear = all_clear_in(language);
    if (!all_clear || strncasecmp(text, all_clear->begins, strlen(all_clear->begins)) == 0)
        return text;
    char *framed = join(all_clear->before, text, "");
    free(text);
    return framed;
}

char *words_choose(const struct alert_info *info, bool exercise, uint32_t max_s, bool *shortened)
{
    const char *speech = parameter(info, "speech");
    char *text = NULL;
    if (has_words(speech))
        text = strdup(speech);
    else if (has_words(info->headline) || has_words(info->instruction))
        text = headline_and_instruction(info);
    else if (has_words(info->text))
        text = strdup(info->text);
    if (!text)
        return NULL;
    *shortened = shorten(text, max_s);
    if (words_all_clear(info))
        text = frame_all_clear(text, info->language);
    if (!text)
        return NULL;
    return exercise ? frame_drill(text, info->language) : text;
}
