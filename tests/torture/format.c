/*
 * format.c -- formats made at random, rendered and printed: byte for byte the
 * same.
 *
 * The generator makes a format of pieces and knows, without our parser, what
 * arguments each takes.  What is expected is one snprintf(3) for each piece
 * and, for a format of up to three arguments, one for the whole, called so that
 * each argument has the type that it needs (156 shapes).  Payloads end where
 * their block does, and so do strings whose precision allows it, without a
 * zero: a sanitizer's build sees what is read beyond.
 *
 * Then strangers: these formats and payloads with some bytes changed.  What
 * they show is bounded, the same in both ways, and nothing else is promised.
 */
#include "common/format.h"

#include <limits.h>
#include <math.h>

#include "tests/torture/torture.h"

#define FORMATS 1000000
#define STRANGERS 1000000
#define ROOM (128 * 1024)
#define PIECES_MAX 8
#define WHOLE_MAX 3 /* arguments in a call for the whole format */

static const char conversions[] = "diouxXbBeEfFgGaAcspm%";

/* ASan's checker of formats knows neither %b nor that `.' means `.0'. */
/* NOLINTNEXTLINE(cert-dcl51-cpp,bugprone-reserved-identifier) */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "check_printf=0";
}

struct argument {
	enum format_type type;
	int i;
	long l;
	double d;
	long double ld;
	void *p;
};

/* A format with its arguments, and what printf makes of it. */
struct made {
	char text[FORMAT_TEXT_MAX];
	size_t length;
	struct argument args[FORMAT_ARGS_MAX];
	unsigned n;
	int err;
	char expected[ROOM];
	size_t expected_length;
};

struct run {
	uint64_t random;
	uint64_t exercised[sizeof(conversions)];
	uint64_t wholes;
	uint64_t taken; /* formats of strangers */
	uint64_t shown; /* payloads of strangers */
	char why[256];
};

static uint64_t
below(struct run *r, uint64_t n)
{
	return torture_random(&r->random) % n;
}

/* The 0 is one argument too many, which C allows. */
#define CALL0(k, ...) snprintf(to, size, __VA_ARGS__, 0)
#define CALL1(k, ...)                                                          \
	(a[k].type == FORMAT_INT         ? CALL0(k + 1, __VA_ARGS__, a[k].i)   \
	    : a[k].type == FORMAT_LONG   ? CALL0(k + 1, __VA_ARGS__, a[k].l)   \
	    : a[k].type == FORMAT_DOUBLE ? CALL0(k + 1, __VA_ARGS__, a[k].d)   \
	    : a[k].type == FORMAT_LONG_DOUBLE                                  \
		? CALL0(k + 1, __VA_ARGS__, a[k].ld)                           \
		: CALL0(k + 1, __VA_ARGS__, a[k].p))
#define CALL2(k, ...)                                                          \
	(a[k].type == FORMAT_INT         ? CALL1(k + 1, __VA_ARGS__, a[k].i)   \
	    : a[k].type == FORMAT_LONG   ? CALL1(k + 1, __VA_ARGS__, a[k].l)   \
	    : a[k].type == FORMAT_DOUBLE ? CALL1(k + 1, __VA_ARGS__, a[k].d)   \
	    : a[k].type == FORMAT_LONG_DOUBLE                                  \
		? CALL1(k + 1, __VA_ARGS__, a[k].ld)                           \
		: CALL1(k + 1, __VA_ARGS__, a[k].p))
#define CALL3(k, ...)                                                          \
	(a[k].type == FORMAT_INT         ? CALL2(k + 1, __VA_ARGS__, a[k].i)   \
	    : a[k].type == FORMAT_LONG   ? CALL2(k + 1, __VA_ARGS__, a[k].l)   \
	    : a[k].type == FORMAT_DOUBLE ? CALL2(k + 1, __VA_ARGS__, a[k].d)   \
	    : a[k].type == FORMAT_LONG_DOUBLE                                  \
		? CALL2(k + 1, __VA_ARGS__, a[k].ld)                           \
		: CALL2(k + 1, __VA_ARGS__, a[k].p))
/* snprintf(3) with n arguments, each of its own type. */
static size_t
print(char *to, size_t size, const char *format, const struct argument *a,
    unsigned n, int err)
{
	int length;

	errno = err;
	switch (n) {
	case 0:
		length = CALL0(0, format);
		break;
	case 1:
		length = CALL1(0, format);
		break;
	case 2:
		length = CALL2(0, format);
		break;
	default:
		length = CALL3(0, format);
	}
	if (length < 0 || (size_t)length >= size)
		torture_die(format);
	return (size_t)length;
}

