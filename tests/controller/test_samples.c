/* What becomes here of whole alerts of many countries and platforms: decoded, and judged by intake with the shipped hazards and
 * level rules. Each file has one row; a file without one fails the test. Our own files always run, those of others where
 * TOCSIN_SAMPLES names their folder. A row's site has one village with one terminal, in the middle of what the alert is for. */
#include "codecs/ebm.h"
#include "codecs/rfc3339.h"
#include "tests/codecs/packing.h"
#include "tests/controller/site_fixture.h"

#include <dirent.h>

#define OWN "tests/controller/data/alerts"
#define ELSEWHERE -48.0, -123.0 /* the point of the sea that is farthest from all land */
#define BY_CODE NAN, NAN

enum { FILE_MAX = 4 * 1024 * 1024 };

struct row {
    const char *file;           /* below the folder; a folder is an EBM package, unpacked */
    const char *at;             /* when it is received */
    double latitude, longitude; /* of the village; BY_CODE: it has no outline */
    const char *geocode, *code; /* NULL: the alert names no code of ours */
    const char *becomes;        /* as outcome_of writes it; of what is not decoded how the reason begins */
};

static const struct row OWN_ROWS[] = {
    {"cap/us-weather.cap", "2026-07-04T01:15:00-05:00", 30, -99.2, NULL, NULL,
     "Actual Update, orange flash_flood, spoken: en-US"},
    {"cap/canada.xml", "2026-06-01T12:01:00Z", 42.3, -83, NULL, NULL,
     "Actual Alert, red storm, spoken: en-CA, not spoken: fr-CA"},
    {"cap/meteoalarm.xml", "2026-08-10T09:01:00+02:00", 47.2, 11.2, NULL, NULL,
     "Actual Alert, orange storm, spoken: en-GB, not spoken: de-AT"},
    {"cap/meteoalarm-green.xml", "2026-08-10T09:01:00Z", 51, 5.4, NULL, NULL, "Actual Update, advisory storm, spoken: en"},
    {"cap/new-zealand.xml", "2026-07-01T21:01:00+12:00", -44, -176.5, NULL, NULL, "Actual Alert, red storm, spoken: en-NZ"},
    {"cap/india.xml", "2026-09-01T10:01:00+05:30", 26.5, 91.5, NULL, NULL,
     "Actual Alert, orange flood, spoken: en-IN, not spoken: hi"},
    {"cap/japan.xml", "2026-09-03T06:01:00+09:00", 33.6, 130.4, NULL, NULL,
     "Actual Alert, orange storm, spoken: none, not spoken: ja"},
    {"cap/taiwan.cap", "2026-09-03T06:01:00+08:00", 23.9, 120.9, NULL, NULL,
     "Actual Alert, orange debris_flow, spoken: zh-Hant-TW"},
    {"cap/hong-kong.xml", "2026-09-03T06:01:00+08:00", 22.3, 114.1, NULL, NULL,
     "Actual Update, blue landslide, spoken: zh en-HK, all clear"},
    {"cap/mainland-gbk.xml", "2026-11-22T03:21:00+08:00", BY_CODE, "行政区划代码", TOWNSHIP,
     "Actual Alert, orange storm, spoken: zh"},
    {"cap/national.xml", "2026-11-22T03:16:00+08:00", BY_CODE, NULL, TOWNSHIP, "Actual Alert, red storm, spoken: zh-CN"},
    {"cap/national-cancel.xml", "2026-11-22T03:16:00+08:00", BY_CODE, NULL, TOWNSHIP,
     "Actual Cancel, cancel: stops what it references and sounds nothing"},
    {"cap/usgs.cap", "2026-08-31T00:10:00-05:00", -16.053, -173.274, NULL, NULL,
     "Actual Alert, yellow earthquake, spoken: en-US"},
    {"cap/version10.cap", "2026-06-17T15:00:00-07:00", 38.45, -119.95, NULL, NULL, "Actual Alert, orange storm, spoken: en-US"},
    {"cap/test.cap", "2026-11-22T03:21:00+08:00", 29.6, 115.8, NULL, NULL, "Test Alert, recorded: status Test does not sound"},
    {"cap/exercise.cap", "2026-11-22T03:21:00+08:00", 29.6, 115.8, NULL, NULL, "Exercise Alert, red flood, spoken: zh-CN"},
    {"cap/ack.cap", "2026-11-22T03:21:00+08:00", 29.6, 115.8, NULL, NULL,
     "Actual Ack, recorded: an acknowledgement or error report does not sound"},
    {"cap/private.cap", "2026-11-22T03:21:00+08:00", 29.6, 115.8, NULL, NULL, "refused: scope_not_public"},
    {"cap/no-area.cap", "2026-11-22T03:21:00+08:00", 29.6, 115.8, NULL, NULL, "refused: no_area"},
    {"cap/line.cap", "2026-11-22T03:21:00+08:00", 29.6, 115.8, NULL, NULL, "refused: area_degenerate"},
    {"cap/late.cap", "2026-11-22T03:21:00+08:00", 29.6, 115.8, NULL, NULL,
     "Actual Alert, red flood, spoken: zh-CN, waits for its time"},
    {"cap/atom.xml", NULL, ELSEWHERE, NULL, NULL, "not decoded: not CAP: root element is <feed>"},
    {"cap/edxl.xml", NULL, ELSEWHERE, NULL, NULL, "not decoded: not CAP: root element is <EDXLDistribution>"},
    {"cap/doctype.cap", NULL, ELSEWHERE, NULL, NULL, "not decoded: document type declaration"},
    {"cap/no-scope.cap", NULL, ELSEWHERE, NULL, NULL, "not decoded: scope: missing"},
    {"cap/open-point.cap", NULL, ELSEWHERE, NULL, NULL, "not decoded: polygon: point 2"},
    {"ebm/EBDT_100104360404000000010000000000000009", "2026-11-22T03:21:00+08:00", BY_CODE, "AreaCode", TOWNSHIP,
     "Actual Alert, orange storm, spoken: zh-CN"},
};

