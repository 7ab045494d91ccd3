/* Two terminals of docs/terminals.md as structs, for the tests of hardware: T8 with token, broadcast and output level, C4
 * with coils, without token, with a microphone. */
#ifndef TESTS_HARDWARE_TWO_PROFILES_H
#define TESTS_HARDWARE_TWO_PROFILES_H

#include "hardware/profile.h"

#include <string.h>

enum { T8_STATE, T8_TOKEN, T8_SOURCE, T8_LEVEL, T8_VOLUME, T8_MAINS, T8_BATTERY, T8_FAULTS, T8_UPTIME };
enum { C4_READY, C4_RELAY, C4_LOCAL, C4_UPTIME, C4_BATTERY, C4_MICROPHONE, C4_FIRMWARE };

static inline struct profile_field a_field(const char *name, enum register_space space, uint16_t address, enum field_type type,
                                           double scale)
{
    struct profile_field field = {
        .space = space, .address = address, .type = type, .scale = scale, .max_age_us = 30 * INT64_C(1000000)};
    text_copy(field.name, sizeof field.name, name);
    return field;
}

static inline struct condition_term a_term(uint8_t field, enum condition_op op, enum operand_kind kind, int32_t value)
{
    return (struct condition_term){field, op, {kind, value}};
}

static inline void add_group(struct condition *condition, struct condition_term one, const struct condition_term *two)
{
    size_t g = condition->n_groups++;
    condition->groups[g].terms[condition->groups[g].n_terms++] = one;
    if (two)
        condition->groups[g].terms[condition->groups[g].n_terms++] = *two;
}

static inline struct profile_command one_write(enum register_space space, uint16_t address, bool single, bool broadcast,
                                               enum operand_kind kind, int32_t value)
{
    struct profile_command command = {.given = true, .broadcast = broadcast, .repeatable = true, .n_writes = 1};
    command.writes[0] =
        (struct profile_write){.space = space, .address = address, .n_values = 1, .single = single, .values = {{kind, value}}};
    return command;
}

static inline struct profile profile_t8(void)
{
    struct profile p = {.id = "linghu-t8",
                        .n_fields = 9,
                        .token_field = T8_TOKEN,
                        .uptime_field = T8_UPTIME,
                        .level_kind = LEVEL_OUTPUT,
                        .level_field = T8_LEVEL,
                        .heard_level = -30,
                        .level_window_ms = 300,
                        .volume_max = 100,
                        .source = 1,
                        .settle_ms = 250,
                        .stop_within_ms = 300,
                        .start_needs_arm = true,
                        .read_gap = 4};
    static const char *const names[] = {"state", "token", "source", "level", "volume", "mains", "battery", "faults", "uptime"};
    for (uint16_t i = 0; i < 9; i++)
        p.fields[i] = a_field(names[i], SPACE_INPUT, i, i == T8_LEVEL ? FIELD_S16 : FIELD_U16, i == T8_BATTERY ? 0.1 : 1);
    struct profile_command arm = one_write(SPACE_HOLDING, 16, false, true, OPERAND_VALUE, 1);
    arm.writes[0].n_values = 4;
    arm.writes[0].values[1].kind = OPERAND_SOURCE;
    arm.writes[0].values[2].kind = OPERAND_TOKEN;
    arm.writes[0].values[3].kind = OPERAND_VOLUME;
    p.commands[COMMAND_ARM] = arm;
    p.commands[COMMAND_DISARM] = one_write(SPACE_HOLDING, 18, true, true, OPERAND_VALUE, 0);
    p.commands[COMMAND_START] = one_write(SPACE_HOLDING, 20, true, true, OPERAND_TOKEN, 0);
    p.commands[COMMAND_STOP] = one_write(SPACE_HOLDING, 21, true, true, OPERAND_VALUE, 1);
    p.commands[COMMAND_POWER_OFF] = one_write(SPACE_HOLDING, 16, true, true, OPERAND_VALUE, 0);
    p.sequence[p.n_sequence++] = COMMAND_ARM;
    struct condition_term mine = a_term(T8_TOKEN, OP_EQUAL, OPERAND_TOKEN, 0);
    add_group(&p.conditions[WHEN_ARMED], a_term(T8_STATE, OP_EQUAL, OPERAND_VALUE, 1), &mine);
    add_group(&p.conditions[WHEN_ARMED], a_term(T8_STATE, OP_EQUAL, OPERAND_VALUE, 2), &mine);
    add_group(&p.conditions[WHEN_SOUNDING], a_term(T8_STATE, OP_EQUAL, OPERAND_VALUE, 2), &mine);
    add_group(&p.conditions[WHEN_FAULT], a_term(T8_FAULTS, OP_BIT, OPERAND_VALUE, 0), NULL);
    add_group(&p.conditions[WHEN_OURS], mine, NULL);
    add_group(&p.conditions[WHEN_BUSY], a_term(T8_SOURCE, OP_GREATER_EQUAL, OPERAND_VALUE, 2), NULL);
    return p;
}

