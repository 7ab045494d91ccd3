/* A site's configuration as checked structs: loaded from libconfig files, all mistakes reported at once with file and line. */
#ifndef TOCSIN_CONFIG_CONFIG_H
#define TOCSIN_CONFIG_CONFIG_H

#include "audio/playout.h"
#include "audio/programme.h"
#include "audio/voice.h"
#include "codecs/alert_message.h"
#include "codecs/area_code.h"
#include "codecs/base.h"
#include "codecs/sm2.h"
#include "config/place.h"
#include "hardware/line.h"
#include "hardware/profile.h"

enum {
    CONFIG_CODES_MAX = 8,     /* area codes of one terminal */
    CONFIG_LANGUAGES_MAX = 4, /* of one channel */
    CONFIG_NAMES_MAX = 8,
    CONFIG_AUDIO_FROM_MAX = 4,
    CONFIG_BEFORE_MAX = 8, /* returns before the start that an alert names */
    CONFIG_HAZARDS_MAX = 200,
    CONFIG_AREAS_MAX = 64,  /* that a source may address */
    CONFIG_ACTIONS_MAX = 6, /* CAP's responseTypes that ask for something */
};

/* Level of a warning, gravest first (GB/T 33414 I-IV, then Tocsin's two). */
enum level { LEVEL_RED, LEVEL_ORANGE, LEVEL_YELLOW, LEVEL_BLUE, LEVEL_ADVISORY, LEVEL_DAILY, LEVEL_COUNT };
const char *level_name(enum level level); /* "red", ... */

enum clock_mode { CLOCK_NTP, CLOCK_RTC, CLOCK_TRUST };

/* What is said, with slots (config/slots.h); checked. */
struct config_text {
    char in[TEXT_LANGUAGES][768];
};

struct config_hazard {
    char id[33];
    char code[6]; /* GB/T 35561 style, five characters; empty if none */
    char name_zh[64], name_en[64];
    char spoken[TEXT_LANGUAGES][64]; /* within a sentence: the slot {hazard} */
    int rank;                        /* lower goes first */
    enum tone_kind tone;
    uint32_t return_s[LEVEL_COUNT]; /* while it is in force its programme returns so often; 0: never */
    size_t n_return_before;
    uint16_t return_before_min[CONFIG_BEFORE_MAX]; /* minutes before the start that the alert names, where it names one */
    bool passes_night;                             /* whatever the table of night passage says */
    struct config_text text;                       /* of its alerts; that of "other" where it has none of its own */
    size_t n_events; /* what a CAP event or eventCode value may say for it; compared without case */
    char (*events)[64];
};

/* First match decides the level: a CAP parameter or event code of this name and value. */
struct config_level_rule {
    char source[65]; /* a source's id; empty: any */
    char name[64], value[64];
    enum level level;
};

/* What becomes of a package by its signature; controller/ebm_trust.h has the whole rule. */
enum signature_policy {
    SIGNATURE_PREFERRED, /* what is not signed is taken, with a note; a wrong signature is refused */
    SIGNATURE_REQUIRED,  /* only what a configured certificate signed */
    SIGNATURE_OFF,       /* not looked at, with a note on each alert */
};

struct config_certificate { /* of a platform that signs packages */
    char number[33];        /* hexadecimal digits: the 12 of the certificate number that stands in signatures, or CertSN */
    char file[256];
    struct sm2_key *key;
};

/* Who stands above whom, lowest first. */
enum authority {
    AUTHORITY_VILLAGE,
    AUTHORITY_TOWNSHIP,
    AUTHORITY_COUNTY,
    AUTHORITY_CITY,
    AUTHORITY_PROVINCE,
    AUTHORITY_NATION
};

/* What a login may do; as a set: bit n is right n. */
enum right {
    RIGHT_SEND, /* alerts of its source, and of those that it relays */
    RIGHT_STOP, /* and resume */
    RIGHT_EXTEND,
    RIGHT_ALL_CLEAR,
    RIGHT_CORRECT,
    RIGHT_APPROVE, /* and reject, and sign */
    RIGHT_RELEASE, /* from the night */
    RIGHT_COUNT
};
const char *right_name(enum right right); /* "send", ... */

