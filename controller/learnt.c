/* Few writes for much knowledge. */
#include "controller/learnt.h"

bool learnt_differs(const struct learnt *learnt, int64_t answer_us)
{
    int64_t by = answer_us > learnt->stored_us ? answer_us - learnt->stored_us : learnt->stored_us - answer_us;
    int64_t share = learnt->stored_us / LEARNT_SHARE;
    return answer_us > 0 && (learnt->stored_us == 0 || by > (share > LEARNT_LEAST_US ? share : LEARNT_LEAST_US));
}

bool learnt_due(const struct learnt *learnt, int64_t answer_us, struct mono now)
{
    bool lately = learnt->written.us != 0 && mono_since(now, learnt->written) < (int64_t)LEARNT_PAUSE_MS * 1000;
    return !lately && learnt_differs(learnt, answer_us);
}
