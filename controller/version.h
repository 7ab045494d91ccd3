/* The version that every program of Tocsin shows. */
#ifndef TOCSIN_CONTROLLER_VERSION_H
#define TOCSIN_CONTROLLER_VERSION_H

#define TOCSIN_VERSION "0.1.0"

#endif
