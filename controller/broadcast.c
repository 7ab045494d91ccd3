/* Deliveries and the judgement of their readings. */
#include "controller/broadcast.h"

#include "controller/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PENDING_MAX = 4096 }; /* readings; a second of 64 busy lines */

struct reading_list {
    size_t first, n;
    struct {
        uint32_t delivery;
        struct terminal_reading reading;
    } items[PENDING_MAX];
};

bool broadcast_has_output(const struct broadcast *broadcast)
{
    return broadcast->config->channels[broadcast->channel].has_output;
}

static struct delivery_terms terms_of(const struct broadcast *broadcast, const struct config_terminal *terminal)
{
    const struct config *config = broadcast->config;
    const struct profile *profile = terminal->hardware.profile;
    bool microphone = profile->level_kind == LEVEL_MICROPHONE;
    return (struct delivery_terms){
        .level_kind = broadcast_has_output(broadcast) ? profile->level_kind : LEVEL_NONE,
        .heard_level = isnan(terminal->hardware.heard_level) ? profile->heard_level : terminal->hardware.heard_level,
        .rise = microphone ? config->rise_microphone_db : config->rise_output_db,
        .readings_needed = microphone ? 2 : 1,
        .has_token = profile->token_field >= 0,
    };
}

/* Index of a terminal on its line. */
static uint16_t place_on_line(const struct config *config, uint32_t terminal)
{
    const struct config_line *line = &config->lines[config->terminals[terminal].line];
    for (size_t i = 0; i < line->n_terminals; i++)
        if (line->terminals[i] == terminal)
            return (uint16_t)i;
    return LINE_TERMINALS_MAX;
}

static bool add_line(struct broadcast *broadcast, uint32_t index)
{
    const struct config_line *line = &broadcast->config->lines[index];
    struct broadcast_line *mine = &broadcast->lines[broadcast->n_lines];
    mine->line = index;
    mine->delivery_of = malloc((line->n_terminals + 1) * sizeof *mine->delivery_of);
    if (!mine->delivery_of)
        return false;
    broadcast->n_lines++;
    for (size_t i = 0; i < line->n_terminals; i++)
        mine->delivery_of[i] = -1;
    return true;
}

static const struct config_message *message_of(const struct broadcast *broadcast);

static bool add_deliveries(struct broadcast *broadcast)
{
    const struct config *config = broadcast->config;
    const struct alert *alert = broadcast->alert;
    for (uint32_t l = 0; l < config->n_lines; l++)
        if (config->lines[l].channel == broadcast->channel && !add_line(broadcast, l))
            return false;
    for (size_t i = 0; i < alert->n_terminals; i++) {
        const struct config_terminal *terminal = &config->terminals[alert->terminals[i]];
        struct broadcast_line *line = broadcast_find_line(broadcast, terminal->line);
        if (!line)
            continue; /* on another channel */
        struct delivery *delivery = &broadcast->deliveries[broadcast->n_deliveries];
        struct delivery_terms terms = terms_of(broadcast, terminal);
        delivery_init(delivery, alert->terminals[i], &terms);
        delivery->people = alert->people ? alert->people[i] : 0;
        if (terminal->maintenance) {
            delivery->end = END_EXCLUDED;
            delivery->reason = REASON_MAINTENANCE;
            delivery->final = true;
        } else if (!broadcast_has_output(broadcast) && !message_of(broadcast)) {
            delivery->end = END_FAILED;
            delivery->reason = REASON_NO_MESSAGE;
            delivery->final = true;
        }
        line->delivery_of[place_on_line(config, alert->terminals[i])] = (int32_t)broadcast->n_deliveries++;
        line->n_meant += !delivery->final;
    }
    return true;
}

static bool has_words(const struct broadcast *broadcast, const struct alert_words *words)
{
    for (size_t i = 0; i < broadcast->n_languages; i++)
        if (broadcast->words[i] == words)
            return true;
    return false;
}

