/* The API's inside, shared by api*.c only. */
#ifndef TOCSIN_CONTROLLER_API_INTERN_H
#define TOCSIN_CONTROLLER_API_INTERN_H

#include "controller/api.h"

struct api {
    const struct config *config;
    struct desk *desk;
    struct store *store;
    struct listener *listeners; /* open event streams */
    struct wall started;
    unsigned n_packages; /* made as answers (api_ebm.c) */
    int64_t told;        /* the number of the last event that was committed and told */
};

/* A stored row as the API shows it: what intake made of it, with the state of now. New reference. */
json_t *api_alert_of_row(const struct api *api, const json_t *row);

/* Answers a request, its context, with what the desk says. */
void api_on_answer(void *context, const struct desk_answer *answer);

/* True if the login has the right; else it is answered. */
bool api_may(const struct api *api, struct http_request *request, enum right right);

/* Orders (api_orders.c). */
void api_post_all_clear(void *context, struct http_request *request);
void api_post_correct(void *context, struct http_request *request);
void api_post_stop(void *context, struct http_request *request);
void api_post_extend(void *context, struct http_request *request);
void api_post_resume(void *context, struct http_request *request);
void api_post_approve(void *context, struct http_request *request);
void api_post_reject(void *context, struct http_request *request);
void api_post_release(void *context, struct http_request *request);
void api_get_site(void *context, struct http_request *request);
void api_post_site(void *context, struct http_request *request);

/* GET /v1/alerts: a page of summaries, newest first. */
void api_get_alerts(void *context, struct http_request *request);

/* The query's limit of a page; false: it is none, and that is answered. */
bool api_read_limit(struct http_request *request, size_t *limit);

/* GET /v1/audit: a page of the audit trail. GET /v1/alerts/{id}/message: the bytes of an alert as they came. */
void api_get_audit(void *context, struct http_request *request);
void api_get_message(void *context, struct http_request *request);

/* GET /v1/events: what follows Last-Event-ID, then what is new. */
void api_get_events(void *context, struct http_request *request);

/* Terminals and lines (api_site.c). ?now=true reads the terminal before it is answered. */
void api_get_terminals(void *context, struct http_request *request);
void api_get_terminal(void *context, struct http_request *request);
void api_get_lines(void *context, struct http_request *request);
void api_get_line(void *context, struct http_request *request);

/* GET /v1/places: all places of the configuration. */
void api_get_places(void *context, struct http_request *request);

/* GET /metrics: all numbers in Prometheus' text format. */
void api_get_metrics(void *context, struct http_request *request);

#endif
