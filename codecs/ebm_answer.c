/* EBM answers: the elements. The archive around them is one file with its header and the end mark. */
#include "codecs/ebm_answer.h"

#include "codecs/rfc3339.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, BEIJING_MINUTES = 480 };

/* Grows; data is NULL for good once there was no memory. */
struct text {
    char *data;
    size_t size, room;
    bool failed;
};

static void put_bytes(struct text *text, const char *bytes, size_t n)
{
    if (text->failed)
        return;
    if (text->size + n > text->room) {
        size_t room = 2 * (text->size + n) + BLOCK;
        char *larger = realloc(text->data, room);
        if (!larger) {
            text->failed = true;
            return;
        }
        text->data = larger;
        text->room = room;
    }
    memcpy(text->data + text->size, bytes, n);
    text->size += n;
}

static void put(struct text *text, const char *markup)
{
    put_bytes(text, markup, strlen(markup));
}

/* Control characters and half characters have no place in XML 1.0. */
static void put_escaped(struct text *text, const char *value)
{
    uint32_t c;
    for (size_t n; (n = text_next(value, &c)) > 0; value += n)
        switch (c) {
        case '&': put(text, "&amp;"); break;
        case '<': put(text, "&lt;"); break;
        case '>': put(text, "&gt;"); break;
        case '\t':
        case '\n': put(text, " "); break;
        default:
            if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xFFFD || c == 0xFFFE || c == 0xFFFF)
                put(text, "?");
            else
                put_bytes(text, value, n);
        }
}

static void begin(struct text *text, const char *name)
{
    put(text, "<");
    put(text, name);
    put(text, ">");
}

static void end(struct text *text, const char *name)
{
    put(text, "</");
    put(text, name);
    put(text, ">");
}

static void element(struct text *text, const char *name, const char *value)
{
    begin(text, name);
    put_escaped(text, value);
    end(text, name);
}

static void number(struct text *text, const char *name, unsigned value)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%u", value);
    element(text, name, digits);
}

/* "2026-11-22 03:20:00", Beijing time; empty for 0. */
static void time_element(struct text *text, const char *name, struct wall time)
{
    char rfc[RFC3339_SIZE];
    rfc3339_format(time, BEIJING_MINUTES, rfc);
    rfc[10] = ' ';
    rfc[19] = '\0';
    element(text, name, time.ms ? rfc : "");
}

static void maybe(struct text *text, const char *name, const char *value)
{
    if (value)
        element(text, name, value);
}

/* An element that has one in it, such as SRC and EBRID. */
static void wrapped(struct text *text, const char *outer, const char *inner, const char *value)
{
    if (!value)
        return;
    begin(text, outer);
    element(text, inner, value);
    end(text, outer);
}

