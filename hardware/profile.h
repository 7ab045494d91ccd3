/* A vendor's terminal as data: register map, command sequences and conditions, filled by config from a profile file.
 * Here is what can be computed from it without any I/O: values from registers, frames from commands, truth of conditions. */
#ifndef TOCSIN_HARDWARE_PROFILE_H
#define TOCSIN_HARDWARE_PROFILE_H

#include "codecs/base.h"

enum {
    PROFILE_FIELDS_MAX = 32,
    PROFILE_WRITES_MAX = 8,  /* of one command */
    PROFILE_VALUES_MAX = 16, /* registers or coils of one write */
    PROFILE_GROUPS_MAX = 8,
    PROFILE_TERMS_MAX = 6, /* of one group */
    PROFILE_IGNORES_MAX = 8,
    PROFILE_READS_MAX = 8, /* requests that one status needs at most */
    PROFILE_WORDS_SIZE = 200,
};

enum register_space { SPACE_COIL, SPACE_DISCRETE, SPACE_INPUT, SPACE_HOLDING };

/* 32-bit types take two registers, high word first; _SWAPPED low word first. BCD is four digits in one register. */
enum field_type { FIELD_BIT, FIELD_U16, FIELD_S16, FIELD_U32, FIELD_S32, FIELD_U32_SWAPPED, FIELD_S32_SWAPPED, FIELD_BCD };

struct profile_field {
    char name[32];
    enum register_space space;
    uint16_t address; /* as on the wire, from 0 */
    enum field_type type;
    uint8_t bit;  /* FIELD_BIT in a 16-bit register: 0 is the least significant; ignored in coils and discretes */
    double scale; /* value = raw * scale + offset */
    double offset;
    char unit[12];
    int64_t max_age_us; /* older than this makes a condition on it unknown */
};

/* What a written value or a condition's right side is. */
enum operand_kind { OPERAND_VALUE, OPERAND_VOLUME, OPERAND_TOKEN, OPERAND_SOURCE, OPERAND_SLOT, OPERAND_TONE, OPERAND_HOLD };

struct operand {
    enum operand_kind kind;
    int32_t value; /* OPERAND_VALUE only */
};

struct profile_write {
    enum register_space space; /* SPACE_COIL or SPACE_HOLDING */
    uint16_t address;
    uint8_t n_values;
    bool single; /* function 05/06 instead of 15/16; only with one value */
    struct operand values[PROFILE_VALUES_MAX];
    uint32_t wait_ms; /* after its reply, before the next write of the same terminal */
};

enum command_kind {
    COMMAND_POWER_ON,
    COMMAND_POWER_OFF,
    COMMAND_SET_VOLUME,
    COMMAND_SELECT_SOURCE,
    COMMAND_ARM,
    COMMAND_DISARM,
    COMMAND_START,
    COMMAND_STOP,
    COMMAND_SELF_TEST,
    COMMAND_HOLD, /* tells how long it sounds on without a word from us */
    COMMAND_COUNT
};

struct profile_command {
    bool given;
    bool broadcast;  /* may be sent to unit 0 */
    bool repeatable; /* may be resent without reading back */
    size_t n_writes;
    struct profile_write writes[PROFILE_WRITES_MAX];
};

enum condition_op { OP_EQUAL, OP_NOT_EQUAL, OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL, OP_BIT };

struct condition_term {
    uint8_t field; /* index into profile.fields */
    enum condition_op op;
    struct operand right; /* OP_BIT: bit number of the unscaled value that must be set */
};

/* True if any group is; a group is true if all its terms are. No groups: never true (unknown). */
struct condition {
    size_t n_groups;
    struct {
        size_t n_terms;
        struct condition_term terms[PROFILE_TERMS_MAX];
    } groups[PROFILE_GROUPS_MAX];
};

enum condition_kind { WHEN_ARMED, WHEN_SOUNDING, WHEN_FAULT, WHEN_OURS, WHEN_BUSY, WHEN_MAINS_LOST, WHEN_COUNT };

enum truth { TRUTH_UNKNOWN, TRUTH_FALSE, TRUTH_TRUE };

/* What makes a terminal begin to count its hold again, and from when it counts first. */
enum hold_renewal { HOLD_RENEWED_BY_ANY, HOLD_RENEWED_BY_WRITE };
enum hold_from { HOLD_FROM_START, HOLD_FROM_ARM };

enum level_kind { LEVEL_NONE, LEVEL_OUTPUT, LEVEL_MICROPHONE };

struct register_range {
    enum register_space space;
    uint16_t first, last; /* both included */
};

