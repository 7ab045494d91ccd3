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

bool words_all_clear(const struct alert_message *message, const struct alert_info *info)
{
    for (size_t i = 0; i < info->n_response_types; i++)
        if (strcasecmp(info->response_types[i], "AllClear") == 0)
            return true;
    return info->urgency == URGENCY_PAST && message->msg_type == MSG_UPDATE;
}

const char *words_own_tag(enum text_language language)
{
    static const char *const TAGS[TEXT_LANGUAGES] = {[TEXT_ZH] = "zh", [TEXT_EN] = "en"};
    return TAGS[language];
}

bool words_own_language(const char *tag, enum text_language *language)
{
    for (*language = 0; *language < TEXT_LANGUAGES; (*language)++)
        if (words_same_language(words_own_tag(*language), tag))
            return true;
    return false;
}

const char *words_text(const struct config *config, enum text_key key, const char *language)
{
    enum text_language own;
    return words_own_language(language, &own) && config->texts[key].in[own][0] ? config->texts[key].in[own] : NULL;
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

/* What the sender wants to be said aloud. */
static const char *speech_of(const struct alert_info *info)
{
    static const char *const NAMES[] = {"speech", "layer:SOREM:1.0:Broadcast_Text"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (has_words(parameter(info, NAMES[i])))
            return parameter(info, NAMES[i]);
    return NULL;
}

/* More Chinese characters than Latin letters. */
static bool is_chinese(const char *text)
{
    size_t chinese = 0, latin = 0;
    for (uint32_t c; text && *text;) {
        text += text_next(text, &c);
        chinese += (c >= 0x3400 && c <= 0x9FFF) || (c >= 0x20000 && c <= 0x3FFFF);
        latin += (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }
    return chinese > latin;
}

const char *words_language(const struct alert_info *info)
{
    static const char *const CHINESE[] = {"zho", "chi", "cmn", "yue", "wuu", "hak", "nan", "gan", "hsn"};
    const char *speech = speech_of(info), *tag = info->language;
    for (size_t i = 0; i < sizeof CHINESE / sizeof *CHINESE; i++)
        if (words_same_language(tag, CHINESE[i]))
            return "zh";
    if (words_same_language(tag, "eng"))
        tag = "en";
    if (!words_same_language(tag, "en"))
        return tag;
    const char *words = speech                      ? speech
                        : has_words(info->headline) ? info->headline
                        : has_words(info->text)     ? info->text
                                                    : info->event;
    return is_chinese(words) ? "zh" : tag;
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
static char *headline_and_instruction(const struct alert_info *info, const char *language)
{
    const char *headline = has_words(info->headline) ? info->headline : "";
    const char *instruction = has_words(info->instruction) ? info->instruction : "";
    if (!*headline || !*instruction)
        return join(headline, "", instruction);
    return join(headline,
                ends_sentence(last_character(headline)) ? " "
                : words_same_language(language, "zh")   ? "。"
                                                        : ". ",
                instruction);
}

static char *put_before(const char *first, char *text)
{
    if (!first || !text)
        return text;
    char *joined = words_join(first, text);
    free(text);
    return joined;
}

static char *put_behind(char *text, const char *last)
{
    if (!last || !text)
        return text;
    char *joined = words_join(text, last);
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

/* <event> is a text for people in CAP; where it is a code, nobody would understand it. */
static bool event_has_words(const struct alert_info *info)
{
    static const char of_codes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    return has_words(info->event) && info->event[strspn(info->event, of_codes)];
}

/* Shortened, and with what must be said around it; takes text, which may be NULL. */
static char *finish(const struct config *config, const struct alert_message *message, const struct alert_info *info, char *text,
                    bool *shortened)
{
    const char *language = words_language(info);
    if (!text)
        return NULL;
    *shortened = shorten(text, config->max_speech_s);
    if (words_all_clear(message, info))
        text = frame_all_clear(config, text, language);
    return message->status == STATUS_EXERCISE ? words_frame_drill(config, text, language) : text;
}

char *words_choose(const struct config *config, const struct alert_message *message, const struct alert_info *info,
                   bool *shortened)
{
    const char *speech = speech_of(info);
    char *text = NULL;
    if (speech)
        text = strdup(speech);
    else if (has_words(info->headline) || has_words(info->instruction))
        text = headline_and_instruction(info, words_language(info));
    else if (has_words(info->text))
        text = strdup(info->text);
    return finish(config, message, info, text, shortened);
}

char *words_of_event(const struct config *config, const struct alert_message *message, const struct alert_info *info,
                     bool *shortened)
{
    char *text = event_has_words(info) ? strdup(info->event) : NULL;
    return finish(config, message, info, text, shortened);
}
