/* Operations on alerts: send, list, show, stop, extend, resume, deliveries. */
#ifndef TOCSIN_CONTROLLER_CLI_ALERT_H
#define TOCSIN_CONTROLLER_CLI_ALERT_H

#include "controller/cli.h"

cli_function cli_alert_send;
cli_function cli_alert_list;
cli_function cli_alert_show;
cli_function cli_alert_stop;
cli_function cli_alert_extend;
cli_function cli_alert_resume;
cli_function cli_alert_approve;
cli_function cli_alert_reject;
cli_function cli_alert_release;
cli_function cli_alert_all_clear; /* cli_follow_up.c */
cli_function cli_alert_correct;
cli_function cli_alert_deliveries;

/* Gives an order to the alert that the argument names, and shows what it is then. Takes the body over. */
enum cli_exit cli_order(struct cli *cli, const char *what, json_t *body);

#endif
