/* The desk's beginning, its clock, and its end. */
#include "controller/desk_intern.h"

#include "controller/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 100 };

/* May free it. */
static void tick_alert(struct desk *desk, struct alert *alert, struct moment at, bool trusted)
{
    bool begun = alert->state == ALERT_PREPARING || alert->state == ALERT_SOUNDING;
    if (trusted)
        desk_clock_found(alert);
    bool unchecked = alert->unchecked_until.us != 0; /* then what has begun does not go on to its end */
    if (alert->accepting)
        desk_accept_late(desk, alert, at.mono);
    else if (alert_state_ended(alert->state) || alert->wants_clock)
        return; /* its terminals are being stopped; or nothing can be said of its time */
    else if ((!begun || unchecked) && alert_expired(alert, at.mono, at.wall))
        desk_end(desk, alert, CAUSE_EXPIRED);
    else if (alert->state == ALERT_WAITING && desk_is_held(desk, alert, at))
        return;
    else if (alert->state == ALERT_WAITING && alert->effective.ms <= at.wall.ms)
        desk_dispatch(desk, alert);
    else if (alert->state == ALERT_RETURNING && !mono_before(at.mono, alert->return_at))
        desk_return(desk, alert, at);
    else
        desk_ask_before_lapse(desk, alert, at);
}

void desk_tick(struct desk *desk, struct moment now)
{
    bool trusted = clock_trusted();
    for (size_t i = desk->n_alerts; i-- > 0;)
        if (i < desk->n_alerts) /* one that ended may have taken another with it */
            tick_alert(desk, desk->alerts[i], now, trusted);
    for (uint32_t c = 0; c < desk->config->n_channels; c++)
        dispatcher_tick(desk->dispatchers[c], now);
    for (uint32_t l = 0; l < desk->config->n_lines; l++)
        desk_tell_line(desk, l, now.mono);
    site_tick(desk->site, now.mono);
    desk_keep_learnt(desk, now.mono);
    site_alarms_tick(desk->alarms, now.mono);
    desk_chase_signatures(desk, now.mono);
    desk_try_again(desk, now);
    desk_sum_refusals(desk, now.mono, false);
    desk_tell_head(desk, now.mono);
    desk_tidy(desk, now);
}

static void on_tick(uv_timer_t *timer)
{
    desk_tick(timer->data, clock_read());
}

/* ---- after a restart ---- */

static void resume_repetitions(const struct desk *desk, struct alert *alert, const json_t *detail)
{
    const json_t *by_channel = json_object_get(json_object_get(detail, "repetitions"), "by_channel");
    for (size_t c = 0; c < desk->config->n_channels; c++)
        alert->ended[c] = (uint32_t)json_integer_value(json_object_get(by_channel, desk->config->channels[c].id));
    desk_extend_again(alert, detail);
    alert->expected = json_incref(json_object_get(detail, "expected"));
    alert->programmes = (uint32_t)json_integer_value(json_object_get(detail, "programmes"));
}

/* The configuration may have changed meanwhile: what is not accepted any more ends here, and says why. */
static void refuse_stored(const struct desk *desk, const struct store_alert *row, const char *why)
{
    log_line(LOG_ALARM, "%s: the stored alert is not accepted any more: %s", row->id, why);
    struct store_alert end = *row;
    end.state_reason = (char *)why;
    text_copy(end.state, sizeof end.state, alert_state_name(ALERT_REFUSED));
    end.detail = json_copy(row->detail);
    json_object_set_new(end.detail, "state", json_string(end.state));
    json_object_set_new(end.detail, "reason", json_string(why));
    const struct decision refused = {"tocsin", "refused", json_pack("{s:s, s:s}", "code", "stored", "message", why)};
    journal_stored(&desk->journal, &end, clock_read().wall, &refused, NULL, NULL);
    json_decref(end.detail);
}

