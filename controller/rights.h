/* What a login may do, and whose alerts a source may end. Pure. */
#ifndef TOCSIN_CONTROLLER_RIGHTS_H
#define TOCSIN_CONTROLLER_RIGHTS_H

#include "controller/intake.h"

/* The user that a login is: his own entry, or that of "*". NULL: there is none. */
const struct config_user *rights_user(const struct config *config, const char *login);

/* The source that a login acts for; NULL after saying why there is none. */
const struct config_source *rights_source(const struct config *config, const char *login, struct refusal *refusal);

/* The source of a sender, that of "*" if no other is; NULL: not configured. */
const struct config_source *rights_source_of(const struct config *config, const char *sender);

/* True if the login has the right; else the refusal says so. Without users everybody has each. */
bool rights_have(const struct config *config, const char *login, enum right right, struct refusal *refusal);

/* True if the login may hand in a message of this sender. */
bool rights_may_relay(const struct config *config, const char *login, const char *sender, struct refusal *refusal);

/* True if what one sender has issued may be ended by another: by itself, or by a level above. */
bool rights_may_end(const struct config *config, const char *by, const char *of);

#endif
