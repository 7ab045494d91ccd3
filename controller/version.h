/* The version of all programs. */
#ifndef TOCSIN_CONTROLLER_VERSION_H
#define TOCSIN_CONTROLLER_VERSION_H

#define TOCSIN_VERSION "0.1.0"

#endif
