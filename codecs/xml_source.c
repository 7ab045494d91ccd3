/* The encoding of an XML document, and its conversion by the C library's iconv: only from the encodings of a fixed list, so
 * that no sender chooses which converter runs. */
#include "codecs/xml_source.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DECLARATION_MAX = 256 /* bytes in which the XML declaration must end */, UTF8_GROWTH = 3 /* at most, for any byte */ };

/* Declared names (in any case) and the converter. The makers' supersets stand for what is declared, as senders on their systems
 * write those: GB18030 has GB2312 and GBK in it, CP949 EUC-KR, CP950 Big5, CP932 Shift_JIS. utf8: expat wants the hyphen. */
static const struct {
    const char *declared, *converter;
} ENCODINGS[] = {
    {"utf8", NULL},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"gb18030", "GB18030"},
    {"gb_2312-80", "GB18030"},
    {"x-gbk", "GB18030"},
    {"cp936", "GB18030"},
    {"windows-936", "GB18030"},
    {"big5", "CP950"},
    {"cp950", "CP950"},
    {"big5-hkscs", "BIG5-HKSCS"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"x-sjis", "CP932"},
    {"windows-31j", "CP932"},
    {"euc-jp", "EUC-JP"},
    {"euc-kr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
    {"windows-949", "CP949"},
    {"windows-874", "CP874"},
    {"tis-620", "TIS-620"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"windows-1250", "CP1250"},
    {"windows-1251", "CP1251"},
    {"windows-1252", "CP1252"},
    {"cp1252", "CP1252"},
    {"windows-1253", "CP1253"},
    {"windows-1254", "CP1254"},
    {"windows-1255", "CP1255"},
    {"windows-1256", "CP1256"},
    {"windows-1257", "CP1257"},
    {"windows-1258", "CP1258"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-9", "ISO-8859-9"},
    {"iso-8859-15", "ISO-8859-15"},
    /* Read here, so each character is one byte. Programs that write XML into a string of theirs say so, and send UTF-8. */
    {"utf-16", NULL},
    {"utf-16le", NULL},
    {"utf-16be", NULL},
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool begins(struct slice text, const char *with)
{
    size_t n = strlen(with);
    return text.size >= n && memcmp(text.data, with, n) == 0;
}

static struct slice skip(struct slice text, size_t n)
{
    return (struct slice){text.data + n, text.size - n};
}

static struct slice skip_space(struct slice text)
{
    while (text.size > 0 && is_space(text.data[0]))
        text = skip(text, 1);
    return text;
}

/* The value of encoding="..." in the XML declaration; empty if there is none. */
static struct slice declared_encoding(struct slice text)
{
    static const char name[] = "encoding";
    if (!begins(text, "<?xml") || text.size < 6 || !is_space(text.data[5]))
        return (struct slice){0};
    struct slice head = {text.data, text.size < DECLARATION_MAX ? text.size : DECLARATION_MAX};
    const char *end = memchr(head.data, '>', head.size);
    head.size = end ? (size_t)(end - head.data) : head.size;
    const char *found = memmem(head.data, head.size, name, sizeof name - 1);
    if (!found)
        return (struct slice){0};
    struct slice rest = skip_space(skip(head, (size_t)(found - head.data) + sizeof name - 1));
    if (!begins(rest, "="))
        return (struct slice){0};
    rest = skip_space(skip(rest, 1));
    if (!begins(rest, "\"") && !begins(rest, "'"))
        return (struct slice){0};
    const char *close = memchr(rest.data + 1, rest.data[0], rest.size - 1);
    return close ? (struct slice){rest.data + 1, (size_t)(close - rest.data - 1)} : (struct slice){0};
}

static bool refuse_bytes(struct error *error, int why, const char *converter, size_t at, size_t most)
{
    if (why == ENOMEM)
        return error_set(error, ERROR_NO_MEMORY, "no memory left to read it; try again");
    if (why == E2BIG)
        return error_set(error, ERROR_TOO_LARGE, "more than %zu bytes in UTF-8", most);
    return error_set(error, ERROR_INVALID, "byte %zu is no text in the declared encoding (%s); send it as UTF-8", at + 1,
                     converter);
}

static bool convert(struct xml_source *source, const char *converter, size_t most, struct error *error)
{
    char *in = (char *)source->text.data; /* iconv only reads it */
    size_t n_in = source->text.size, room = n_in < most / UTF8_GROWTH ? n_in * UTF8_GROWTH : most, n_out = room;
    source->converted = malloc(room + 1);
    if (!source->converted)
        return refuse_bytes(error, ENOMEM, converter, 0, most);
    char *out = source->converted;
    errno = 0;
    iconv_t iconv_of = iconv_open("UTF-8", converter);
    if (iconv_of == (iconv_t)-1) /* NOLINT(performance-no-int-to-ptr): as POSIX defines it */
        return errno == ENOMEM ? refuse_bytes(error, ENOMEM, converter, 0, most)
                               : error_set(error, ERROR_INTERNAL,
                                           "this system cannot convert %s, or had no memory to; send it as UTF-8", converter);
    int why = iconv(iconv_of, &in, &n_in, &out, &n_out) == (size_t)-1 ? errno : 0;
    iconv_close(iconv_of);
    if (why)
        return refuse_bytes(error, why, converter, (size_t)(in - source->text.data), most);
    source->text = (struct slice){source->converted, room - n_out};
    return true;
}

bool xml_source_open(struct slice bytes, size_t most, struct xml_source *source, struct error *error)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    struct slice text = skip_space(bytes);
    *source = (struct xml_source){.text = text.size > 0 && text.data[0] == '<' ? text : bytes};
    if (begins(source->text, byte_order_mark)) {
        source->text = skip_space(skip(source->text, sizeof byte_order_mark - 1));
        source->encoding = "UTF-8";
        return true;
    }
    struct slice declared = declared_encoding(source->text);
    for (size_t i = 0; i < sizeof ENCODINGS / sizeof *ENCODINGS; i++) {
        if (declared.size == 0 || strlen(ENCODINGS[i].declared) != declared.size ||
            strncasecmp(ENCODINGS[i].declared, declared.data, declared.size) != 0)
            continue;
        source->encoding = "UTF-8";
        if (!ENCODINGS[i].converter || convert(source, ENCODINGS[i].converter, most, error))
            return true;
        xml_source_close(source);
        return false;
    }
    return true;
}

void xml_source_close(struct xml_source *source)
{
    free(source->converted);
    *source = (struct xml_source){0};
}