static inline void give_hold(struct profile *profile, enum hold_renewal renewed_by)
{
    profile->commands[COMMAND_HOLD] = one_write(SPACE_HOLDING, 22, true, true, OPERAND_HOLD, 0);
    profile->hold_s = 30;
    profile->hold_renewed_by = renewed_by;
}

static inline struct profile profile_c4(void)
{
    struct profile p = {.id = "beishan-c4",
                        .n_fields = 7,
                        .token_field = -1,
                        .uptime_field = C4_UPTIME,
                        .level_kind = LEVEL_MICROPHONE,
                        .level_field = C4_MICROPHONE,
                        .heard_level = 60,
                        .level_window_ms = 1000,
                        .volume_max = 15,
                        .settle_ms = 650,
                        .stop_within_ms = 300,
                        .read_gap = 4};
    p.fields[C4_READY] = a_field("ready", SPACE_DISCRETE, 0, FIELD_BIT, 1);
    p.fields[C4_RELAY] = a_field("relay", SPACE_DISCRETE, 1, FIELD_BIT, 1);
    p.fields[C4_LOCAL] = a_field("local", SPACE_DISCRETE, 2, FIELD_BIT, 1);
    p.fields[C4_UPTIME] = a_field("uptime", SPACE_INPUT, 100, FIELD_U32_SWAPPED, 1);
    p.fields[C4_BATTERY] = a_field("battery", SPACE_INPUT, 102, FIELD_U32_SWAPPED, 0.001);
    p.fields[C4_MICROPHONE] = a_field("microphone", SPACE_INPUT, 104, FIELD_S16, 0.1);
    p.fields[C4_FIRMWARE] = a_field("firmware", SPACE_INPUT, 105, FIELD_BCD, 1);
    p.commands[COMMAND_POWER_ON] = one_write(SPACE_COIL, 0, true, false, OPERAND_VALUE, 1);
    p.commands[COMMAND_SET_VOLUME] = one_write(SPACE_HOLDING, 40, true, false, OPERAND_VOLUME, 0);
    p.commands[COMMAND_START] = one_write(SPACE_COIL, 1, true, false, OPERAND_VALUE, 1);
    p.commands[COMMAND_STOP] = one_write(SPACE_COIL, 1, true, false, OPERAND_VALUE, 0);
    p.commands[COMMAND_POWER_OFF] = one_write(SPACE_COIL, 0, true, false, OPERAND_VALUE, 0);
    p.sequence[p.n_sequence++] = COMMAND_POWER_ON;
    p.sequence[p.n_sequence++] = COMMAND_SET_VOLUME;
    struct condition_term ready = a_term(C4_READY, OP_EQUAL, OPERAND_VALUE, 1);
    add_group(&p.conditions[WHEN_ARMED], ready, NULL);
    add_group(&p.conditions[WHEN_SOUNDING], a_term(C4_RELAY, OP_EQUAL, OPERAND_VALUE, 1), &ready);
    add_group(&p.conditions[WHEN_OURS], a_term(C4_RELAY, OP_EQUAL, OPERAND_VALUE, 1), NULL);
    add_group(&p.conditions[WHEN_BUSY], a_term(C4_LOCAL, OP_EQUAL, OPERAND_VALUE, 1), NULL);
    p.ignores[p.n_ignores++] = (struct register_range){SPACE_HOLDING, 0, 39};
    return p;
}

#endif
