/* Random lives of a whole site in virtual time: alerts, updates, cancels, all-clears, stops, extensions, terminals that fail,
 * and crashes between any two changes on disk; held against what must always be so:
 *
 *   - no accepted alert is lost: it is live, or on disk with its end, and at last each has ended, with an end for each
 * delivery;
 *   - none sounds after its end, also not after a crash once that end was answered;
 *   - no repetition that the disk knows as ended is played again in the same programme;
 *   - no lower alert sounds while a higher one could.
 *
 * Real: desk, intake, dispatchers, deliveries, journal. Faked: disk, lines, cards, voices, clock. SEQUENCES says how many
 * lives; the seed of one that fails is printed, and SEED repeats it. */
#include "controller/broadcast.h"
#include "controller/desk_intern.h"
#include "controller/precedence.h"

#include "tests/controller/site_fixture.h"

enum { ALERTS_MAX = 8, STEPS = 80, DRAIN = 4000, ROWS_MAX = 64, PENDING_MAX = 4096, SETTINGS_MAX = 8, USUAL = 200 };

/* An alert's row, its deliveries, and what it references. */
struct row {
    struct store_alert alert;
    json_t *deliveries; /* {terminal: {rung, end, detail}} */
    struct store_reference references[2];
    size_t n_references;
};

struct change {
    struct row row; /* id "": none */
    struct {
        char alert[ALERT_ID_SIZE], terminal[33];
        json_t *row;
    } deliveries[N_TERMINALS];
    size_t n_deliveries;
    char setting[64];
    int64_t value;
    bool with_next; /* one change with the one behind it */
    store_done_fn *done;
    void *context;
};

/* What a sender was told. */
struct promise {
    char id[ALERT_ID_SIZE];
    bool kept_to_end; /* answered: it is over */
    bool durable;
};

static struct {
    struct fixture fixture;
    uv_loop_t loop;
    struct desk *desk;
    struct site_ports site_ports;
    int64_t ms;
    uint64_t random, seed;
    bool good_disk; /* takes each change at once */
    bool crashed;   /* nothing that is answered now reaches anybody, and the disk takes nothing */
    struct row rows[ROWS_MAX];
    size_t n_rows;
    struct change *pending[PENDING_MAX];
    size_t n_pending;
    bool holding;
    struct {
        char name[64];
        int64_t value;
    } settings[SETTINGS_MAX];
    size_t n_settings;
    struct promise promises[ROWS_MAX];
    size_t n_promises;
    unsigned n_sent;
    struct {
        struct line_target target;
    } lines[3];
    struct {
        uint32_t broadcast, allowed, repetitions, played;
        bool loaded, due_told, stopping;
    } cards[2];
} * world;

static uint32_t chance(uint32_t n)
{
    world->random = world->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(world->random >> 33) % n;
}

static void __attribute__((format(printf, 1, 2))) broken(const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fail_msg("seed %llu: %s", (unsigned long long)world->seed, text);
}

/* ---- the disk ---- */

static void row_clear(struct row *row)
{
    store_alert_clear(&row->alert);
    json_decref(row->deliveries);
    for (size_t i = 0; i < row->n_references; i++) {
        free((char *)row->references[i].sender);
        free((char *)row->references[i].identifier);
    }
    *row = (struct row){0};
}

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

static struct store_alert alert_copy(const struct store_alert *from)
{
    struct store_alert to = *from;
    to.sender = copy(from->sender);
    to.identifier = copy(from->identifier);
    to.sent = copy(from->sent);
    to.state_reason = copy(from->state_reason);
    to.detail = json_deep_copy(from->detail);
    to.bytes = from->bytes ? malloc(from->n_bytes + 1) : NULL;
    if (to.bytes)
        memcpy(to.bytes, from->bytes, from->n_bytes);
    return to;
}

void store_alert_clear(struct store_alert *alert)
{
    free(alert->sender);
    free(alert->identifier);
    free(alert->sent);
    free(alert->bytes);
    free(alert->state_reason);
    json_decref(alert->detail);
    *alert = (struct store_alert){0};
}

static struct row *find_row(const char *id)
{
    for (size_t i = 0; i < world->n_rows; i++)
        if (strcmp(world->rows[i].alert.id, id) == 0)
            return &world->rows[i];
    return NULL;
}

