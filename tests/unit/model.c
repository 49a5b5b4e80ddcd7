/*
 * model.c -- random records that one knows.
 */
#include "tests/unit/model.h"

#include <stdio.h>
#include <string.h>

const char *const model_tags[6] = { "-", "Req", "Resp", "status", "a", "a.b" };
const char *const model_names[8] = { "status", "us", "n", "path", "b", "a.b",
	"b.c", "Req" };
const struct plain model_words[8] = { { "200", 1, 200 }, { "abc", 0, 0 },
	{ "1.5", 1, 1.5L }, { "0x10", 1, 16 }, { "-7", 1, -7 },
	{ "/index", 0, 0 }, { "1e3", 1, 1000 }, { "x=y", 0, 0 } };
const struct plain model_integers[7] = { { "0", 1, 0 }, { "1", 1, 1 },
	{ "200", 1, 200 }, { "403", 1, 403 }, { "-5", 1, -5 },
	{ "2147483647", 1, 2147483647 }, { "-2147483648", 1, -2147483648.0L } };
const struct plain model_large[6] = { { "0", 1, 0 }, { "200", 1, 200 },
	{ "18446744073709551615", 1, 18446744073709551615.0L },
	{ "9223372036854775808", 1, 9223372036854775808.0L },
	{ "9223372036854775807", 1, 9223372036854775807.0L },
	{ "9007199254740993", 1, 9007199254740993.0L } };
const struct plain model_floats[4] = { { "0.25", 1, 0.25L }, { "1.5", 1, 1.5L },
	{ "-3", 1, -3 }, { "200", 1, 200 } };

static void
add_field(struct model *m, const char *name, struct plain v)
{
	m->names[m->n] = name;
	m->values[m->n++] = v;
}

static void
add_text(struct model *m, const char *format, const char *a, const char *b)
{
	size_t n = strlen(m->text);

	/* the formats are those below */
	(void)snprintf(m->text + n, sizeof(m->text) - n, format, a, b);
}

static void
make_logfmt(struct model *m, struct unit_random *r)
{
	for (unsigned k = (unsigned)unit_below(r, MODEL_FIELDS); k > 0; k--) {
		struct plain v = MODEL_PICK(r, model_words);
		const char *name = MODEL_PICK(r, model_names);

		add_field(m, name, v);
		add_text(m, "%s=%s ", name, v.text);
	}
}

static void
make_json(struct model *m, struct unit_random *r)
{
	static const struct plain odd[] = { { "null", 0, 0 }, { "true", 0, 0 },
		{ "false", 0, 0 } };
	const char *between = "{";

	for (unsigned k = 1 + (unsigned)unit_below(r, MODEL_FIELDS); k > 0;
	     k--) {
		const char *name = MODEL_PICK(r, model_names);
		uint64_t sort = unit_below(r, 4);
		struct plain v = sort == 0   ? MODEL_PICK(r, model_words)
				 : sort == 1 ? MODEL_PICK(r, model_integers)
				 : sort == 2 ? MODEL_PICK(r, model_large)
					     : MODEL_PICK(r, odd);

		add_field(m, name, v);
		add_text(m, "%s\"%s\":", between, name);
		add_text(m, sort == 0 ? "\"%s\"%s" : "%s%s", v.text, "");
		between = ",";
	}
	add_text(m, "%s%s", "}", "");
}

static uint64_t
as_word(struct plain v)
{
	return v.number < 0 ? (uint64_t)(int64_t)v.number : (uint64_t)v.number;
}

static const char *
make_args(struct model *m, struct unit_random *r, uint64_t *w)
{
	struct plain status = MODEL_PICK(r, model_integers),
		     us = MODEL_PICK(r, model_large);
	struct plain load = MODEL_PICK(r, model_floats),
		     path = MODEL_PICK(r, model_words);

	switch (unit_below(r, 4)) {
	case 0:
		add_field(m, "status", status);
		add_field(m, "us", us);
		add_text(m, "status=%s us=%s", status.text, us.text);
		w[0] = as_word(status);
		w[1] = as_word(us);
		return "status=%d us=%lu";
	case 1:
		add_field(m, "path", path);
		add_field(m, "n", load);
		add_text(m, "path=%s n=%s", path.text, load.text);
		w[0] = records_word(path.text);
		w[1] = records_bits((double)load.number);
		return "path=%s n=%g";
	case 2:
		/* the last of a name counts */
		add_field(m, "a.b", path);
		add_field(m, "a.b", status);
		add_field(m, "b", us);
		add_text(m, "a.b=%s a.b=%s b=", path.text, status.text);
		add_text(m, "%s%s", us.text, "");
		w[0] = records_word(path.text);
		w[1] = as_word(status);
		w[2] = as_word(us);
		return "a.b=%s a.b=%d b=%lu";
	default:
		add_text(m, "no field %s%s", status.text, "");
		w[0] = as_word(status);
		return "no field %d";
	}
}

void
model_make(struct model *m, struct records *s, struct unit_random *r)
{
	struct record_of of;
	uint64_t w[4] = { 0 };
	const char *format;

	memset(m, 0, sizeof(*m));
	m->stream = (unsigned)unit_below(r, RECORDS_STREAMS);
	m->tag = MODEL_PICK(r, model_tags);
	m->level = (uint8_t)unit_below(r, 8);
	m->id = unit_below(r, 4);
	of = (struct record_of){ m->stream,
		strcmp(m->tag, "-") == 0 ? NULL : m->tag, m->level, m->id };
	switch (unit_below(r, 4)) {
	case 0:
		make_logfmt(m, r);
		break;
	case 1:
		make_json(m, r);
		break;
	case 2:
		format = make_args(m, r, w);
		(void)records_args(s, &of, format, w);
		return;
	default:
		add_text(m, "%s and %s", MODEL_PICK(r, model_words).text,
		    MODEL_PICK(r, model_words).text);
		break;
	}
	(void)records_text(s, &of, m->text, strlen(m->text));
}
