/* tocsin report: header, counts, table of terminals, explanations. */
#include "controller/cli_report.h"

#include "controller/cli_coverage.h"
#include "controller/cli_outcome.h"
#include "controller/cli_table.h"

#include <string.h>

/* "Title       text", cleaned; nothing where the text is empty. */
static void field(FILE *out, const char *title, const char *text)
{
    char clean[2048];
    text_clean(clean, sizeof clean, text);
    if (*clean)
        fprintf(out, "%-12s %s\n", title, clean);
}

/* One line per member of an array of texts. */
static void fields(FILE *out, const char *title, const json_t *texts)
{
    size_t i;
    const json_t *text;
    json_array_foreach(texts, i, text)
    {
        const char *value = json_string_value(text);
        field(out, i == 0 ? title : "", value ? value : "");
    }
}

static void print_places(FILE *out, const json_t *alert)
{
    size_t i;
    const json_t *place;
    json_array_foreach(json_object_get(alert, "places"), i, place)
    {
        char text[256];
        const char *code = cli_text(place, "code");
        snprintf(text, sizeof text, "%s %s (%s)", cli_text(place, "name_zh"), cli_text(place, "name_en"),
                 *code ? code : cli_text(place, "id"));
        field(out, i == 0 ? "Area" : "", text);
    }
    fields(out, "Not ours", json_object_get(alert, "not_ours"));
    fields(out, "No position", json_object_get(alert, "no_position"));
}

static void print_words(FILE *out, const json_t *alert)
{
    size_t i;
    const json_t *words;
    json_array_foreach(json_object_get(alert, "words"), i, words)
    {
        char title[40];
        snprintf(title, sizeof title, "Words %s", cli_text(words, "language"));
        field(out, title, cli_text(words, "text"));
        if (json_is_true(json_object_get(words, "shortened")))
            field(out, "", "(shortened)");
    }
    json_array_foreach(json_object_get(alert, "not_spoken"), i, words)
    {
        char text[256];
        snprintf(text, sizeof text, "%s: %s", cli_text(words, "language"), cli_text(words, "reason"));
        field(out, "NOT SPOKEN", text);
    }
}

void report_coverage(FILE *out, const json_t *coverage)
{
    char text[COVERAGE_LINE];
    if (!coverage_reached_text(coverage, text))
        return;
    field(out, "Coverage", text);
    coverage_rest_text(coverage, text);
    field(out, "", text);
}

void report_time(const char *time, char text[REPORT_TIME])
{
    snprintf(text, REPORT_TIME, "%.19s", time);
    if (strlen(text) > 10 && text[10] == 'T')
        text[10] = ' ';
}

/* Who let it sound, or has yet to sign for it. */
static void print_gates(FILE *out, const json_t *alert)
{
    static const struct {
        const char *member, *title;
    } WORDS[] = {{"approved", "Approved"}, {"released", "Released"}};
    char text[512], at[REPORT_TIME];
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        const json_t *word = json_object_get(alert, WORDS[i].member);
        report_time(cli_text(word, "at"), at);
        const char *reason = cli_text(word, "reason");
        snprintf(text, sizeof text, "%s by %s%s%s", at, cli_text(word, "by"), *reason ? ": " : "", reason);
        if (word)
            field(out, WORDS[i].title, text);
    }
    snprintf(text, sizeof text, "a second person must sign for it: tocsin alert approve %s --reason TEXT",
             cli_text(alert, "id"));
    if (json_is_true(json_object_get(alert, "signature_owed")))
        field(out, "TO SIGN", text);
}