/* Who may send, matched by CAP sender, and what. Of each list: none given, all are allowed. */
struct config_source {
    char id[33];
    enum authority authority;
    char name_zh[64], name_en[64];   /* {issuer}; empty: the site's */
    char sender[128];                /* exact; "*" matches any */
    bool covers;                     /* terminals coded for an area around the alert's are meant too */
    enum signature_policy signature; /* {preferred} */
    char signer_id[65];              /* {1234567812345678}: distinguishing identifier of SM2 */
    struct config_certificate *certificates;
    size_t n_certificates;
    size_t n_hazards, n_levels, n_areas;
    bool hazards[CONFIG_HAZARDS_MAX]; /* by index */
    bool levels[LEVEL_COUNT];
    struct area_code areas[CONFIG_AREAS_MAX]; /* it means terminals inside these only */
    uint32_t most_terminals;                  /* of one alert; 0: no limit */
    uint32_t per_hour;                        /* new alerts that sound, drills counted apart; 0: no limit */
    bool approve;                             /* a second person must, before it sounds */
    uint32_t approve_within_s;                /* {300}: then, and as often again, an alarm asks for it */
    bool exercise;                            /* {true}: it may send drills */
    size_t n_audio_from;
    char audio_from[CONFIG_AUDIO_FROM_MAX][128]; /* its recordings are fetched from addresses that begin so; each ends in "/" */
};

/* A row of the table of what passes at night. */
struct config_passage {
    int hazard; /* index; -1: any */
    bool levels[LEVEL_COUNT];
    size_t n_actions; /* 0: whatever it asks for */
    char actions[CONFIG_ACTIONS_MAX][16];
};

struct config_night {
    char from[6], until[6]; /* local time, "22:00"; from empty: no night is kept */
    int from_minute, until_minute;
    size_t n_passage;
    struct config_passage *passage;
};

struct config_user { /* a login of the API */
    char login[64];  /* "root", "uid:1000", "token"; "*" is any other */
    uint32_t source; /* index: whom it acts for */
    uint32_t rights; /* set of enum right */
    size_t n_relays;
    uint32_t *relays; /* indexes: sources whose alerts it may hand in as well; owned */
};

struct config_terminal {
    struct terminal_settings hardware;
    char name[64];
    uint32_t line; /* index */
    uint8_t volume_percent;
    bool maintenance;
    bool supplies_controller; /* a UPS that feeds this box; its profile has mains_lost_when */
    size_t n_codes;
    struct area_code codes[CONFIG_CODES_MAX];
    const struct config_place *group; /* the group of its village that alone hears it; NULL: it is for all */
    bool has_position;
    double latitude, longitude;
};

struct config_line {
    struct line_settings hardware;
    uint32_t channel; /* index */
    size_t n_terminals;
    uint32_t *terminals; /* indexes into config.terminals; position is the terminal's index on the line */
};

struct config_message { /* output = none: what a terminal plays by itself */
    char hazard[33];
    enum level level;
    char language[16];
    bool exercise, all_clear;
    uint16_t slot, tone;
};

struct config_channel {
    char id[33];
    bool has_output; /* false: output = none */
    struct playout_settings playout;
    size_t n_languages;
    char languages[CONFIG_LANGUAGES_MAX][16]; /* the order in which an alert's languages are spoken, by primary subtag */
    struct config_message *messages;          /* output = none only */
    size_t n_messages;
};

