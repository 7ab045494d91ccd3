/* Deliveries as a table for spreadsheets: what GET /v1/alerts/ID/deliveries?format=csv answers. Pure. */
#ifndef TOCSIN_CONTROLLER_DELIVERY_CSV_H
#define TOCSIN_CONTROLLER_DELIVERY_CSV_H

#include <jansson.h>

/* RFC 4180: a line of names, then one line per delivery, ended by CRLF, UTF-8. The outcome comes first: terminal, end, reason,
 * rung, highest, name, ... deliveries is an array of the API's objects. The caller frees; NULL without memory. */
char *delivery_csv(const json_t *deliveries);

#endif
