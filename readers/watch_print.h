/*
 * watch_print.h -- what was counted, as text and as JSON.
 */
#ifndef SHMLOG_READERS_WATCH_PRINT_H
#define SHMLOG_READERS_WATCH_PRINT_H

#include "readers/watch.h"

/* As the options want it: one object and a newline, or lines. */
void watch_print(struct watch *, struct buffer *);

/* The lines above: instance, time, window, what was lost, whether the daemon
 * runs. */
void watch_head(const struct watch *, struct buffer *);

/* ",\"name\":1.25", with as many digits as are of use; null, if it is no number
 * that JSON has. */
void watch_json_number(struct buffer *, const char *name, double);

/* A number in so many characters as it takes to have three digits: "0.123",
 * "12.3", "4567", "1.23M". */
void watch_number(double, char to[16]);

#endif
