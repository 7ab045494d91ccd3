/* The words of a broadcast: voices are asked for them, and what they answer goes to the playout. */
#include "controller/dispatcher_intern.h"

#include "controller/speaker.h"
#include "controller/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STORED_S = 30 /* a stored message of which we know no words, or those of a recording only */ };

/* The last sentences of a drill are one piece of sound, in the order of the languages, made when all have been spoken. */
static void give_closing(struct dispatcher *dispatcher, uint32_t rate)
{
    const struct broadcast *broadcast = dispatcher->current;
    size_t pause = rate / 2, n = 0, room = 0;
    for (size_t i = 0; i < CONFIG_LANGUAGES_MAX; i++)
        room += broadcast->closings[i].n + pause;
    int16_t *frames = calloc(room, sizeof *frames);
    if (!frames)
        return;
    for (size_t i = 0; i < CONFIG_LANGUAGES_MAX; i++) {
        if (broadcast->closings[i].n == 0)
            continue;
        n += n ? pause : 0;
        memcpy(frames + n, broadcast->closings[i].frames, broadcast->closings[i].n * sizeof *frames);
        n += broadcast->closings[i].n;
    }
    playout_words(dispatcher->playout, broadcast->id, PROGRAMME_CLOSING, frames, n);
    free(frames);
}

static void take_closing(struct dispatcher *dispatcher, uint32_t language, const struct speech *speech)
{
    struct broadcast *broadcast = dispatcher->current;
    int16_t *frames = speech ? malloc((speech->n_frames + 1) * sizeof *frames) : NULL;
    if (frames) {
        memcpy(frames, speech->frames, speech->n_frames * sizeof *frames);
        broadcast->closings[language].frames = frames;
        broadcast->closings[language].n = speech->n_frames;
    }
    broadcast->closings_open &= ~(1u << language);
    if (broadcast->closings_open == 0)
        give_closing(dispatcher, dispatcher->config->channels[dispatcher->channel].playout.rate);
}

/* Nobody is told to leave by an exercise, nor by a message that the danger is past. */
static enum recording recording_for(const struct alert *alert)
{
    if (alert->message->status == STATUS_EXERCISE)
        return RECORDING_DRILL;
    return alert->all_clear ? RECORDING_ALL_CLEAR : RECORDING_DANGER;
}

/* Asks for the shipped recording, and says so: it is better than a tone without words. */
static void fall_back(struct dispatcher *dispatcher)
{
    struct broadcast *broadcast = dispatcher->current;
    broadcast->fallback = true;
    broadcast->first_unspoken = false;
    broadcast->languages_open = 1;
    dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "no_words",
                            "no language of the alert could be spoken; the shipped recording follows the tone");
    dispatcher->ports.recording(dispatcher->ports.context, dispatcher, broadcast->id, recording_for(broadcast->alert));
}

/* A recording is framed by the same sentences as a text; a voice says them. */
static void play(struct dispatcher *dispatcher, uint32_t index, const char *before, const char *text)
{
    const struct broadcast *broadcast = dispatcher->current;
    const struct alert_words *words = broadcast->words[index];
    bool drill = broadcast->alert->message->status == STATUS_EXERCISE;
    const char *after = drill ? words_text(dispatcher->config, TEXT_DRILL_AGAIN, words->language) : NULL;
    const struct speaker_clip clip = {.recording = words->recording,
                                      .fetched = words->fetched,
                                      .language = words->language,
                                      .before = before,
                                      .after = after ? after : "",
                                      .framed = drill,
                                      .text = text};
    dispatcher->ports.play(dispatcher->ports.context, dispatcher, broadcast->id, index, &clip);
}

static void speak(struct dispatcher *dispatcher, uint32_t index)
{
    const struct config *config = dispatcher->config;
    const struct broadcast *broadcast = dispatcher->current;
    const struct alert_words *words = broadcast->words[index];
    const char *first = broadcast->cuts_off_drill ? words_text(config, TEXT_DRILL_STOPPED, words->language) : NULL;
    char *joined = first && *words->text ? words_join(first, words->text) : NULL; /* nothing is said before nothing */
    const char *text = joined ? joined : words->text;
    char *before = words->recording
                       ? words_before_recording(config, words->language, broadcast->cuts_off_drill,
                                                broadcast->alert->message->status == STATUS_EXERCISE, words->all_clear)
                       : NULL;
    if (before)
        play(dispatcher, index, before, text);
    else
        dispatcher->ports.speak(dispatcher->ports.context, dispatcher, broadcast->id, index, words->language, text);
    free(before);
    free(joined);
}

