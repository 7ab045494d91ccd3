/* What is said of an alert. */
#include "controller/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

const char *words_text(const struct config *config, enum text_key key, const char *language)
{
    static const char *const TAGS[TEXT_LANGUAGES] = {[TEXT_ZH] = "zh", [TEXT_EN] = "en"};
    for (size_t i = 0; i < TEXT_LANGUAGES; i++)
        if (words_same_language(TAGS[i], language) && config->texts[key].in[i][0])
            return config->texts[key].in[i];
    return NULL;
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

/* A blank is no part of Chinese. */
static bool wants_blank(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && (unsigned char)text[n - 1] < 0x80;
}

static char *join(const char *a, const char *between, const char *b)
{
    char *text = NULL;
    return asprintf(&text, "%s%s%s", a, between, b) < 0 ? NULL : text;
}

char *words_join(const char *a, const char *b)
{
    return join(a, wants_blank(a) ? " " : "", b);
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

static char *put_before(const char *first, char *text)
{
    char *joined = first && text ? words_join(first, text) : text;
    if (joined != text)
        free(text);
    return joined;
}

static char *put_behind(char *text, const char *last)
{
    char *joined = last && text ? words_join(text, last) : text;
    if (joined != text)
        free(text);
    return joined;
}

char *words_frame_drill(const struct config *config, char *text, const char *language)
{
    return put_behind(put_before(words_text(config, TEXT_DRILL_BEGIN, language), text),
                      words_text(config, TEXT_DRILL_AGAIN, language));
}

static const char *text_if(bool said, const struct config *config, enum text_key key, const char *language)
{
    const char *text = said ? words_text(config, key, language) : NULL;
    return text ? text : "";
}

char *words_before_recording(const struct config *config, const char *language, bool cuts_off_drill, bool exercise,
                             bool all_clear)
{
    const char *stopped = text_if(cuts_off_drill, config, TEXT_DRILL_STOPPED, language),
               *drill = text_if(exercise, config, TEXT_DRILL_BEGIN, language),
               *clear = text_if(all_clear, config, TEXT_ALL_CLEAR_BEGIN, language);
    char *text = NULL;
    int n =
        asprintf(&text, "%s%s%s%s%s", stopped, wants_blank(stopped) ? " " : "", drill, wants_blank(drill) ? " " : "", clear);
    return n < 0 ? NULL : text;
}

/* Words that have it say it themselves, whatever mark follows. */
static char *frame_all_clear(const struct config *config, char *text, const char *language)
{
    const char *begin = words_text(config, TEXT_ALL_CLEAR_BEGIN, language);
    char said[sizeof config->texts[0].in[0]];
    text_print(said, sizeof said, "%.*s", begin ? (int)(last_character(begin) - begin) : 0, begin ? begin : "");
    return *said && text && !strcasestr(text, said) ? put_before(begin, text) : text;
}

char *words_choose(const struct config *config, const struct alert_info *info, bool exercise, bool *shortened)
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
    *shortened = shorten(text, config->max_speech_s);
    if (words_all_clear(info))
        text = frame_all_clear(config, text, info->language);
    return exercise ? words_frame_drill(config, text, info->language) : text;
}
