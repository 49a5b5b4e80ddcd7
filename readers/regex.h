/*
 * regex.h -- regular expressions (pcre2) over a stranger's bytes.
 */
#ifndef SHMLOG_READERS_REGEX_H
#define SHMLOG_READERS_REGEX_H

#include <stddef.h>

struct regex;

#define REGEX_ERROR_MAX 160

/*
 * Bytes, not UTF-8: nothing that is in a record can be wrong.  NULL: it is
 * none, and why is in error, with where in *at.  Exits if there is no memory.
 */
struct regex *regex_compile(const char *pattern, size_t n, int caseless,
    char error[REGEX_ERROR_MAX], size_t *at);
void regex_free(struct regex *);

/* 1 or 0; also 0 if it would take longer than anybody should wait: see
 * regex_given_up().  One thread. */
int regex_match(const struct regex *, const char *text, size_t n);

/* How often that was so, of all. */
unsigned long regex_given_up(void);

#endif
