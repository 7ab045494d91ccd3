/* A small XML document as a tree, for formats whose documents are short and which are read element by element. On expat.
 * Names are as written (a prefix is part of them); attributes, comments and processing instructions are not kept. */
#ifndef TOCSIN_CODECS_XML_TREE_H
#define TOCSIN_CODECS_XML_TREE_H

#include "codecs/base.h"

/* More than these is refused with ERROR_TOO_LARGE. A tree takes at most 2 bytes for each of the document and 32 for each
 * element. */
enum { XML_TREE_SIZE_MAX = 1024 * 1024 /* bytes */, XML_TREE_ELEMENTS_MAX = 4096, XML_TREE_DEPTH_MAX = 32 };

struct xml_element {
    const char *name;
    const char *text; /* UTF-8 without the white space around it; empty where the element has elements in it */
    size_t parent;    /* index; the root is its own */
};

struct xml_tree {
    struct xml_element *elements; /* in the order of their start tags; the root is the first */
    size_t n;
    char *bytes; /* private: what names and texts point into */
};

/* Reads a document. Document type declarations, and with them entities, are refused; so is what is not well-formed. On failure
 * *error says why and nothing is kept. The caller frees the tree with xml_tree_free; bytes are not needed any more. */
bool xml_tree_read(struct slice bytes, struct xml_tree *tree, struct error *error);
void xml_tree_free(struct xml_tree *tree);

/* The next element of that name that lies directly in parent and comes behind the element after (0: the first of them).
 * Returns 0, which is the root and nobody's child, if there is none. */
size_t xml_tree_child(const struct xml_tree *tree, size_t parent, const char *name, size_t after);

#endif
