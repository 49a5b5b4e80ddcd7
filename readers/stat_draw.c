/*
 * stat_draw.c -- the screen of shmstat.
 *
 *	default  runs [4711] 3h04m  every 1 s              40 of 52  12:03:04
 *	NAME                    VALUE  CHANGE/s    AVG10   AVG100  AVG1000
 *	http.front.bytes      95.4MiB   13.4MiB  13.2MiB  12.9MiB  12.9MiB
 *	...
 *	-- http.front.bytes ----------------------------------------------
 *	(stat_detail.c)
 *	by rate  moved only                                 h help  q quit
 *
 * Only lines that are seen are formatted, and ncurses sends only cells that
 * differ.  What there is no room for is left out: averages, help, pane.
 */
#include <curses.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/shared.h"
#include "readers/stat_screen.h"

#define NAME_MIN 20
#define VALUE_WIDTH 10
#define RAW_WIDTH 20 /* 64 bits */
#define RATE_WIDTH 9
#define RAW_RATE_WIDTH 14
#define LEFT_MIN 24   /* of the header, before there is more in it */
#define HELP_FROM 110 /* columns: from so many on each line has its help */
#define BITS_MAX 24   /* in a line */

struct layout {
	int name, value, rate, help; /* widths of columns; 0: not there */
	int averages;                /* how many are there */
	int rows;                    /* of counters */
	int pane;                    /* rows of it */
	int status;                  /* rows: 1, or 0 */
};

static struct layout
lay_out(const struct stat_screen *s)
{
	struct layout l = {
		.value = s->scale == SCALE_RAW ? RAW_WIDTH : VALUE_WIDTH,
		.rate = s->scale == SCALE_RAW ? RAW_RATE_WIDTH : RATE_WIDTH,
	};
	int room;

	l.averages = (COLS - NAME_MIN - l.value - l.rate - 2) / (l.rate + 1);
	l.averages = l.averages < 0            ? 0
		     : l.averages > STAT_SPANS ? STAT_SPANS
					       : l.averages;
	room = COLS - l.value - 1 - (1 + l.averages) * (l.rate + 1);
	l.name = room < 0 ? 0 : room;
	if (COLS >= HELP_FROM) {
		l.name = NAME_MIN + (room - NAME_MIN) * 2 / 5;
		l.help = room - l.name - 2;
	}
	l.status = LINES >= 6;
	l.pane = LINES >= 40 ? 12 : LINES >= 20 ? 8 : LINES >= 10 ? 3 : 0;
	l.rows = LINES - 2 - l.pane - l.status;
	if (l.rows < 0)
		l.rows = 0;
	return l;
}

void
stat_look(const struct stat_screen *s, enum stat_look look)
{
	int colours = terminal_colours(s->terminal);

	switch (look) {
	case LOOK_PLAIN:
		(void)attrset(A_NORMAL);
		break;
	case LOOK_STRONG:
		(void)attrset(A_BOLD);
		break;
	case LOOK_WEAK:
		(void)attrset(A_DIM);
		break;
	case LOOK_CHOSEN:
		(void)attrset(A_REVERSE);
		break;
	case LOOK_BAD:
		(void)attrset(
		    colours ? A_BOLD | COLOR_PAIR(TERMINAL_RED) : A_BOLD);
		break;
	}
}

void
stat_put(struct stat_screen *s, int row, int column, int width,
    const char *text, size_t n)
{
	s->text.n = 0;
	buffer_safe(&s->text, text, n);
	(void)terminal_put(row, column, width, s->text.data, s->text.n);
}

/* At the right of a column that ends before `end'; cut if it is wider. */
static void
put_right(int row, int end, int width, const char *text)
{
	int n = (int)strlen(text);

	if (n > width)
		n = width;
	(void)terminal_put(row, end - n, n, text, (size_t)n);
}

/*
 * HEADER
 */

