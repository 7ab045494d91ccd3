/* tocsind --silence: stops what a daemon that is gone has left sounding, and what is provably ours only. It needs nothing but
 * the configuration; of the store it reads the last tokens, where it can. */
#ifndef TOCSIN_CONTROLLER_SILENCE_H
#define TOCSIN_CONTROLLER_SILENCE_H

#include "config/config.h"

struct uv_loop_s;

/* Runs the loop until every line was looked through, or is given up. Returns the exit status: 0 where nothing of ours can
 * sound any more, 1 where that is not sure; the log names the lines and terminals. */
int silence_run(const struct config *config, struct uv_loop_s *loop);

#endif
