/* Coverage: how many terminals an alert means, how many people live by them, and how far it got with both. It is counted from
 * deliveries, never from who is online: a terminal that answers has not warned anybody. Pure.
 *
 * Each terminal stands for its share of the people of its places (gazetteer_share), in whole persons; it stands with its
 * delivery, so that what was reached can be counted when the places have long been changed. */
#ifndef TOCSIN_CONTROLLER_COVERAGE_H
#define TOCSIN_CONTROLLER_COVERAGE_H

#include "controller/alert.h"
#include "controller/health.h"

/* Fills the alert's people and population_unknown by its terminals and groups. Without memory nobody is known. */
void coverage_share(const struct config *config, struct alert *alert);

/* What is to be hoped for, before anything sounds: {terminals, good, degraded, dead, unknown, maintenance, people,
 * people_reachable, population_unknown}. states are by terminal of the configuration; reachable are people at terminals that
 * answer and shall sound. New reference. */
json_t *coverage_expected(const struct config *config, const struct alert *alert, const enum health_state *states);

/* What came of it: {terminals: {meant, sent, ..., heard, failed, pending, excluded}, people: {the same}, population_unknown,
 * read: {heard, failed, pending, total}}. Who reached a rung counts for those below it too. read is when the last of those
 * was read; what was never read is not there. alert is as the API shows it, deliveries an array of what it shows or of stored
 * rows. New reference; NULL where no terminal is meant. */
json_t *coverage_reached(const json_t *alert, const json_t *deliveries);

#endif
