/*
 * sixteen.h -- sixteen records of all sorts, called a to p, for queries.
 */
#ifndef SHMLOG_TESTS_SIXTEEN_H
#define SHMLOG_TESTS_SIXTEEN_H

#include "readers/query.h"
#include "tests/unit/records.h"

#define OF(...) (&(struct record_of){ __VA_ARGS__ })

extern struct records sixteen;

void sixteen_begin(void);
void sixteen_end(void);

/* Fails if it is none. */
struct query *sixteen_compile(const char *line, int caseless);

#endif
