/* One line: a thread that owns a serial port and the terminals on it. It is told a target (which terminals shall sound, in
 * which session) and drives every terminal towards it, one Modbus transaction at a time, most urgent first.
 * What it saw comes back as events. No broken terminal delays another; a lost port is reopened for ever. */
#ifndef TOCSIN_HARDWARE_LINE_H
#define TOCSIN_HARDWARE_LINE_H

#include "codecs/base.h"
#include "hardware/profile.h"

enum {
    LINE_TERMINALS_MAX = 247, /* Modbus over serial line V1.02, 2.2 */
    LINE_PATTERN_MAX = 64,
};

enum line_kind {
    LINE_RTU,          /* Modbus RTU on a serial port */
    LINE_TCP,          /* Modbus TCP: a gateway, or terminals on the network */
    LINE_RTU_OVER_TCP, /* Modbus RTU through a transparent gateway */
};

/* How the end of a transmission is known (docs/architecture.md). */
enum line_adapter { ADAPTER_AUTO, ADAPTER_UART, ADAPTER_USB, ADAPTER_PTY };

/* Bytes to be recognised; mask 0 takes any byte, 0xFF the one of bytes. n 0: no pattern. */
struct line_pattern {
    size_t n;
    uint8_t bytes[LINE_PATTERN_MAX], mask[LINE_PATTERN_MAX];
};

struct line_settings {
    char id[33];
    enum line_kind kind;
    char device[256]; /* LINE_RTU */
    char host[46];    /* else: a numeric address, of the gateway or, with calls_in, the one to listen on */
    uint16_t port;
    bool calls_in;                    /* LINE_RTU_OVER_TCP: the gateway connects to us (call_in.h) and */
    struct line_pattern registration; /* names itself by its first bytes */
    struct line_pattern heartbeat;    /* what a gateway sends by itself; it is discarded wherever it stands between frames */
    uint32_t heartbeat_s;             /* a connection over which nothing came for so long is given up; 0: never */
    uint32_t gateway_delay_ms;        /* how much later than written a frame is on the wire; its answer likewise */
    uint32_t key_up_ms;               /* radio modem: from the first byte written until it goes on the air, both ways */
    uint32_t quiet_ms;                /* radio modem: the shortest silence before a frame, where 3.5 characters are too few */
    int baud;                         /* 1200..115200; LINE_TCP also 0: no serial wire behind it */
    char parity;                      /* 'N', 'E', 'O' */
    int stop_bits;
    enum line_adapter adapter;
    bool echo;              /* a two-wire adapter that hears itself: discard as many bytes as were sent */
    uint32_t turnaround_ms; /* after a broadcast frame, {100} */
    uint32_t first_byte_ms; /* ceiling of the wait for a reply's first byte, {500} */
    uint32_t poll_s;        /* idle: every terminal is read at least this often, {10} */
    uint32_t arm_wait_ms;   /* after unicast arms: start after the first answer + this, {1000} */
    bool stop_unasked;      /* unasked = stop: what is provably ours, also after the first look; default report */
};

struct terminal_settings {
    char id[33];
    uint8_t unit;                  /* 1..247 */
    const struct profile *profile; /* outlives the line */
    double heard_level;            /* overrides the profile's; NaN: the profile's */
    int64_t answer_us;             /* time to the first byte learnt before the last start of the program; 0: unknown */
};

/* What shall be so on the line from now on. Terminals not named shall be silent (those that we started are stopped, first). */
struct line_member {
    uint16_t terminal; /* index into the terminals given to line_create */
    uint8_t volume_percent;
    uint16_t slot, tone; /* for channels with output none; 0 otherwise */
};

struct line_target {
    uint32_t session; /* of the channel; echoed in events; 0: none, only with no members */
    uint16_t token;   /* 1..65535; the same through a session */
    size_t n_members;
    struct line_member members[LINE_TERMINALS_MAX];
};

