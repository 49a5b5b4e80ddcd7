/*
 * terminal.c -- a terminal that is drawn on: see terminal.h.
 *
 * ncurses sends only what differs from what is there.  Signals: it handles
 * SIGWINCH (getch(3) says KEY_RESIZE) and SIGTSTP, with the terminal given back
 * while we are stopped; those that end us are stop.c's.
 */
#include "readers/terminal.h"

#include <sys/mman.h>

#include <curses.h>
#include <err.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "readers/attach.h"

#define KEPT_MAX 4096 /* bytes of what was written to stderr */
#define ESCAPE_MS 50  /* so long may a key's bytes be apart */

struct terminal {
	SCREEN *screen;
	int unicode, colours;
	int kept; /* a file instead of stderr, or -1 */
	int was;  /* what that was */
};

static struct terminal *taken; /* to be given back at exit(3) */

/* Keeps what is written to stderr. */
static void
keep_stderr(struct terminal *t)
{
	t->kept = -1;
	if (!isatty(STDERR_FILENO))
		return;
	t->was = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (t->was == -1)
		return;
	t->kept = memfd_create("stderr", MFD_CLOEXEC);
	if (t->kept == -1)
		close(t->was);
	else
		(void)dup2(t->kept, STDERR_FILENO);
}

static void
show_kept(struct terminal *t)
{
	char text[KEPT_MAX];
	ssize_t n;

	if (t->kept == -1)
		return;
	(void)dup2(t->was, STDERR_FILENO);
	n = pread(t->kept, text, sizeof(text), 0);
	if (n > 0)
		n = write(STDERR_FILENO, text, (size_t)n);
	(void)n; /* nobody is there to be told */
	close(t->kept);
	close(t->was);
}

static void
at_exit(void)
{
	if (taken != NULL)
		terminal_close(taken);
}

static void
begin_colours(struct terminal *t)
{
	const char *no = getenv("NO_COLOR");

	if ((no != NULL && no[0] != '\0') || !has_colors())
		return;
	(void)start_color();
	(void)use_default_colors();
	(void)init_pair(TERMINAL_RED, COLOR_RED, -1);
	t->colours = 1;
}

/* Whether the cursor can be moved, and the screen cleared. */
static int
can_draw(void)
{
	const char *move = tigetstr("cup"), *clears = tigetstr("clear");

	return move != NULL && move != (char *)-1 && clears != NULL &&
	       clears != (char *)-1;
}

struct terminal *
terminal_open(void)
{
	struct terminal *t = calloc(1, sizeof(*t));
	static int registered;

	if (t == NULL)
		err(1, "memory");
	(void)setlocale(LC_CTYPE, "");
	t->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (getenv("TERM") != NULL)
		t->screen = newterm(NULL, stdout, stdin);
	if (t->screen == NULL || !can_draw()) {
		if (t->screen != NULL) {
			(void)endwin();
			delscreen(t->screen);
		}
		free(t);
		return NULL;
	}
	keep_stderr(t);
	taken = t;
	if (!registered)
		registered = atexit(at_exit) == 0;
	(void)cbreak();
	(void)noecho();
	(void)nodelay(stdscr, TRUE);
	(void)keypad(stdscr, TRUE);
	(void)set_escdelay(ESCAPE_MS);
	(void)curs_set(0);
	(void)leaveok(stdscr, TRUE);
	begin_colours(t);
	return t;
}

void
terminal_close(struct terminal *t)
{
	taken = NULL;
	(void)endwin();
	delscreen(t->screen);
	show_kept(t);
	free(t);
}

int
terminal_unicode(const struct terminal *t)
{
	return t->unicode;
}

int
terminal_colours(const struct terminal *t)
{
	return t->colours;
}

int
terminal_wait(uint64_t ns)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	const struct timespec t = {
		.tv_sec = (time_t)(ns / NSEC),
		.tv_nsec = (long)(ns % NSEC),
	};

	if (ppoll(&p, 1, &t, NULL) != 1)
		return 0;
	return p.revents & (POLLHUP | POLLERR | POLLNVAL) ? -1 : 0;
}

/* How many of n bytes are characters of one byte and one column, at most
 * `most'. */
static size_t
plain(const char *p, size_t n, size_t most)
{
	size_t i = 0;

	while (i < n && i < most && p[i] >= ' ' && p[i] <= '~')
		i++;
	return i;
}

/* The character at p, of n bytes; returns how many it has. */
static size_t
next_char(const char *p, size_t n, wchar_t *c)
{
	mbstate_t state = { 0 };
	size_t length = mbrtowc(c, p, n, &state);

	if (length != 0 && length <= n && wcwidth(*c) >= 0)
		return length;
	*c = L'?';
	/* the whole of a character that the locale has not */
	for (length = 1; length < n && (p[length] & 0xc0) == 0x80;)
		length++;
	return length;
}

size_t
terminal_width(const char *text, size_t n)
{
	size_t width = 0, length;
	wchar_t c;

	for (; n > 0; text += length, n -= length) {
		length = plain(text, n, n);
		width += length;
		if (length > 0)
			continue;
		length = next_char(text, n, &c);
		width += (size_t)wcwidth(c);
	}
	return width;
}

size_t
terminal_end(const char *text, size_t n, size_t width)
{
	size_t has = terminal_width(text, n), length, at = 0;
	wchar_t c;

	for (; has > width && at < n; at += length) {
		length = next_char(text + at, n - at, &c);
		has -= (size_t)wcwidth(c);
	}
	return n - at;
}

int
terminal_put(int row, int column, int width, const char *text, size_t n)
{
	int begun = column, columns;
	wchar_t c[2] = { 0 };
	size_t length;

	if (row < 0 || row >= LINES || column < 0 || column >= COLS ||
	    width <= 0)
		return 0;
	if (width > COLS - column)
		width = COLS - column;
	(void)move(row, column);
	for (; n > 0; text += length, n -= length) {
		length = plain(text, n, (size_t)(begun + width - column));
		if (length > 0) {
			(void)addnstr(text, (int)length);
			column += (int)length;
			continue;
		}
		length = next_char(text, n, c);
		columns = wcwidth(c[0]);
		if (column + columns - begun > width)
			break;
		(void)addnwstr(c, 1);
		column += columns;
	}
	return column - begun;
}
