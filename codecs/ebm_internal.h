/* What the files of the EBM decoder share: ebm.c (the package), ebm_message.c (the document),
 * ebm_content.c (a MsgContent), ebm_signature.c. */
#ifndef TOCSIN_CODECS_EBM_INTERNAL_H
#define TOCSIN_CODECS_EBM_INTERNAL_H

#include "codecs/ebm.h"
#include "codecs/xml_tree.h"

struct ebm_files {
    struct ebm_file {
        char *name; /* without folders */
        struct slice data;
    } files[EBM_FILES_MAX];
    size_t n;
};

/* NULL if there is none. Folders in the name are not looked at. */
const struct ebm_file *ebm_file_find(const struct ebm_files *files, const char *name);

/* The document while it is read. */
struct ebm_reading {
    const struct xml_tree *tree;
    const struct ebm_files *files;
    struct ebm_package *package;
    struct alert_message *message;
    struct error *error;
    size_t ebm; /* element */
};

/* Fills the package from the document and the files that it names. */
bool ebm_read_document(const struct xml_tree *tree, const struct ebm_files *files, struct ebm_package *package,
                       struct error *error);

/* Reads one MsgContent into the message's last info. */
bool ebm_read_content(const struct ebm_reading *r, size_t content, struct alert_info *info);

/* Reads the signature file; one that is not good sets state and why. False only without memory. */
bool ebm_read_signature(const struct ebm_file *file, const char *ebd_id, struct ebm_signature *signature, struct error *error);

/* Finds the element at a path such as "SRC/EBRID" below another; 0 if it is not there. False if a part of the path stands
 * twice. */
bool ebm_find(const struct xml_tree *tree, size_t from, const char *path, size_t *element, struct error *error);
/* Its text; empty if it is not there. */
bool ebm_text(const struct xml_tree *tree, size_t from, const char *path, const char **text, struct error *error);
/* Its text, of at most EBM_SHORT_MAX bytes. */
bool ebm_short_text(const struct xml_tree *tree, size_t from, const char *path, const char **text, struct error *error);
/* A copy of its text; NULL if it is empty or not there. */
bool ebm_copy(const struct xml_tree *tree, size_t from, const char *path, char **copy, struct error *error);

size_t ebm_count(const struct xml_tree *tree, size_t parent, const char *name);

bool ebm_copy_text(const char *text, char **to, struct error *error);
/* A number of at most 18 digits; -1 for any other text. */
int64_t ebm_number(const char *text);
/* An array of one pair. */
bool ebm_one_pair(const struct ebm_reading *r, const char *name, const char *value, struct alert_pair **pairs, size_t *n);
bool ebm_missing(const struct ebm_reading *r, const char *name);
bool ebm_no_memory(struct error *error);

/* A text to be quoted in a message. */
struct ebm_quote {
    char text[73];
};
struct ebm_quote ebm_quote(const char *text);

#endif
