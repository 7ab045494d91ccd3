/* Random lives of alerts on one channel, held against what must always be so: the highest sounds, what has ended is silent, no
 * repetition that was played is played again, and every alert comes to its end. SEQUENCES says how many; the seed is printed.
 */
#include "tests/controller/dispatcher_scene.h"

#include "controller/precedence.h"

enum { ALERTS = 4, STEPS = 60, SEQUENCES_USUAL = 300, DRAIN = 200 };

struct life {
    struct alert *alert;
    bool ended;
    uint32_t played; /* the last repetition that was played to its end */
};

static struct {
    struct life lives[ALERTS];
    size_t n;
    uint64_t random;
    uint32_t allowed; /* of the broadcast that runs; 0: nothing sounds */
    uint32_t broadcast;
    bool due, stopped;
} world;

static uint32_t chance(uint32_t n)
{
    world.random = world.random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(world.random >> 33) % n;
}

static struct life *life_of(const struct alert *alert)
{
    for (size_t i = 0; i < world.n; i++)
        if (world.lives[i].alert == alert)
            return &world.lives[i];
    fail_msg("an alert that nobody sent");
    return NULL;
}

static struct life *current(void)
{
    const struct broadcast *broadcast = dispatcher_current(scene->dispatcher);
    return broadcast ? life_of(broadcast->alert) : NULL;
}

static struct precedence precedence_of(const struct alert *alert)
{
    return (struct precedence){.status = alert->message->status,
                               .level = alert->level,
                               .urgency = alert->urgency,
                               .hazard_rank = scene->fixture.hazards[alert->hazard].rank,
                               .received = alert->received,
                               .id = alert->id};
}

