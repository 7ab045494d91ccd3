/* The master that one writes from libmodbus's manual: a loop over the units, its timeout, a number of tries, no recovery, and
 * no silence on the wire but what happens by itself. The peer of the benchmarks. With --strict it keeps 3.5 characters before
 * each request, with --early-us N all but N of them: the positive controls of the village and of frames.py. It speaks to Linghu
 * T8 terminals. Prints {"seconds": ..., "ok": ..., "failed": ...}. */
#include "codecs/monotonic.h"

#include <errno.h>
#include <getopt.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum { STATUS_REGISTERS = 9, ARM_REGISTER = 16, START_REGISTER = 20, TOKEN = 77, FAST_SILENCE_US = 1750 };

struct loop {
    const char *device, *what;
    int baud, first, last, tries, timeout_ms;
    bool strict;
    int early_us;
    struct mono done; /* the last transaction's end */
};

/* 11 bits a character, as the village counts. */
static int64_t silence_us(const struct loop *loop)
{
    return loop->baud > 19200 ? FAST_SILENCE_US : (38500000 + loop->baud - 1) / loop->baud;
}

static void keep_silence(const struct loop *loop)
{
    if (!loop->strict)
        return;
    struct mono at = mono_plus_us(loop->done, silence_us(loop) - loop->early_us);
    struct timespec t = {at.us / 1000000, at.us % 1000000 * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

static bool ask(const struct loop *loop, modbus_t *modbus)
{
    static const uint16_t arm[] = {1, 1, TOKEN, 80};
    uint16_t words[STATUS_REGISTERS];
    if (strcmp(loop->what, "arm") == 0)
        return modbus_write_registers(modbus, ARM_REGISTER, 4, arm) == 4;
    if (strcmp(loop->what, "start") == 0)
        return modbus_write_register(modbus, START_REGISTER, TOKEN) == 1;
    return modbus_read_input_registers(modbus, 0, STATUS_REGISTERS, words) == STATUS_REGISTERS;
}

static bool serve(struct loop *loop, modbus_t *modbus, int unit)
{
    modbus_set_slave(modbus, unit);
    for (int i = 0; i < loop->tries; i++) {
        keep_silence(loop);
        bool good = ask(loop, modbus);
        loop->done = mono_now();
        if (good)
            return true;
    }
    return false;
}

static int run(struct loop *loop)
{
    /* a pty has no parity; the village counts 11 bits whatever is asked for */
    modbus_t *modbus = modbus_new_rtu(loop->device, loop->baud, 'N', 8, 1);
    if (!modbus || modbus_set_error_recovery(modbus, MODBUS_ERROR_RECOVERY_NONE) != 0 || modbus_connect(modbus) != 0) {
        fprintf(stderr, "plain_loop: %s: %s\n", loop->device, modbus_strerror(errno));
        modbus_free(modbus);
        return EXIT_FAILURE;
    }
    modbus_set_response_timeout(modbus, (uint32_t)loop->timeout_ms / 1000, (uint32_t)loop->timeout_ms % 1000 * 1000);
    int ok = 0, failed = 0;
    struct mono began = loop->done = mono_now();
    for (int unit = loop->first; unit <= loop->last; unit++) {
        bool good = serve(loop, modbus, unit);
        ok += good;
        failed += !good;
    }
    printf("{\"seconds\": %.6f, \"ok\": %d, \"failed\": %d}\n", (double)mono_since(mono_now(), began) / 1e6, ok, failed);
    modbus_close(modbus);
    modbus_free(modbus);
    return EXIT_SUCCESS;
}

static bool take_option(struct loop *loop, int option)
{
    switch (option) {
    case 'd': loop->device = optarg; return true;
    case 'b': return (loop->baud = atoi(optarg)) >= 1200;
    case 'u': return sscanf(optarg, "%d-%d", &loop->first, &loop->last) == 2 && loop->first >= 1 && loop->last <= 247;
    case 't': return (loop->tries = atoi(optarg)) >= 1;
    case 'm': return (loop->timeout_ms = atoi(optarg)) >= 1;
    case 'w':
        loop->what = optarg;
        return strcmp(optarg, "read") == 0 || strcmp(optarg, "arm") == 0 || strcmp(optarg, "start") == 0;
    case 's': return loop->strict = true;
    case 'e': loop->early_us = atoi(optarg); return loop->strict = true;
    default: return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"device", 1, NULL, 'd'}, {"baud", 1, NULL, 'b'},       {"units", 1, NULL, 'u'},
                                            {"tries", 1, NULL, 't'},  {"timeout-ms", 1, NULL, 'm'}, {"do", 1, NULL, 'w'},
                                            {"strict", 0, NULL, 's'}, {"early-us", 1, NULL, 'e'},   {0}};
    struct loop loop = {.what = "read", .baud = 9600, .first = 1, .last = 100, .tries = 3, .timeout_ms = 500};
    bool good = true;
    for (int option; good && (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        good = take_option(&loop, option);
    if (!good || !loop.device || optind < argc) {
        fprintf(stderr, "usage: plain_loop --device DEVICE [--baud N] [--units FIRST-LAST] [--tries N] [--timeout-ms N]\n"
                        "    [--do read|arm|start] [--strict] [--early-us N]\n");
        return EXIT_FAILURE;
    }
    prctl(PR_SET_TIMERSLACK, 1UL); /* early by N means N */
    return run(&loop);
}
