/* One simulated terminal: what it is told, what it answers, what it hears and what is wrong with it. Pure: time is an
 * argument. A vendor is one const struct of a few functions, written from docs/terminals.md and from no profile. */
#ifndef TOCSIN_HARDWARE_VILLAGE_UNIT_H
#define TOCSIN_HARDWARE_VILLAGE_UNIT_H

#include "codecs/base.h"

enum village_fault_kind {
    FAULT_NONE,
    FAULT_DEAD,
    FAULT_SLOW,
    FAULT_FLAKY,
    FAULT_CRC,
    FAULT_DUPLICATE,
    FAULT_MUTE,
    FAULT_REBOOT,
    FAULT_STOPS,
    FAULT_SETTLE,
    FAULT_REFUSES_ARM,
    FAULT_REFUSES_START,
    FAULT_WONT_STOP,
    FAULT_LOCAL,
    FAULT_NOISE,
    FAULT_AMPLIFIER,
    FAULT_DOOR,
    FAULT_BATTERY_LOW,
    FAULT_MAINS_LOST,
    FAULT_EXCEPTION,
    FAULT_SOMETIMES_SLOW,
    FAULT_WRONG_ID,
    FAULT_NO_ANSWER,
    FAULT_ANSWERS_FOR,
    FAULT_LATE_DIRECTION,
    FAULT_COUNT
};

struct village_fault {
    enum village_fault_kind kind;
    uint32_t argument; /* milliseconds, percent, exception code, address or bytes; 0 where there is none */
    uint32_t percent;  /* how often, of sometimes_slow */
};

const char *village_fault_name(enum village_fault_kind kind);

/* "mute", "slow:300", ...; an unknown one is refused with the names of those known. */
bool village_fault_parse(const char *text, struct village_fault *fault, struct error *error);

/* As it is parsed. */
void village_fault_print(const struct village_fault *fault, char *to, size_t size);

enum { VILLAGE_BLOCK_MS = 20, VILLAGE_EAR_BLOCKS = 64 };

/* What came out of one loudspeaker in the last second: the power of each 20 ms that sounded (full scale is 1), with its time.
 */
struct village_ear {
    struct {
        struct mono at;
        double power;
    } blocks[VILLAGE_EAR_BLOCKS];
    size_t next;
};

void village_ear_add(struct village_ear *ear, double power, struct mono at);

/* Mean power over (now - window, now]; time without a block is silence. */
double village_ear_mean(const struct village_ear *ear, int64_t window_ms, struct mono now);

/* Mean power of samples; a full-scale sine has 0.5 (-3.01 dBFS). */
double village_power(const int16_t *samples, size_t n);

/* Power as decibels, not below the floor; and back. */
double village_decibel(double power, double floor);
double village_power_of(double decibel);

enum village_space { VILLAGE_COIL, VILLAGE_DISCRETE, VILLAGE_INPUT, VILLAGE_HOLDING };

enum village_exception { /* Modbus Application Protocol V1.1b3, 7 */
                         VILLAGE_DONE = 0,
                         VILLAGE_ILLEGAL_FUNCTION = 1,
                         VILLAGE_ILLEGAL_ADDRESS = 2,
                         VILLAGE_ILLEGAL_VALUE = 3,
                         VILLAGE_BUSY = 6
};

struct village_vendor;

struct village_unit {
    uint8_t address;
    const struct village_vendor *vendor;
    int64_t turnaround_us;
    struct village_fault fault;
    struct mono fault_at;
    uint64_t chance;       /* its stream (village_chance.h) */
    struct mono booted;    /* power-up; answers from a while after it on */
    struct mono spoken_to; /* last good frame for it */
    struct village_ear ear;
    bool amplifier; /* on */
    struct mono amplifier_on;
    bool started; /* sounding, or the relay closed */
    struct mono started_at;
    uint16_t token, source, volume, hold_s;
    struct mono test_until; /* end of the self test's beep */
    struct mono until;      /* it plays so long by itself, where a vendor says so */
    uint16_t memory[16];    /* registers that only its vendor knows; 0 after power-up */
};

struct village_vendor {
    const char *name;
    uint32_t functions; /* bit n: function n is known */
    int64_t settle_ms;  /* from amplifier on until sound passes */
    uint16_t volume_reset, hold_reset_s;
    /* write is told the address alone: the coils and holding registers of a vendor that can be written share none. */
    bool (*has)(enum village_space space, uint16_t address, bool write);
    uint16_t (*read)(struct village_unit *unit, enum village_space space, uint16_t address, struct mono now);
    enum village_exception (*write)(struct village_unit *unit, uint16_t address, uint16_t value, bool broadcast,
                                    struct mono now);
    void (*tick)(struct village_unit *unit, struct mono now); /* what happens by itself; NULL: nothing */
    double (*gain)(const struct village_unit *unit);          /* of the bus sound's power by the volume */
    double (*plays)(const struct village_unit *unit);         /* power of what it plays by itself; NULL: it plays the bus */
    const char *(*state)(const struct village_unit *unit);
};

extern const struct village_vendor village_linghu, village_beishan, village_informer, village_luming, village_cuiwei,
    village_ups;

/* NULL for an unknown name. */
const struct village_vendor *village_vendor_find(const char *name);
/* "linghu-t8, beishan-c4, ..." */
void village_vendor_names(char *text, size_t size);

void village_unit_open(struct village_unit *unit, const struct village_vendor *vendor, uint8_t address, uint64_t seed,
                       struct mono now);
void village_unit_set_fault(struct village_unit *unit, struct village_fault fault, struct mono now);

/* Whether it takes a request to this address for one to itself: its own, 0, or one that a fault makes it answer for. */
bool village_unit_takes(const struct village_unit *unit, uint8_t address);

/* Obeys a good request (with CRC) that it takes. Returns the size of the reply with its CRC, 0 for none;
 * *late_us is how much later than its turnaround it comes. reply holds VILLAGE_FRAME_MAX. */
size_t village_unit_answer(struct village_unit *unit, const uint8_t *request, size_t n, struct mono now, uint8_t *reply,
                           int64_t *late_us);

/* 20 ms of sound with this power are on its bus. */
void village_unit_hear(struct village_unit *unit, double power, struct mono now);

/* Lets happen what happens by itself until now: reboots, falling silent. */
void village_unit_tick(struct village_unit *unit, struct mono now);

/* Mean power of what came out of it in the last window. */
double village_unit_loudness(const struct village_unit *unit, int64_t window_ms, struct mono now);
bool village_unit_settled(const struct village_unit *unit, struct mono now); /* amplifier on long enough */
bool village_unit_stops(const struct village_unit *unit);                    /* no fault keeps it sounding */
void village_unit_start(struct village_unit *unit, struct mono now);
/* True if programme sound comes out of it, or it is started. */
bool village_unit_sounding(const struct village_unit *unit, struct mono now);
double village_unit_random(struct village_unit *unit); /* [0, 1) */

#endif