/* What is said besides the alerts; the settings of texts.cfg, in this order. */
enum text_key {
    TEXT_UPDATE,
    TEXT_ALL_CLEAR,
    TEXT_ALL_CLEAR_BEGIN, /* what an all-clear begins with */
    TEXT_DRILL,
    TEXT_DRILL_BEGIN,   /* before whatever a drill says */
    TEXT_DRILL_AGAIN,   /* and behind it */
    TEXT_DRILL_END,     /* once, at its very end */
    TEXT_DRILL_STOPPED, /* an actual alert begins with it that cuts off a drill */
    TEXT_CORRECTION,
    TEXT_CORRECT_NO_DANGER, /* two values of its {correct} */
    TEXT_CORRECT_PLACE,
    TEXT_FLASH_FLOOD_HERE, /* two values of {state} */
    TEXT_FLASH_FLOOD_COMING,
    TEXT_COUNT,
};

/* What is said by a recording where no voice is left. */
enum recording { RECORDING_DANGER, RECORDING_DRILL, RECORDING_ALL_CLEAR, RECORDING_COUNT };

struct config_recording { /* paths */
    char zh[256], en[256];
};

struct config {
    char site_name_zh[64], site_name_en[64];
    struct area_code site_code;
    char state_dir[256]; /* store, token file */
    char socket_path[104];
    uint16_t http_port; /* 0: none taken from the configuration (tests: any free one, written to the state folder) */
    bool http_enabled;
    uint16_t http_connections; /* {256}, of both doors together */
    char socket_group[33];     /* {tocsin} */
    enum clock_mode clock;
    int utc_offset_minutes; /* {480}: how times are shown */
    size_t n_geocode_names;
    char geocode_names[CONFIG_NAMES_MAX][64]; /* valueNames that hold 12-digit codes */
    uint32_t repetitions;                     /* {3} */
    uint32_t max_speech_s;                    /* {60} */
    uint32_t default_life_s;                  /* {3600}: without expires */
    uint32_t unchecked_life_s;                /* {600}: while the clock is not trusted */
    uint32_t keep_alerts;                     /* {10000}: on disk, with their deliveries; those that ended */
    uint32_t keep_days;                       /* {400}: no alert goes before, however many there are */
    uint32_t keep_audit_days;                 /* {3650}: entries of the audit trail */
    uint32_t keep_readings_days;              /* {400}: raw readings */
    uint32_t ask_before_s;                    /* {600}: so long before an alert in force lapses an officer is asked; 0: never */
    bool returns;                             /* {true}: while an alert is in force its programme returns */
    uint32_t hold_open_s;                     /* {30}: for terminals not sampled yet */
    uint32_t silence_ms;                      /* {1500} */
    uint32_t tone_min_ms, tone_max_ms;        /* {3000}, {10000} */
    uint32_t line_down_grace_ms;              /* {3000} */
    double rise_output_db, rise_microphone_db; /* {6}, {10} over the terminal's own baseline */
    struct config_recording recordings[RECORDING_COUNT];
    struct voice_settings voice;
    size_t n_profiles;
    struct profile *profiles;
    size_t n_lines;
    struct config_line *lines;
    size_t n_channels;
    struct config_channel *channels;
    size_t n_terminals;
    struct config_terminal *terminals;
    size_t n_places;
    struct config_place *places; /* in the order of their ids: first the codes */
    size_t n_hazards;
    struct config_hazard *hazards; /* the last one is "other" */
    struct config_text texts[TEXT_COUNT];
    size_t n_level_rules;
    struct config_level_rule *level_rules;
    size_t n_sources;
    struct config_source *sources;
    struct config_night night;
    size_t n_users; /* 0: every login has all rights, but acts for no source */
    struct config_user *users;
};

/* One mistake or warning. file may be NULL, line 0 where there is none. */
typedef void config_report_fn(void *context, const char *file, unsigned line, const char *message, bool warning);

/* Reads the file and what it includes (only below its own folder and the shipped data folder), checks types, ranges, names,
 * references, and every profile. Reports all mistakes at once. NULL if there was any; the caller frees with config_free. */
struct config *config_load(const char *path, config_report_fn *report, void *context);
void config_free(struct config *config);

/* -1 where there is none. */
int config_find_terminal(const struct config *config, const char *id);

#endif