static const struct row SAMPLE_ROWS[] = {
    {"cap/australia.cap", "2011-10-05T23:05:00+10:00", -35.3888, 147.0598, NULL, NULL,
     "Actual Alert, blue other, spoken: en-AU, not spoken: en-AU"},
    {"cap/canada.cap", "2012-05-02T23:22:00Z", 42.3, -82.7, NULL, NULL,
     "Actual Update, blue storm, spoken: en-CA, not spoken: fr-CA, all clear"},
    {"cap/canada_errors.cap", "2012-05-02T23:22:00Z", 42.3, -82.7, NULL, NULL,
     "Actual Update, blue storm, spoken: en-CA, all clear"},
    {"cap/canada_signed.cap", "2013-01-24T21:27:00Z", 54, -104.5, NULL, NULL,
     "Actual Update, yellow other, spoken: en-CA, not spoken: fr-CA"},
    {"cap/earthquake-iso8859-1.cap", "2012-10-14T22:54:00Z", 12.747, -88.783, NULL, NULL,
     "Actual Alert, yellow earthquake, spoken: en-US"},
    {"cap/earthquake.cap", "2010-08-31T00:10:00-05:00", -16.053, -173.274, NULL, NULL,
     "Actual Alert, yellow earthquake, spoken: en-US"},
    {"cap/earthquake_signed.cap", "2011-09-06T17:16:00Z", 38.82, -122.812, NULL, NULL,
     "Actual Alert, yellow earthquake, spoken: en-US"},
    {"cap/iceland.cap", "2021-09-10T13:31:00Z", 64.1, -21.9, NULL, NULL,
     "Actual Alert, yellow storm, spoken: en-US, not spoken: is-IS"},
    {"cap/invalid.cap", NULL, ELSEWHERE, NULL, NULL, "not decoded: scope: missing"},
    {"cap/macau_monsoon.xml", "2025-04-13T06:00:30+08:00", 22.1987, 113.5439, NULL, NULL,
     "Actual Update, yellow storm, spoken: zh-mo en-US, not spoken: pt-PT, all clear"},
    {"cap/no_optional_fields.cap", "2010-08-31T00:10:00-05:00", ELSEWHERE, NULL, NULL, "refused: no_info"},
    {"cap/noaa_errors.cap", NULL, ELSEWHERE, NULL, NULL, "not decoded: polygon: point 7"},
    {"cap/oasis11_appendix_a1.xml", "2003-04-02T14:40:00-05:00", 38.9, -77, NULL, NULL, "refused: area_not_ours"},
    {"cap/oasis11_appendix_a2.xml", "2003-06-17T14:58:00-07:00", 38.5, -119.95, NULL, NULL,
     "Actual Alert, orange storm, spoken: en-US"},
    {"cap/oasis11_appendix_a3.xml", "2003-06-11T20:57:00-07:00", 32.9525, -115.5527, NULL, NULL,
     "Actual Alert, blue earthquake, spoken: en-US"},
    {"cap/oasis11_appendix_a4.xml", "2003-06-11T22:40:00-07:00", BY_CODE, "SAME", "006037",
     "Actual Alert, orange other, spoken: en-US"},
    {"cap/oasis12_appendix_a1.xml", "2003-04-02T14:40:00-05:00", 38.9, -77, NULL, NULL, "refused: area_not_ours"},
    {"cap/oasis12_appendix_a2.xml", "2003-06-17T14:58:00-07:00", 38.5, -119.95, NULL, NULL,
     "Actual Alert, orange storm, spoken: en-US"},
    {"cap/oasis12_appendix_a3.xml", "2003-06-11T20:57:00-07:00", 32.9525, -115.5527, NULL, NULL,
     "Actual Update, blue earthquake, spoken: en-US, all clear"},
    {"cap/oasis12_appendix_a4.xml", "2003-06-11T22:40:00-07:00", BY_CODE, "SAME", "006037",
     "Actual Alert, orange other, spoken: en-US, not spoken: es-US"},
    {"cap/taiwan.cap", "2014-05-14T20:11:00+08:00", BY_CODE, "Taiwan_Geocode_100", "1000512", "refused: area_not_ours"},
    {"cap/wcatwc-warning.cap", "2011-09-02T11:37:00Z", 52, -171, NULL, NULL, "refused: area_not_ours"},
    {"cap/weather.cap", "2010-08-30T04:08:00-06:00", BY_CODE, "FIPS6", "030049",
     "Actual Alert, orange flash_flood_prepare, spoken: en-US"},
    {"cap/xee.cap", NULL, ELSEWHERE, NULL, NULL, "not decoded: document type declaration"},
    {"ebm/EBDT_100102320000000000010000000000203650", "2017-09-19T10:37:00+08:00", BY_CODE, "AreaCode", "321181000000",
     "Actual Alert, blue other, spoken: zh-CN"},
};

