/* What the files of the CAP decoder share: cap.c (XML), cap_fields.c (elements),
 * cap_geometry.c (area), cap_text.c, cap_national.c (the Chinese national form). */
#ifndef TOCSIN_CODECS_CAP_INTERNAL_H
#define TOCSIN_CODECS_CAP_INTERNAL_H

#include "codecs/cap.h"

/* The structs that have elements in them. A pair is an eventCode, parameter or geocode. */
enum cap_place { CAP_NO_PLACE, CAP_IN_ALERT, CAP_IN_INFO, CAP_IN_RESOURCE, CAP_IN_AREA, CAP_IN_PAIR };

struct cap_reader {
    struct alert_message *message;
    struct alert_pair pair; /* the one that is being read */
    uint64_t seen;          /* bit n: row n of the table of fields stood in the innermost struct of its place */
    unsigned long line;     /* of the element that is being read, for messages */
    bool failed;
    struct error error;
};

/* One element that is understood: a row of the table in cap_fields.c. */
struct cap_field {
    enum cap_place in;
    const char *name;
    /* Takes the trimmed text of the element when it ends; false if it called cap_refuse. */
    bool (*end)(struct cap_reader *reader, const struct cap_field *field, struct slice text);
    size_t offset;                            /* where its value goes in the struct of its place */
    const char *words;                        /* what it may say, in the order of the enum that it fills */
    size_t beside;                            /* where the count goes for a list, the "has" for what may be absent */
    enum cap_place opens;                     /* for an element with elements in it */
    bool (*begin)(struct cap_reader *reader); /* makes room for that struct */
    bool once;                                /* it decides: given twice, nobody could say which one holds */
    bool required;
};

/* The element that tells the Chinese national form from CAP; and its decoder, for all of the document. */
extern const char cap_national_mark[];
bool cap_national_decode(struct slice bytes, struct alert_message **message, struct error *error);

/* NULL if the element is unknown there. The root element is the field "alert" in CAP_NO_PLACE. */
const struct cap_field *cap_field_find(enum cap_place place, const char *name);
bool cap_field_begin(struct cap_reader *reader, const struct cap_field *field);
bool cap_field_end(struct cap_reader *reader, const struct cap_field *field, struct slice text);

/* Records the first refusal, "name: reason (line n)", and returns false. */
bool cap_refuse(struct cap_reader *reader, enum error_code code, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool cap_no_memory(struct cap_reader *reader);

/* At most 40 bytes of text on one line, to be quoted in a message. */
struct cap_quote {
    char text[41];
};
struct cap_quote cap_quote(struct slice text);

/* Appends room for one zeroed item of the given size to an array of n; NULL without memory, and then array stays as it was. */
void *cap_grow(void *array, size_t n, size_t size);

struct slice cap_trim(struct slice text);
/* Takes the next part between white space from *rest; false if there is none. */
bool cap_take_word(struct slice *rest, struct slice *word);
/* The same for parts with commas in them, round which there may be white space: "39.0, -105.0" is one. */
bool cap_take_list(struct slice *rest, struct slice *list);
/* Splits at the first separator; false if there is none. */
bool cap_split(struct slice text, char at, struct slice *before, struct slice *after);
bool cap_equal(struct slice a, struct slice b, bool any_case);
/* The position of text among words that are separated by ", "; -1 if it is not there. */
int cap_find_word(const char *words, struct slice text, bool any_case);
bool cap_copy_text(struct cap_reader *reader, struct slice text, char **copy);

/* A decimal number (XML Schema's decimal): digits, sign and point, in any locale. */
bool cap_number(struct slice text, double *value);
bool cap_add_polygon(struct cap_reader *reader, struct alert_area *area, struct slice text);
bool cap_add_circle(struct cap_reader *reader, struct alert_area *area, struct slice text);

#endif
