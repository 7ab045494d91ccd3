/* Operations on the site: terminals, lines, health. */
#ifndef TOCSIN_CONTROLLER_CLI_SITE_H
#define TOCSIN_CONTROLLER_CLI_SITE_H

#include "controller/cli.h"

cli_function cli_terminal_list;
cli_function cli_terminal_show;
cli_function cli_line_list;
cli_function cli_place_list;
cli_function cli_health;

#endif