/* What is less needed is left out if there is no room. */
static void
head_left(const struct stat_screen *s, struct buffer *b, size_t width)
{
	const struct attach *a = s->attach;
	const char *name = a->name != NULL ? a->name : INSTANCE_DEFAULT;
	uint64_t created = a->segment.plan.created, now = s->collect.real;
	char every[32], age[32];

	buffer_safe(b, name, strlen(name));
	buffer_printf(b, "  %s", daemon_state_text(a->state));
	if (a->gone != 0) {
		buffer_text(b, " since ");
		buffer_clock(b, a->gone);
	} else {
		stat_age(age, sizeof(age), now > created ? now - created : 0);
		buffer_printf(b, " [%" PRIu64 "] %s",
		    shared_load(&a->segment.head->master_pid), age);
	}
	(void)snprintf(
	    every, sizeof(every), "  every %g s", (double)s->every / NSEC);
	if (terminal_width(b->data, b->n) + strlen(every) <= width)
		buffer_text(b, every);
}

static void
head_right(const struct stat_screen *s, struct buffer *b)
{
	if (s->paused)
		buffer_text(b, "paused  ");
	buffer_printf(b, "%zu of %zu", s->view.n, s->view.nall);
	if (COLS >= 60) {
		buffer_text(b, "  ");
		buffer_clock(b, s->collect.real);
	}
}

static void
draw_head(struct stat_screen *s)
{
	struct buffer *b = &s->text;
	int width, left = COLS;

	b->n = 0;
	head_right(s, b);
	width = (int)terminal_width(b->data, b->n);
	if (width + LEFT_MIN <= COLS) {
		left = COLS - width - 2;
		(void)terminal_put(0, COLS - width, width, b->data, b->n);
	}
	b->n = 0;
	head_left(s, b, (size_t)left);
	stat_look(s, s->attach->gone != 0 ? LOOK_BAD : LOOK_STRONG);
	(void)terminal_put(0, 0, left, b->data, b->n);
	stat_look(s, LOOK_PLAIN);
}

static void
draw_title(const struct stat_screen *s, int end, int width, const char *text,
    enum stat_sort sort)
{
	if (s->view.sort == sort)
		(void)attron(A_BOLD | A_UNDERLINE);
	put_right(1, end, width, text);
	(void)attroff(A_BOLD | A_UNDERLINE);
}

static void
draw_titles(const struct stat_screen *s, const struct layout *l)
{
	int end = l->name + 1 + l->value;
	char text[16];

	stat_look(s, LOOK_CHOSEN);
	(void)mvhline(1, 0, ' ', COLS);
	draw_title(s, 4, l->name, "NAME", SORT_NAME);
	draw_title(s, end, l->value, "VALUE", SORT_VALUE);
	end += l->rate + 1;
	draw_title(s, end, l->rate, "CHANGE/s", SORT_RATE);
	for (int i = 0; i < l->averages; i++) {
		end += l->rate + 1;
		(void)snprintf(text, sizeof(text), "AVG%u", stat_spans[i]);
		put_right(1, end, l->rate, text);
	}
	if (l->help > 0)
		(void)terminal_put(1, end + 2, l->help, "WHAT IT IS", 10);
	stat_look(s, LOOK_PLAIN);
}

/*
 * LINES
 */

/* As much of a text as there is room for: its first third and its end. */
static int
draw_short(
    struct stat_screen *s, int row, int at, int width, const char *t, size_t n)
{
	const char *dots = terminal_unicode(s->terminal) ? "\342\200\246" : "~";
	int from = at, to = at + width;
	size_t end;

	if (width < 3 || terminal_width(t, n) <= (size_t)width)
		return terminal_put(row, at, width, t, n);
	at += terminal_put(row, at, width / 3, t, n);
	at += terminal_put(row, at, 1, dots, strlen(dots));
	end = terminal_end(t, n, (size_t)(to - at));
	return at + terminal_put(row, at, to - at, t + n - end, end) - from;
}

/* A name, and behind it its labels: both are shortened, if it must be, so that
 * neither the counters of a set look the same nor the sets of a counter. */
static void
draw_name(
    struct stat_screen *s, int row, int width, const struct stat_counter *k)
{
	size_t length = strlen(k->name), labels = strlen(k->owner->labels);
	struct buffer *b = &s->text;
	size_t plain, wide, rest;
	int at;

