/* Alarms of what terminals and site devices tell of themselves: a fault and its end, a site device that is lost and comes back,
 * the mains of the controller. Each once per change, and what comes and goes once a minute (flap.h). Pure: events bring the
 * time. */
#ifndef TOCSIN_CONTROLLER_SITE_ALARM_H
#define TOCSIN_CONTROLLER_SITE_ALARM_H

#include "config/config.h"
#include "hardware/line.h"

struct site_alarms;

/* what: fault, device_lost or controller_on_battery; over: fault_over, device_back or controller_on_mains. */
typedef void site_alarm_fn(void *context, bool over, const char *what, const char *detail);

/* NULL: out of memory. The configuration outlives it. */
struct site_alarms *site_alarms_create(const struct config *config, site_alarm_fn *alarm, void *context);
void site_alarms_free(struct site_alarms *alarms); /* NULL is allowed */

void site_alarms_take(struct site_alarms *alarms, uint32_t line, const struct line_event *event);

/* Tells what was held back and is due; at least every second. */
void site_alarms_tick(struct site_alarms *alarms, struct mono now);

/* True if the controller runs on its battery, or nobody can see whether it does; why is then said in words. */
bool site_alarms_on_battery(const struct site_alarms *alarms, char *why, size_t size);

#endif
