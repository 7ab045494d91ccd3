/* Between the desk and what it drives: what dispatchers ask for, and what lines, playouts and voices tell. */
#include "controller/desk_intern.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- ports of the dispatchers ---- */

struct number_done {
    struct dispatcher *dispatcher;
    uint32_t broadcast, number;
    dispatcher_done_fn *done;
};

static void on_recorded(void *context, int64_t seq, const struct error *error)
{
    (void)seq;
    struct number_done *waiting = context;
    waiting->done(waiting->dispatcher, waiting->broadcast, waiting->number, error->code == ERROR_NONE);
    free(waiting);
}

static struct number_done *wait_for(struct dispatcher *dispatcher, uint32_t broadcast, uint32_t number,
                                    dispatcher_done_fn *done)
{
    struct number_done *waiting = done ? malloc(sizeof *waiting) : NULL;
    if (waiting)
        *waiting = (struct number_done){dispatcher, broadcast, number, done};
    return waiting;
}

static uint32_t channel_of(const struct desk *desk, const struct dispatcher *dispatcher)
{
    uint32_t c = 0;
    while (c + 1 < desk->config->n_channels && desk->dispatchers[c] && desk->dispatchers[c] != dispatcher)
        c++; /* the one being created is not in the list yet: it is the first empty place */
    return c;
}

static void reserve_token(void *context, struct dispatcher *dispatcher, uint16_t token, dispatcher_done_fn *done)
{
    struct desk *desk = context;
    char name[64];
    journal_token_name(&desk->config->channels[channel_of(desk, dispatcher)], name);
    struct number_done *waiting = wait_for(dispatcher, 0, token, done);
    journal_number(&desk->journal, name, token, waiting ? on_recorded : NULL, waiting);
}

static void record_alert(void *context, struct dispatcher *dispatcher, struct alert *alert, uint32_t broadcast, uint32_t number,
                         dispatcher_done_fn *done)
{
    struct desk *desk = context;
    struct number_done *waiting = wait_for(dispatcher, broadcast, number, done);
    journal_alert(&desk->journal, alert, clock_read().wall, waiting ? on_recorded : NULL, waiting);
}

static void record_delivery(void *context, const struct broadcast *broadcast, const struct delivery *delivery)
{
    journal_delivery(&((struct desk *)context)->journal, broadcast, delivery);
}

static void record_reading(void *context, const struct broadcast *broadcast, const struct delivery *delivery,
                           const struct terminal_reading *reading, enum loudness_verdict verdict)
{
    journal_reading(&((struct desk *)context)->journal, broadcast, delivery, reading, verdict);
}

static void record_set_aside(void *context, struct broadcast *broadcast)
{
    struct desk *desk = context;
    speaker_forget(desk->speaker, desk->dispatchers[broadcast->channel], broadcast->id); /* its words would delay the other's */
    for (size_t i = 0; i < broadcast->n_deliveries; i++)
        journal_delivery(&desk->journal, broadcast, &broadcast->deliveries[i]);
    journal_alert(&desk->journal, broadcast->alert, clock_read().wall, NULL, NULL);
}

static void record_end(void *context, struct broadcast *broadcast)
{
    struct desk *desk = context;
    speaker_forget(desk->speaker, desk->dispatchers[broadcast->channel], broadcast->id);
    broadcast_tally(broadcast, &broadcast->alert->tally);
    for (size_t i = 0; i < broadcast->n_deliveries; i++)
        desk_record_end(desk, broadcast, &broadcast->deliveries[i]);
    desk_channel_done(desk, broadcast->alert, broadcast->cause);
}

static void tell_programme(void *context, const struct broadcast *broadcast, const struct playout_event *event)
{
    journal_programme(&((struct desk *)context)->journal, broadcast, event);
}

static void raise_alarm(void *context, const struct alert *alert, const char *what, const char *detail)
{
    journal_alarm(&((struct desk *)context)->journal, alert, what, detail);
}

static void speak(void *context, struct dispatcher *dispatcher, uint32_t broadcast, uint32_t index, const char *language,
                  const char *text)
{
    struct desk *desk = context;
    uint32_t rate = desk->config->channels[channel_of(desk, dispatcher)].playout.rate;
    speaker_ask(desk->speaker, dispatcher, broadcast, index, rate, language, text);
}

