/* Recordings that lie elsewhere, fetched over HTTP by threads of their own: nobody waits for a server but those who want its
 * file, and they no longer than they choose. Whether a file may be fetched is alert_audio.h's to say, and so is whether it is
 * right. */
#ifndef TOCSIN_CONTROLLER_FETCHER_H
#define TOCSIN_CONTROLLER_FETCHER_H

#include "codecs/base.h"

struct fetcher;
struct fetched; /* one file, asked for; shared by all who hold it */

/* NULL without memory or threads. */
struct fetcher *fetcher_create(void);

/* Gives up all that is on its way, within about a second. What is held stays valid. NULL is allowed. */
void fetcher_free(struct fetcher *fetcher);

/* Begins to fetch a file of at most most bytes: in one go, following no redirection, with the server's certificate verified,
 * and for at most 15 s. The caller holds what is returned; NULL without memory. */
struct fetched *fetcher_ask(struct fetcher *fetcher, const char *uri, size_t most);

struct fetched *fetched_hold(struct fetched *fetched);
/* Nobody waits for what nobody holds: it is given up. NULL is allowed. */
void fetched_release(struct fetched *fetched);

/* True once it is known that it does not come. */
bool fetched_failed(struct fetched *fetched);

/* Waits at most wait_ms, on any thread. The bytes live as long as it is held. The error says why there are none. */
bool fetched_wait(struct fetched *fetched, int64_t wait_ms, struct slice *bytes, struct error *error);

#endif