/* In the channel's order. Where the channel lists none of the alert's languages, what there is is better than nothing. */
static void choose_words(struct broadcast *broadcast)
{
    const struct config_channel *channel = &broadcast->config->channels[broadcast->channel];
    struct alert *alert = broadcast->alert;
    for (size_t l = 0; l < channel->n_languages; l++)
        for (size_t i = 0; i < alert->n_words; i++)
            if (words_same_language(channel->languages[l], alert->words[i].language) &&
                !has_words(broadcast, &alert->words[i]) && broadcast->n_languages < CONFIG_LANGUAGES_MAX)
                broadcast->words[broadcast->n_languages++] = &alert->words[i];
    if (broadcast->n_languages == 0)
        for (size_t i = 0; i < alert->n_words; i++)
            broadcast->words[broadcast->n_languages++] = &alert->words[i];
}

void broadcast_take_over(struct broadcast *broadcast, const struct broadcast *from)
{
    for (size_t i = 0; i < from->n_deliveries; i++) {
        const struct delivery *old = &from->deliveries[i];
        uint32_t line = from->config->terminals[old->terminal].line;
        struct delivery *delivery = broadcast_delivery(broadcast, line, place_on_line(from->config, old->terminal));
        if (!delivery)
            continue;
        delivery_take_over(delivery, old);
        broadcast->any_started |= delivery->is_started;
    }
}

struct broadcast *broadcast_create(const struct config *config, struct alert *alert, uint32_t channel, uint32_t id,
                                   uint16_t token, struct moment now)
{
    struct broadcast *broadcast = calloc(1, sizeof *broadcast);
    if (!broadcast)
        return NULL;
    *broadcast =
        (struct broadcast){.id = id, .alert = alert, .config = config, .channel = channel, .token = token, .began = now};
    broadcast->deliveries = calloc(alert->n_terminals + 1, sizeof *broadcast->deliveries);
    broadcast->lines = calloc(config->n_lines + 1, sizeof *broadcast->lines);
    broadcast->pending = calloc(1, sizeof *broadcast->pending);
    broadcast->first_repetition = alert->ended[channel] + 1;
    broadcast->repetitions = alert->repetitions_planned;
    broadcast->loudest_words = -120;
    choose_words(broadcast);
    if (!broadcast->deliveries || !broadcast->lines || !broadcast->pending || !add_deliveries(broadcast)) {
        broadcast_free(broadcast);
        return NULL;
    }
    return broadcast;
}

void broadcast_free(struct broadcast *broadcast)
{
    if (!broadcast)
        return;
    for (size_t i = 0; i < broadcast->n_lines; i++)
        free(broadcast->lines[i].delivery_of);
    for (size_t i = 0; i < CONFIG_LANGUAGES_MAX; i++)
        free(broadcast->closings[i].frames);
    free(broadcast->lines);
    free(broadcast->deliveries);
    free(broadcast->pending);
    free(broadcast);
}

struct broadcast_line *broadcast_find_line(struct broadcast *broadcast, uint32_t line)
{
    for (size_t i = 0; i < broadcast->n_lines; i++)
        if (broadcast->lines[i].line == line)
            return &broadcast->lines[i];
    return NULL;
}

struct delivery *broadcast_delivery(struct broadcast *broadcast, uint32_t line, uint16_t terminal)
{
    const struct broadcast_line *mine = broadcast_find_line(broadcast, line);
    if (!mine || terminal >= broadcast->config->lines[line].n_terminals || mine->delivery_of[terminal] < 0)
        return NULL;
    return &broadcast->deliveries[mine->delivery_of[terminal]];
}

static const struct config_message *message_in(const struct broadcast *broadcast, const char *language)
{
    const struct config_channel *channel = &broadcast->config->channels[broadcast->channel];
    const struct alert *alert = broadcast->alert;
    const char *hazard = broadcast->config->hazards[alert->hazard].id;
    for (size_t i = 0; i < channel->n_messages; i++) {
        const struct config_message *message = &channel->messages[i];
        if (strcmp(message->hazard, hazard) == 0 && message->level == alert->level &&
            message->exercise == (alert->message->status == STATUS_EXERCISE) && message->all_clear == alert->all_clear &&
            words_same_language(message->language, language))
            return message;
    }
    return NULL;
}

