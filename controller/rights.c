/* Logins, sources and who stands above whom. */
#include "controller/rights.h"

#include <string.h>

const struct config_user *rights_user(const struct config *config, const char *login)
{
    const struct config_user *any = NULL;
    for (size_t i = 0; i < config->n_users; i++) {
        if (strcmp(config->users[i].login, login) == 0)
            return &config->users[i];
        if (strcmp(config->users[i].login, "*") == 0)
            any = &config->users[i];
    }
    return any;
}

const struct config_source *rights_source(const struct config *config, const char *login, struct refusal *refusal)
{
    const struct config_user *user = rights_user(config, login);
    if (user)
        return &config->sources[user->source];
    refusal_set(refusal, "no_source", "the login %.64s acts for no source: name it in users in the configuration", login);
    return NULL;
}

const struct config_source *rights_source_of(const struct config *config, const char *sender)
{
    const struct config_source *any = NULL;
    for (size_t i = 0; i < config->n_sources; i++) {
        if (strcmp(config->sources[i].sender, sender) == 0)
            return &config->sources[i];
        if (strcmp(config->sources[i].sender, "*") == 0 && !any)
            any = &config->sources[i];
    }
    return any;
}

bool rights_have(const struct config *config, const char *login, enum right right, struct refusal *refusal)
{
    const struct config_user *user = rights_user(config, login);
    if (config->n_users == 0 || (user && user->rights >> right & 1))
        return true;
    return refusal_set(refusal, "no_right", "the login %.64s has not the right to \"%.20s\": see users in the configuration",
                       login, right_name(right));
}

bool rights_may_relay(const struct config *config, const char *login, const char *sender, struct refusal *refusal)
{
    const struct config_user *user = rights_user(config, login);
    const struct config_source *source = rights_source_of(config, sender);
    if (config->n_users == 0 || !source) /* unknown ones are refused by intake */
        return true;
    if (user && &config->sources[user->source] == source)
        return true;
    for (size_t i = 0; user && i < user->n_relays; i++)
        if (&config->sources[user->relays[i]] == source)
            return true;
    return refusal_set(refusal, "not_its_source",
                       "the login %.64s may not send for %.100s: see relays of users in the configuration", login, sender);
}

bool rights_may_end(const struct config *config, const char *by, const char *of)
{
    const struct config_source *one = rights_source_of(config, by), *other = rights_source_of(config, of);
    if (strcmp(by, of) == 0 || config->n_sources == 0)
        return true;
    return one && other && one->authority > other->authority;
}
