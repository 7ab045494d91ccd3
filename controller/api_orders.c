/* Orders: what somebody does to an alert, or to the site's switch; and who may not. */
#include "codecs/ebm_request.h"
#include "codecs/rfc3339.h"
#include "controller/api_intern.h"
#include "controller/log.h"

#include <stdlib.h>
#include <string.h>

typedef void order_fn(struct api *api, struct http_request *request); /* to an alert that is known */

/* An order that waits for the store to say whether it has the alert. */
struct ordered {
    struct api *api;
    struct http_request *request;
    order_fn *order;
};

/* The body of an order, with its reason; NULL: answered. */
static json_t *reasoned(struct http_request *request, const char *example)
{
    json_error_t where;
    struct slice body = http_body(request);
    json_t *asked = json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, &where);
    const char *reason = json_string_value(json_object_get(asked, "reason"));
    if (reason && *reason)
        return asked;
    http_reply_problem(request, 422, "reason", "reason: missing; send %s", example);
    json_decref(asked);
    return NULL;
}

static void stop(struct api *api, struct http_request *request)
{
    json_t *asked = reasoned(request, "{\"reason\": \"why it is stopped\"}");
    if (!asked)
        return;
    const char *reason = json_string_value(json_object_get(asked, "reason"));
    log_line(LOG_NOTE, "%s: %s asks to stop it: %s", http_id(request), http_user(request), reason);
    desk_stop(api->desk, http_id(request), reason, http_user(request), api_on_answer, request);
    json_decref(asked);
}

static void extend(struct api *api, struct http_request *request)
{
    json_t *asked = reasoned(request, "{\"expires\": \"2026-11-22T05:20:00+08:00\", \"reason\": \"why it stays in force\"}");
    if (!asked)
        return;
    const char *expires = json_string_value(json_object_get(asked, "expires"));
    struct wall until;
    struct error error;
    if (!expires)
        http_reply_problem(request, 422, "expires", "expires: missing; send a time such as 2026-11-22T05:20:00+08:00");
    else if (!rfc3339_parse(slice_of(expires), &until, NULL, &error))
        http_reply_problem(request, 422, "expires", "expires: %s", error.message);
    else
        desk_extend(api->desk, http_id(request), until, json_string_value(json_object_get(asked, "reason")), http_user(request),
                    api_on_answer, request);
    json_decref(asked);
}

static void follow_up(struct api *api, struct http_request *request, enum form_kind kind)
{
    const struct desk_sender sender = {.user = http_user(request), .key = http_header(request, "Idempotency-Key")};
    json_t *asked = reasoned(request, "{\"reason\": \"why\"}");
    if (!asked)
        return;
    desk_follow_up(api->desk, &sender, http_id(request), kind, asked, api_on_answer, request);
    json_decref(asked);
}

void api_post_all_clear(void *context, struct http_request *request)
{
    if (api_may(context, request, RIGHT_ALL_CLEAR))
        follow_up(context, request, FORM_ALL_CLEAR);
}

void api_post_correct(void *context, struct http_request *request)
{
    if (api_may(context, request, RIGHT_CORRECT))
        follow_up(context, request, FORM_CORRECTION);
}

static void resume(struct api *api, struct http_request *request)
{
    desk_resume(api->desk, http_id(request), http_user(request), api_on_answer, request);
}

/* Why may be left out; a body that is no JSON is refused all the same. */
static void approve(struct api *api, struct http_request *request)
{
    json_error_t where;
    struct slice body = http_body(request);
    json_t *asked = body.size > 0 ? json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, &where) : json_object();
    const char *reason = json_string_value(json_object_get(asked, "reason"));
    if (json_is_object(asked))
        desk_approve(api->desk, http_id(request), reason ? reason : "", http_user(request), api_on_answer, request);
    else
        http_reply_problem(request, 422, "reason", "send nothing, or {\"reason\": \"why it may sound\"}");
    json_decref(asked);
}

static void reject(struct api *api, struct http_request *request)
{
    json_t *asked = reasoned(request, "{\"reason\": \"why it must not sound\"}");
    if (asked)
        desk_reject(api->desk, http_id(request), json_string_value(json_object_get(asked, "reason")), http_user(request),
                    api_on_answer, request);
    json_decref(asked);
}

static void release(struct api *api, struct http_request *request)
{
    json_t *asked = reasoned(request, "{\"reason\": \"why it cannot wait for the morning\"}");
    const struct desk_officer officer = {http_user(request), http_is_local(request)};
    if (asked)
        desk_let_go(api->desk, http_id(request), json_string_value(json_object_get(asked, "reason")), &officer, api_on_answer,
                    request);
    json_decref(asked);
}