/* What was commanded since the last look, in its order. */
static void take_commands(void)
{
    char *rest = NULL;
    for (char *word = strtok_r(scene->log, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        unsigned broadcast, repetition;
        if (sscanf(word, "load:%u", &broadcast) == 1) {
            world.broadcast = broadcast;
            world.allowed = 0;
            world.due = world.stopped = false;
        } else if (sscanf(word, "allow:%u.%u", &broadcast, &repetition) == 2) {
            assert_int_equal(broadcast, world.broadcast);
            struct life *life = current();
            assert_non_null(life);
            assert_false(life->ended);
            if (repetition <= life->played)
                fail_msg("%s: repetition %u again", life->alert->id, repetition);
            world.allowed = repetition;
            world.due = false;
        } else if (sscanf(word, "stop:%u", &broadcast) == 1) {
            world.stopped = world.stopped || broadcast == world.broadcast;
        } else if (strcmp(word, "END") == 0) {
            const char *id = strtok_r(NULL, " ", &rest);
            for (size_t i = 0; i < world.n; i++)
                if (strcmp(world.lives[i].alert->id, id) == 0) {
                    assert_false(world.lives[i].ended); /* once */
                    world.lives[i].ended = true;
                }
        }
    }
    scene->log[0] = '\0';
}

static void check(void)
{
    take_commands();
    const struct broadcast *broadcast = dispatcher_current(scene->dispatcher);
    size_t waiting = 0;
    for (size_t i = 0; i < world.n; i++) {
        const struct life *life = &world.lives[i];
        if (life->ended || (broadcast && broadcast->alert == life->alert))
            continue;
        waiting++;
        if (!broadcast)
            continue;
        struct precedence mine = precedence_of(life->alert), other = precedence_of(broadcast->alert);
        if (precedence_claim(&mine, &other) >= CLAIM_PREEMPT)
            fail_msg("%s waits behind %s", life->alert->id, broadcast->alert->id);
    }
    assert_true(broadcast || waiting == 0); /* the channel is not idle while somebody waits */
}

static void send_one(void)
{
    static const char *const severities[] = {"Extreme", "Severe", "Moderate"}, *const villages[] = {VILLAGE_1, VILLAGE_2};
    struct life *life = &world.lives[world.n++];
    const char *infos = info_xml((struct info_text){.severity = severities[chance(3)], .code = villages[chance(2)]});
    life->alert = alert_of((struct cap_text){.status = chance(3) ? "Actual" : "Exercise", .infos = infos});
    life->alert->received.ms += (int64_t)world.n;
    assert_true(dispatcher_submit(scene->dispatcher, life->alert, now()));
}

static void stop_one(void)
{
    bool was_waiting = false;
    struct life *life = &world.lives[chance((uint32_t)world.n)];
    if (life->ended || !dispatcher_stop(scene->dispatcher, life->alert, CAUSE_STOPPED, &was_waiting, now()))
        return;
    life->ended = life->ended || was_waiting; /* the desk writes its deliveries */
}

static void lines_answer(void)
{
    for (uint32_t l = 0; l < 2; l++) {
        for (uint16_t i = 0; i < 2; i++)
            if (chance(4)) /* a dead one says nothing */
                terminal_tells(l, i, scene->lines[l].n_members > 0 ? LINE_STARTED : LINE_STOPPED);
        line_tells(l, scene->lines[l].n_members > 0 ? LINE_STARTS_SENT : LINE_SETTLED);
    }
}

/* The card goes on by one step of the programme. */
static void card_plays(void)
{
    struct life *life = current();
    const struct broadcast *broadcast = dispatcher_current(scene->dispatcher);
    if (!life || broadcast->id != world.broadcast || broadcast->phase == BROADCAST_STOPPING) {
        if (life && broadcast->id == world.broadcast && !broadcast->sound_over)
            playout_tells(PLAYOUT_FINISHED, 0);
        return;
    }
    if (world.allowed == 0) {
        playout_tells(PLAYOUT_DUE, broadcast->first_repetition);
        return;
    }
    uint32_t k = world.allowed;
    if (life->played < k && !world.due) {
        world.due = k < broadcast->repetitions;
        if (world.due)
            playout_tells(PLAYOUT_DUE, k + 1); /* a little before its end */
        take_commands();
        if (dispatcher_current(scene->dispatcher) != broadcast)
            return;
    }
    if (life->played < k) {
        life->played = k < life->alert->repetitions_planned ? k : life->alert->repetitions_planned;
        playout_tells(PLAYOUT_ENDED, k);
        return;
    }
    if (k >= broadcast->repetitions)
        playout_tells(PLAYOUT_FINISHED, k);
}

static void act(void)
{
    switch (chance(8)) {
    case 0:
        if (world.n < ALERTS)
            send_one();
        break;
    case 1:
        if (world.n > 0 && chance(4) == 0)
            stop_one();
        break;
    case 2: tick(100 + chance(3000)); break;
    case 3:
    case 4: lines_answer(); break;
    default: card_plays(); break;
    }
    check();
}

static bool all_ended(void)
{
    for (size_t i = 0; i < world.n; i++)
        if (!world.lives[i].ended)
            return false;
    return true;
}

static void live(uint64_t seed)
{
    memset(&world, 0, sizeof world);
    world.random = seed * 2654435761u + 1;
    create(41);
    lines_up();
    for (int step = 0; step < STEPS; step++)
        act();
    for (int step = 0; step < DRAIN && !all_ended(); step++) {
        lines_answer();
        check();
        card_plays();
        check();
        tick(1000);
        check();
    }
    if (!all_ended())
        fail_msg("seed %llu: not all have ended", (unsigned long long)seed);
    dispatcher_free(scene->dispatcher);
    scene->dispatcher = NULL;
    for (size_t i = 0; i < scene->n_alerts; i++)
        alert_free(scene->alerts[i]);
    scene->n_alerts = 0;
}

static void what_must_always_be_so(void **state)
{
    (void)state;
    const char *wanted = getenv("SEQUENCES");
    uint64_t n = wanted ? strtoull(wanted, NULL, 10) : SEQUENCES_USUAL;
    for (uint64_t seed = 1; seed <= n; seed++)
        live(seed);
    print_message("%llu sequences\n", (unsigned long long)n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(what_must_always_be_so, set_up, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
