/*
 * screen.h -- lines of text on a terminal, live, by ncurses.
 */
#ifndef SHMLOG_READERS_SCREEN_H
#define SHMLOG_READERS_SCREEN_H

struct screen;
struct watch;

/*
 * Takes the terminal of stdin and stdout; NULL: that cannot be, and was told.
 * What is written to stderr meanwhile is kept, if that is a terminal, too, and
 * shown by screen_close().
 */
struct screen *screen_open(void);
void screen_close(struct screen *);

/* The keys that were pressed: -1: an end; 1: there is something else to be
 * shown; 0. */
int screen_keys(struct screen *);

/* Shows what w->program has counted; or help, or what was there when it was
 * paused. */
void screen_draw(struct screen *, struct watch *);

#endif
