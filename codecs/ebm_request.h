/* Packages that are no message but ask for something (GD/J 083-2018; names as platforms use them, see ebm_answer.h): states of
 * broadcasts, records of broadcasts, whether anybody is there. Pure. */
#ifndef TOCSIN_CODECS_EBM_REQUEST_H
#define TOCSIN_CODECS_EBM_REQUEST_H

#include "codecs/ebm.h"

enum ebm_request_kind {
    EBM_REQUEST_NONE,  /* an EBM, or nothing that can be read: for ebm_decode to say */
    EBM_REQUEST_STATE, /* EBMStateRequest {EBM/EBMID}, also EBMStateRequest/EBMID */
    EBM_REQUEST_LOG,   /* OMDRequest {OMDType EBMBrdLog, Params {RptStartTime, RptEndTime}} */
    EBM_REQUEST_CHECK, /* ConnectionCheck */
    EBM_REQUEST_OTHER, /* any other EBDType or OMDType */
};

struct ebm_request {
    enum ebm_request_kind kind;
    char type[64];                     /* EBDType, or OMDType of an OMDRequest; cleaned, to be quoted */
    char ebd_id[EBM_IDENTITY_MAX + 1]; /* "" where it has none that could be one; likewise below */
    char source[EBM_IDENTITY_MAX + 1], destination[EBM_IDENTITY_MAX + 1]; /* EBRID */
    char ebm_id[EBM_IDENTITY_MAX + 1]; /* of a state request, and of a log request that names one (RelatedEBM/EBMID) */
    struct wall from, until;           /* 0 ms: not given, or not to be read */
};

/* Reads who sends what, of a package of any kind. Never fails: what cannot be read is absent. */
struct ebm_request ebm_request_read(struct slice archive);

#endif