static void begin_document(struct text *text, const struct ebm_envelope *envelope, const char *type)
{
    put(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<EBD>");
    element(text, "EBDVersion", "1");
    element(text, "EBDID", envelope->ebd_id);
    element(text, "EBDType", type);
    wrapped(text, "SRC", "EBRID", envelope->source);
    wrapped(text, "DEST", "EBRID", envelope->destination);
    time_element(text, "EBDTime", envelope->time);
    wrapped(text, "RelatedEBD", "EBDID", envelope->related);
}

/* Numbers of a ustar header are octal digits with a NUL behind them, which is there already or follows. */
static void put_octal(char *field, size_t digits, size_t value)
{
    for (; digits > 0; value /= 8)
        field[--digits] = (char)('0' + value % 8);
}

static void fill_header(char header[BLOCK], const char *ebd_id, size_t size, struct wall time)
{
    unsigned sum = 0;
    memset(header, 0, BLOCK);
    snprintf(header, 100, "EBDB_%s.xml", ebd_id);
    put_octal(header + 100, 7, 0644);
    put_octal(header + 108, 7, 0);
    put_octal(header + 116, 7, 0);
    put_octal(header + 124, 11, size);
    put_octal(header + 136, 11, time.ms > 0 ? (size_t)(time.ms / 1000) : 0);
    memset(header + 148, ' ', 8); /* the sum is made with blanks in its place */
    header[156] = '0';
    memcpy(header + 257,
           "ustar\0"
           "00",
           8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)header[i];
    put_octal(header + 148, 6, sum);
    header[154] = '\0';
}

/* Ends the document and packs it; frees the text. */
static struct ebm_archive pack(struct text *document, const struct ebm_envelope *envelope)
{
    static const char zeros[2 * BLOCK];
    struct text archive = {0};
    char header[BLOCK];
    end(document, "EBD");
    fill_header(header, envelope->ebd_id, document->size, envelope->time);
    put_bytes(&archive, header, BLOCK);
    if (!document->failed)
        put_bytes(&archive, document->data, document->size);
    put_bytes(&archive, zeros, (BLOCK - archive.size % BLOCK) % BLOCK);
    put_bytes(&archive, zeros, sizeof zeros);
    bool failed = archive.failed || document->failed;
    free(document->data);
    if (!failed)
        return (struct ebm_archive){archive.data, archive.size};
    free(archive.data);
    return (struct ebm_archive){0};
}

struct ebm_archive ebm_encode_response(const struct ebm_envelope *envelope, enum ebm_result result, const char *description)
{
    struct text document = {0};
    begin_document(&document, envelope, "EBDResponse");
    begin(&document, "EBDResponse");
    number(&document, "ResultCode", result);
    element(&document, "ResultDesc", description);
    end(&document, "EBDResponse");
    return pack(&document, envelope);
}

static void put_coverage(struct text *text, const struct ebm_record *record)
{
    char line[64];
    begin(text, "Coverage");
    snprintf(line, sizeof line, "%.2f", record->meant ? (double)record->sounded / record->meant : 0.0);
    element(text, "CoverageRate", line);
    element(text, "AreaCode", record->area_codes);
    snprintf(line, sizeof line, "%u,%u,%u,%u", record->n_platforms, record->n_adapters, record->n_systems, record->sounded);
    element(text, "ResBrdStat", line);
    end(text, "Coverage");
}

static void put_run(struct text *text, const struct ebm_run *run, struct wall reported)
{
    begin(text, "ResBrdItem");
    begin(text, "EBRBS");
    time_element(text, "RptTime", reported);
    element(text, "BrdSysInfo", run->system);
    time_element(text, "StartTime", run->start);
    time_element(text, "EndTime", run->end);
    element(text, "FileURL", run->url);
    number(text, "BrdStateCode", run->state);
    element(text, "BrdStateDesc", run->description);
    end(text, "EBRBS");
    end(text, "ResBrdItem");
}

/* State, coverage and runs: the same in both kinds of answer. */
static void put_course(struct text *text, const struct ebm_record *record, struct wall reported)
{
    number(text, "BrdStateCode", record->state);
    element(text, "BrdStateDesc", record->description);
    put_coverage(text, record);
    begin(text, "ResBrdInfo");
    for (size_t i = 0; i < record->n_runs; i++)
        put_run(text, &record->runs[i], reported);
    end(text, "ResBrdInfo");
}

struct ebm_archive ebm_encode_state(const struct ebm_envelope *envelope, const struct ebm_record *record)
{
    struct text document = {0};
    begin_document(&document, envelope, "EBMStateResponse");
    begin(&document, "EBMStateResponse");
    time_element(&document, "RptTime", envelope->time);
    wrapped(&document, "EBM", "EBMID", record->ebm_id);
    put_course(&document, record, envelope->time);
    end(&document, "EBMStateResponse");
    return pack(&document, envelope);
}

static void put_message(struct text *text, const struct ebm_record *record)
{
    begin(text, "EBM");
    element(text, "EBMID", record->ebm_id);
    begin(text, "MsgBasicInfo");
    if (record->msg_type >= 0)
        number(text, "MsgType", (unsigned)record->msg_type);
    maybe(text, "SenderCode", record->sender);
    time_element(text, "SentTime", record->sent);
    if (record->severity >= 0)
        number(text, "Severity", (unsigned)record->severity);
    time_element(text, "EndTime", record->ends);
    end(text, "MsgBasicInfo");
    begin(text, "MsgContent");
    element(text, "LanguageCode", "zho");
    maybe(text, "MsgTitle", record->title);
    maybe(text, "MsgDesc", record->text);
    element(text, "AreaCode", record->area_codes);
    end(text, "MsgContent");
    end(text, "EBM");
}

struct ebm_archive ebm_encode_log(const struct ebm_envelope *envelope, struct wall from, struct wall until,
                                  const struct ebm_record *records, size_t n)
{
    struct text document = {0};
    begin_document(&document, envelope, "EBMBrdLog");
    begin(&document, "EBMBrdLog");
    begin(&document, "Params");
    time_element(&document, "RptStartTime", from);
    time_element(&document, "RptEndTime", until);
    end(&document, "Params");
    for (size_t i = 0; i < n; i++) {
        begin(&document, "EBMBrdItem");
        put_message(&document, &records[i]);
        put_course(&document, &records[i], envelope->time);
        end(&document, "EBMBrdItem");
    }
    end(&document, "EBMBrdLog");
    return pack(&document, envelope);
}
