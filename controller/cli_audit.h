/* tocsin audit list, verify. */
#ifndef TOCSIN_CONTROLLER_CLI_AUDIT_H
#define TOCSIN_CONTROLLER_CLI_AUDIT_H

#include "controller/audit.h"
#include "controller/cli.h"

cli_function cli_audit_list, cli_audit_verify;

/* Each entry that the daemon has, the oldest first, a page in memory at a time; previous is what the first one builds upon.
 * False ends it. */
typedef bool cli_audit_fn(void *context, const json_t *entry);
/* begin: called once, before the first entry, also where there is none; "SEQ:HASH". Returns CLI_REACHED, or what was told. */
enum cli_exit cli_audit_each(struct cli *cli, void (*begin)(void *context, const char *previous), cli_audit_fn *each,
                             void *context);

#endif