/* The stored message of a channel without output, in the first language of the alert that has one: in the channel's order, then
 * those that no voice speaks. */
static const struct config_message *message_of(const struct broadcast *broadcast)
{
    const struct alert_message *alert = broadcast->alert->message;
    const struct config_message *message = NULL;
    for (size_t i = 0; !message && i < broadcast->n_languages; i++)
        message = message_in(broadcast, broadcast->words[i]->language);
    for (size_t i = 0; !message && i < alert->n_infos; i++)
        message = message_in(broadcast, alert->infos[i].language);
    return message;
}

static void set_message(const struct broadcast *broadcast, struct line_member *member)
{
    const struct config_message *message = broadcast_has_output(broadcast) ? NULL : message_of(broadcast);
    if (message) {
        member->slot = message->slot;
        member->tone = message->tone;
    }
}

void broadcast_target(const struct broadcast *broadcast, const struct broadcast_line *line, uint32_t session,
                      struct line_target *target)
{
    const struct config_line *settings = &broadcast->config->lines[line->line];
    *target = (struct line_target){.session = session, .token = broadcast->token};
    for (size_t i = 0; i < settings->n_terminals; i++) {
        if (line->delivery_of[i] < 0 || broadcast->deliveries[line->delivery_of[i]].final)
            continue;
        struct line_member *member = &target->members[target->n_members++];
        member->terminal = (uint16_t)i;
        member->volume_percent = broadcast->config->terminals[settings->terminals[i]].volume_percent;
        set_message(broadcast, member);
    }
}

struct wall broadcast_wall(const struct broadcast *broadcast, struct mono at)
{
    return (struct wall){broadcast->began.wall.ms + mono_since(at, broadcast->began.mono) / 1000};
}

bool broadcast_keep_reading(struct broadcast *broadcast, uint32_t delivery, const struct terminal_reading *reading)
{
    struct reading_list *list = broadcast->pending;
    if (list->n == PENDING_MAX)
        return false;
    size_t at = (list->first + list->n++) % PENDING_MAX;
    list->items[at].delivery = delivery;
    list->items[at].reading = *reading;
    return true;
}

void broadcast_judge(struct broadcast *broadcast, const struct loudness *line, struct moment now, broadcast_told_fn *told,
                     void *context)
{
    struct reading_list *list = broadcast->pending;
    for (; list->n > 0; list->n--, list->first = (list->first + 1) % PENDING_MAX) {
        const struct terminal_reading *reading = &list->items[list->first].reading;
        struct delivery *delivery = &broadcast->deliveries[list->items[list->first].delivery];
        const struct profile *profile = broadcast->config->terminals[delivery->terminal].hardware.profile;
        struct mono from = mono_plus_ms(reading->level_requested, -(int64_t)profile->level_window_ms);
        struct mono words_began = {0};
        double mean = -120;
        enum loudness_verdict verdict = loudness_judge(line, from, reading->level_received, &mean, &words_began);
        if (verdict == LOUDNESS_NOT_YET)
            return;
        enum level_worth worth =
            delivery_take_level(delivery, reading, verdict, mean, broadcast->speech_mean, words_began, now);
        if (worth >= LEVEL_PROOF)
            told(context, delivery, reading, verdict, worth);
    }
}

static bool wants_level(const struct broadcast *broadcast, const struct delivery *delivery)
{
    if (broadcast->segment == SEGMENT_SILENCE)
        return delivery_wants_baseline(delivery);
    return broadcast->segment == SEGMENT_WORDS && delivery->has_baseline && delivery_wants_level(delivery);
}

static uint32_t level_window_ms(const struct broadcast *broadcast, const struct delivery *delivery)
{
    return broadcast->config->terminals[delivery->terminal].hardware.profile->level_window_ms;
}