	b->n = 0;
	buffer_safe(b, k->name, length - labels);
	plain = b->n;
	buffer_safe(b, k->name + length - labels, labels);
	wide = terminal_width(b->data, plain);
	rest = terminal_width(b->data + plain, b->n - plain);
	if (wide + rest > (size_t)width && labels > 0) {
		/* what one of them does not need is the other's */
		if (rest < (size_t)width / 2)
			wide = (size_t)width - rest;
		else if (wide > (size_t)(width + 1) / 2)
			wide = (size_t)(width + 1) / 2;
		at = draw_short(s, row, 0, (int)wide, b->data, plain);
	} else if (labels > 0) {
		at = terminal_put(row, 0, width, b->data, plain);
	} else {
		at = draw_short(s, row, 0, width, b->data, plain);
	}
	(void)draw_short(s, row, at, width - at, b->data + plain, b->n - plain);
}

/* The figures of a histogram, in the place of averages: with their names, if
 * there is room, or 17us/39us/120us/1.2ms. */
static void
draw_quantiles(struct stat_screen *s, int row, int end, int width,
    const struct stat_counter *k)
{
	static const struct {
		const char *name;
		uint32_t thousandths;
	} figures[] = { { "p50", 500 }, { "p90", 900 }, { "p99", 990 },
		{ "max", 1000 } };
	char named[160] = "", bare[160] = "", text[STAT_UNIT_MAX];
	struct stat_shape shape;
	size_t n = 0, m = 0;

	stat_shape(s, k, &shape);
	if (shape.n == 0) {
		put_right(row, end, width, ". . . .");
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		stat_quantile_text(s, k, &shape, figures[i].thousandths, text);
		n += (size_t)snprintf(named + n, sizeof(named) - n, "%s%s %s",
		    i == 0 ? "" : "  ", figures[i].name, text);
		m += (size_t)snprintf(bare + m, sizeof(bare) - m, "%s%s",
		    i == 0 ? "" : "/", text);
	}
	if (n <= (size_t)width)
		put_right(row, end, width, named);
	else if (m <= (size_t)width)
		put_right(row, end, width, bare);
}

static void
draw_averages(const struct stat_screen *s, int row, int end,
    const struct layout *l, const struct stat_counter *k)
{
	char text[STAT_UNIT_MAX];
	double average;

	for (int i = 0; i < l->averages; i++, end += l->rate + 1) {
		if (stat_past_average(k->past, (unsigned)i, &average) != 0)
			(void)strlcpy(text, ".", sizeof(text));
		else
			stat_unit_double(
			    text, average, k->unit, s->scale, (size_t)l->rate);
		put_right(row, end, l->rate, text);
	}
}

/* All behind the value. */
static void
draw_rates(struct stat_screen *s, int row, int at, const struct layout *l,
    const struct stat_counter *k)
{
	const int width = l->averages * (l->rate + 1) - 1;
	char text[STAT_UNIT_MAX] = ".";
	int end = at + l->rate + 1, bits;

	if (k->kind != SCHEMA_BITMAP && k->past->known)
		stat_unit_double(text, k->past->change,
		    k->kind == SCHEMA_HISTOGRAM ? "" : k->unit, s->scale,
		    (size_t)l->rate);
	put_right(row, end, l->rate, text);
	if (l->averages == 0)
		return;
	switch (k->kind) {
	case SCHEMA_HISTOGRAM:
		draw_quantiles(s, row, end + 1 + width, width, k);
		break;
	case SCHEMA_BITMAP:
		bits = width / 9 * 8;
		bits = bits > BITS_MAX ? BITS_MAX : bits;
		stat_bits(
		    s, row, end + 1 + width - bits / 8 * 9 + 1, k->value, bits);
		break;
	case SCHEMA_COUNTER:
	case SCHEMA_GAUGE:
	case SCHEMA_UPDOWN:
		draw_averages(s, row, end + l->rate + 1, l, k);
		break;
	case SCHEMA_LABEL:
		break;
	}
}

