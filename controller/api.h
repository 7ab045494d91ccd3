/* The operations of the HTTP API: one table, from a request to the desk, the store or the site, and back. */
#ifndef TOCSIN_CONTROLLER_API_H
#define TOCSIN_CONTROLLER_API_H

#include "controller/desk.h"
#include "controller/http.h"
#include "controller/store.h"

struct api;

struct api *api_create(const struct config *config, struct desk *desk, struct store *store); /* NULL without memory */
void api_free(struct api *api);

/* The table for http_start, with api as its context. */
const struct http_route *api_routes(size_t *n);

/* For http_start: refuses what comes over the network and would change something, while the site is local-only. */
bool api_guard(void *api, struct http_request *request);

/* Sends an event to all who listen; for store_set_listener. id NULL: it is not on disk. */
void api_tell(void *api, const char *id, const char *type, const json_t *data);

#endif