bool broadcast_segment_lasts(struct broadcast *broadcast, uint32_t ms)
{
    uint32_t before = broadcast->segment_ms;
    bool opens = false;
    broadcast->segment_ms = ms;
    for (size_t i = 0; i < broadcast->n_deliveries && !opens; i++) {
        const struct delivery *delivery = &broadcast->deliveries[i];
        uint32_t window = level_window_ms(broadcast, delivery);
        opens = before < window && ms >= window && wants_level(broadcast, delivery);
    }
    return opens;
}

/* 0: wants what this segment gives; 1: nothing known of it since its start; 2: the rest; 3: better left alone for the moment,
 * so that no lost answer keeps it from being read when its silence can count. */
static int need(const struct broadcast *broadcast, const struct delivery *delivery)
{
    bool known = !delivery->starting || delivery->rung >= RUNG_SOUNDING;
    bool speech = broadcast->segment == SEGMENT_SILENCE || broadcast->segment == SEGMENT_WORDS;
    if (wants_level(broadcast, delivery) && broadcast->segment_ms >= level_window_ms(broadcast, delivery))
        return 0;
    if (!known)
        return speech ? 1 : 0;
    return broadcast->segment == SEGMENT_SILENCE && delivery_wants_baseline(delivery) ? 3 : 2;
}

size_t broadcast_verify_order(const struct broadcast *broadcast, const struct broadcast_line *line,
                              uint16_t order[LINE_TERMINALS_MAX])
{
    size_t n = 0, all = broadcast->config->lines[line->line].n_terminals;
    /* A silence is short: while it lasts only those that want it are read, again and again. */
    for (int wanted = 0; wanted <= 2 && !(wanted > 0 && n > 0 && broadcast->segment == SEGMENT_SILENCE); wanted++)
        for (size_t i = 0; i < all; i++) {
            if (line->delivery_of[i] < 0)
                continue;
            const struct delivery *delivery = &broadcast->deliveries[line->delivery_of[i]];
            if (!delivery->final && need(broadcast, delivery) == wanted)
                order[n++] = (uint16_t)i;
        }
    return n;
}

bool broadcast_sampled(const struct broadcast *broadcast)
{
    for (size_t i = 0; i < broadcast->n_deliveries; i++)
        if (!delivery_sampled(&broadcast->deliveries[i]))
            return false;
    return true;
}

/* A whole channel of several terminals that read as sounding, and not one hears: the fault is common to all, so it is ours. */
static bool nobody_hears(const struct broadcast *broadcast)
{
    size_t deaf = 0;
    for (size_t i = 0; i < broadcast->n_deliveries; i++) {
        const struct delivery *delivery = &broadcast->deliveries[i];
        if (delivery->rung == RUNG_HEARD)
            return false;
        deaf += delivery->rung == RUNG_SOUNDING && delivery->trouble == REASON_NONE &&
                delivery->counted >= delivery->terms.readings_needed && delivery->terms.level_kind != LEVEL_NONE;
    }
    return deaf >= 2;
}

void broadcast_finish(struct broadcast *broadcast, struct moment now)
{
    bool played = broadcast->loudest_words >= broadcast->speech_mean - 12;
    bool audio_ok = !broadcast_has_output(broadcast) || (played && !nobody_hears(broadcast));
    for (size_t i = 0; i < broadcast->n_deliveries; i++)
        delivery_finish(&broadcast->deliveries[i], broadcast->cause, audio_ok, now);
}

static void count_up(json_t *tally, const char *kind, const char *name)
{
    json_t *counts = json_object_get(tally, kind);
    json_object_set_new(counts, name, json_integer(json_integer_value(json_object_get(counts, name)) + 1));
}

void broadcast_tally(const struct broadcast *broadcast, json_t **tally)
{
    if (!*tally)
        *tally = json_pack("{s:{}, s:{}}", "counts", "ends");
    for (size_t i = 0; i < broadcast->n_deliveries; i++) {
        const struct delivery *delivery = &broadcast->deliveries[i];
        count_up(*tally, "counts", rung_name(delivery->rung));
        count_up(*tally, "ends", delivery->end == END_NONE ? "pending" : delivery_end_name(delivery->end));
    }
}