static struct change *change_copy(const struct store_change *from, store_done_fn *done, void *context)
{
    struct change *to = calloc(1, sizeof *to);
    to->done = done;
    to->context = context;
    if (from->alert)
        to->row.alert = alert_copy(from->alert);
    for (size_t i = 0; i < from->n_references && i < 2; i++) {
        to->row.references[i] = from->references[i];
        to->row.references[i].sender = copy(from->references[i].sender);
        to->row.references[i].identifier = copy(from->references[i].identifier);
        to->row.n_references++;
    }
    for (size_t i = 0; i < from->n_deliveries; i++) {
        const struct store_delivery *d = &from->deliveries[i];
        assert_true(to->n_deliveries < N_TERMINALS);
        text_copy(to->deliveries[to->n_deliveries].alert, ALERT_ID_SIZE, d->alert);
        text_copy(to->deliveries[to->n_deliveries].terminal, 33, d->terminal);
        to->deliveries[to->n_deliveries++].row = json_pack("{s:s, s:s, s:s, s:o}", "terminal", d->terminal, "rung", d->rung,
                                                           "end", d->end, "detail", json_deep_copy(d->detail));
    }
    if (from->setting) {
        text_copy(to->setting, sizeof to->setting, from->setting);
        to->value = from->setting_value;
    }
    return to;
}

static void change_free(struct change *change)
{
    row_clear(&change->row);
    for (size_t i = 0; i < change->n_deliveries; i++)
        json_decref(change->deliveries[i].row);
    free(change);
}

static void put_row(struct change *change)
{
    struct row *row = find_row(change->row.alert.id);
    if (!row) {
        assert_true(world->n_rows < ROWS_MAX);
        row = &world->rows[world->n_rows++];
        row->deliveries = json_object();
    }
    if (!change->row.alert.bytes) {
        change->row.alert.bytes = row->alert.bytes;
        change->row.alert.n_bytes = row->alert.n_bytes;
        row->alert.bytes = NULL;
    }
    change->row.deliveries = json_incref(row->deliveries);
    row_clear(row);
    *row = change->row;
    change->row = (struct row){0};
}

static void put_setting(const struct change *change)
{
    size_t i = 0;
    while (i < world->n_settings && strcmp(world->settings[i].name, change->setting) != 0)
        i++;
    assert_true(i < SETTINGS_MAX);
    world->n_settings += i == world->n_settings;
    text_copy(world->settings[i].name, sizeof world->settings[i].name, change->setting);
    world->settings[i].value = change->value;
}

static void put(struct change *change)
{
    if (*change->row.alert.id)
        put_row(change);
    for (size_t i = 0; i < change->n_deliveries; i++) {
        struct row *row = find_row(change->deliveries[i].alert);
        if (!row)
            broken("a delivery without its alert, %s", change->deliveries[i].alert);
        json_object_set(row->deliveries, change->deliveries[i].terminal, change->deliveries[i].row);
    }
    if (*change->setting)
        put_setting(change);
}

/* The disk takes the oldest changes; after a crash it takes none, and whoever waits is told so. */
static void disk_takes(size_t n)
{
    for (bool goes_on = false; (goes_on || n > 0) && world->n_pending > 0; n -= !goes_on) {
        struct change *change = world->pending[0];
        goes_on = change->with_next;
        struct error error = {0};
        memmove(world->pending, world->pending + 1, --world->n_pending * sizeof(struct change *));
        if (world->crashed)
            error_set(&error, ERROR_IO, "crashed");
        else
            put(change);
        if (change->done)
            change->done(change->context, 0, &error);
        change_free(change);
    }
}

void store_commit(struct store *store, const struct store_change *change, store_done_fn *done, void *context)
{
    (void)store;
    assert_true(world->n_pending < PENDING_MAX);
    world->pending[world->n_pending] = change_copy(change, done, context);
    world->pending[world->n_pending++]->with_next = world->holding;
}

void store_hold(struct store *store)
{
    (void)store;
    world->holding = true;
}

void store_release(struct store *store)
{
    (void)store;
    world->holding = false;
    if (world->n_pending > 0)
        world->pending[world->n_pending - 1]->with_next = false;
}

bool store_in_trouble(const struct store *store, struct error *why)
{
    (void)store, (void)why;
    return false;
}

static json_t *rows_of(const json_t *deliveries)
{
    json_t *rows = json_array(), *row;
    const char *terminal;
    json_object_foreach((json_t *)deliveries, terminal, row) json_array_append(rows, row);
    return rows;
}