/* ---- files ---- */

static struct slice read_whole(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *data = malloc(FILE_MAX);
    if (!f || !data)
        fail_msg("%s cannot be opened", path);
    size_t n = fread(data, 1, FILE_MAX, f);
    fclose(f);
    return (struct slice){data, n};
}

/* The files of a folder as the archive that came over the wire. */
static struct slice packed(const char *path, struct pack *pack)
{
    DIR *folder = opendir(path);
    if (!folder)
        fail_msg("%s cannot be opened", path);
    for (const struct dirent *file; (file = readdir(folder));) {
        char name[1024], inside[300];
        if (file->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, file->d_name);
        snprintf(inside, sizeof inside, "./%s", file->d_name); /* as tar packs "." */
        struct slice bytes = read_whole(name);
        pack_add(pack, inside, '0', bytes.data, bytes.size);
        free((char *)bytes.data);
    }
    closedir(folder);
    return pack_end(pack);
}

static bool is_package(const char *file)
{
    return strncmp(file, "ebm/", 4) == 0;
}

static bool decode(const char *folder, const char *file, struct alert_message **message, struct error *error)
{
    char path[600];
    struct ebm_package *package = NULL;
    struct pack pack = {0};
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (!is_package(file)) {
        struct slice bytes = read_whole(path);
        bool ok = cap_decode(bytes, message, error);
        free((char *)bytes.data);
        return ok;
    }
    bool ok = ebm_decode(packed(path, &pack), &package, error);
    if (ok) {
        *message = package->message;
        package->message = NULL;
    }
    ebm_package_free(package);
    pack_free(&pack);
    return ok;
}

/* ---- the site of a row ---- */

/* The shipped hazards, rules and texts. */
static struct config *shipped;

