/* tocsin check CONFIG: tells all mistakes of a configuration. */
#ifndef TOCSIN_CONTROLLER_CLI_CHECK_H
#define TOCSIN_CONTROLLER_CLI_CHECK_H

#include "controller/cli.h"

cli_function cli_check;

#endif