static void recall_deliveries(const struct desk *desk, struct alert *alert)
{
    json_t *rows = NULL;
    const json_t *row;
    struct error error = {0};
    size_t i;
    if (!store_load_deliveries(desk->store, alert->id, &rows, &error))
        log_line(LOG_ERROR, "%s: what was proved before cannot be read back: %s", alert->id, error.message);
    alert->deliveries = json_object();
    json_array_foreach(rows, i, row)
    {
        json_object_set(alert->deliveries, json_string_value(json_object_get(row, "terminal")), json_object_get(row, "detail"));
    }
    json_decref(rows);
}

/* The message refers to its bytes, so they are copied first. */
static bool decode_stored(struct alert *into, const struct store_alert *row, struct ebm_package **package, struct error *error)
{
    if (!media_parse(row->media_type, &into->media))
        return error_set(error, ERROR_UNSUPPORTED, "it was stored as %s, which is not known any more", row->media_type);
    into->bytes = malloc(row->n_bytes + 1);
    if (!into->bytes)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    memcpy(into->bytes, row->bytes, row->n_bytes);
    into->n_bytes = row->n_bytes;
    return reception_decode(into->media, (struct slice){into->bytes, into->n_bytes}, &into->message, package, error);
}

static struct alert *read_back(const struct desk *desk, const struct store_alert *row)
{
    struct alert stored = {0}, *alert = NULL;
    struct ebm_package *package = NULL;
    struct error error = {0};
    struct refusal refusal = {0};
    bool decoded = decode_stored(&stored, row, &package, &error);
    struct intake_terms terms = {desk->config, clock_read(), clock_trusted(), true, package};
    bool judged = decoded && intake_judge(&terms, stored.message, &alert, &refusal);
    ebm_package_free(package);
    if (!judged) {
        refuse_stored(desk, row, decoded ? refusal.message : error.message);
        alert_message_free(stored.message);
        free(stored.bytes);
        return NULL;
    }
    alert->media = stored.media;
    alert->bytes = stored.bytes;
    alert->n_bytes = stored.n_bytes;
    text_copy(alert->id, sizeof alert->id, row->id);
    alert->received = row->received;
    alert->durable = true;
    alert->stored = true;
    if (alert->sounds)
        resume_repetitions(desk, alert, row->detail);
    recall_deliveries(desk, alert);
    return alert;
}

static void resume_alert(struct desk *desk, const struct store_alert *row)
{
    struct alert *alert = read_back(desk, row);
    enum alert_state state = ALERT_QUEUED;
    alert_state_parse(row->state, &state);
    if (!alert || !alert->sounds || !desk_keep(desk, alert)) {
        alert_free(alert);
        return;
    }
    log_line(LOG_NOTE, "%s: taken up again, it was %s", alert->id, row->state);
    desk_gate_again(desk, alert, row->detail);
    alert->state = ALERT_WAITING; /* until it goes on */
    desk_fetch(desk, alert);
    if (!clock_trusted()) {
        if (state == ALERT_RETURNING) /* when it goes on, it returns */
            memset(alert->ended, 0, desk->config->n_channels * sizeof *alert->ended);
        desk_await_clock(desk, alert);
    } else if (alert->expires.ms <= clock_read().wall.ms)
        desk_end(desk, alert, CAUSE_EXPIRED);
    else if (desk_is_held(desk, alert, clock_read()) || alert->effective.ms > clock_read().wall.ms)
        alert->state = ALERT_WAITING;
    else if (state == ALERT_RETURNING && desk_is_in_force(desk, alert, clock_read()))
        desk_await_return_again(desk, alert, row->detail, clock_read());
    else
        desk_dispatch(desk, alert);
}

static bool resume_all(struct desk *desk, struct error *error)
{
    struct store_alert *rows = NULL;
    size_t n = 0;
    if (!store_load_open_alerts(desk->store, &rows, &n, error))
        return false;
    for (size_t i = 0; i < n; i++) {
        resume_alert(desk, &rows[i]);
        store_alert_clear(&rows[i]);
    }
    free(rows);
    return true;
}

