/* Operations on the site's switch: whether commands over the network are taken. */
#ifndef TOCSIN_CONTROLLER_CLI_SWITCH_H
#define TOCSIN_CONTROLLER_CLI_SWITCH_H

#include "controller/cli.h"

cli_function cli_site_show;
cli_function cli_site_local_only;
cli_function cli_site_remote;

#endif
