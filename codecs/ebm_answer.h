/* Answers in packages of the Chinese emergency broadcast: the receipt, the state of a broadcast, records of broadcasts. Pure:
 * structs in, the bytes of a tar file out. Texts are escaped; what no XML can hold becomes '?'.
 *
 * Sources: the texts of GD/J 082-2018, GD/J 083-2018 and GY/T 384-2023 were not at hand. Element names, their order and the
 * meaning of codes are as public code of three platforms of different makers writes and checks them (2016 to 2019); nothing
 * more is certain. All three agree on EBDResponse {ResultCode, ResultDesc}, EBMStateResponse {RptTime, EBM/EBMID, BrdStateCode,
 * BrdStateDesc, Coverage {CoverageRate, AreaCode, ResBrdStat}, ResBrdInfo/ResBrdItem/EBRBS {...}} and EBMBrdLog {Params,
 * EBMBrdItem {EBM, BrdStateCode, BrdStateDesc, Coverage, ResBrdInfo}}.
 *
 *   EBDB_<EBDID>.xml: EBD {EBDVersion, EBDID, EBDType, SRC/EBRID, DEST/EBRID, EBDTime, RelatedEBD/EBDID, ...}
 *
 * The answers are not signed. */
#ifndef TOCSIN_CODECS_EBM_ANSWER_H
#define TOCSIN_CODECS_EBM_ANSWER_H

#include "codecs/base.h"

enum ebm_result { /* ResultCode */
                  EBM_RESULT_NOT_PROCESSED,
                  EBM_RESULT_TAKEN,
                  EBM_RESULT_UNREADABLE,
                  EBM_RESULT_INCOMPLETE,
                  EBM_RESULT_SIGNATURE,
                  EBM_RESULT_OTHER,
};

enum ebm_state { /* BrdStateCode */
                 EBM_STATE_UNPROCESSED,
                 EBM_STATE_WAITING,
                 EBM_STATE_PLAYING,
                 EBM_STATE_SUCCESS,
                 EBM_STATE_FAILED, /* all of it or a part */
                 EBM_STATE_CANCELLED,
};

struct ebm_envelope {
    const char *ebd_id;      /* 36 digits: 10, EBRID of 18, number of 16 */
    const char *source;      /* EBRID: who we are */
    const char *destination; /* EBRID; NULL: not known */
    const char *related;     /* EBDID of what is answered; NULL: nothing */
    struct wall time;        /* written in Beijing time, like all times */
};

/* One channel's play of a message. */
struct ebm_run {
    const char *system;     /* BrdSysInfo: the channel */
    struct wall start, end; /* 0 ms: not yet */
    const char *url;        /* FileURL: where the proof is */
    enum ebm_state state;
    const char *description;
};

struct ebm_record {
    const char *ebm_id;
    enum ebm_state state;
    const char *description;
    const char *area_codes;                      /* those that are ours, separated by commas */
    unsigned n_platforms, n_adapters, n_systems; /* ResBrdStat: what was used */
    unsigned meant, sounded;                     /* terminals: CoverageRate is sounded/meant; ResBrdStat ends with sounded */
    const struct ebm_run *runs;
    size_t n_runs;
    /* Only for records of broadcasts; NULL and negative: not known. */
    const char *sender, *title, *text;
    int msg_type, severity;
    struct wall sent, ends; /* 0 ms: not known */
};

/* Each returns the archive, whose data the caller frees; data is NULL without memory. */
struct ebm_archive {
    char *data;
    size_t size;
};
struct ebm_archive ebm_encode_response(const struct ebm_envelope *envelope, enum ebm_result result, const char *description);
struct ebm_archive ebm_encode_state(const struct ebm_envelope *envelope, const struct ebm_record *record);
/* from and until as they were asked for; 0 ms: not. */
struct ebm_archive ebm_encode_log(const struct ebm_envelope *envelope, struct wall from, struct wall until,
                                  const struct ebm_record *records, size_t n);

#endif