/* Bits of any number, with a liking for what stands at an edge. */
static uint64_t
any_word(struct run *r)
{
	static const uint64_t edges[] = { 0, 1, UINT64_MAX, INT_MAX,
		(uint64_t)INT_MIN, INT64_MAX, (uint64_t)INT64_MIN, 127, 128,
		255, 32768, 65535, UINT32_MAX };

	switch (below(r, 3)) {
	case 0:
		return edges[below(r, sizeof(edges) / sizeof(*edges))];
	case 1:
		return below(r, 2000) - 1000;
	default:
		return torture_random(&r->random) >> below(r, 64);
	}
}

static double
any_double(struct run *r)
{
	static const double edges[] = { 0.0, -0.0, 1.0, 0.5, 1.5, 2.5, 9.995,
		1e15, 1e16, 1e-5, 1e308, 5e-324, INFINITY, -INFINITY, NAN };
	uint64_t bits = torture_random(&r->random);
	double d;

	switch (below(r, 4)) {
	case 0:
		return edges[below(r, sizeof(edges) / sizeof(*edges))];
	case 1:
		return (double)(int64_t)any_word(r) / 1000;
	case 2:
		return (double)(bits >> 11) / 1e12;
	default:
		memcpy(&d, &bits, sizeof(d));
		return d;
	}
}

static long double
any_long_double(struct run *r)
{
	if (below(r, 2) == 0)
		return any_double(r);
	/* the largest and smallest take a hundred times as long */
	if (below(r, 16) != 0)
		return ldexpl((long double)torture_random(&r->random),
		    (int)below(r, 200) - 150);
	return ldexpl((long double)torture_random(&r->random) *
			  (below(r, 2) == 0 ? 1 : -1),
	    (int)below(r, 32800) - 16500);
}

/* A string; without its zero if a precision (-1: none) ends it before. */
static void *
any_string(struct run *r, int precision)
{
	size_t n =
	    below(r, 60) == 0 ? below(r, FORMAT_STRING_MAX + 1) : below(r, 40);
	int zero = precision < 0 || (size_t)precision > n;
	char *s;

	if (below(r, 16) == 0)
		return NULL;
	if (!zero)
		n = (size_t)precision;
	s = malloc(n + (zero || n == 0));
	if (s == NULL)
		torture_die("malloc");
	for (size_t i = 0; i < n; i++)
		s[i] = (char)(1 + below(r, 255));
	if (zero)
		s[n] = '\0';
	return s;
}

static struct argument *
add(struct made *m, enum format_type type)
{
	struct argument *a = &m->args[m->n++];

	a->type = type;
	a->p = NULL;
	return a;
}

/* A width or precision behind `text': none, a number or an argument's. */
static int
any_number(struct run *r, struct made *m, char *text, int precision)
{
	int n = (int)below(r, below(r, 200) == 0 ? 3000 : 30);

	switch (below(r, 4)) {
	case 0:
		sprintf(text, "%s%d", precision ? "." : n == 0 ? "1" : "", n);
		return n;
	case 1:
		sprintf(text, "%s*", precision ? "." : "");
		if (below(r, 4) == 0)
			n = -n - 1;
		add(m, FORMAT_INT)->i = n;
		return n;
	case 2:
		sprintf(text, "%s", precision ? "." : "");
		return precision ? 0 : -1;
	default:
		*text = '\0';
		return -1;
	}
}

/* The modifier and the argument of a conversion of a number. */
static const char *
any_integer(struct run *r, struct made *m)
{
	static const char *const modifiers[] = { "", "hh", "h", "l", "ll", "q",
		"j", "z", "Z", "t", "L" };
	size_t i = below(r, sizeof(modifiers) / sizeof(*modifiers));

	if (below(r, 3) == 0)
		i = 0;
	if (i < 3)
		add(m, FORMAT_INT)->i = (int)any_word(r);
	else
		add(m, FORMAT_LONG)->l = (long)any_word(r);
	return modifiers[i];
}

static const char *
any_float(struct run *r, struct made *m)
{
	size_t i = below(r, 3);

	if (i == 2)
		add(m, FORMAT_LONG_DOUBLE)->ld = any_long_double(r);
	else
		add(m, FORMAT_DOUBLE)->d = any_double(r);
	return i == 0 ? "" : i == 1 ? "l" : "L";
}

/* The argument of conversion c; its modifier. */
static const char *
any_value(struct run *r, struct made *m, char c, int precision)
{
	if (strchr("diouxXbB", c) != NULL)
		return any_integer(r, m);
	if (strchr("eEfFgGaA", c) != NULL)
		return any_float(r, m);
	if (c == 'c')
		add(m, FORMAT_INT)->i = (int)any_word(r);
	else if (c == 'p')
		add(m, FORMAT_POINTER)->p = (void *)(uintptr_t)any_word(r);
	else if (c == 's')
		add(m, FORMAT_STRING)->p = any_string(r, precision);
	return "";
}