static void report(void *context, const char *file, unsigned line, const char *message, bool warning)
{
    (void)context;
    if (!warning)
        fail_msg("%s:%u: %s", file, line, message);
}

static int load_shipped(void **state)
{
    (void)state;
    setenv("TOCSIN_DATA", "config", 1);
    shipped = config_load("config/demo/site.cfg", report, NULL);
    return shipped ? 0 : -1;
}

static int free_shipped(void **state)
{
    (void)state;
    config_free(shipped);
    return 0;
}

static struct geometry *outline_round(double latitude, double longitude)
{
    double half = 0.01;
    struct alert_point points[] = {{latitude - half, longitude - half},
                                   {latitude - half, longitude + half},
                                   {latitude + half, longitude + half},
                                   {latitude + half, longitude - half},
                                   {latitude - half, longitude - half}};
    struct error error;
    struct geometry *outline = geometry_of_polygon(&(struct alert_polygon){points, 5}, &error);
    assert_non_null(outline);
    return outline;
}

/* The village of the row, or one far away whose code no row has. */
static void make_site(struct fixture *site, const struct row *row, bool elsewhere)
{
    struct config *config = fixture_init(site);
    struct error error;
    struct config_terminal *terminal = &site->terminals[0];
    const char *code = elsewhere || !row->code ? "999999999999" : row->code;
    config->n_terminals = 1;
    config->hazards = shipped->hazards;
    config->n_hazards = shipped->n_hazards;
    config->level_rules = shipped->level_rules;
    config->n_level_rules = shipped->n_level_rules;
    memcpy(config->texts, shipped->texts, sizeof config->texts);
    if (row->geocode)
        text_copy(config->geocode_names[0], sizeof config->geocode_names[0], row->geocode);
    if (!area_code_parse(slice_of(code), &terminal->codes[0], &error))
        assert_true(area_code_parse(slice_of("999999999999"), &terminal->codes[0], &error));
    site->places[0].code = terminal->codes[0];
    if (elsewhere)
        site->places[0].outline = outline_round(ELSEWHERE);
    else if (!isnan(row->latitude))
        site->places[0].outline = outline_round(row->latitude, row->longitude);
}

/* ---- the judgement ---- */

static void add(char text[1000], const char *format, const char *what)
{
    size_t n = strlen(text);
    snprintf(text + n, 1000 - n, format, what);
}

/* "Actual Alert, orange flash_flood, spoken: en-US, not spoken: fr-CA, all clear". */
static void outcome_of(const struct alert *alert, char text[1000])
{
    static const char *const LEVELS[] = {"red", "orange", "yellow", "blue", "advisory", "daily"};
    size_t i;
    const json_t *one;
    snprintf(text, 1000, "%s %s", alert_status_name(alert->message->status), alert_msg_type_name(alert->message->msg_type));
    if (!alert->sounds) {
        add(text, ", %s", alert->reason);
        return;
    }
    assert_int_equal(alert->n_terminals, 1);
    add(text, ", %s ", LEVELS[alert->level]);
    add(text, "%s, spoken:", shipped->hazards[alert->hazard].id);
    for (i = 0; i < alert->n_words; i++)
        add(text, " %s", alert->words[i].language);
    if (alert->n_words == 0)
        add(text, "%s", " none");
    json_array_foreach(alert->not_spoken, i, one)
        add(text, i ? " %s" : ", not spoken: %s", json_string_value(json_object_get(one, "language")));
    if (alert->all_clear)
        add(text, "%s", ", all clear");
    if (alert->state == ALERT_WAITING)
        add(text, "%s", ", waits for its time");
}

static void judge(const struct row *row, struct alert_message *message, struct wall now, bool elsewhere, char text[1000])
{
    struct fixture site;
    struct alert *alert = NULL;
    struct refusal refusal = {0};
    make_site(&site, row, elsewhere);
    struct intake_terms terms = {.config = &site.config, .now = {.wall = now}, .clock_trusted = true};
    if (intake_judge(&terms, message, &alert, &refusal)) {
        outcome_of(alert, text);
        alert->message = NULL; /* judged again */
        alert_free(alert);
    } else {
        assert_true(*refusal.message);
        snprintf(text, 1000, "refused: %s", refusal.code);
    }
    geometry_free((struct geometry *)site.places[0].outline);
}

