/*
 * screen.c -- lines of text on a terminal, live.
 *
 * Text that comes here is harmless (buffer_safe()); what the terminal's locale
 * has no character for is shown as `?', and a line is cut at the right.
 */
#include "readers/screen.h"

#include <sys/mman.h>

#include <curses.h>
#include <err.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>
#include <wchar.h>

#include "readers/watch_print.h"

#define KEPT_MAX 4096 /* bytes of what was written to stderr */

struct screen {
	SCREEN *terminal;
	struct buffer text; /* what is shown */
	int paused, help;
	int kept; /* a file instead of stderr, or -1 */
	int was;  /* what that was */
};

static const char help_text[] = "q      quit\n"
				"space  pause, and go on\n"
				"h      this help, and back\n";

/* Keeps what is written to stderr. */
static void
keep_stderr(struct screen *s)
{
	s->kept = -1;
	if (!isatty(STDERR_FILENO))
		return;
	s->was = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (s->was == -1)
		return;
	s->kept = memfd_create("stderr", MFD_CLOEXEC);
	if (s->kept == -1)
		close(s->was);
	else
		(void)dup2(s->kept, STDERR_FILENO);
}

static void
show_kept(struct screen *s)
{
	char text[KEPT_MAX];
	ssize_t n;

	if (s->kept == -1)
		return;
	(void)dup2(s->was, STDERR_FILENO);
	n = pread(s->kept, text, sizeof(text), 0);
	if (n > 0)
		n = write(STDERR_FILENO, text, (size_t)n);
	(void)n; /* nobody is there to be told */
	close(s->kept);
	close(s->was);
}

struct screen *
screen_open(void)
{
	struct screen *s = calloc(1, sizeof(*s));

	if (s == NULL)
		err(1, "memory");
	(void)setlocale(LC_CTYPE, "");
	s->terminal = newterm(NULL, stdout, stdin);
	if (s->terminal == NULL) {
		warnx("this terminal (TERM) is not one that can be drawn on: "
		      "-1 shows it once");
		free(s);
		return NULL;
	}
	keep_stderr(s);
	buffer_init(&s->text, -1);
	(void)cbreak();
	(void)noecho();
	(void)nodelay(stdscr, TRUE);
	(void)keypad(stdscr, TRUE);
	(void)curs_set(0);
	return s;
}

void
screen_close(struct screen *s)
{
	(void)endwin();
	delscreen(s->terminal);
	show_kept(s);
	buffer_free(&s->text);
	free(s);
}

int
screen_keys(struct screen *s)
{
	int key, changed = 0;

	while ((key = getch()) != ERR) {
		changed = 1;
		switch (key) {
		case 'q':
		case 'Q':
			return -1;
		case ' ':
			s->paused = !s->paused;
			break;
		case 'h':
		case '?':
			s->help = !s->help;
			break;
		}
	}
	return changed;
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

static void
draw_line(int row, const char *p, size_t n)
{
	int column = 0, width;
	wchar_t c[2] = { 0 };
	size_t length;

	(void)move(row, 0);
	for (; n > 0; p += length, n -= length) {
		length = next_char(p, n, c);
		width = wcwidth(c[0]);
		if (column + width > COLS)
			break;
		(void)addnwstr(c, 1);
		column += width;
	}
}

/* Line by line, the first in reverse. */
static void
draw_text(const char *p, size_t n)
{
	const char *end = p + n, *newline;

	for (int row = 0; p < end && row < LINES; row++) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (newline == NULL)
			newline = end;
		if (row == 0)
			(void)attron(A_REVERSE);
		draw_line(row, p, (size_t)(newline - p));
		if (row == 0)
			(void)attroff(A_REVERSE);
		p = newline + 1;
	}
}

void
screen_draw(struct screen *s, struct watch *w)
{
	size_t head;

	if (!s->paused) {
		s->text.n = 0;
		watch_head(w, &s->text);
		/* a terminal without a line has none that is wrong */
		w->program->text(w->arg, &s->text, w,
		    LINES > 1 ? (size_t)LINES - 1 : 0, (size_t)COLS);
	}
	(void)erase();
	if (s->help) {
		draw_text(help_text, sizeof(help_text) - 1);
	} else {
		draw_text(s->text.data, s->text.n);
		head = strlen(" paused ");
		if (s->paused && COLS > (int)head)
			(void)mvaddstr(0, COLS - (int)head, " paused ");
	}
	(void)refresh();
}