static void
any_conversion(struct run *r, struct made *m, char *text)
{
	size_t which = below(r, sizeof(conversions) - 1), n = 1;
	char width[8] = "", precision[8] = "", c = conversions[which];
	const char *modifier;
	int number;

	r->exercised[which]++;
	text[0] = '%';
	if (c != '%') {
		while (below(r, 2) == 0 && n < 8)
			text[n++] = "-+ #0'I"[below(r, 7)];
		if (below(r, 2) == 0)
			n = 1;
		if (below(r, 2) == 0)
			(void)any_number(r, m, width, 0);
		number = below(r, 2) == 0 ? any_number(r, m, precision, 1) : -1;
		modifier = any_value(r, m, c, number);
		n += (size_t)sprintf(
		    text + n, "%s%s%s", width, precision, modifier);
	}
	text[n++] = c;
	text[n] = '\0';
}

static void
any_literal(struct run *r, char *text)
{
	static const char *const words[] = { "", "a=", " b=", " c_d=\"", "\"",
		" ", "ms", "/", "\xc3\xa4", "\n" };

	strcpy(text, words[below(r, sizeof(words) / sizeof(*words))]);
}

/* Makes a format; each piece is printed by itself. */
static void
make(struct run *r, struct made *m)
{
	size_t pieces = 1 + below(r, PIECES_MAX);
	char text[64];
	unsigned from;

	m->length = m->expected_length = m->n = 0;
	m->err = (int)below(r, 140);
	for (size_t i = 0; i < pieces && m->n + 3 <= FORMAT_ARGS_MAX; i++) {
		from = m->n;
		if (below(r, 3) == 0)
			any_literal(r, text);
		else
			any_conversion(r, m, text);
		strcpy(m->text + m->length, text);
		m->length += strlen(text);
		m->expected_length += print(m->expected + m->expected_length,
		    ROOM - m->expected_length, text, &m->args[from],
		    m->n - from, m->err);
	}
}

static void
unmake(struct made *m)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->args[i].type == FORMAT_STRING)
			free(m->args[i].p);
}

static uint64_t
word_of(struct argument *a)
{
	uint64_t word;

	switch (a->type) {
	case FORMAT_INT:
		return (uint64_t)a->i;
	case FORMAT_LONG:
		return (uint64_t)a->l;
	case FORMAT_DOUBLE:
		memcpy(&word, &a->d, sizeof(word));
		return word;
	case FORMAT_LONG_DOUBLE:
		return (uintptr_t)&a->ld;
	default:
		return (uintptr_t)a->p;
	}
}

/* A block of exactly its payload; NULL: it is not taken as it was made. */
static void *
encode(struct made *m, uint32_t *length)
{
	uint64_t words[FORMAT_ARGS_MAX] = { 0 }, heads[FORMAT_ARGS_MAX] = { 0 };
	struct format_args args;
	void *payload;

	if (format_parse(m->text, m->length, &args) != (int)m->n)
		return NULL;
	for (unsigned i = 0; i < args.count; i++) {
		if (args.types[i] != m->args[i].type)
			return NULL;
		words[i] = word_of(&m->args[i]);
	}
	*length = format_measure(&args, words, ROOM, heads);
	payload = *length == 0 ? NULL : malloc(*length);
	if (payload == NULL)
		torture_die("malloc");
	format_encode(payload, &args, words, heads, 1, m->err);
	return payload;
}

static int
is_expected(const struct made *m, const char *got, int length)
{
	return length == (int)m->expected_length &&
	       memcmp(got, m->expected, m->expected_length + 1) == 0;
}

/* Renders what was made in all ways. */
static void
compare(struct run *r, struct made *m, const void *payload, uint32_t length)
{
	static char got[ROOM];
	struct format *f = format_compile(m->text, m->length);
	int n;

	if (f == NULL)
		torture_die("format_compile");
	n = format_render(f, payload, length, got, sizeof(got));
	if (!is_expected(m, got, n))
		torture_blame(
		    r->why, "[%s] was rendered as %d [%.60s]", m->text, n, got);
	n = format_render_text(
	    m->text, m->length, payload, length, got, sizeof(got));
	if (!is_expected(m, got, n))
		torture_blame(r->why, "[%s] at once was rendered as [%.60s]",
		    m->text, got);
	if (m->n <= WHOLE_MAX) {
		r->wholes++;
		n = (int)print(
		    got, sizeof(got), m->text, m->args, m->n, m->err);
		if (!is_expected(m, got, n))
			torture_blame(
			    r->why, "[%s] as a whole is [%.60s]", m->text, got);
	}
	format_free(f);
}

