/*
 * stat_keys.c -- what keys do on shmstat's screen.
 */
#include <curses.h>
#include <stdlib.h>
#include <string.h>

#include "readers/stat_screen.h"

#define KEY_ESC 27
#define KEY_DEL 127
#define KEY_BS 8
#define KEY_KILL 21     /* ^U */
#define KEY_REDRAW 12   /* ^L */
#define KEY_PRINTED 256 /* what is less was typed, byte by byte */

static const struct {
	const char *keys, *help;
} helps[] = {
	{ "arrows, j k", "the line above, the one below" },
	{ "PgUp, PgDn", "a page" },
	{ "Home, End", "the first line (whichever it will be), the last" },
	{ "/", "search as you type; n the next, N the one before" },
	{ "f", "only names with *, ? or [] that match, or with that in them" },
	{ "s", "sort by name, by value, by rate" },
	{ "v V", "show one more level (info, diag, debug); one less" },
	{ "z", "hide what was 0 all the time, and show it" },
	{ "a", "each worker apart, and summed" },
	{ "e", "scale counts: 12.3k" },
	{ "r", "raw numbers, as -1 has them" },
	{ "i", "histograms: of the last interval, of all" },
	{ "0", "averages begin anew" },
	{ "+ -", "a longer interval, a shorter one" },
	{ "space", "pause, and go on" },
	{ "h q", "this help, and back; quit" },
};

#define HELPS ((int)(sizeof(helps) / sizeof(helps[0])))

void
stat_keys_help(struct stat_screen *s, int row, int rows)
{
	for (int i = (s->help - 1) * rows; i < HELPS && rows-- > 0; i++) {
		stat_look(s, LOOK_STRONG);
		(void)terminal_put(
		    row, 0, COLS, helps[i].keys, strlen(helps[i].keys));
		stat_look(s, LOOK_PLAIN);
		(void)terminal_put(
		    row++, 13, COLS - 13, helps[i].help, strlen(helps[i].help));
	}
}

/* The next page of it, or the counters again. */
static void
turn_help(struct stat_screen *s)
{
	s->help++;
	if ((s->help - 1) * (LINES - 1) >= HELPS || LINES < 2)
		s->help = 0;
}

/*
 * TYPING
 */

static void
search_for(struct stat_screen *s, const char *text, size_t from, int backwards)
{
	s->note = NULL;
	if (text[0] != '\0' &&
	    stat_view_search(&s->view, text, from, backwards) != 0)
		s->note = "not found";
}

static void
filter_by(struct stat_screen *s, const char *text)
{
	s->note = stat_view_filter(&s->view, text);
	if (s->note == NULL)
		(void)strlcpy(s->filter, text, sizeof(s->filter));
	stat_view_arrange(&s->view);
}

/* What is typed has changed. */
static void
typed(struct stat_screen *s)
{
	if (s->prompt == PROMPT_SEARCH)
		search_for(s, s->typed, s->from, 0);
	else
		s->note = NULL;
}

/* Takes a character off, all its bytes. */
static void
take_back(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && (text[n - 1] & 0xc0) == 0x80)
		n--;
	text[n > 0 ? n - 1 : 0] = '\0';
}

static void
finish_prompt(struct stat_screen *s)
{
	enum stat_prompt prompt = s->prompt;

	if (prompt == PROMPT_FILTER) {
		filter_by(s, s->typed);
		if (s->note != NULL)
			return; /* and he may mend it */
	} else if (s->typed[0] != '\0') {
		(void)strlcpy(s->sought, s->typed, sizeof(s->sought));
	}
	s->prompt = PROMPT_NONE;
}

static void
prompt_key(struct stat_screen *s, int key)
{
	size_t n = strlen(s->typed);

	switch (key) {
	case KEY_ESC:
		if (s->prompt == PROMPT_SEARCH && n > 0)
			stat_view_go(&s->view, s->from);
		s->prompt = PROMPT_NONE;
		s->note = NULL;
		return;
	case '\r':
	case '\n':
	case KEY_ENTER:
		finish_prompt(s);
		return;
	case KEY_BACKSPACE:
	case KEY_DEL:
	case KEY_BS:
		take_back(s->typed);
		typed(s);
		return;
	case KEY_KILL:
		s->typed[0] = '\0';
		typed(s);
		return;
	}
	if (key < ' ' || key >= KEY_PRINTED || n + 1 >= sizeof(s->typed))
		return;
	s->typed[n] = (char)key;
	s->typed[n + 1] = '\0';
	typed(s);
}

static void
begin_prompt(struct stat_screen *s, enum stat_prompt prompt)
{
	s->prompt = prompt;
	s->from = s->view.at;
	s->typed[0] = '\0';
	if (prompt == PROMPT_FILTER)
		(void)strlcpy(s->typed, s->filter, sizeof(s->typed));
}