void report_alert(FILE *out, const json_t *alert)
{
    char text[512], received[REPORT_TIME], expires[REPORT_TIME];
    const char *login = cli_text(alert, "sent_by");
    if (*cli_text(alert, "hazard"))
        snprintf(text, sizeof text, "%s  %s  %s %s (%s)  %s  %s", cli_text(alert, "id"), cli_text(alert, "level"),
                 cli_text(alert, "hazard_zh"), cli_text(alert, "hazard_en"), cli_text(alert, "hazard"),
                 cli_text(alert, "status"), cli_text(alert, "state"));
    else /* a draft or a test is only recorded */
        snprintf(text, sizeof text, "%s  %s  %s", cli_text(alert, "id"), cli_text(alert, "status"), cli_text(alert, "state"));
    field(out, "Alert", text);
    field(out, "Because    ", cli_text(alert, "reason"));
    field(out, "Headline", cli_text(alert, "headline"));
    snprintf(text, sizeof text, "%s, %s, sent %s", cli_text(alert, "sender"), cli_text(alert, "identifier"),
             cli_text(alert, "sent"));
    field(out, "From", text);
    report_time(cli_text(alert, "received"), received);
    report_time(cli_text(alert, "expires"), expires);
    snprintf(text, sizeof text, "%s%s%s%s%s", received, *login ? " by " : "", login, *expires ? ", expires " : "", expires);
    field(out, "Received", text);
    print_gates(out, alert);
    print_places(out, alert);
    print_words(out, alert);
    fields(out, "Note", json_object_get(alert, "notes"));
    if (json_is_false(json_object_get(alert, "durable")))
        field(out, "WARNING", "this alert is not safe on disk: after a power cut it would be lost");
    const json_t *repetitions = json_object_get(alert, "repetitions");
    if (repetitions) {
        snprintf(text, sizeof text, "%ld of %ld played to the end", cli_integer(repetitions, "ended"),
                 cli_integer(repetitions, "planned"));
        field(out, "Repetitions", text);
    }
    coverage_expected_text(alert, text);
    field(out, "Terminals", text);
    report_coverage(out, json_object_get(alert, "coverage"));
}

static void number_text(const json_t *object, const char *key, char text[16])
{
    const json_t *number = json_object_get(object, key);
    if (json_is_number(number))
        snprintf(text, 16, "%.1f", json_number_value(number));
    else
        text_copy(text, 16, "-");
}

static void seconds_text(const json_t *alert, const json_t *delivery, const char *time, char text[16])
{
    double seconds;
    if (outcome_seconds(alert, delivery, time, &seconds))
        snprintf(text, 16, "%.1f", seconds);
    else
        text_copy(text, 16, "-");
}

static void print_table(FILE *out, const json_t *alert, const json_t *deliveries)
{
    static const char *const titles[] = {"terminal", "name",    "line",     "end",        "best rung", ">level dB",
                                         ">silence", ">needed", ">armed s", ">started s", ">heard s"};
    enum { N = sizeof titles / sizeof *titles };
    struct table *table = table_create(titles, N);
    size_t i;
    const json_t *delivery;
    json_array_foreach(deliveries, i, delivery)
    {
        char end[96], numbers[6][16];
        outcome_label(delivery, end, sizeof end);
        number_text(delivery, "level", numbers[0]);
        number_text(delivery, "baseline", numbers[1]);
        number_text(delivery, "threshold", numbers[2]);
        seconds_text(alert, delivery, "armed", numbers[3]);
        seconds_text(alert, delivery, "started", numbers[4]);
        seconds_text(alert, delivery, "heard", numbers[5]);
        const char *cells[N] = {cli_text(delivery, "terminal"),
                                cli_text(delivery, "name"),
                                cli_text(delivery, "line"),
                                end,
                                cli_text(delivery, "rung"),
                                numbers[0],
                                numbers[1],
                                numbers[2],
                                numbers[3],
                                numbers[4],
                                numbers[5]};
        if (table)
            table_add(table, cells);
    }
    if (!table || !table_print(table, out))
        fputs("(rows are missing: no memory)\n", out);
    table_free(table);
    fputs("level, silence, needed: the loudest with our sound, without it, and the threshold; in dB, of an output below its "
          "full\n"
          "scale (negative), of a microphone as it hears. Seconds since it was received: started is when the command left; "
          "armed\n"
          "and heard are when a reading first showed it, so armed may be read after the start. Below 0: it was started before, "
          "for\n"
          "the alert that this one took over from.\n",
          out);
}