bool store_load_deliveries(struct store *store, const char *alert, json_t **rows, struct error *error)
{
    (void)store, (void)error;
    struct row *row = find_row(alert);
    *rows = row ? rows_of(row->deliveries) : json_array();
    return true;
}

void store_get_alert(struct store *store, const char *id, store_result_fn *done, void *context)
{
    (void)store;
    struct row *row = find_row(id);
    struct error error = {0};
    if (!row)
        error_set(&error, ERROR_NOT_FOUND, "no alert is called %s", id);
    done(context, row ? json_pack("{s:s, s:s, s:O}", "id", id, "state", row->alert.state, "detail", row->alert.detail) : NULL,
         &error);
}

void store_list_deliveries(struct store *store, const char *alert, store_result_fn *done, void *context)
{
    json_t *rows = NULL;
    struct error error = {0};
    store_load_deliveries(store, alert, &rows, &error);
    done(context, rows, &error);
}

bool store_find_referring(struct store *store, const struct store_reference *to, store_referring_fn *each, void *context,
                          struct error *error)
{
    (void)store, (void)error;
    for (size_t i = 0; i < world->n_rows; i++) {
        const struct row *row = &world->rows[i];
        for (size_t r = 0; r < row->n_references; r++)
            if (strcmp(row->references[r].identifier, to->identifier) == 0 && strcmp(row->alert.state, "refused") != 0 &&
                strcmp(row->alert.state, "waiting") != 0)
                each(context, &(struct store_referring){row->alert.id, row->alert.sender,
                                                        json_string_value(json_object_get(row->alert.detail, "status")),
                                                        json_string_value(json_object_get(row->alert.detail, "msg_type")),
                                                        json_is_true(json_object_get(row->alert.detail, "all_clear"))});
    }
    return true;
}

bool store_find_key(struct store *store, const char *sender, const char *identifier, const char *sent,
                    struct store_alert *alert, bool *found, struct error *error)
{
    (void)store, (void)sent, (void)error;
    for (size_t i = 0; i < world->n_rows && !*found; i++)
        if (strcmp(world->rows[i].alert.identifier, identifier) == 0 && strcmp(world->rows[i].alert.sender, sender) == 0) {
            *alert = alert_copy(&world->rows[i].alert);
            *found = true;
        }
    return true;
}

bool store_find_alert(struct store *store, const char *id, struct store_alert *alert, bool *found, struct error *error)
{
    (void)store, (void)error;
    for (size_t i = 0; i < world->n_rows && !*found; i++)
        if (strcmp(world->rows[i].alert.id, id) == 0) {
            *alert = alert_copy(&world->rows[i].alert);
            *found = true;
        }
    return true;
}

bool store_load_open_alerts(struct store *store, struct store_alert **alerts, size_t *n, struct error *error)
{
    (void)store, (void)error;
    *alerts = calloc(ROWS_MAX, sizeof **alerts);
    for (size_t i = 0; i < world->n_rows; i++) {
        enum alert_state state;
        if (alert_state_parse(world->rows[i].alert.state, &state) && !alert_state_ended(state))
            (*alerts)[(*n)++] = alert_copy(&world->rows[i].alert);
    }
    return true;
}

bool store_has_alert(struct store *store, const char *id)
{
    (void)store;
    return find_row(id);
}

bool store_load_keys(struct store *store, void (*each)(void *context, const struct store_key *key), void *context,
                     struct error *error)
{
    (void)store, (void)each, (void)context, (void)error;
    return true;
}

int64_t store_get_setting(struct store *store, const char *name, int64_t otherwise)
{
    (void)store;
    for (size_t i = 0; i < world->n_settings; i++)
        if (strcmp(world->settings[i].name, name) == 0)
            return world->settings[i].value;
    return otherwise;
}

bool store_load_settings(struct store *store, const char *prefix, store_setting_fn *each, void *context, struct error *error)
{
    (void)store, (void)prefix, (void)each, (void)context, (void)error;
    return true;
}

bool store_audit_head(struct store *store, struct audit_link *head)
{
    (void)store;
    *head = (struct audit_link){0};
    return true;
}

/* ---- the site ---- */

struct moment clock_read(void)
{
    return (struct moment){{world->ms * 1000}, {fixture_sent().ms + 10000 + world->ms}};
}

bool clock_trusted(void)
{
    return true;
}

struct site *site_create(const struct config *config, const struct site_memory *memory, const struct site_ports *ports,
                         struct uv_loop_s *loop, struct error *error)
{
    (void)config, (void)memory, (void)loop, (void)error;
    world->site_ports = *ports;
    return (struct site *)world;
}