/*
 * KEYS
 */

static void
search_again(struct stat_screen *s, int backwards)
{
	const struct stat_view *v = &s->view;

	if (s->sought[0] == '\0')
		s->note = "/ searches";
	else
		search_for(s, s->sought,
		    backwards ? v->at + v->n - 1 : v->at + 1, backwards);
}

/* The next interval in a list: longer, or shorter. */
static void
change_interval(struct stat_screen *s, int longer)
{
	static const uint64_t list[] = { NSEC / 5, NSEC / 2, NSEC, 2 * NSEC,
		5 * NSEC, 10 * NSEC, 30 * NSEC, 60 * NSEC };
	const size_t n = sizeof(list) / sizeof(list[0]);
	size_t i = 0;

	if (longer) {
		while (i + 1 < n && list[i] <= s->every)
			i++;
	} else {
		for (i = n - 1; i > 0 && list[i] >= s->every;)
			i--;
	}
	if (s->due > s->every)
		s->due = s->due - s->every + list[i];
	s->every = list[i];
}

static void
change_level(struct stat_screen *s, int more)
{
	unsigned *levels = &s->view.levels;

	if (more && *levels < STAT_LEVELS)
		(*levels)++;
	else if (!more && *levels > 1)
		(*levels)--;
}

/* Those that move the selection; 1: it was one. */
static int
move_key(struct stat_screen *s, int key)
{
	struct stat_view *v = &s->view;
	long page = v->lines > 1 ? (long)v->lines - 1 : 1;

	switch (key) {
	case KEY_UP:
	case 'k':
		stat_view_move(v, -1);
		return 1;
	case KEY_DOWN:
	case 'j':
		stat_view_move(v, 1);
		return 1;
	case KEY_PPAGE:
		stat_view_move(v, -page);
		return 1;
	case KEY_NPAGE:
		stat_view_move(v, page);
		return 1;
	case KEY_HOME:
	case 'g':
		stat_view_home(v);
		return 1;
	case KEY_END:
	case 'G':
		stat_view_go(v, v->n);
		return 1;
	}
	return 0;
}

/* Those that change what a line shows; 1: it was one. */
static int
look_key(struct stat_screen *s, int key)
{
	switch (key) {
	case 'e':
		s->scale = s->scale == SCALE_ALL ? SCALE_UNITS : SCALE_ALL;
		return 1;
	case 'r':
		s->scale = s->scale == SCALE_RAW ? SCALE_UNITS : SCALE_RAW;
		return 1;
	case 'i':
		s->ever = !s->ever;
		return 1;
	case '0':
		stat_view_reset(&s->view);
		s->note = "averages begin anew";
		return 1;
	case ' ':
		s->paused = !s->paused;
		return 1;
	case '+':
	case '=':
		change_interval(s, 1);
		return 1;
	case '-':
		change_interval(s, 0);
		return 1;
	}
	return 0;
}

/* Those that change which lines there are, and in what order. */
static void
view_key(struct stat_screen *s, int key)
{
	struct stat_view *v = &s->view;

	switch (key) {
	case 's':
		v->sort = (v->sort + 1) % STAT_SORTS;
		break;
	case 'v':
	case 'V':
		change_level(s, key == 'v');
		break;
	case 'z':
		v->hide_still = !v->hide_still;
		break;
	case 'a':
		stat_screen_apart(s);
		return;
	default:
		return;
	}
	stat_view_arrange(v);
}

/* -1: it ends us. */
static int
plain_key(struct stat_screen *s, int key)
{
	s->note = NULL;
	switch (key) {
	case 'q':
	case 'Q':
		return -1;
	case 'h':
	case '?':
		turn_help(s);
		return 0;
	case KEY_ESC:
		s->help = 0;
		return 0;
	case KEY_REDRAW:
		(void)clearok(stdscr, TRUE);
		return 0;
	case '/':
		begin_prompt(s, PROMPT_SEARCH);
		return 0;
	case 'f':
		begin_prompt(s, PROMPT_FILTER);
		return 0;
	case 'n':
	case 'N':
		search_again(s, key == 'N');
		return 0;
	}
	if (!move_key(s, key) && !look_key(s, key))
		view_key(s, key);
	return 0;
}

int
stat_keys(struct stat_screen *s)
{
	int key, changed = 0;

	while ((key = getch()) != ERR) {
		changed = 1;
		if (s->prompt != PROMPT_NONE && key != KEY_RESIZE)
			prompt_key(s, key);
		else if (plain_key(s, key) != 0)
			return -1;
	}
	return changed;
}
