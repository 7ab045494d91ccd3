/* What was proved before comes back as it was written: journal.c writes, evidence.c reads. */
#include "tests/controller/site_fixture.h"

#include "controller/evidence.h"
#include "controller/journal.h"

static struct broadcast *make(struct fixture *f, struct alert *alert)
{
    struct broadcast *broadcast = broadcast_create(&f->config, alert, 0, 1, 7, (struct moment){{0}, fixture_sent()});
    assert_non_null(broadcast);
    return broadcast;
}

static struct delivery *of(struct broadcast *broadcast, uint32_t terminal)
{
    for (size_t i = 0; i < broadcast->n_deliveries; i++)
        if (broadcast->deliveries[i].terminal == terminal)
            return &broadcast->deliveries[i];
    fail();
    return NULL;
}

static json_t *written(const struct broadcast *broadcast)
{
    json_t *deliveries = json_object();
    for (size_t i = 0; i < broadcast->n_deliveries; i++) {
        const struct delivery *delivery = &broadcast->deliveries[i];
        json_object_set_new(deliveries, broadcast->config->terminals[delivery->terminal].hardware.id,
                            journal_delivery_json(broadcast->config, "A", delivery));
    }
    return deliveries;
}

static void test_comes_back(void **state)
{
    (void)state;
    struct fixture f;
    struct alert *alert = fixture_alert(fixture_init(&f), "A", (struct cap_text){0});
    struct broadcast *before = make(&f, alert);
    struct moment at = {{5}, {fixture_sent().ms + 1234}};
    struct delivery *heard = of(before, T_OUT), *armed = of(before, T_OUT_2);
    for (int rung = RUNG_SENT; rung <= RUNG_HEARD; rung++)
        heard->reached[rung] = at;
    heard->rung = RUNG_HEARD;
    heard->has_level = true;
    heard->level = -12.5;
    armed->rung = RUNG_ARMED;
    armed->reached[RUNG_SENT] = armed->reached[RUNG_ARMED] = at;
    armed->final = true;
    alert->deliveries = written(before);
    struct broadcast *after = make(&f, alert);
    evidence_recall(after);
    assert_int_equal(of(after, T_OUT)->rung, RUNG_HEARD);
    assert_int_equal(of(after, T_OUT)->reached[RUNG_HEARD].wall.ms, at.wall.ms);
    assert_true(of(after, T_OUT)->has_level && of(after, T_OUT)->level == -12.5);
    assert_false(of(after, T_OUT)->has_baseline || of(after, T_OUT)->starting || of(after, T_OUT)->final);
    assert_int_equal(of(after, T_OUT_2)->rung, RUNG_ARMED);
    assert_int_equal(of(after, T_OUT_2)->reached[RUNG_ACKNOWLEDGED].wall.ms, 0);
    assert_false(evidence_is_final(after, of(after, T_OUT)));
    assert_true(evidence_is_final(after, of(after, T_OUT_2)));
    broadcast_free(before);
    broadcast_free(after);
    alert_free(alert);
}

static void test_nothing_to_take(void **state)
{
    (void)state;
    struct fixture f;
    struct alert *alert = fixture_alert(fixture_init(&f), "A", (struct cap_text){0});
    struct broadcast *broadcast = make(&f, alert);
    evidence_recall(broadcast);
    assert_int_equal(of(broadcast, T_OUT)->rung, RUNG_NONE);
    assert_false(evidence_is_final(broadcast, of(broadcast, T_OUT)));
    alert->deliveries =
        json_pack("{s:{}, s:{s:s, s:{s:s}}, s:n}", "nobody", "out", "rung", "heard", "times", "heard", "not a time", "out2");
    evidence_recall(broadcast); /* what is damaged is not believed */
    assert_int_equal(of(broadcast, T_OUT)->rung, RUNG_NONE);
    broadcast_free(broadcast);
    alert_free(alert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_comes_back), cmocka_unit_test(test_nothing_to_take)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