void site_tick(struct site *site, struct mono now)
{
    (void)site, (void)now;
}

void site_line_told_up(struct site *site, uint32_t line, struct mono now)
{
    (void)site, (void)line, (void)now;
}

void site_view_terminal(const struct site *site, uint32_t terminal, struct mono now, struct terminal_view *view)
{
    (void)site, (void)terminal, (void)now;
    *view = (struct terminal_view){.verdict = (struct health_verdict){.state = HEALTH_UNKNOWN}};
}

int64_t site_answer_us(const struct site *site, uint32_t terminal)
{
    (void)site, (void)terminal;
    return 0;
}

void site_destroy(struct site *site, uint32_t grace_ms)
{
    (void)site, (void)grace_ms;
}

struct line *const *site_lines(const struct site *site)
{
    static struct line *lines[3];
    (void)site;
    for (size_t l = 0; l < 3; l++)
        lines[l] = (struct line *)(uintptr_t)(l + 1);
    return lines;
}

struct playout *site_playout(const struct site *site, uint32_t channel)
{
    (void)site;
    return (struct playout *)(uintptr_t)(channel + 1);
}

size_t site_lines_up(const struct site *site)
{
    (void)site;
    return 3;
}

static uint32_t channel_of(const struct playout *playout)
{
    return (uint32_t)(uintptr_t)playout - 1;
}

struct speaker *speaker_create(const struct config *config, struct uv_loop_s *loop, speaker_fn *spoken, void *context)
{
    (void)config, (void)loop, (void)spoken, (void)context;
    return (struct speaker *)world;
}

void speaker_free(struct speaker *speaker)
{
    (void)speaker;
}

/* No voice is asked here: what the card plays does not need words. */
void speaker_ask(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t index, uint32_t rate, const char *language,
                 const char *text)
{
    (void)speaker, (void)of, (void)broadcast, (void)index, (void)rate, (void)language, (void)text;
}

void speaker_ask_clip(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t index, uint32_t rate,
                      const struct speaker_clip *clip)
{
    speaker_ask(speaker, of, broadcast, index, rate, clip->language, clip->text);
}

void speaker_ask_recording(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t rate, enum recording which)
{
    (void)speaker, (void)of, (void)broadcast, (void)rate, (void)which;
}

void speaker_forget(struct speaker *speaker, const void *of, uint32_t broadcast)
{
    (void)speaker, (void)of, (void)broadcast;
}

void line_set_target(struct line *line, const struct line_target *target)
{
    world->lines[(uintptr_t)line - 1].target = *target;
}

void line_set_verify(struct line *line, const uint16_t *terminals, size_t n)
{
    (void)line, (void)terminals, (void)n;
}

void playout_load(struct playout *playout, struct programme *programme, uint32_t broadcast)
{
    uint32_t c = channel_of(playout);
    programme_free(programme);
    memset(&world->cards[c], 0, sizeof world->cards[c]);
    world->cards[c].loaded = true;
    world->cards[c].broadcast = broadcast;
}

static const struct broadcast *sounding(uint32_t channel)
{
    return dispatcher_current(world->desk->dispatchers[channel]);
}

static const struct promise *promised(const char *id)
{
    for (size_t i = 0; i < world->n_promises; i++)
        if (strcmp(world->promises[i].id, id) == 0)
            return &world->promises[i];
    return NULL;
}

/* What the disk knows of a channel's programme of this alert. */
static uint32_t ended_on_disk(const struct alert *alert, uint32_t channel)
{
    const struct row *row = find_row(alert->id);
    const json_t *detail = row ? row->alert.detail : NULL;
    if (!row || strcmp(row->alert.state, "returning") == 0 || /* then it is of the programme before */
        (uint32_t)json_integer_value(json_object_get(detail, "programmes")) != alert->programmes)
        return 0;
    const json_t *by_channel = json_object_get(json_object_get(detail, "repetitions"), "by_channel");
    return (uint32_t)json_integer_value(json_object_get(by_channel, world->fixture.channels[channel].id));
}

void playout_allow(struct playout *playout, uint32_t id, uint32_t repetition)
{
    uint32_t c = channel_of(playout);
    const struct broadcast *broadcast = sounding(c);
    if (!broadcast || broadcast->id != id)
        broken("channel %u: allowed what does not run", c);
    const struct alert *alert = broadcast->alert;
    const struct promise *promise = promised(alert->id);
    if (alert_state_ended(alert->state) || (promise && promise->kept_to_end))
        broken("%s sounds after its end", alert->id);
    if (repetition <= ended_on_disk(alert, c))
        broken("%s: repetition %u again on channel %u", alert->id, repetition, c);
    world->cards[c].allowed = repetition;
    world->cards[c].due_told = false;
}

