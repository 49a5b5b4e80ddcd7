/*
 * hist_print.h -- a histogram as rows of text and as JSON.
 */
#ifndef SHMLOG_READERS_HIST_PRINT_H
#define SHMLOG_READERS_HIST_PRINT_H

#include "readers/buffer.h"
#include "readers/hist.h"

/* In `rows' lines of `columns', with its figures on the side. */
void hist_print(
    struct buffer *, const struct hist_counts *, size_t rows, size_t columns);

/* The figures in a line, and their titles: a table of many. */
void hist_print_titles(struct buffer *);
void hist_print_figures(struct buffer *, const struct hist_counts *);
/* Its shape in `columns' characters, of buckets from..to; one for each row of
 * the table, so that they can be compared. */
void hist_print_shape(struct buffer *, const struct hist_counts *,
    uint32_t from, uint32_t to, size_t columns);

/* The first and the last bucket with something in it; *from > *to: there is
 * none.  To be called for each that is shown, with HIST_BUCKETS and 0 first. */
void hist_range(const struct hist_counts *, uint32_t *from, uint32_t *to);

/* An object's members: count, rate, mean, min, p50... max, buckets. */
void hist_print_json(
    struct buffer *, const struct hist_counts *, double seconds);

#endif