static void
run_formats(struct run *r, uint64_t count)
{
	static struct made m;
	char figures[128];
	void *payload;
	uint32_t length;

	for (uint64_t i = 0; i < count && *r->why == '\0'; i++) {
		make(r, &m);
		payload = encode(&m, &length);
		if (payload == NULL)
			torture_blame(r->why, "[%s] is not taken", m.text);
		else
			compare(r, &m, payload, length);
		free(payload);
		unmake(&m);
	}
	for (size_t i = 0; conversions[i] != '\0'; i++)
		if (r->exercised[i] == 0)
			torture_blame(
			    r->why, "%%%c was never made", conversions[i]);
	snprintf(figures, sizeof(figures), "%llu formats, %llu as a whole",
	    (unsigned long long)count, (unsigned long long)r->wholes);
	torture_say("what is rendered is what printf prints", r->why, figures);
}

/* A copy that ends where its block does, with some bytes changed. */
static char *
spoil(struct run *r, const void *from, size_t *n, const char *with)
{
	size_t kept = below(r, 4) == 0 ? below(r, *n + 1) : *n;
	char *to = malloc(kept == 0 ? 1 : kept);

	if (to == NULL)
		torture_die("malloc");
	memcpy(to, from, kept);
	for (size_t i = below(r, 4); i > 0 && kept != 0; i--)
		to[below(r, kept)] = below(r, 2) == 0
					 ? (char)torture_random(&r->random)
					 : with[below(r, strlen(with) + 1)];
	*n = kept;
	return to;
}

static void
show(struct run *r, const char *text, size_t length, const void *payload,
    size_t n)
{
	struct format *f = format_compile(text, length);
	const struct format_field *fields;
	struct format_span spans[64];
	struct format_value v;
	size_t size = below(r, 200), count;
	char *once = malloc(size + 1), *twice = malloc(size + 1);
	int got = -1, again;

	if (once == NULL || twice == NULL)
		torture_die("malloc");
	again = format_render_text(text, length, payload, n, twice, size);
	if (f != NULL) {
		fields = format_fields(f, &count);
		if (count > sizeof(spans) / sizeof(*spans))
			torture_die("spans");
		got = format_render_spans(f, payload, n, once, size, spans);
		for (size_t i = 0; i < count; i++) {
			(void)format_value(f, payload, n, &fields[i], &v);
			if (got != -1 && (spans[i].begin > spans[i].end ||
					     spans[i].end > (uint32_t)got))
				torture_blame(r->why, "a span is not within");
		}
		r->taken++;
		format_free(f);
	}
	r->shown += got != -1;
	if (got != again || got > FORMAT_RENDER_MAX)
		torture_blame(r->why, "rendered %d and %d", got, again);
	else if (got != -1 && size != 0 &&
		 memcmp(once, twice,
		     (size_t)got < size ? (size_t)got + 1 : size) != 0)
		torture_blame(r->why, "rendered as two texts");
	free(once);
	free(twice);
}

static void
run_strangers(struct run *r, uint64_t count)
{
	static struct made m;
	char figures[128], *text;
	uint32_t length;
	void *payload;
	size_t n, text_n;

	for (uint64_t i = 0; i < count && *r->why == '\0'; i += 8) {
		make(r, &m);
		payload = encode(&m, &length);
		for (int k = 0; k < 8 && payload != NULL; k++) {
			char *bytes;

			n = length;
			text_n = m.length;
			bytes = spoil(r, payload, &n, "\1\2\4\10\20\40\200");
			text =
			    spoil(r, m.text, &text_n, "%*.$nlhLsdfcpm0129-=\"");
			show(r, text, text_n, bytes, n);
			free(bytes);
			free(text);
		}
		free(payload);
		unmake(&m);
	}
	if (r->taken == 0 || r->shown == 0)
		torture_blame(r->why, "none was ever shown");
	snprintf(figures, sizeof(figures),
	    "%llu, %llu with a format, %llu shown", (unsigned long long)count,
	    (unsigned long long)r->taken, (unsigned long long)r->shown);
	torture_say(
	    "strangers' formats and payloads are bounded", r->why, figures);
}

int
main(int argc, char **argv)
{
	uint64_t part = torture_full(argc, argv) ? 1 : 10;
	static struct run formats = { .random = 1 };
	static struct run strangers = { .random = 2 };

	run_formats(&formats, FORMATS / part);
	run_strangers(&strangers, STRANGERS / part);
	return torture_failed;
}
