/* What an XML parser is to read of a document: its bytes, in an encoding that the parser knows. expat knows UTF-8, UTF-16,
 * ISO-8859-1 and ASCII; platforms also send GB2312, GBK, GB18030, Big5, Shift_JIS, EUC-KR, windows-125x and others of a fixed
 * list, which are converted to UTF-8 here, strictly: a byte that is none of the declared encoding refuses the document, for a
 * village's name must not be guessed. Two harmless mistakes are mended: white space or line breaks in front of the document,
 * and a document that says UTF-16 (or, behind the byte-order mark of UTF-8, anything) while its bytes cannot be that. */
#ifndef TOCSIN_CODECS_XML_SOURCE_H
#define TOCSIN_CODECS_XML_SOURCE_H

#include "codecs/base.h"

struct xml_source {
    struct slice text;
    const char *encoding; /* for XML_ParserCreate; NULL: as the document says. Static */
    char *converted;      /* private */
};

/* Opens bytes, which must live as long. The converted text has at most `most` bytes, else it is refused with ERROR_TOO_LARGE.
 * ERROR_INVALID: bytes that are none of the declared encoding. ERROR_INTERNAL: the system lacks the conversion. What is not
 * on the list is left to the parser. The caller closes the source with xml_source_close. */
bool xml_source_open(struct slice bytes, size_t most, struct xml_source *source, struct error *error);
void xml_source_close(struct xml_source *source);

#endif