static void on_order_found(void *context, json_t *row, const struct error *error)
{
    struct ordered ordered = *(struct ordered *)context;
    free(context);
    if (row)
        ordered.order(ordered.api, ordered.request);
    else
        http_reply_problem(ordered.request, error->code == ERROR_NOT_FOUND ? 404 : 500, error_name(error->code), "%s",
                           error->message);
    json_decref(row);
}

/* What is live can be stopped even where the store does not know it: on a full disk it sounds all the same. */
static void give_order(struct api *api, struct http_request *request, order_fn *order)
{
    json_t *live = desk_live_alert(api->desk, http_id(request));
    struct ordered *ordered = live ? NULL : malloc(sizeof *ordered);
    if (live)
        order(api, request);
    else if (ordered) {
        *ordered = (struct ordered){api, request, order};
        store_get_alert(api->store, http_id(request), on_order_found, ordered);
    } else {
        http_reply_problem(request, 503, "no_memory", "out of memory; try again");
    }
    json_decref(live);
}

void api_post_stop(void *context, struct http_request *request)
{
    if (api_may(context, request, RIGHT_STOP))
        give_order(context, request, stop);
}

void api_post_extend(void *context, struct http_request *request)
{
    if (api_may(context, request, RIGHT_EXTEND))
        give_order(context, request, extend);
}

void api_post_resume(void *context, struct http_request *request)
{
    if (api_may(context, request, RIGHT_STOP))
        give_order(context, request, resume);
}

void api_post_approve(void *context, struct http_request *request)
{
    if (api_may(context, request, RIGHT_APPROVE))
        give_order(context, request, approve);
}

void api_post_reject(void *context, struct http_request *request)
{
    if (api_may(context, request, RIGHT_APPROVE))
        give_order(context, request, reject);
}

void api_post_release(void *context, struct http_request *request)
{
    if (api_may(context, request, RIGHT_RELEASE))
        give_order(context, request, release);
}

/* ---- the site's switch ---- */

void api_get_site(void *context, struct http_request *request)
{
    const struct api *api = context;
    http_reply_json(request, 200, desk_site_json(api->desk));
}

void api_post_site(void *context, struct http_request *request)
{
    const struct api *api = context;
    json_t *asked = reasoned(request, "{\"remote\": false, \"reason\": \"why\"}");
    const json_t *takes = json_object_get(asked, "remote");
    if (asked && !http_is_local(request))
        http_reply_problem(request, 403, "not_local",
                           "whether the site takes commands over the network is decided at the box: "
                           "tocsin site remote, or tocsin site local-only");
    else if (asked && !json_is_boolean(takes))
        http_reply_problem(request, 422, "remote", "remote: true or false");
    else if (asked)
        desk_set_remote(api->desk, json_is_true(takes), json_string_value(json_object_get(asked, "reason")), http_user(request),
                        api_on_answer, request);
    json_decref(asked);
}

/* What an officer must know of an alert that was refused: who tried to warn of what. */
static void describe(const struct http_request *request, char *text, size_t size)
{
    enum media media;
    struct alert_message *message = NULL;
    struct ebm_package *package = NULL;
    struct error error = {0};
    const char *headline = "";
    if (!media_parse(http_header(request, "Content-Type"), &media) ||
        !reception_decode(media, http_body(request), &message, &package, &error))
        return;
    if (message->n_infos > 0)
        headline = message->infos[0].headline ? message->infos[0].headline : message->infos[0].event;
    text_print(text, size, ": %s from %s: %s", message->identifier, message->sender, headline ? headline : "");
    alert_message_free(message);
    ebm_package_free(package);
}

/* A package that is no message but a question changes nothing. */
static bool only_asks(const struct http_request *request)
{
    enum media media;
    return media_parse(http_header(request, "Content-Type"), &media) && media == MEDIA_EBM &&
           ebm_request_read(http_body(request)).kind != EBM_REQUEST_NONE;
}

bool api_guard(void *context, struct http_request *request)
{
    const struct api *api = context;
    char what[200] = "";
    struct refusal refusal = {.code = "local_only"};
    if (http_is_local(request) || desk_takes_remote(api->desk) || only_asks(request))
        return true;
    describe(request, what, sizeof what);
    text_print(refusal.message, sizeof refusal.message, "POST %s by %s%s%s%s", http_path(request), http_user(request),
               *http_id(request) ? ", " : "", http_id(request), what);
    desk_tell_refused(api->desk, refusal.message);
    desk_denied(api->desk, http_user(request), http_id(request), &refusal);
    http_reply_problem(request, 403, refusal.code,
                       "the site takes no commands over the network now; its officer was told: speak with him");
    return false;
}
