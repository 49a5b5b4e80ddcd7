/*
 * terminal.h -- a terminal that is drawn on, by ncurses: taken, given back, and
 * text put on it.
 *
 * Text that comes here is harmless (buffer_safe()).  What the locale has no
 * character for is shown as `?'.
 */
#ifndef SHMLOG_READERS_TERMINAL_H
#define SHMLOG_READERS_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

struct terminal;

/*
 * Takes the terminal of stdin and stdout; NULL: it cannot be drawn on (TERM
 * is not set, unknown, or of one that moves no cursor), which the caller tells.
 * What is written to stderr meanwhile is kept, if that is a terminal, too, and
 * shown by terminal_close(), which is called at exit(3) if nobody did.
 */
struct terminal *terminal_open(void);
void terminal_close(struct terminal *);

/* Whether it shows more than ASCII; whether it has colours, and may (NO_COLOR
 * is not set). */
int terminal_unicode(const struct terminal *);
int terminal_colours(const struct terminal *);
#define TERMINAL_RED 1 /* its pair */

/* Waits for a key, at most `ns'; less if a signal comes.  0, or -1: the
 * terminal is gone. */
int terminal_wait(uint64_t ns);

/* How many columns n bytes take. */
size_t terminal_width(const char *text, size_t n);

/*
 * Puts n bytes at row, column: no more than `width' columns of them.  Returns
 * how many they took.  What is off the screen is not put.
 */
int terminal_put(int row, int column, int width, const char *text, size_t n);

/* The end of text of which n bytes are there: as many bytes as take no more
 * than `width' columns. */
size_t terminal_end(const char *text, size_t n, size_t width);

#endif