/* What a transaction is for; more urgent first. A higher class waits for no more than the one transaction on the wire. */
enum terminal_class {
    CLASS_STOP,
    CLASS_START,
    CLASS_ARM,
    CLASS_VERIFY,
    CLASS_TECHNICIAN, /* line_ask */
    CLASS_POLL,
    CLASS_PROBE, /* of a dead one */
    CLASS_NONE,
    TERMINAL_CLASSES = CLASS_NONE
};

/* Why a terminal is not where the target wants it. The order has no meaning. */
enum terminal_trouble {
    TROUBLE_NONE,
    TROUBLE_NO_REPLY,
    TROUBLE_EXCEPTION,     /* with its number */
    TROUBLE_NOT_ARMED,     /* answered, but armed_when stayed false */
    TROUBLE_NOT_SOUNDING,  /* started, but sounding_when is false */
    TROUBLE_REBOOTED,      /* was sounding, reads as just started up */
    TROUBLE_STOPPED_EARLY, /* was sounding, fell silent and did not start up anew; it is started again */
    TROUBLE_BUSY_OTHER,    /* another source plays there */
    TROUBLE_NOT_STOPPED,   /* did not confirm its stop */
    TROUBLE_DUPLICATE,     /* answers twice or damaged, and the others of its line do not: a symptom (below) */
    TROUBLE_FOREIGN,       /* another unit answered in its place: likewise */
};

/* One status read back, with what the profile makes of it. */
struct terminal_reading {
    struct mono requested; /* first byte of the (first) request left */
    struct mono received;  /* last byte of the (last) reply came */
    struct terminal_values values;
    enum truth when[WHEN_COUNT]; /* judged with our token of this session */
    uint16_t token;              /* as echoed; 0 without */
    bool has_level;
    double level;
    struct mono level_requested, level_received; /* the same of the one request that brought the level */
    bool started;                                /* we had started it, and start had left the wire, before requested */
};

enum line_event_kind {
    LINE_UP,           /* port open (error.message: how the end of a transmission is known) */
    LINE_DOWN,         /* port lost or not there; error says why; said once until LINE_UP */
    LINE_SWEPT,        /* after every LINE_UP: each terminal was read once, what was left over from us is stopped */
    LINE_SENT,         /* terminal: the first frame of its arming left the wire (at) */
    LINE_ACKNOWLEDGED, /* terminal: all writes of its arming were answered, or after a broadcast arm it answered a reading */
    LINE_ARMED,        /* terminal: read back as armed in this session (with the token, or false before and true now) */
    LINE_STARTED,      /* terminal: a start for it left the wire (at = its last bit) */
    LINE_STARTS_SENT,  /* whole line: every member that answered its arm has been sent a start (or none answered) */
    LINE_READING,      /* terminal: a status was read (at any time, idle polls too) */
    LINE_TROUBLE,      /* terminal: see trouble; it may still come right, then further events follow */
    LINE_STOPPED,      /* terminal: read back as silent, or its stop was answered where it cannot be read */
    LINE_UNASKED,      /* terminal: sounds although we did not ask */
    LINE_SETTLED,      /* whole line: an empty target is reached, powered off; those that failed had LINE_TROUBLE */
    LINE_CALL_REFUSED, /* whole line: its gateway's registration came over another connection than the one that works (error) */
    LINE_ASKED,        /* terminal: what line_ask wanted is there (trouble NONE: reading), or will not be (error) */
};

struct line_event {
    enum line_event_kind kind;
    uint16_t terminal; /* index; LINE_TERMINALS_MAX for the whole line */
    uint32_t session;  /* of the target that was in force */
    struct mono at;
    enum terminal_trouble trouble;
    uint8_t exception;               /* Modbus exception code with TROUBLE_EXCEPTION */
    struct terminal_reading reading; /* LINE_READING, LINE_ARMED, LINE_UNASKED */
    uint32_t request;                /* LINE_ASKED: the number that line_ask was given */
    struct error
        error; /* LINE_DOWN, LINE_CALL_REFUSED, LINE_TROUBLE, LINE_ASKED: in words; LINE_TROUBLE does not repeat the id */
};

/* Called on the line's thread. May only copy the event and wake somebody; must not block nor call the line. */
typedef void line_event_fn(void *context, const struct line_event *event);

