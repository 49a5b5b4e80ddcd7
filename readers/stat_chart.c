/*
 * stat_chart.c -- charts and bits, of blocks; of ASCII where the locale has
 * none.
 */
#include <curses.h>
#include <string.h>

#include "readers/stat_screen.h"

/* What fills a cell from below, from nothing to all of it. */
struct blocks {
	int n;
	const char *const *steps;
};

static const char *const eighths[] = { " ", "\342\226\201", "\342\226\202",
	"\342\226\203", "\342\226\204", "\342\226\205", "\342\226\206",
	"\342\226\207", "\342\226\210" };
static const char *const thirds[] = { " ", ".", ":", "#" };

static const struct blocks fine = { 8, eighths };
static const struct blocks coarse = { 3, thirds };

/* How many steps of `all' a value has; the least that is something has one. */
static int
steps_of(const struct stat_chart *c, double value, int all)
{
	double part;

	if (!(c->high > c->low) || value <= c->low)
		return 0;
	part = (value - c->low) / (c->high - c->low);
	if (part >= 1)
		return all;
	return 1 + (int)(part * (all - 1));
}

void
stat_chart(const struct stat_screen *s, const struct stat_chart *c)
{
	const struct blocks *b =
	    terminal_unicode(s->terminal) ? &fine : &coarse;

	for (int i = 0; i < c->n; i++) {
		int steps = steps_of(c, c->values[i], b->n * c->rows);

		for (int r = c->rows; r-- > 0; steps -= b->n) {
			int here = steps < 0 ? 0 : steps > b->n ? b->n : steps;

			(void)terminal_put(c->row + r, c->column + i, 1,
			    b->steps[here], strlen(b->steps[here]));
		}
	}
}

void
stat_bits(
    const struct stat_screen *s, int row, int column, uint64_t word, int n)
{
	int unicode = terminal_unicode(s->terminal);
	const char *set = unicode ? "\342\226\256" : "#";
	const char *clear = unicode ? "\302\267" : ".";

	for (int i = n; i-- > 0; column++) {
		const char *bit = word >> i & 1 ? set : clear;

		(void)terminal_put(row, column, 1, bit, strlen(bit));
		column += i % 8 == 0;
	}
}
