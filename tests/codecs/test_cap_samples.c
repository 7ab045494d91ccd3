/* codecs/cap against real CAP files: the folder cap/ below $TOCSIN_SAMPLES. Without it each test says that it is skipped. */
#include "tests/codecs/cap_reading.h"

#include <dirent.h>

static const struct {
    const char *name;
    const char *refused; /* how the reason begins; NULL: it is read, and has the following */
    const char *identifier;
    const char *expires; /* of the last info; NULL: none */
    size_t infos, areas, polygons, points, circles, geocodes, parameters, event_codes, resources, references;
} samples[] = {
    {"australia.cap", NULL, "tag:www.rfs.nsw.gov.au2011-10-06:40184", "2011-10-06T23:04:00+10:00", 2, 2, 0, 0, 2, 2, 14, 4, 2,
     0},
    {"canada.cap", NULL, "2.49.0.1.124.6bddbc91.2012", "2012-05-03T00:20:00-00:00", 2, 4, 4, 110, 0, 26, 10, 4, 0, 2},
    {"canada_errors.cap", NULL, "2.49.0.1.124.6bddbc91.2012", "2012-05-03T00:20:00Z", 1, 1, 1, 17, 0, 1, 0, 0, 0, 0},
    {"canada_signed.cap", NULL, "2.49.0.1.124.f2c83f5f.2013", "2013-01-25T13:26:00-00:00", 2, 4, 4, 150, 0, 72, 12, 4, 0, 9},
    {"earthquake-iso8859-1.cap", NULL, "USGS-earthquakes-usB000D5T4.3947362.7.20121014T225304.360Z.0",
     "2012-10-21T22:53:04+00:00", 1, 1, 0, 0, 1, 0, 12, 1, 0, 0},
    {"earthquake.cap", NULL, "USGS-earthquakes-us2010apcd.6.20100831T000925.496Z", "2010-09-02T00:09:25-05:00", 1, 1, 0, 0, 1,
     0, 12, 1, 0, 0},
    {"earthquake_signed.cap", NULL, "USGS-earthquakes-nc71635010.28103893.20110906T171538.586Z", "2011-09-13T17:15:38+00:00", 1,
     1, 0, 0, 1, 0, 11, 1, 0, 0},
    {"iceland.cap", NULL, "is-IMO-2a4c2db8-07fd-4a0f-b372-9667280d46d1", "2021-09-13T10:00:00-00:00", 2, 2, 2, 16, 0, 2, 2, 2,
     2, 0},
    {"invalid.cap", "scope: missing; CAP 1.2 requires it", NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
    {"macau_monsoon.xml", NULL, "SMG-Weather_MS_2025_006_03", NULL, 3, 3, 3, 189, 0, 0, 0, 0, 0, 1},
    {"no_optional_fields.cap", NULL, "USGS-earthquakes-us2010apcd.6.20100831T000925.496Z", NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
    {"noaa_errors.cap", "polygon: point 7 \"+40.85,-118.09, +40.86,-118.09, +41.12,-\" is not latitude,longitude", NULL, NULL,
     0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
    {"oasis11_appendix_a1.xml", NULL, "43b080713727", NULL, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0},
    {"oasis11_appendix_a2.xml", NULL, "KSTO1055887203", "2003-06-17T16:00:00-07:00", 1, 1, 1, 5, 0, 3, 0, 1, 0, 0},
    {"oasis11_appendix_a3.xml", NULL, "TRI13970876.1", NULL, 1, 1, 0, 0, 1, 0, 5, 0, 0, 0},
    {"oasis11_appendix_a4.xml", NULL, "KAR0-0306112239-SW", NULL, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0},
    {"oasis12_appendix_a1.xml", NULL, "43b080713727", NULL, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0},
    {"oasis12_appendix_a2.xml", NULL, "KSTO1055887203", "2003-06-17T16:00:00-07:00", 1, 1, 1, 5, 0, 3, 0, 1, 0, 0},
    {"oasis12_appendix_a3.xml", NULL, "TRI13970876.2", NULL, 1, 1, 0, 0, 1, 0, 5, 0, 0, 1},
    {"oasis12_appendix_a4.xml", NULL, "KAR0-0306112239-SW", NULL, 2, 2, 0, 0, 0, 2, 0, 2, 0, 0},
    {"taiwan.cap", NULL, "WRA_ReservoirWarn_201405142010", "2014-05-14T21:10:00+08:00", 1, 1, 0, 0, 0, 1, 4, 1, 0, 0},
    {"wcatwc-warning.cap", NULL, "PAAQ-2-lqw6d6", "2011-09-02T12:36:50-00:00", 1, 1, 0, 0, 0, 2, 38, 0, 3, 1},
    {"weather.cap", NULL, "NOAA-NWS-ALERTS-MT20100830100700TFXFlashFloodWatchTFX20100830180000MT", "2010-08-30T12:00:00-06:00",
     1, 1, 0, 0, 0, 2, 4, 1, 0, 0},
    {"xee.cap", "document type declaration: <!DOCTYPE alert> is refused", NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
};

enum { N_SAMPLES = sizeof samples / sizeof samples[0] };

static void need_samples(const char *test)
{
    if (getenv("TOCSIN_SAMPLES"))
        return;
    print_message("%s is skipped: set TOCSIN_SAMPLES to the folder of samples\n", test);
    skip();
}

static void path_of(const char *name, char path[512])
{
    snprintf(path, 512, "%s/cap/%s", getenv("TOCSIN_SAMPLES"), name);
}

static struct alert_message *sample(const char *name)
{
    char path[512];
    path_of(name, path);
    return decoded_file(path);
}

static void check_counts(size_t i, const struct alert_message *m)
{
    size_t areas = 0, polygons = 0, points = 0, circles = 0, geocodes = 0, parameters = 0, event_codes = 0, resources = 0;
    for (size_t n = 0; n < m->n_infos; n++) {
        const struct alert_info *info = &m->infos[n];
        areas += info->n_areas;
        parameters += info->n_parameters;
        event_codes += info->n_event_codes;
        resources += info->n_resources;
        for (size_t a = 0; a < info->n_areas; a++) {
            polygons += info->areas[a].n_polygons;
            circles += info->areas[a].n_circles;
            geocodes += info->areas[a].n_geocodes;
            for (size_t p = 0; p < info->areas[a].n_polygons; p++)
                points += info->areas[a].polygons[p].n_points;
        }
    }
    assert_int_equal(m->n_infos, samples[i].infos);
    assert_int_equal(areas, samples[i].areas);
    assert_int_equal(polygons, samples[i].polygons);
    assert_int_equal(points, samples[i].points);
    assert_int_equal(circles, samples[i].circles);
    assert_int_equal(geocodes, samples[i].geocodes);
    assert_int_equal(parameters, samples[i].parameters);
    assert_int_equal(event_codes, samples[i].event_codes);
    assert_int_equal(resources, samples[i].resources);
    assert_int_equal(m->n_references, samples[i].references);
}

static void check_sample(size_t i)
{
    char path[512];
    struct alert_message *m;
    struct error error = {ERROR_NONE, ""};
    path_of(samples[i].name, path);
    bool ok = decode_file(path, &m, &error);
    print_message("%s: %s\n", samples[i].name, ok ? "read" : error.message);
    if (samples[i].refused) {
        assert_false(ok);
        assert_int_equal(strncmp(error.message, samples[i].refused, strlen(samples[i].refused)), 0);
        return;
    }
    assert_true(ok);
    assert_string_equal(m->identifier, samples[i].identifier);
    assert_int_equal(m->n_infos && m->infos[m->n_infos - 1].has_expires, samples[i].expires != NULL);
    if (samples[i].expires)
        same_time(m->infos[m->n_infos - 1].expires, samples[i].expires);
    check_counts(i, m);
    alert_message_free(m);
}

static void every_sample(void **state)
{
    (void)state;
    need_samples(__func__);
    for (size_t i = 0; i < N_SAMPLES; i++)
        check_sample(i);
}

static void no_sample_is_left_out(void **state)
{
    (void)state;
    need_samples(__func__);
    char path[512];
    path_of("", path);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *file; (file = readdir(folder));) {
        size_t i = 0;
        while (i < N_SAMPLES && strcmp(samples[i].name, file->d_name) != 0)
            i++;
        if (file->d_name[0] != '.' && i == N_SAMPLES)
            fail_msg("%s%s has no expected result in the table", path, file->d_name);
    }
    closedir(folder);
}

static void taiwan_whole(void **state)
{
    (void)state;
    need_samples(__func__);
    struct alert_message *m = sample("taiwan.cap");
    assert_string_equal(m->sender, "ddmt01@wra.gov.tw");
    assert_string_equal(m->sent_text, "2014-05-14T20:10:00+08:00");
    same_time(m->sent, "2014-05-14T12:10:00Z");
    assert_int_equal(m->status, STATUS_ACTUAL);
    assert_int_equal(m->msg_type, MSG_ALERT);
    assert_int_equal(m->scope, SCOPE_PUBLIC);
    assert_int_equal(m->n_codes, 1);
    same_text(m->codes[0], "Progress");
    assert_null(m->source);
    assert_null(m->restriction);
    assert_null(m->addresses);
    assert_null(m->note);
    assert_null(m->incidents);
    const struct alert_info *info = &m->infos[0];
    same_text(info->language, "zh-tw");
    assert_int_equal(info->n_categories, 1);
    same_text(info->categories[0], "Infra");
    same_text(info->event, "水庫洩洪");
    assert_int_equal(info->n_response_types, 1);
    same_text(info->response_types[0], "Monitor");
    assert_int_equal(info->urgency, URGENCY_FUTURE);
    assert_int_equal(info->severity, SEVERITY_MODERATE);
    assert_int_equal(info->certainty, CERTAINTY_OBSERVED);
    assert_null(info->audience);
    same_pair(info->event_codes[0], "profile:CAP-TWP:Event:1.0", "ReservoirDis");
    assert_true(info->has_effective && info->has_expires && !info->has_onset);
    same_time(info->effective, "2014-05-14T12:10:00Z");
    same_time(info->expires, "2014-05-14T13:10:00Z");
    same_text(info->sender_name, "水利署");
    same_text(info->headline, "明德水庫:洩洪中");
    same_text(info->text, "水利署訊:明德水庫:洩洪中.影響範圍:後龍溪流域,鄉鎮:頭屋鄉,請及早應變.");
    same_text(info->instruction, "請沿岸附近民眾注意。");
    same_text(info->web, "http://fhy2.wra.gov.tw/Pub_Web_2011/Page/Reservoir.aspx");
    assert_null(info->contact);
    assert_int_equal(info->n_parameters, 4);
    same_pair(info->parameters[0], "alert_title", "水庫洩洪警戒");
    same_pair(info->parameters[1], "status_type", "洩洪中");
    same_pair(info->parameters[2], "severity_level", "一級警戒");
    same_pair(info->parameters[3], "alert_color", "紅色");
    same_text(info->areas[0].description, "苗栗縣頭屋鄉");
    same_pair(info->areas[0].geocodes[0], "Taiwan_Geocode_100", "1000512");
    alert_message_free(m);
}

static void check_macau_polygon(const struct alert_area *area)
{
    assert_int_equal(area->n_polygons, 1);
    assert_int_equal(area->n_circles + area->n_geocodes, 0);
    const struct alert_polygon *polygon = &area->polygons[0];
    assert_int_equal(polygon->n_points, 63);
    same_point(polygon->points[0], 22.0766, 113.5709);
    same_point(polygon->points[1], 22.0766, 113.6102);
    same_point(polygon->points[4], 22.2041, 113.6052);
    same_point(polygon->points[61], 22.0988, 113.5709);
    same_point(polygon->points[62], 22.0766, 113.5709);
}

static void check_macau_info(const struct alert_info *info, const char *const texts[7])
{
    same_text(info->language, texts[0]);
    same_text(info->event, texts[1]);
    same_text(info->sender_name, texts[2]);
    same_text(info->headline, texts[3]);
    same_text(info->text, texts[4]);
    same_text(info->web, texts[5]);
    same_text(info->areas[0].description, texts[6]);
    assert_null(info->instruction);
    assert_null(info->audience);
    same_text(info->contact, "meteo@smg.gov.mo");
    assert_int_equal(info->n_categories, 1);
    same_text(info->categories[0], "Met");
    assert_int_equal(info->n_response_types, 1);
    same_text(info->response_types[0], "AllClear");
    assert_int_equal(info->urgency, URGENCY_PAST);
    assert_int_equal(info->severity, SEVERITY_MODERATE);
    assert_int_equal(info->certainty, CERTAINTY_OBSERVED);
    assert_true(info->has_effective && !info->has_onset && !info->has_expires);
    same_time(info->effective, "2025-04-12T22:00:00Z");
    assert_int_equal(info->n_areas, 1);
    check_macau_polygon(&info->areas[0]);
}

static void macau_whole(void **state)
{
    (void)state;
    need_samples(__func__);
    static const char *const texts[3][7] = {
        {"zh-mo", "強烈季候風信號", "澳門特別行政區政府地球物理氣象局",
         "強烈季候風(即黑球)信號於 2025年04月13日06時00分 取消。", "強烈季候風(即黑球)信號於 2025年04月13日06時00分 取消。",
         "https://www.smg.gov.mo/zh/subpage/35/monsoon-main", "澳門特別行政區行政區域圖"},
        {"pt-PT", "VENTOS FORTES DE MONÇÃO", "DIRECÇÃO DOS SERVIÇOS METEOROLÓGICOS E GEOFÍSICOS",
         "O sinal de ventos fortes de monção(bola preta) foi cancelado  às 06:00, de 13-04-2025.",
         "O sinal de ventos fortes de monção(bola preta) foi cancelado  às 06:00, de 13-04-2025.",
         "https://www.smg.gov.mo/pt/subpage/35/monsoon-main", "Mapa da Divisão Administrativa da RAEM"},
        {"en-US", "STRONG MONSOON SIGNAL", "Macao Meteorological and Geophysical Bureau",
         "Strong monsoon signal(Black ball) was cancelled at 2025-04-13 06:00.",
         "Strong monsoon signal(Black ball) was cancelled at 2025-04-13 06:00.",
         "https://www.smg.gov.mo/en/subpage/35/monsoon-main", "Macao Special Administrative Region Administrative Area Map"},
    };
    struct alert_message *m = sample("macau_monsoon.xml");
    assert_string_equal(m->sender, "meteo@smg.gov.mo");
    assert_string_equal(m->sent_text, "2025-04-13T05:52:12+08:00");
    same_time(m->sent, "2025-04-12T21:52:12Z");
    assert_int_equal(m->status, STATUS_ACTUAL);
    assert_int_equal(m->msg_type, MSG_UPDATE);
    assert_int_equal(m->scope, SCOPE_PUBLIC);
    assert_int_equal(m->n_codes, 0);
    same_text(m->references[0].sender, m->sender);
    same_text(m->references[0].identifier, m->identifier);
    same_text(m->references[0].sent_text, m->sent_text);
    assert_int_equal(m->references[0].sent.ms, m->sent.ms);
    for (size_t i = 0; i < 3; i++)
        check_macau_info(&m->infos[i], texts[i]);
    alert_message_free(m);
}

static void latin1_text(void **state)
{
    (void)state;
    need_samples(__func__);
    struct alert_message *m = sample("earthquake-iso8859-1.cap");
    same_text(m->infos[0].headline, "EQ 4.6 Usulután, Usulután, El Salvador - PRELIMINARY REPORT");
    same_point(m->infos[0].areas[0].circles[0].centre, 12.747, -88.783);
    assert_true(m->infos[0].areas[0].circles[0].radius_km == 0);
    alert_message_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample), cmocka_unit_test(no_sample_is_left_out), cmocka_unit_test(taiwan_whole),
        cmocka_unit_test(macau_whole),  cmocka_unit_test(latin1_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
