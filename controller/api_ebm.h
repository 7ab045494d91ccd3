/* The API in packages of the emergency broadcast: requests and answers that are tar files. Shared by api*.c only. */
#ifndef TOCSIN_CONTROLLER_API_EBM_H
#define TOCSIN_CONTROLLER_API_EBM_H

#include "controller/api_intern.h"

/* True if the answer shall be a package: ?format=ebm, or Accept names application/x-tar. */
bool api_ebm_wanted(const struct http_request *request);

/* Answers a package that is no message but asks for something: states (EBMStateRequest), records (OMDRequest of EBMBrdLog),
 * whether we are here (ConnectionCheck). False if it is none, and not answered. */
bool api_ebm_asked(struct api *api, struct http_request *request);

/* The receipt (EBDResponse) for what was sent in the request's body. */
void api_ebm_reply_submitted(struct api *api, struct http_request *request, const struct desk_answer *answer);

/* The state of one alert (EBMStateResponse). */
void api_ebm_reply_state(struct api *api, struct http_request *request, const char *id);

#endif