/* "heard 34, sounding 1": how many deliveries have each value of key, in the order of names. */
static void print_counts(FILE *out, const char *title, const json_t *deliveries, const char *key, const char *const names[],
                         size_t n)
{
    char text[256] = "";
    for (size_t k = 0; k < n; k++) {
        size_t i, count = 0, used = strlen(text);
        const json_t *delivery;
        json_array_foreach(deliveries, i, delivery)
        {
            count += strcmp(cli_text(delivery, key), names[k]) == 0;
        }
        if (count > 0)
            snprintf(text + used, sizeof text - used, "%s%s %zu", used ? ", " : "", *names[k] ? names[k] : "pending", count);
    }
    field(out, title, text);
}

static void print_explanations(FILE *out, const json_t *deliveries)
{
    bool any = false;
    size_t i;
    const json_t *delivery;
    json_array_foreach(deliveries, i, delivery)
    {
        char label[96], words[OUTCOME_TEXT], line[OUTCOME_TEXT + 256], clean[OUTCOME_TEXT + 256];
        outcome_explain(delivery, words, sizeof words);
        if (!*words)
            continue;
        outcome_label(delivery, label, sizeof label);
        snprintf(line, sizeof line, "%s %s, %s: %s", cli_text(delivery, "terminal"), cli_text(delivery, "name"), label, words);
        text_clean(clean, sizeof clean, line);
        fprintf(out, "%s  %s\n", any ? "" : "\nWhat went wrong:\n", clean);
        any = true;
    }
}

void report_deliveries(FILE *out, const json_t *alert, const json_t *deliveries)
{
    static const char *const rungs[] = {"heard", "sounding", "armed", "acknowledged", "sent", "none"};
    static const char *const ends[] = {"heard", "sounded", "failed", "cancelled", "expired", "superseded", "excluded", ""};
    print_counts(out, "Best rungs", deliveries, "rung", rungs, sizeof rungs / sizeof *rungs);
    print_counts(out, "Ends", deliveries, "end", ends, sizeof ends / sizeof *ends);
    struct outcome_counts counts = outcome_count(deliveries);
    long meant = cli_integer(alert, "terminals");
    if (counts.total == 0 && counts.excluded == 0) { /* before its turn it has no deliveries */
        if (meant > 0)
            fprintf(out, "\nNothing has been asked of its %ld terminals yet.\n", meant);
        return;
    }
    fputc('\n', out);
    print_table(out, alert, deliveries);
    print_explanations(out, deliveries);
    fprintf(out, "\n%zu of %zu terminals reached the highest evidence that they can show", counts.reached, counts.total);
    if (counts.failed)
        fprintf(out, ", %zu failed", counts.failed);
    if (counts.pending)
        fprintf(out, ", %zu pending", counts.pending);
    if (counts.excluded)
        fprintf(out, "; %zu under maintenance not counted", counts.excluded);
    fputs(".\n", out);
}

bool report_fetch(struct cli *cli, const char *id, json_t **alert, json_t **deliveries, enum cli_exit *exit)
{
    *deliveries = NULL;
    *alert = cli_get(cli, exit, "/v1/alerts/", id, "");
    if (!*alert)
        return false;
    json_t *answer = cli_get(cli, exit, "/v1/alerts/", id, "/deliveries");
    *deliveries = json_incref(json_object_get(answer, "deliveries"));
    json_decref(answer);
    if (answer && json_is_array(*deliveries))
        return true;
    if (answer) {
        fputs("tocsin: the answer has no list of deliveries\n", cli->err);
        *exit = CLI_REFUSED;
    }
    json_decref(*alert);
    json_decref(*deliveries);
    *alert = *deliveries = NULL;
    return false;
}

enum cli_exit report_print(struct cli *cli, const json_t *alert, const json_t *deliveries)
{
    if (cli->options.json) {
        json_t *both = json_pack("{s:O, s:O}", "alert", alert, "deliveries", deliveries);
        cli_print_json(cli, both);
        json_decref(both);
    } else {
        report_alert(cli->out, alert);
        report_deliveries(cli->out, alert, deliveries);
    }
    return outcome_exit(alert, deliveries);
}

enum cli_exit cli_report(struct cli *cli)
{
    enum cli_exit exit;
    json_t *alert, *deliveries;
    if (!report_fetch(cli, cli->argument, &alert, &deliveries, &exit))
        return exit;
    exit = report_print(cli, alert, deliveries);
    json_decref(alert);
    json_decref(deliveries);
    return exit;
}
