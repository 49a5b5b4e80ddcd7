/*
 * watch_print.c -- what shmtop and shmhist print alike.
 */
#include "readers/watch_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define LINES_COLUMNS 80

static const char *
name_of(const struct watch *w)
{
	if (w->file != NULL)
		return w->file;
	return w->instance != NULL ? w->instance : INSTANCE_DEFAULT;
}

void
watch_head(const struct watch *w, struct buffer *b)
{
	buffer_safe(b, name_of(w), strlen(name_of(w)));
	if (w->gone != 0) {
		buffer_text(b, "  not running since ");
		buffer_clock(b, w->gone);
	}
	buffer_text(b, "  ");
	buffer_clock(b, w->now);
	if (w->windowed)
		buffer_printf(b, "  last %g s", (double)w->window / NSEC);
	if (w->lost != 0 || w->lost_more)
		buffer_printf(b, "  %s%" PRIu64 " lost",
		    w->lost_more ? "at least " : "", w->lost);
	buffer_byte(b, '\n');
}

void
watch_json_number(struct buffer *b, const char *name, double d)
{
	if (isfinite(d))
		buffer_printf(b, ",\"%s\":%.10g", name, d);
	else
		buffer_printf(b, ",\"%s\":null", name);
}

static void
put_json(struct watch *w, struct buffer *b)
{
	buffer_text(b, "{\"time\":\"");
	buffer_time(b, w->now);
	buffer_text(b, w->file != NULL ? "\",\"file\":" : "\",\"instance\":");
	buffer_json(b, name_of(w), strlen(name_of(w)));
	if (w->file == NULL)
		buffer_printf(b, ",\"running\":%s", w->gone ? "false" : "true");
	watch_json_number(
	    b, "window", w->windowed ? (double)w->window / NSEC : (double)NAN);
	buffer_printf(b, ",\"lost\":%" PRIu64, w->lost);
	if (w->lost_more)
		buffer_text(b, ",\"at_least\":true");
	w->program->json(w->arg, b, w);
	buffer_text(b, "}\n");
}

void
watch_print(struct watch *w, struct buffer *b)
{
	if (w->json) {
		put_json(w, b);
		return;
	}
	watch_head(w, b);
	w->program->text(w->arg, b, w, WATCH_ANY, LINES_COLUMNS);
	if (w->mode != WATCH_ONCE)
		buffer_byte(b, '\n');
}

void
watch_number(double d, char to[16])
{
	static const char units[] = " kMGTPE";
	unsigned i = 0;

	if (d < 9999.5) {
		(void)snprintf(to, 16, "%.*f",
		    d == floor(d) ? 0
		    : d < 9.9995  ? 3
		    : d < 99.995  ? 2
		    : d < 999.95  ? 1
				  : 0,
		    d);
		return;
	}
	while (d >= 999.5 && i < sizeof(units) - 2) {
		d /= 1000;
		i++;
	}
	(void)snprintf(to, 16, "%.*f%c",
	    d < 9.995   ? 2
	    : d < 99.95 ? 1
			: 0,
	    d, units[i]);
}
