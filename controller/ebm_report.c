/* States, counts and times of an alert in the words of EBM. */
#include "controller/ebm_report.h"

#include "codecs/rfc3339.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static struct wall time_of(const json_t *object, const char *name)
{
    struct wall time = {0};
    const char *text = text_of(object, name);
    return *text && rfc3339_parse(slice_of(text), &time, NULL, NULL) ? time : (struct wall){0};
}

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

struct count {
    unsigned meant, sounded, open;
};

static void count(struct count *count, const json_t *delivery)
{
    static const char *const proved[] = {"sounding", "heard", NULL};
    const char *end = text_of(delivery, "end");
    if (strcmp(end, "excluded") == 0)
        return;
    count->meant++;
    count->sounded += is_one_of(text_of(delivery, "rung"), proved) && strcmp(end, "failed") != 0;
    count->open += !json_is_true(json_object_get(delivery, "final"));
}

static enum ebm_state state_of(const char *state, const struct count *count)
{
    static const char *const before[] = {"queued", "waiting", "preparing", NULL};
    static const char *const during[] = {"sounding", "returning", NULL};
    static const char *const called_off[] = {"stopped", "cleared", "cancelled", "superseded", NULL};
    if (is_one_of(state, before))
        return EBM_STATE_WAITING;
    if (is_one_of(state, during))
        return EBM_STATE_PLAYING;
    if (is_one_of(state, called_off))
        return EBM_STATE_CANCELLED;
    return count->meant > 0 && count->sounded == count->meant ? EBM_STATE_SUCCESS : EBM_STATE_FAILED;
}

static void describe(char text[128], enum ebm_state state, const struct count *count)
{
    switch (state) {
    case EBM_STATE_UNPROCESSED: text_copy(text, 128, "已接收并记录，不播发"); return;
    case EBM_STATE_WAITING: text_copy(text, 128, "等待播发"); return;
    case EBM_STATE_PLAYING: snprintf(text, 128, "正在播发：应响终端%u个，已响%u个", count->meant, count->sounded); return;
    case EBM_STATE_SUCCESS: snprintf(text, 128, "播发成功：%u个终端全部响应", count->meant); return;
    case EBM_STATE_CANCELLED: snprintf(text, 128, "播发取消：应响终端%u个，已响%u个", count->meant, count->sounded); return;
    case EBM_STATE_FAILED: break;
    }
    if (count->sounded == 0)
        snprintf(text, 128, "播发失败：应响终端%u个，无一响应", count->meant);
    else
        snprintf(text, 128, "部分播发失败：应响终端%u个，实响%u个", count->meant, count->sounded);
}

static void list_codes(struct ebm_report *report, const json_t *places)
{
    size_t i, n = 0;
    const json_t *place;
    json_array_foreach(places, i, place)
    {
        size_t left = sizeof report->area_codes - n;
        int wrote = snprintf(report->area_codes + n, left, "%s%s", n ? "," : "", text_of(place, "code"));
        if (wrote < 0 || (size_t)wrote >= left) {
            report->area_codes[n] = '\0'; /* whole codes only */
            return;
        }
        n += (size_t)wrote;
    }
}

/* ---- runs: one for each channel ---- */

static size_t run_of(struct ebm_report *report, const char *channel)
{
    size_t i = 0, n = report->record.n_runs;
    while (i < n && strcmp(report->runs[i].system, channel) != 0)
        i++;
    if (i == n && n < EBM_REPORT_RUNS_MAX)
        report->runs[report->record.n_runs++] = (struct ebm_run){.system = channel, .url = report->url};
    return i;
}

static void extend(struct ebm_run *run, const json_t *delivery)
{
    const json_t *times = json_object_get(delivery, "times");
    struct wall start = time_of(times, "started"), end = time_of(times, "ended");
    if (start.ms && (!run->start.ms || start.ms < run->start.ms))
        run->start = start;
    if (end.ms > run->end.ms)
        run->end = end;
}

static void fill_runs(struct ebm_report *report, const json_t *deliveries)
{
    struct count counts[EBM_REPORT_RUNS_MAX] = {0};
    size_t i;
    const json_t *delivery;
    json_array_foreach(deliveries, i, delivery)
    {
        size_t run = run_of(report, text_of(delivery, "channel"));
        if (run == EBM_REPORT_RUNS_MAX)
            continue;
        count(&counts[run], delivery);
        extend(&report->runs[run], delivery);
    }
    for (size_t r = 0; r < report->record.n_runs; r++) {
        struct ebm_run *run = &report->runs[r];
        bool over = counts[r].open == 0;
        run->state = !over                                         ? EBM_STATE_PLAYING
                     : report->record.state == EBM_STATE_CANCELLED ? EBM_STATE_CANCELLED
                                                                   : state_of("finished", &counts[r]);
        run->end = over ? run->end : (struct wall){0};
        describe(report->run_descriptions[r], run->state, &counts[r]);
        run->description = report->run_descriptions[r];
    }
}

/* ---- the message ---- */

static int msg_type_of(const json_t *alert)
{
    const char *status = text_of(alert, "status");
    if (strcmp(text_of(alert, "msg_type"), "Cancel") == 0)
        return 2;
    return strcmp(status, "Actual") == 0 ? 1 : strcmp(status, "Exercise") == 0 ? 4 : 3;
}

static int severity_of(const json_t *alert)
{
    static const char *const grades[] = {"Extreme", "Severe", "Moderate", "Minor"};
    for (int i = 0; i < 4; i++)
        if (strcmp(text_of(alert, "severity"), grades[i]) == 0)
            return i + 1;
    return -1;
}

static void fill_message(struct ebm_record *record, const json_t *alert)
{
    const char *title = text_of(alert, "headline");
    const json_t *words = json_array_get(json_object_get(alert, "words"), 0);
    record->sender = text_of(alert, "sender");
    record->title = *title ? title : NULL;
    record->text = words ? text_of(words, "text") : NULL;
    record->msg_type = msg_type_of(alert);
    record->severity = severity_of(alert);
    record->sent = time_of(alert, "sent");
    record->ends = time_of(alert, "expires");
}

void ebm_report_fill(struct ebm_report *report, const json_t *alert, const json_t *deliveries)
{
    struct count all = {0};
    size_t i;
    const json_t *delivery;
    bool recorded = !json_object_get(alert, "repetitions") && strcmp(text_of(alert, "state"), "refused") != 0;
    *report = (struct ebm_report){0};
    struct ebm_record *record = &report->record;
    json_array_foreach(deliveries, i, delivery) count(&all, delivery);
    snprintf(report->url, sizeof report->url, "/v1/alerts/%.23s/deliveries", text_of(alert, "id"));
    list_codes(report, json_object_get(alert, "places"));
    record->ebm_id = text_of(alert, "identifier");
    record->state = recorded ? EBM_STATE_UNPROCESSED : state_of(text_of(alert, "state"), &all);
    describe(report->description, record->state, &all);
    record->description = report->description;
    record->area_codes = report->area_codes;
    record->meant = all.meant;
    record->sounded = all.sounded;
    fill_message(record, alert);
    fill_runs(report, deliveries);
    record->runs = report->runs;
    record->n_platforms = 1;
    record->n_systems = (unsigned)record->n_runs;
}