void playout_release(struct playout *playout, uint32_t broadcast)
{
    (void)playout, (void)broadcast;
}

void playout_words(struct playout *playout, uint32_t broadcast, uint32_t language, const int16_t *frames, size_t n_frames)
{
    (void)playout, (void)broadcast, (void)language, (void)frames, (void)n_frames;
}

void playout_extend(struct playout *playout, uint32_t broadcast, uint32_t more)
{
    (void)playout, (void)broadcast, (void)more;
}

void playout_stop(struct playout *playout, uint32_t broadcast)
{
    uint32_t c = channel_of(playout);
    if (world->cards[c].broadcast == broadcast)
        world->cards[c].stopping = true;
}

/* ---- what happens ---- */

static void line_event(uint32_t line, struct line_event event)
{
    event.session = world->lines[line].target.session;
    event.at = clock_read().mono;
    world->site_ports.line_event(world->site_ports.context, line, &event);
}

static void lines_answer(void)
{
    for (uint32_t l = 0; l < 3; l++) {
        const struct line_target target = world->lines[l].target;
        for (uint16_t i = 0; i < world->fixture.lines[l].n_terminals; i++) {
            bool meant = false;
            for (size_t m = 0; m < target.n_members; m++)
                meant |= target.members[m].terminal == i;
            if (chance(4) == 0) /* a dead one */
                line_event(l, (struct line_event){.kind = LINE_TROUBLE, .terminal = i, .trouble = TROUBLE_NO_REPLY});
            else
                line_event(l, (struct line_event){.kind = meant ? LINE_STARTED : LINE_STOPPED, .terminal = i});
        }
        line_event(l, (struct line_event){.kind = target.n_members > 0 ? LINE_STARTS_SENT : LINE_SETTLED,
                                          .terminal = LINE_TERMINALS_MAX});
    }
}

static void line_fails(void)
{
    uint32_t l = chance(3);
    line_event(l, (struct line_event){.kind = LINE_DOWN, .terminal = LINE_TERMINALS_MAX, .error = {ERROR_IO, "unplugged"}});
    if (chance(2)) {
        line_event(l, (struct line_event){.kind = LINE_UP, .terminal = LINE_TERMINALS_MAX});
        line_event(l, (struct line_event){.kind = LINE_SWEPT, .terminal = LINE_TERMINALS_MAX});
    }
}

static void playout_tells(uint32_t c, enum playout_event_kind kind, uint32_t repetition)
{
    const struct playout_event event = {
        .kind = kind, .broadcast = world->cards[c].broadcast, .repetition = repetition, .at = clock_read().mono};
    world->site_ports.playout_event(world->site_ports.context, c, &event);
}

/* The card goes on by one step of its programme. */
static void card_plays(uint32_t c)
{
    const struct broadcast *broadcast = sounding(c);
    if (!world->cards[c].loaded)
        return;
    bool ours = broadcast && broadcast->id == world->cards[c].broadcast;
    if (world->cards[c].stopping || !ours) {
        world->cards[c].loaded = false;
        playout_tells(c, PLAYOUT_FINISHED, 0);
        return;
    }
    uint32_t k = world->cards[c].allowed, last = broadcast->repetitions;
    if (k == 0) {
        playout_tells(c, PLAYOUT_DUE, broadcast->first_repetition);
    } else if (world->cards[c].played < k && k < last && !world->cards[c].due_told) {
        world->cards[c].due_told = true;
        playout_tells(c, PLAYOUT_DUE, k + 1); /* a little before the end of k */
    } else if (world->cards[c].played < k) {
        world->cards[c].played = k;
        playout_tells(c, PLAYOUT_ENDED, k);
    } else if (k >= last) {
        world->cards[c].loaded = false;
        playout_tells(c, PLAYOUT_FINISHED, k);
    }
}

static void time_passes(int64_t ms)
{
    for (int64_t until = world->ms + ms; world->ms < until;) {
        world->ms += 100;
        desk_tick(world->desk, clock_read());
    }
}

/* ---- what people do ---- */