static void play(void *context, struct dispatcher *dispatcher, uint32_t broadcast, uint32_t index,
                 const struct speaker_clip *clip)
{
    struct desk *desk = context;
    uint32_t rate = desk->config->channels[channel_of(desk, dispatcher)].playout.rate;
    speaker_ask_clip(desk->speaker, dispatcher, broadcast, index, rate, clip);
}

static void play_recording(void *context, struct dispatcher *dispatcher, uint32_t broadcast, enum recording which)
{
    struct desk *desk = context;
    uint32_t rate = desk->config->channels[channel_of(desk, dispatcher)].playout.rate;
    speaker_ask_recording(desk->speaker, dispatcher, broadcast, rate, which);
}

void desk_on_spoken(void *context, void *of, uint32_t broadcast, uint32_t index, const struct speech *speech,
                    const struct error *error)
{
    (void)context;
    dispatcher_spoken(of, broadcast, index, speech, error, clock_read());
}

/* ---- events of the site ---- */

void desk_tell_line(struct desk *desk, uint32_t line, struct mono now)
{
    struct line_notice *notice = &desk->line_notices[line];
    char often[FLAP_TEXT_SIZE], words[sizeof notice->words + FLAP_TEXT_SIZE];
    bool known = notice->words[0] != '\0';
    if (!known || !flap_take(&notice->flap, notice->down, now, often))
        return;
    snprintf(words, sizeof words, "%s%s", notice->words, often);
    journal_line(&desk->journal, line, !notice->down, words);
    if (!notice->down)
        site_line_told_up(desk->site, line, now);
}

void desk_on_site_alarm(void *context, bool over, const char *what, const char *detail)
{
    const struct journal *journal = &((struct desk *)context)->journal;
    if (over)
        journal_alarm_over(journal, what, detail);
    else
        journal_alarm(journal, NULL, what, detail);
}

static void alarm_unasked(struct desk *desk, uint32_t line, const struct line_event *event)
{
    const struct config_terminal *terminal = &desk->config->terminals[desk->config->lines[line].terminals[event->terminal]];
    bool other = event->reading.when[WHEN_BUSY] == TRUTH_TRUE;
    char detail[400];
    text_print(detail, sizeof detail,
               other ? "%s (%s): another source plays there; it is left alone" : "%s (%s) sounds, and nobody asked it to",
               terminal->hardware.id, terminal->name);
    journal_alarm(&desk->journal, NULL, "unasked", detail);
}

static void on_line_event(void *context, uint32_t line, const struct line_event *event)
{
    struct desk *desk = context;
    if (event->kind == LINE_UP || event->kind == LINE_DOWN) {
        struct line_notice *notice = &desk->line_notices[line];
        notice->down = event->kind == LINE_DOWN;
        text_copy(notice->words, sizeof notice->words, site_line_words(desk->config->lines[line].hardware.id, event));
        desk_tell_line(desk, line, event->at);
    }
    if (event->kind == LINE_UNASKED)
        alarm_unasked(desk, line, event);
    site_alarms_take(desk->alarms, line, event);
    struct dispatcher *dispatcher = desk->dispatchers[desk->config->lines[line].channel];
    if (dispatcher)
        dispatcher_take_line_event(dispatcher, line, event, clock_read());
}

static void on_playout_event(void *context, uint32_t channel, const struct playout_event *event)
{
    struct desk *desk = context;
    if (desk->dispatchers[channel])
        dispatcher_take_playout_event(desk->dispatchers[channel], event, clock_read());
}

static void on_terminal_state(void *context, uint32_t terminal, const struct health_verdict *verdict)
{
    journal_terminal(&((struct desk *)context)->journal, terminal, verdict);
}

static void on_line_states(void *context, uint32_t line, const json_t *states)
{
    journal_line_states(&((struct desk *)context)->journal, line, states);
}

struct dispatcher_ports desk_dispatcher_ports(struct desk *desk)
{
    return (struct dispatcher_ports){
        .context = desk,
        .reserve_token = reserve_token,
        .record_alert = record_alert,
        .record_delivery = record_delivery,
        .record_reading = record_reading,
        .record_set_aside = record_set_aside,
        .record_end = record_end,
        .tell_programme = tell_programme,
        .alarm = raise_alarm,
        .speak = speak,
        .play = play,
        .recording = play_recording,
    };
}

struct site_ports desk_site_ports(struct desk *desk)
{
    return (struct site_ports){desk, on_line_event, on_playout_event, on_terminal_state, on_line_states};
}