static void take_key(void *context, const struct store_key *row)
{
    struct alert_key key = {0};
    text_copy(key.user, sizeof key.user, row->user);
    text_copy(key.key, sizeof key.key, row->key);
    text_copy(key.hash, sizeof key.hash, row->hash);
    text_copy(key.alert, sizeof key.alert, row->alert);
    idempotency_keep(context, &key, row->at);
}

/* ---- creation and end ---- */

static bool create_dispatchers(struct desk *desk, const uint16_t *tokens, struct error *error)
{
    const struct dispatcher_ports ports = desk_dispatcher_ports(desk);
    for (uint32_t c = 0; c < desk->config->n_channels; c++) {
        desk->dispatchers[c] = dispatcher_create(desk->config, c, site_lines(desk->site), site_playout(desk->site, c),
                                                 tokens[c], &ports, clock_read());
        if (!desk->dispatchers[c])
            return error_set(error, ERROR_NO_MEMORY, "channel %s: out of memory", desk->config->channels[c].id);
    }
    return true;
}

static bool create_site(struct desk *desk, const uint16_t *tokens, struct uv_loop_s *loop, struct error *error)
{
    const struct site_ports ports = desk_site_ports(desk);
    size_t n = desk->config->n_terminals;
    if (!desk_load_learnt(desk, error))
        return false;
    int64_t *answers_us = calloc(n + 1, sizeof *answers_us);
    if (!answers_us)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < n; i++)
        answers_us[i] = desk->learnt[i].stored_us;
    desk->site = site_create(desk->config, &(struct site_memory){tokens, answers_us}, &ports, loop, error);
    free(answers_us);
    return desk->site;
}

/* False without memory. No thread is made where nothing is ever fetched. */
static bool create_fetcher(struct desk *desk)
{
    for (size_t i = 0; !desk->fetcher && i < desk->config->n_sources; i++)
        if (desk->config->sources[i].n_audio_from > 0 && !(desk->fetcher = fetcher_create()))
            return false;
    return true;
}

static bool create_parts(struct desk *desk, struct uv_loop_s *loop, struct error *error)
{
    uint16_t *tokens = calloc(desk->config->n_channels + 1, sizeof *tokens);
    desk->dispatchers = calloc(desk->config->n_channels + 1, sizeof(struct dispatcher *));
    desk->keys = idempotency_create();
    desk->speaker = speaker_create(desk->config, loop, desk_on_spoken, desk);
    desk->line_notices = calloc(desk->config->n_lines + 1, sizeof *desk->line_notices);
    desk->alarms = site_alarms_create(desk->config, desk_on_site_alarm, desk);
    bool ok = tokens && desk->dispatchers && desk->keys && desk->speaker && desk->line_notices && desk->alarms;
    ok = ok && create_fetcher(desk);
    if (!ok)
        error_set(error, ERROR_NO_MEMORY, "out of memory");
    for (uint32_t c = 0; ok && c < desk->config->n_channels; c++) {
        char name[64];
        journal_token_name(&desk->config->channels[c], name);
        tokens[c] = (uint16_t)store_get_setting(desk->store, name, 0);
    }
    ok = ok && create_site(desk, tokens, loop, error);
    if (ok)
        desk_begin_trail(desk);
    ok = ok && create_dispatchers(desk, tokens, error) && store_load_keys(desk->store, take_key, desk->keys, error) &&
         desk_create_sent(desk, error) && desk_load_owed(desk, error) && resume_all(desk, error);
    if (ok)
        desk_load_remote(desk);
    free(tokens);
    return ok;
}

struct desk *desk_create(const struct config *config, struct store *store, struct uv_loop_s *loop, struct error *error)
{
    struct desk *desk = calloc(1, sizeof *desk);
    if (!desk) {
        error_set(error, ERROR_NO_MEMORY, "out of memory");
        return NULL;
    }
    desk->config = config;
    desk->store = store;
    desk->journal = (struct journal){config, store, desk_settled, desk};
    desk->next_number = (uint16_t)(uv_hrtime() >> 10);
    uv_timer_init(loop, &desk->tick);
    desk->tick.data = desk;
    if (!create_parts(desk, loop, error)) {
        desk_destroy(desk, 0);
        return NULL;
    }
    uv_timer_start(&desk->tick, on_tick, TICK_MS, TICK_MS);
    return desk;
}