static void on_sent(void *context, const struct desk_answer *answer)
{
    (void)context;
    const char *id = json_string_value(json_object_get(answer->alert, "id"));
    if (world->crashed || !id || promised(id)) {
        json_decref(answer->alert);
        return;
    }
    assert_true(world->n_promises < ROWS_MAX);
    struct promise *promise = &world->promises[world->n_promises++];
    enum alert_state state;
    text_copy(promise->id, sizeof promise->id, id);
    assert_true(alert_state_parse(json_string_value(json_object_get(answer->alert, "state")), &state));
    promise->durable = json_is_true(json_object_get(answer->alert, "durable"));
    promise->kept_to_end = alert_state_ended(state) && promise->durable;
    json_decref(answer->alert);
}

static void on_stopped(void *context, const struct desk_answer *answer)
{
    (void)context;
    const char *id = json_string_value(json_object_get(answer->alert, "id"));
    for (size_t i = 0; id && !world->crashed && i < world->n_promises; i++)
        if (strcmp(world->promises[i].id, id) == 0)
            world->promises[i].kept_to_end = true;
    json_decref(answer->alert);
}

static void ignore(void *context, const struct desk_answer *answer)
{
    (void)context;
    json_decref(answer->alert);
}

static const struct desk_sender SENDER = {.user = "officer"};

/* Sometimes in the future, sometimes soon over. */
static const char *times(void)
{
    static const char *const TIMES[] = {
        "", "<effective>2026-11-22T03:21:00+08:00</effective>", "<expires>2026-11-22T03:22:00+08:00</expires>",
        "<effective>2026-11-22T03:20:40+08:00</effective><expires>2026-11-22T03:25:00+08:00</expires>"};
    return TIMES[chance(2) ? 0 : chance(4)];
}

static void send_one(const char *type)
{
    static const char *const SEVERITIES[] = {"Extreme", "Severe", "Moderate"}, *const PLACES[] = {VILLAGE_1, VILLAGE_2,
                                                                                                  TOWNSHIP};
    static const char *const SENDERS[] = {"county", "city"};
    char text[8192], references[200] = "", identifier[16];
    const char *sender = SENDERS[chance(4) == 0];
    bool follows = strcmp(type, "Alert") != 0;
    if (follows) /* what came, or what comes next */
        snprintf(references, sizeof references, "<references>county,a-%u,2026-11-22T03:20:00+08:00</references>",
                 chance(world->n_sent + 2));
    snprintf(identifier, sizeof identifier, "a-%u", world->n_sent++);
    const char *infos =
        info_xml((struct info_text){.severity = SEVERITIES[chance(3)],
                                    .code = PLACES[chance(3)],
                                    .times = times(),
                                    .more = follows && chance(2) ? "<responseType>AllClear</responseType>" : NULL});
    snprintf(text, sizeof text,
             "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>%s</identifier><sender>%s</sender>"
             "<sent>2026-11-22T03:20:00+08:00</sent><status>%s</status><msgType>%s</msgType><scope>Public</scope>%s%s</alert>",
             identifier, sender, chance(3) ? "Actual" : "Exercise", type, references, infos);
    unsigned times_sent = 1 + (chance(6) == 0);
    while (times_sent-- > 0)
        desk_submit(world->desk, &SENDER, MEDIA_CAP, slice_of(text), on_sent, NULL);
}

static const struct promise *some(void)
{
    return world->n_promises > 0 ? &world->promises[chance((uint32_t)world->n_promises)] : NULL;
}

static void order(void)
{
    const struct promise *promise = some();
    if (!promise)
        return;
    struct wall until = {clock_read().wall.ms + 7200000};
    json_t *asked = json_pack("{s:s}", "reason", "why");
    switch (chance(4)) {
    case 0: desk_stop(world->desk, promise->id, "why", "officer", on_stopped, NULL); break;
    case 1: desk_extend(world->desk, promise->id, until, "why", "officer", ignore, NULL); break;
    case 2: desk_follow_up(world->desk, &SENDER, promise->id, FORM_ALL_CLEAR, asked, on_sent, NULL); break;
    default: desk_follow_up(world->desk, &SENDER, promise->id, FORM_CORRECTION, asked, on_sent, NULL); break;
    }
    json_decref(asked);
}

/* What the store does when it is opened: deliveries of an alert that has ended end with it. */
static void repair(void)
{
    for (size_t i = 0; i < world->n_rows; i++) {
        enum alert_state state;
        json_t *delivery;
        const char *terminal;
        assert_true(alert_state_parse(world->rows[i].alert.state, &state));
        json_object_foreach(world->rows[i].deliveries, terminal, delivery)
        {
            if (alert_state_ended(state) && !*json_string_value(json_object_get(delivery, "end")))
                json_object_set_new(delivery, "end", json_string("failed"));
        }
    }
}

