/* Operations on terminals and lines. */
#include "controller/api_intern.h"

#include <stdlib.h>
#include <string.h>

/* A request that waits for its terminal to be read. */
struct asked {
    struct api *api;
    struct http_request *request;
    uint32_t terminal;
};

void api_get_terminals(void *context, struct http_request *request)
{
    const struct api *api = context;
    http_reply_json(request, 200, json_pack("{s:o}", "terminals", site_terminals_json(desk_site(api->desk))));
}

static void refuse_asked(struct http_request *request, const struct error *error)
{
    bool busy = error->code == ERROR_CONFLICT || error->code == ERROR_NO_MEMORY;
    const char *code = busy ? "too_many" : error->code == ERROR_DISCONNECTED ? "line_down" : "not_read";
    http_reply_problem(request, busy ? 503 : 504, code, "%s", error->message);
}

static void on_read(void *context, const struct error *error)
{
    struct asked asked = *(struct asked *)context;
    free(context);
    if (error->code == ERROR_NONE)
        http_reply_json(asked.request, 200, site_terminal_json(desk_site(asked.api->desk), asked.terminal));
    else
        refuse_asked(asked.request, error);
}

static void read_now(struct api *api, struct http_request *request, uint32_t terminal)
{
    struct error error = {0};
    struct asked *asked = malloc(sizeof *asked);
    if (!asked) {
        http_reply_problem(request, 503, "no_memory", "out of memory; try again");
        return;
    }
    *asked = (struct asked){api, request, terminal};
    if (site_ask(desk_site(api->desk), terminal, on_read, asked, &error))
        return;
    free(asked);
    refuse_asked(request, &error);
}

void api_get_terminal(void *context, struct http_request *request)
{
    struct api *api = context;
    const char *now = http_query(request, "now");
    int terminal = config_find_terminal(api->config, http_id(request));
    if (terminal < 0)
        http_reply_problem(request, 404, "not_found", "no terminal \"%.40s\"; the list of terminals names all",
                           http_id(request));
    else if (now && strcmp(now, "true") != 0 && strcmp(now, "false") != 0)
        http_reply_problem(request, 422, "now", "now: true or false, not \"%.40s\"", now);
    else if (now && strcmp(now, "true") == 0)
        read_now(api, request, (uint32_t)terminal);
    else
        http_reply_json(request, 200, site_terminal_json(desk_site(api->desk), (uint32_t)terminal));
}

void api_get_lines(void *context, struct http_request *request)
{
    const struct api *api = context;
    http_reply_json(request, 200, json_pack("{s:o}", "lines", site_lines_json(desk_site(api->desk))));
}

void api_get_line(void *context, struct http_request *request)
{
    const struct api *api = context;
    for (uint32_t i = 0; i < api->config->n_lines; i++)
        if (strcmp(api->config->lines[i].hardware.id, http_id(request)) == 0) {
            http_reply_json(request, 200, site_line_json(desk_site(api->desk), i));
            return;
        }
    http_reply_problem(request, 404, "not_found", "no line \"%.40s\"; the list of lines names all", http_id(request));
}
