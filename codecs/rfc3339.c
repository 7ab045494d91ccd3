/* RFC 3339 date and time, both ways, by arithmetic alone: no locale, no time zone of the machine. */
#include "codecs/rfc3339.h"

enum { DAYS_OF_400_YEARS = 146097, DAYS_TO_1970 = 719468 /* from 0000-03-01 */, OFFSET_MAX = 24 * 60 - 1 /* minutes */ };

static const int64_t ms_of_day = 86400000;
static const int64_t ms_first = -62167219200000; /* 0000-01-01T00:00:00Z */
static const int64_t ms_last = 253402300799999;  /* 9999-12-31T23:59:59.999Z */

struct fields {
    int year, month, day, hour, minute, second, ms, offset; /* offset in minutes */
};

/* Days since 1970-01-01 in the proleptic Gregorian calendar; the year is counted from March, so that leap days end it. */
static int64_t days_of_date(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * DAYS_OF_400_YEARS + day_of_era - DAYS_TO_1970;
}

static void date_of_days(int64_t days, struct fields *f)
{
    days += DAYS_TO_1970;
    int era = (int)((days >= 0 ? days : days - (DAYS_OF_400_YEARS - 1)) / DAYS_OF_400_YEARS);
    int day_of_era = (int)(days - (int64_t)era * DAYS_OF_400_YEARS);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;
    f->day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    f->month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    f->year = era * 400 + year_of_era + (f->month <= 2);
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_digits(struct slice *text, size_t n, int *value)
{
    int v = 0;
    if (text->size < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (text->data[i] < '0' || text->data[i] > '9')
            return false;
        v = v * 10 + (text->data[i] - '0');
    }
    *text = (struct slice){text->data + n, text->size - n};
    *value = v;
    return true;
}

static bool take_one_of(struct slice *text, const char *characters, char *found)
{
    for (; text->size > 0 && *characters; characters++)
        if (text->data[0] == *characters) {
            *text = (struct slice){text->data + 1, text->size - 1};
            if (found)
                *found = *characters;
            return true;
        }
    return false;
}

/* A fraction of any length; what is finer than a millisecond is dropped. */
static bool take_fraction(struct slice *text, int *ms)
{
    *ms = 0;
    if (!take_one_of(text, ".", NULL))
        return true;
    int digit, weight = 100;
    if (!take_digits(text, 1, ms))
        return false;
    *ms *= weight;
    while (take_digits(text, 1, &digit)) {
        weight /= 10;
        *ms += digit * weight;
    }
    return true;
}

static bool take_offset(struct slice *text, int *offset)
{
    char sign;
    int hours, minutes = 0;
    *offset = 0;
    if (take_one_of(text, "Zz", NULL))
        return true;
    if (!take_one_of(text, "+-", &sign) || !take_digits(text, 2, &hours))
        return false;
    bool colon = take_one_of(text, ":", NULL);
    bool whole_hours = !colon && text->size == 0; /* +08, as databases write it */
    if ((!whole_hours && !take_digits(text, 2, &minutes)) || hours > 23 || minutes > 59)
        return false;
    *offset = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    return true;
}

static bool take_date_and_time(struct slice *text, struct fields *f)
{
    return take_digits(text, 4, &f->year) && take_one_of(text, "-", NULL) && take_digits(text, 2, &f->month) &&
           take_one_of(text, "-", NULL) && take_digits(text, 2, &f->day) && take_one_of(text, "Tt ", NULL) &&
           take_digits(text, 2, &f->hour) && take_one_of(text, ":", NULL) && take_digits(text, 2, &f->minute) &&
           take_one_of(text, ":", NULL) && take_digits(text, 2, &f->second) && take_fraction(text, &f->ms);
}

/* The first part that is out of its range, or NULL. Second 60 is left to the caller: it needs the UTC minute. */
static const char *part_out_of_range(const struct fields *f)
{
    if (f->month < 1 || f->month > 12)
        return "month";
    if (f->day < 1 || f->day > days_in_month(f->year, f->month))
        return "day";
    if (f->hour > 23)
        return "hour";
    if (f->minute > 59)
        return "minute";
    return f->second > 60 ? "second" : NULL;
}

bool rfc3339_parse(struct slice text, struct wall *time, int *offset_minutes, struct error *error)
{
    static const char *const form = "write it as 2026-11-22T03:20:00+08:00";
    struct fields f = {0};
    if (!take_date_and_time(&text, &f))
        return error_set(error, ERROR_INVALID, "not a date and time; %s", form);
    if (text.size == 0)
        return error_set(error, ERROR_INVALID, "the offset from UTC is missing; %s", form);
    if (!take_offset(&text, &f.offset))
        return error_set(error, ERROR_INVALID, "the offset from UTC must be Z, +hh:mm or -hh:mm; %s", form);
    if (text.size > 0)
        return error_set(error, ERROR_INVALID, "something follows the date and time; %s", form);
    const char *part = part_out_of_range(&f);
    int64_t days = days_of_date(f.year, f.month, f.day);
    int64_t minutes = (days * 24 + f.hour) * 60 + f.minute - f.offset;
    /* A leap second stands only at the end of a UTC day (RFC 3339, 5.7); it is read as the second after it. */
    if (!part && f.second == 60 && (minutes + 1) % 1440 != 0)
        part = "second";
    if (part)
        return error_set(error, ERROR_INVALID, "there is no such %s; %s", part, form);
    time->ms = (minutes * 60 + f.second) * 1000 + f.ms;
    if (offset_minutes)
        *offset_minutes = f.offset;
    return true;
}

/* Writes value with leading zeros and the separator after it; returns where the next part goes. */
static char *put(char *to, int value, int digits, char separator)
{
    for (int i = digits; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    to[digits] = separator;
    return to + digits + 1;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

void rfc3339_format(struct wall time, int offset_minutes, char text[RFC3339_SIZE])
{
    int offset = (int)clamp(offset_minutes, -OFFSET_MAX, OFFSET_MAX);
    int64_t near = clamp(time.ms, ms_first - ms_of_day, ms_last + ms_of_day); /* so that the sum does not overflow */
    int64_t ms = clamp(near + (int64_t)offset * 60000, ms_first, ms_last);
    int in_day = (int)((ms - ms_first) % ms_of_day);
    int away = offset < 0 ? -offset : offset;
    struct fields f;
    date_of_days((ms - ms_first) / ms_of_day + ms_first / ms_of_day, &f);
    char *to = put(text, f.year, 4, '-');
    to = put(to, f.month, 2, '-');
    to = put(to, f.day, 2, 'T');
    to = put(to, in_day / 3600000, 2, ':');
    to = put(to, in_day / 60000 % 60, 2, ':');
    to = put(to, in_day / 1000 % 60, 2, '.');
    to = put(to, in_day % 1000, 3, offset < 0 ? '-' : '+');
    to = put(to, away / 60, 2, ':');
    put(to, away % 60, 2, '\0');
}