/* Counters since creation; read at any time from any thread. */
struct line_counts {
    uint64_t requests, replies, timeouts, damaged, exceptions, strays, reopened;
    uint64_t heartbeats;  /* damaged: also those that were not whole in time */
    uint64_t busy_us;     /* time in which bytes of requests and replies were on the wire */
    uint64_t occupied_us; /* the same with silences, turnarounds and waits: nothing else could be sent */
    uint64_t class_requests[TERMINAL_CLASSES];
    bool hears_itself; /* although echo is not set; what it hears of itself is taken away */
};

/* What was seen of one terminal since creation; read at any time from any thread. */
struct terminal_health {
    struct mono answered; /* last byte of its last good answer or exception; 0: never */
    int64_t answer_us;    /* learnt time from the end of a request to the first byte of the answer; 0: unknown */
    uint64_t requests, replies, timeouts, damaged, exceptions;
    uint64_t foreign; /* another unit's frame came in place of its answer */
    uint64_t doubled; /* more bytes followed its answer */
    uint8_t last_exception, foreign_unit;
    bool dead;                     /* it is only probed */
    enum terminal_trouble symptom; /* of a wrong address, while it stands; else TROUBLE_NONE */
};

const char *terminal_trouble_name(enum terminal_trouble trouble); /* "no_reply", ... as in reports */
bool terminal_trouble_is_symptom(enum terminal_trouble trouble);  /* of a wrong address: health only, ends no delivery */
const char *modbus_exception_name(uint8_t code);                  /* "illegal_data_address", ... */
const char *terminal_class_name(enum terminal_class class);       /* "stop", "start", "arm", "verify", ... */

struct line;

/* Copies the settings; profiles are kept by pointer. Does not open the port yet. recorded_token: the token of the session that
 * a crash may have left behind, 0 for none; with it the first sweep knows what is ours. */
struct line *line_create(const struct line_settings *settings, const struct terminal_settings *terminals, size_t n,
                         uint16_t recorded_token, line_event_fn *event, void *context, struct error *error);

/* Starts the thread. A port that is not there is LINE_DOWN, never an error here. */
bool line_start(struct line *line, struct error *error);

/* Replaces the target; returns at once. Any thread. */
void line_set_target(struct line *line, const struct line_target *target);

/* While sounding, statuses are read round and round in this order until the next call; n 0: none. Copies. Any thread. */
void line_set_verify(struct line *line, const uint16_t *terminals, size_t n);

/* Reads one terminal's status now, behind commands and verification and before polls. Answered by one LINE_ASKED with this
 * number, at the latest within_ms later (or when the transaction that is then on the wire is over). Any thread. False where too
 * many wait (LINE_ASKS_MAX). */
enum { LINE_ASKS_MAX = 16 };
bool line_ask(struct line *line, uint32_t request, uint16_t terminal, uint32_t within_ms);
/* It is not answered any more, unless it was already. */
void line_withdraw(struct line *line, uint32_t request);

/* For a line that calls_in: the connection of its gateway, behind the registration packet; the line owns it now and drops the
 * one that it had. Any thread. */
void line_give_socket(struct line *line, int socket);

void line_get_counts(struct line *line, struct line_counts *counts);
void line_get_health(struct line *line, uint16_t terminal, struct terminal_health *health);

/* Since when the thread has been in one transaction or opening, where that is far longer than either can last: it is in a
 * system call that does not return, for a driver hangs, or has not been given the processor. {0}: neither. */
struct mono line_hangs_since(struct line *line);
/* Another line in place of one whose thread hangs: the same settings, what was learnt and the target in force; already started.
 * The old one tells nothing more, and frees itself should it ever return; it must not be used any more, unless NULL (with an
 * error) is returned. */
struct line *line_rebuild(struct line *line, struct error *error);

/* Stops what is ours on the line (at most grace_ms), ends the thread, closes the port; a thread that hangs is left behind. NULL
 * is allowed. */
void line_destroy(struct line *line, uint32_t grace_ms);

#endif