static void start(void)
{
    repair();
    struct error error = {0};
    world->desk = desk_create(&world->fixture.config, (struct store *)world, &world->loop, &error);
    if (!world->desk)
        broken("%s", error.message);
    world->desk->next_number = (uint16_t)world->ms; /* the same each time that the seed is the same */
    for (uint32_t c = 0; c < 2; c++)
        playout_tells(c, PLAYOUT_READY, 0);
    for (uint32_t l = 0; l < 3; l++) {
        line_event(l, (struct line_event){.kind = LINE_UP, .terminal = LINE_TERMINALS_MAX});
        line_event(l, (struct line_event){.kind = LINE_SWEPT, .terminal = LINE_TERMINALS_MAX});
    }
}

static void end(void)
{
    world->crashed = true; /* who still waits is answered, and nobody hears it */
    desk_silence(world->desk);
    while (world->n_pending > 0)
        disk_takes(1);
    desk_destroy(world->desk, 0);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    world->crashed = false;
    memset(world->cards, 0, sizeof world->cards);
    memset(world->lines, 0, sizeof world->lines);
}

/* ---- what must be so ---- */

static struct precedence precedence_of(const struct alert *alert)
{
    return (struct precedence){.status = alert->message->status,
                               .level = alert->level,
                               .urgency = alert->urgency,
                               .hazard_rank = world->fixture.hazards[alert->hazard].rank,
                               .received = alert->received,
                               .id = alert->id};
}

/* Its broadcast on the channel is over: each of its deliveries there is. */
static bool done_on(const struct alert *alert, uint32_t channel)
{
    for (size_t i = 0; i < alert->n_terminals; i++) {
        const struct config_terminal *terminal = &world->fixture.terminals[alert->terminals[i]];
        const json_t *delivery = json_object_get(alert->deliveries, terminal->hardware.id);
        if (world->fixture.lines[terminal->line].channel == channel && !json_is_true(json_object_get(delivery, "final")))
            return false;
    }
    return true;
}

/* Wants this channel, and could have it. */
static bool waits_for(const struct alert *alert, uint32_t channel)
{
    return alert->sounds && !alert->accepting && !alert_state_ended(alert->state) && alert->channels_left > 0 &&
           alert_uses_channel(alert, &world->fixture.config, channel) && !done_on(alert, channel) &&
           alert->ended[channel] < alert->repetitions_planned;
}

static void check_channel(uint32_t c)
{
    const struct broadcast *broadcast = sounding(c);
    for (size_t i = 0; i < world->desk->n_alerts; i++) {
        const struct alert *alert = world->desk->alerts[i];
        if (!waits_for(alert, c) || (broadcast && broadcast->alert == alert))
            continue;
        if (!broadcast && world->n_pending > 0)
            continue; /* its token is on its way to the disk */
        if (!broadcast)
            broken("channel %u is idle, and %s waits", c, alert->id);
        struct precedence mine = precedence_of(alert), other = precedence_of(broadcast->alert);
        if (precedence_claim(&mine, &other) >= CLAIM_PREEMPT)
            broken("%s waits behind %s", alert->id, broadcast->alert->id);
    }
}

static void check_promises(void)
{
    for (size_t i = 0; i < world->n_promises; i++) {
        const struct promise *promise = &world->promises[i];
        if (!promise->durable)
            continue;
        if (!find_row(promise->id))
            broken("%s was accepted and is not on disk", promise->id);
    }
}

static void check(void)
{
    for (uint32_t c = 0; c < 2; c++)
        check_channel(c);
    check_promises();
}

static void act(void)
{
    static const char *const TYPES[] = {"Alert", "Alert", "Alert", "Update", "Cancel"};
    switch (chance(14)) {
    case 0:
    case 1:
        if (world->n_sent < ALERTS_MAX)
            send_one(TYPES[chance(5)]);
        break;
    case 2:
        if (chance(3) == 0 && world->n_promises < ROWS_MAX - 4)
            order();
        break;
    case 3: time_passes(100 + chance(20000)); break;
    case 4:
    case 5: lines_answer(); break;
    case 6:
        if (chance(4) == 0)
            line_fails();
        break;
    case 7:
    case 8:
    case 9: disk_takes(1 + chance(6)); break;
    case 10:
        if (chance(6) == 0) {
            end();
            start();
        }
        break;
    default: card_plays(chance(2)); break;
    }
    if (world->good_disk)
        disk_takes(SIZE_MAX);
    time_passes(100); /* what is due is looked at by the tick */
    check();
}