static void
draw_line(struct stat_screen *s, int row, const struct layout *l,
    const struct stat_counter *k, int chosen)
{
	enum stat_look look = chosen                 ? LOOK_CHOSEN
			      : k->past->change != 0 ? LOOK_STRONG
			      : k->past->moved       ? LOOK_PLAIN
						     : LOOK_WEAK;
	int at = l->name + 1 + l->value;
	char text[STAT_UNIT_MAX];

	stat_look(s, look);
	if (chosen)
		(void)mvhline(row, 0, ' ', COLS);
	draw_name(s, row, l->name, k);
	stat_unit_value(text, k, s->scale, (size_t)l->value);
	put_right(row, at, l->value, text);
	draw_rates(s, row, at, l, k);
	if (l->help > 0) {
		if (!chosen)
			stat_look(s, LOOK_PLAIN);
		stat_put(s, row, at + (1 + l->averages) * (l->rate + 1) + 2,
		    l->help, k->help, strlen(k->help));
	}
	stat_look(s, LOOK_PLAIN);
}

static void
draw_lines(struct stat_screen *s, const struct layout *l)
{
	const struct stat_view *v = &s->view;

	for (int i = 0; i < l->rows && v->top + (size_t)i < v->n; i++) {
		size_t row = v->top + (size_t)i;

		draw_line(s, 2 + i, l, v->rows[row].counter, row == v->at);
	}
	if (v->n == 0 && l->rows > 0)
		(void)mvaddstr(2, 0,
		    v->nall > 0 ? "No counter is chosen by f, v and z."
		    : s->collect.options.wanted != NULL
			? "No counter is chosen by -f, -I and -X."
			: "There are no counters yet.");
}

/*
 * STATUS
 */

static void
status_text(const struct stat_screen *s, struct buffer *b)
{
	static const char *const sorts[] = { "by name", "by value", "by rate" };
	static const char *const scales[] = { "", "  scaled", "  raw" };
	const struct stat_view *v = &s->view;

	buffer_text(b, sorts[v->sort]);
	if (v->levels < STAT_LEVELS)
		buffer_printf(
		    b, "  up to %s", stat_level_text((uint8_t)(v->levels - 1)));
	if (v->hide_still)
		buffer_text(b, "  moved only");
	if (s->options.apart)
		buffer_text(b, "  workers apart");
	buffer_text(b, scales[s->scale]);
	if (s->ever)
		buffer_text(b, "  quantiles of all");
	if (s->filter[0] != '\0') {
		buffer_text(b, "  filter ");
		buffer_safe(b, s->filter, strlen(s->filter));
	}
}

static void
draw_status(struct stat_screen *s, int row)
{
	static const char hints[] = "h help  q quit";
	const int width = (int)sizeof(hints) - 1;
	struct buffer *b = &s->text;
	int at;

	b->n = 0;
	if (s->prompt != PROMPT_NONE) {
		buffer_text(b, s->prompt == PROMPT_SEARCH ? "/" : "filter: ");
		buffer_safe(b, s->typed, strlen(s->typed));
		at = terminal_put(row, 0, COLS, b->data, b->n);
		(void)terminal_put(row, at, 1, "_", 1);
		at += 3;
	} else {
		if (s->note == NULL)
			status_text(s, b);
		at = terminal_put(row, 0, COLS, b->data, b->n) + 2;
	}
	if (s->note != NULL) {
		at = s->prompt == PROMPT_NONE ? 0 : at;
		stat_look(s, LOOK_STRONG);
		at +=
		    terminal_put(row, at, COLS - at, s->note, strlen(s->note));
	}
	stat_look(s, LOOK_WEAK);
	if (at + width <= COLS && s->prompt == PROMPT_NONE)
		(void)terminal_put(
		    row, COLS - width, width, hints, (size_t)width);
	stat_look(s, LOOK_PLAIN);
}

void
stat_draw(struct stat_screen *s)
{
	struct layout l = lay_out(s);

	stat_view_fit(&s->view, (size_t)l.rows);
	(void)erase();
	draw_head(s);
	if (s->help) {
		stat_keys_help(s, 1, LINES - 1);
	} else {
		draw_titles(s, &l);
		draw_lines(s, &l);
		if (l.pane > 0)
			stat_detail(s, 2 + l.rows, l.pane);
		/* what is typed is seen on the smallest, too */
		if (l.status || s->prompt != PROMPT_NONE || s->note != NULL)
			draw_status(s, LINES - 1);
	}
	(void)refresh();
}