static void ask_voices(struct dispatcher *dispatcher)
{
    struct broadcast *broadcast = dispatcher->current;
    struct dispatcher_ports *ports = &dispatcher->ports;
    bool drill = broadcast->alert->message->status == STATUS_EXERCISE;
    for (uint32_t i = 0; i < broadcast->n_languages; i++) { /* all before the first answer */
        broadcast->languages_open |= 1u << i;
        if (drill && words_text(dispatcher->config, TEXT_DRILL_END, broadcast->words[i]->language))
            broadcast->closings_open |= 1u << i;
    }
    for (uint32_t i = 0; i < broadcast->n_languages; i++)
        speak(dispatcher, i);
    for (uint32_t i = 0; i < broadcast->n_languages; i++)
        if (broadcast->closings_open >> i & 1)
            ports->speak(ports->context, dispatcher, broadcast->id, PROGRAMME_CLOSING + i, broadcast->words[i]->language,
                         words_text(dispatcher->config, TEXT_DRILL_END, broadcast->words[i]->language));
    if (broadcast->n_languages == 0)
        fall_back(dispatcher);
}

/* Where terminals play their own messages nobody needs a voice: the programme lasts as long as the words would, in silence. */
static void keep_time(struct dispatcher *dispatcher)
{
    struct broadcast *broadcast = dispatcher->current;
    uint32_t rate = dispatcher->config->channels[dispatcher->channel].playout.rate;
    size_t n = broadcast->n_languages ? broadcast->n_languages : 1;
    for (uint32_t i = 0; i < n; i++) {
        double seconds = broadcast->n_languages ? words_seconds(broadcast->words[i]->text) : 0;
        seconds = seconds > 0 ? seconds : STORED_S;
        size_t n_frames = (size_t)lround(seconds * rate);
        int16_t *silence = calloc(n_frames, sizeof *silence);
        playout_words(dispatcher->playout, broadcast->id, i, silence, silence ? n_frames : 0);
        free(silence);
    }
}

void dispatcher_ask_words(struct dispatcher *dispatcher)
{
    if (broadcast_has_output(dispatcher->current))
        ask_voices(dispatcher);
    else
        keep_time(dispatcher);
}

/* A programme that returns does not tell the same again. */
static bool told_already(const struct alert *alert, const json_t *entry)
{
    size_t i;
    json_t *told;
    json_array_foreach(alert->not_spoken, i, told) if (json_equal(told, entry)) return true;
    return false;
}

static void not_spoken(struct dispatcher *dispatcher, uint32_t index, const char *reason)
{
    struct broadcast *broadcast = dispatcher->current;
    const char *language = broadcast->fallback ? "recording" : broadcast->words[index]->language;
    json_t *entry = json_pack("{s:s, s:s}", "language", language, "reason", reason);
    bool again = told_already(broadcast->alert, entry);
    if (!again)
        json_array_append(broadcast->alert->not_spoken, entry);
    json_decref(entry);
    if (again)
        return;
    dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "not_spoken", reason);
    dispatcher_record_alert(dispatcher, 0, NULL);
}

static void take_speech(struct dispatcher *dispatcher, uint32_t index, const struct speech *speech)
{
    struct broadcast *broadcast = dispatcher->current;
    if (broadcast->speech_mean == 0 || speech->mean_level < broadcast->speech_mean)
        broadcast->speech_mean = speech->mean_level;
    broadcast->words_ms[index] = (uint32_t)((uint64_t)speech->n_frames * 1000 / speech->rate);
    playout_words(dispatcher->playout, broadcast->id, index, speech->frames, speech->n_frames);
    if (speech->skipped[0])
        not_spoken(dispatcher, index, speech->skipped);
    if (speech->shortened && !broadcast->words[index]->shortened) {
        broadcast->words[index]->shortened = true;
        dispatcher_record_alert(dispatcher, 0, NULL);
    }
}

void dispatcher_spoken(struct dispatcher *dispatcher, uint32_t id, uint32_t index, const struct speech *speech,
                       const struct error *error, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    if (!broadcast || broadcast->id != id)
        return;
    if (index >= PROGRAMME_CLOSING) {
        take_closing(dispatcher, index - PROGRAMME_CLOSING, speech);
        return;
    }
    broadcast->languages_open &= ~(1u << index);
    if (speech) {
        take_speech(dispatcher, index, speech);
    } else {
        not_spoken(dispatcher, index, error->message);
        if (index != 0)
            playout_words(dispatcher->playout, id, index, NULL, 0);
        else
            broadcast->first_unspoken = true;
    }
    if (broadcast->languages_open == 0 && broadcast->first_unspoken) {
        bool none = broadcast->speech_mean == 0;
        if (none && !broadcast->fallback)
            fall_back(dispatcher);
        else
            playout_words(dispatcher->playout, id, 0, NULL, 0);
    }
    dispatcher_advance(dispatcher, now);
}
