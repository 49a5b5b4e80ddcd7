/*
 * json_copy.h -- JSON that a stranger wrote, in JSON of ours.
 */
#ifndef SHMLOG_READERS_JSON_COPY_H
#define SHMLOG_READERS_JSON_COPY_H

#include "readers/buffer.h"

/*
 * Appends n bytes if they are one JSON object, whole and strictly by RFC 8259,
 * and nothing that its readers refuse: deeper than 64 or with a number of more
 * than 64 bytes.  It becomes one line without blanks between its tokens, and
 * what buffer_json() would not let through is escaped; all else is as it was.
 * 0, or -1: it is none, and anything was appended.
 */
int json_copy(struct buffer *, const char *text, size_t n);

#endif
