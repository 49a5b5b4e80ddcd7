/*
 * screen.c -- lines of text on a terminal, live.
 *
 * A line is cut at the right.
 */
#include "readers/screen.h"

#include <curses.h>
#include <err.h>
#include <stdlib.h>

#include "readers/terminal.h"
#include "readers/watch_print.h"

struct screen {
	struct terminal *terminal;
	struct buffer text; /* what is shown */
	int paused, help;
};

static const char help_text[] = "q      quit\n"
				"space  pause, and go on\n"
				"h      this help, and back\n";

struct screen *
screen_open(void)
{
	struct screen *s = calloc(1, sizeof(*s));

	if (s == NULL)
		err(1, "memory");
	s->terminal = terminal_open();
	if (s->terminal == NULL) {
		warnx("this terminal (TERM) is not one that can be drawn on: "
		      "-1 shows it once");
		free(s);
		return NULL;
	}
	buffer_init(&s->text, -1);
	return s;
}

void
screen_close(struct screen *s)
{
	terminal_close(s->terminal);
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
		(void)terminal_put(row, 0, COLS, p, (size_t)(newline - p));
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