static bool all_over(void)
{
    for (size_t i = 0; i < world->n_rows; i++) {
        enum alert_state state;
        assert_true(alert_state_parse(world->rows[i].alert.state, &state));
        if (!alert_state_ended(state))
            return false;
    }
    return world->desk->n_alerts == 0;
}

static void check_deliveries(void)
{
    for (size_t i = 0; i < world->n_rows; i++) {
        const json_t *detail = world->rows[i].alert.detail;
        json_t *delivery;
        const char *terminal;
        size_t meant = (size_t)json_integer_value(json_object_get(detail, "terminals"));
        const char *reason = world->rows[i].alert.state_reason ? world->rows[i].alert.state_reason : "";
        bool never_in = strcmp(world->rows[i].alert.state, "refused") == 0 || strstr(reason, "which came before");
        if (!never_in && json_object_get(detail, "repetitions") && json_object_size(world->rows[i].deliveries) != meant)
            broken("%s: %zu deliveries of %zu (%s: %s)", world->rows[i].alert.id, json_object_size(world->rows[i].deliveries),
                   meant, world->rows[i].alert.state, world->rows[i].alert.state_reason);
        json_object_foreach(world->rows[i].deliveries, terminal, delivery)
        {
            if (!*json_string_value(json_object_get(delivery, "end")))
                broken("%s at %s never ended", world->rows[i].alert.id, terminal);
        }
    }
}

static void live(uint64_t seed)
{
    world->seed = seed;
    world->random = seed * 2654435761u + 1;
    world->good_disk = chance(2);
    start();
    for (int step = 0; step < STEPS; step++)
        act();
    for (int step = 0; step < DRAIN && !all_over(); step++) {
        lines_answer();
        for (uint32_t c = 0; c < 2; c++)
            card_plays(c);
        disk_takes(SIZE_MAX);
        time_passes(step < 400 ? 1000 : 60000); /* those in force lapse */
        check();
    }
    if (!all_over())
        broken("not all have ended");
    check_deliveries();
    end();
    for (size_t i = 0; i < world->n_rows; i++)
        row_clear(&world->rows[i]);
    world->n_rows = world->n_promises = world->n_settings = 0;
    world->n_sent = 0;
    world->ms = 0;
}

static int set_up(void **state)
{
    static struct config_source sources[3] = {{.id = "county", .sender = "county", .authority = AUTHORITY_COUNTY},
                                              {.id = "city", .sender = "city", .authority = AUTHORITY_CITY},
                                              {.id = "duty", .sender = "duty", .authority = AUTHORITY_CITY}};
    static uint32_t relays[] = {0, 1};
    static struct config_user users[1] = {{.login = "*", .source = 2, .rights = 31, .n_relays = 2, .relays = relays}};
    *state = world = calloc(1, sizeof *world);
    struct config *config = fixture_init(&world->fixture);
    config->returns = true;
    config->sources = sources;
    config->n_sources = 3;
    config->users = users;
    config->n_users = 1;
    for (size_t h = 0; h < N_HAZARDS; h++)
        for (size_t level = 0; level < LEVEL_COUNT; level++)
            world->fixture.hazards[h].return_s[level] = 60;
    static const enum text_key KEYS[] = {TEXT_ALL_CLEAR, TEXT_CORRECTION, TEXT_CORRECT_NO_DANGER};
    for (size_t i = 0; i < 3; i++)
        for (size_t l = 0; l < TEXT_LANGUAGES; l++)
            text_copy(config->texts[KEYS[i]].in[l], sizeof config->texts[0].in[0], "x");
    return uv_loop_init(&world->loop);
}

static int tear_down(void **state)
{
    (void)state;
    uv_loop_close(&world->loop);
    free(world);
    return 0;
}

static void what_must_always_be_so(void **state)
{
    (void)state;
    const char *wanted = getenv("SEQUENCES"), *one = getenv("SEED");
    uint64_t n = wanted ? strtoull(wanted, NULL, 10) : USUAL, first = one ? strtoull(one, NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + (one && !wanted ? 1 : n); seed++)
        live(seed);
    print_message("%llu lives\n", (unsigned long long)n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(what_must_always_be_so, set_up, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