struct profile {
    char id[33];
    char vendor[64], model[64];
    size_t n_fields;
    struct profile_field fields[PROFILE_FIELDS_MAX];
    uint16_t read_gap; /* registers that nobody wants and that may still be read to save a request */
    struct profile_command commands[COMMAND_COUNT];
    size_t n_sequence; /* the commands that bring a terminal from idle to armed, in the vendor's order */
    enum command_kind sequence[COMMAND_COUNT];
    bool start_needs_arm;    /* start does nothing on a terminal that is not armed */
    uint32_t settle_ms;      /* from the last command of the sequence to the earliest start */
    uint32_t stop_within_ms; /* after stop the terminal reads as not sounding within this */
    uint32_t hold_s;         /* left alone for so long the terminal falls silent by itself; 0: it never does */
    enum hold_renewal hold_renewed_by;
    enum hold_from hold_from;
    struct condition conditions[WHEN_COUNT];
    int token_field;  /* index of the field that echoes our token; -1 without */
    int uptime_field; /* of the seconds since its power-up: tells one that was stopped from one that started anew; -1 without */
    enum level_kind level_kind;
    int level_field;          /* -1 without */
    double heard_level;       /* in the field's unit (decibel): below it nothing is heard */
    uint32_t level_window_ms; /* how far back from the request the terminal's own averaging reaches */
    int32_t volume_zero;      /* $volume at 0 %; above volume_max where the register attenuates */
    int32_t volume_max;       /* and at 100 %; between them in equal steps, rounded */
    int32_t source;           /* $source: the terminal's input that we feed */
    size_t n_ignores;         /* writes here (by broadcast, for another vendor) do nothing to this terminal */
    struct register_range ignores[PROFILE_IGNORES_MAX];
};

/* What $volume, $token, $slot and $tone stand for in one broadcast at one terminal. */
struct operand_values {
    uint8_t volume_percent; /* 0..100 */
    uint16_t token;         /* 1..65535; 0 is none */
    uint16_t slot, tone;
};

/* One Modbus read that a status needs. */
struct profile_read {
    enum register_space space;
    uint16_t address, count;
};

/* Values of one status with their times. Fields that were not read are not valid. */
struct terminal_values {
    double value[PROFILE_FIELDS_MAX];   /* scaled */
    int64_t raw[PROFILE_FIELDS_MAX];    /* unscaled */
    struct mono at[PROFILE_FIELDS_MAX]; /* reply received */
    uint32_t valid;                     /* bit per field */
};

const char *register_space_name(enum register_space space);
const char *command_name(enum command_kind kind);     /* "power_on", ... */
const char *condition_name(enum condition_kind kind); /* "armed_when", ... */
const char *level_kind_name(enum level_kind kind);
const char *truth_name(enum truth truth);

/* Fewest requests that cover all fields, and of those the shortest replies: neighbours not farther than read_gap apart may be
 * joined, at most 125 registers or 2000 bits each (Modbus Application Protocol V1.1b3, 6.1-6.4). Returns how many were put
 * into reads. */
size_t profile_plan_reads(const struct profile *profile, struct profile_read reads[PROFILE_READS_MAX]);

/* Takes the fields that lie wholly inside one answered read. words: registers, or one bit each in coils and discretes. */
void profile_take_read(const struct profile *profile, const struct profile_read *read, const uint16_t *words, struct mono at,
                       struct terminal_values *values);

/* The numbers of one write, 16 bit each (coils 0 or 1). Returns how many. */
size_t profile_fill_write(const struct profile *profile, const struct profile_write *write,
                          const struct operand_values *operands, uint16_t numbers[PROFILE_VALUES_MAX]);

/* Truth of a condition at a time; a missing or too old field makes it unknown unless another group is true. */
enum truth profile_judge(const struct profile *profile, enum condition_kind kind, const struct terminal_values *values,
                         const struct operand_values *operands, struct mono now);

/* The same of one group alone. */
enum truth profile_judge_group(const struct profile *profile, enum condition_kind kind, size_t group,
                               const struct terminal_values *values, const struct operand_values *operands, struct mono now);

/* A group's fields as they read now, whether or not it is true: "mains == 0", "battery 21.3 V". */
void profile_group_words(const struct profile *profile, enum condition_kind kind, size_t group,
                         const struct terminal_values *values, char text[PROFILE_WORDS_SIZE]);

/* What makes a condition true: the words of its true groups; "" where it is not true. Cut to size as text_copy cuts. */
void profile_explain(const struct profile *profile, enum condition_kind kind, const struct terminal_values *values,
                     const struct operand_values *operands, struct mono now, char *text, size_t size);

/* True if for every profile of the line the command's writes mean the same or are declared ignored, and the command may be
 * broadcast at all. why (may be NULL) names the first obstacle. */
bool profile_broadcast_safe(const struct profile *const profiles[], size_t n, const struct profile *of,
                            enum command_kind command, struct error *why);

/* False for a site device (UPS, charger, door, rain gauge): it is read, and no alert means it. */
bool profile_can_sound(const struct profile *profile);

/* True if the command's writes do nothing to the other profile's terminals. */
bool profile_ignores(const struct profile *other, const struct profile *of, enum command_kind command);

/* The highest rung that a terminal of this profile can show: sounding without a level, heard with one. */
bool profile_can_hear(const struct profile *profile);

/* Checks what a file may get wrong beyond types: indexes, empty start without ours_when, and so on. All mistakes are given
 * to report, one call each. Returns true if there were none. */
typedef void profile_report_fn(void *context, const char *mistake, bool warning);
bool profile_check(const struct profile *profile, profile_report_fn *report, void *context);

#endif