static unsigned expect(const struct row *row, const char *where, const char *is, const char *expected)
{
    if (strcmp(is, expected) == 0)
        return 0;
    print_error("%s%s: \"%s\", not \"%s\"\n", row->file, where, is, expected);
    return 1;
}

/* What sounds here is refused where nobody of ours is meant, and once it is over. */
static unsigned judge_row(const char *folder, const struct row *row)
{
    struct alert_message *message = NULL;
    struct error error = {0};
    struct wall now = {0};
    char text[1000];
    if (!decode(folder, row->file, &message, &error)) {
        snprintf(text, sizeof text, "not decoded: %s", error.message);
        if (strncmp(text, row->becomes, strlen(row->becomes)) == 0 && strstr(row->becomes, "not decoded: "))
            return 0;
        return expect(row, "", text, row->becomes);
    }
    if (!row->at)
        fail_msg("%s was decoded", row->file);
    assert_true(rfc3339_parse(slice_of(row->at), &now, NULL, &error));
    judge(row, message, now, false, text);
    unsigned wrong = expect(row, "", text, row->becomes);
    if (strstr(row->becomes, "spoken:")) {
        judge(row, message, now, true, text);
        wrong += expect(row, " elsewhere", text, "refused: area_not_ours");
        judge(row, message, (struct wall){now.ms + INT64_C(40) * 86400000}, false, text);
        wrong += expect(row, " 40 days later", text, "refused: expired");
    }
    alert_message_free(message);
    return wrong;
}

/* Every file of the folder has its row. */
static unsigned look_for_rows(const char *folder, const char *kind, const struct row *rows, size_t n)
{
    char path[600];
    unsigned missing = 0;
    snprintf(path, sizeof path, "%s/%s", folder, kind);
    DIR *files = opendir(path);
    if (!files)
        fail_msg("%s cannot be opened", path);
    for (const struct dirent *file; (file = readdir(files));) {
        char name[300];
        size_t i = 0;
        snprintf(name, sizeof name, "%s/%s", kind, file->d_name);
        while (i < n && strcmp(rows[i].file, name) != 0)
            i++;
        if (file->d_name[0] == '.' || i < n)
            continue;
        print_error("%s/%s has no row\n", folder, name);
        missing++;
    }
    closedir(files);
    return missing;
}

static void judge_folder(const char *folder, const struct row *rows, size_t n)
{
    unsigned wrong = look_for_rows(folder, "cap", rows, n) + look_for_rows(folder, "ebm", rows, n);
    for (size_t i = 0; i < n; i++)
        wrong += judge_row(folder, &rows[i]);
    assert_int_equal(wrong, 0);
}

static void own_alerts(void **state)
{
    (void)state;
    judge_folder(OWN, OWN_ROWS, sizeof OWN_ROWS / sizeof *OWN_ROWS);
}

static void samples(void **state)
{
    (void)state;
    const char *folder = getenv("TOCSIN_SAMPLES");
    if (!folder) {
        print_message("%s is skipped: set TOCSIN_SAMPLES to the folder of samples\n", __func__);
        skip();
    }
    judge_folder(folder, SAMPLE_ROWS, sizeof SAMPLE_ROWS / sizeof *SAMPLE_ROWS);
}

/* The control: the judge sees a wrong row, a missing one and a file that is decoded against its row. */
static void the_judge_judges(void **state)
{
    (void)state;
    struct row row = {
        "cap/exercise.cap", "2026-11-22T03:21:00+08:00", 29.6, 115.8, NULL, NULL, "Actual Alert, red flood, spoken: zh-CN"};
    assert_int_equal(judge_row(OWN, &row), 1);
    row.becomes = "not decoded: scope";
    assert_int_equal(judge_row(OWN, &row), 1);
    row.file = "cap/no-scope.cap";
    row.becomes = "not decoded: identifier";
    assert_int_equal(judge_row(OWN, &row), 1);
    assert_true(look_for_rows(OWN, "cap", OWN_ROWS, 3) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_alerts),
        cmocka_unit_test(samples),
        cmocka_unit_test(the_judge_judges),
    };
    return cmocka_run_group_tests(tests, load_shipped, free_shipped);
}