struct site *desk_site(const struct desk *desk)
{
    return desk->site;
}

json_t *desk_channels_json(const struct desk *desk)
{
    json_t *list = json_array();
    for (size_t c = 0; c < desk->config->n_channels; c++) {
        const struct config_channel *channel = &desk->config->channels[c];
        const struct broadcast *broadcast = dispatcher_current(desk->dispatchers[c]);
        json_t *object = json_pack("{s:s, s:s, s:s}", "id", channel->id, "output",
                                   channel->has_output ? channel->playout.device : "none", "state",
                                   dispatcher_output_lost(desk->dispatchers[c]) ? "lost"
                                   : broadcast                                  ? "busy"
                                                                                : "free");
        if (broadcast)
            json_object_set_new(object, "alert", json_string(broadcast->alert->id));
        json_array_append_new(list, object);
    }
    return list;
}

bool desk_healthy(const struct desk *desk, char why[DESK_WHY_SIZE])
{
    struct error error;
    size_t down = desk->config->n_lines - site_lines_up(desk->site);
    why[0] = '\0';
    if (store_in_trouble(desk->store, &error))
        snprintf(why, DESK_WHY_SIZE, "nothing can be stored: %.300s", error.message);
    for (size_t c = 0; !*why && c < desk->config->n_channels; c++)
        if (dispatcher_output_lost(desk->dispatchers[c]))
            snprintf(why, DESK_WHY_SIZE, "the sound output of channel %s is lost", desk->config->channels[c].id);
    if (!*why && site_alarms_on_battery(desk->alarms, why, DESK_WHY_SIZE))
        return false;
    if (!*why && down > 0)
        snprintf(why, DESK_WHY_SIZE, "%zu of %zu lines are down", down, desk->config->n_lines);
    return !*why;
}

void desk_count(const struct desk *desk, struct desk_tally *tally)
{
    *tally = (struct desk_tally){0};
    memcpy(tally->ends, desk->ends, sizeof tally->ends);
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (!desk->alerts[i]->accepting && !desk->alerts[i]->over)
            tally->alerts[desk->alerts[i]->state]++;
}

void desk_silence(struct desk *desk)
{
    if (!desk || !desk->site)
        return;
    desk->ending = true;
    uv_timer_stop(&desk->tick);
    for (uint32_t c = 0; c < desk->config->n_channels; c++) {
        const struct broadcast *broadcast = desk->dispatchers[c] ? dispatcher_current(desk->dispatchers[c]) : NULL;
        if (broadcast)
            playout_stop(site_playout(desk->site, c), broadcast->id);
    }
    desk_keep_learnt_at_end(desk, clock_read().mono);
    desk_end_trail(desk);
    const struct line_target nothing = {0};
    for (size_t i = 0; i < desk->config->n_lines; i++)
        line_set_target(site_lines(desk->site)[i], &nothing);
}

static void on_tick_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void desk_destroy(struct desk *desk, uint32_t grace_ms)
{
    if (!desk)
        return;
    site_destroy(desk->site, grace_ms);
    speaker_free(desk->speaker);
    fetcher_free(desk->fetcher);
    idempotency_free(desk->keys);
    for (size_t c = 0; desk->dispatchers && c < desk->config->n_channels; c++)
        dispatcher_free(desk->dispatchers[c]);
    free(desk->dispatchers);
    free(desk->line_notices);
    site_alarms_free(desk->alarms);
    free(desk->learnt);
    desk_free_sent(desk);
    free(desk->signatures);
    for (size_t i = 0; i < desk->n_alerts; i++)
        alert_free(desk->alerts[i]);
    free(desk->alerts);
    uv_close((uv_handle_t *)&desk->tick, on_tick_closed);
}
