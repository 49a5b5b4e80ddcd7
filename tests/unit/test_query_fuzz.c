/*
 * test_query_fuzz.c -- random queries, compiled, beside a plain walk over their
 * tree: for random records, and for groups of them.
 *
 * The walk knows what was put into the records; it has no code in common with
 * what it judges: numbers are long doubles, words are cut by strtok(3),
 * patterns are regcomp(3)'s.
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/out.h"
#include "readers/query.h"
#include "tests/unit/model.h"

#define RECORDS 48

static struct records s;
static struct model models[RECORDS];
static struct unit_random r;

/* Expressions. */

enum sort { TEST, NOT, AND, OR, ANY, ALL };

enum what { LEVEL, PID, ID, STREAM, TAG, NAME, FIELD, TAGGED, TEXT, WORD };

struct expr {
	enum sort sort;
	struct expr *a, *b;
	enum what what;
	const char *tag, *name; /* tag NULL: all */
	unsigned word;
	const char *op; /* NULL: none */
	struct plain to;
	int quoted;
	unsigned pattern;
};

static const char *const patterns[] = { "a", "^st", "[0-9]$", "200", "=", "zz",
	"n.*0", "^$", "(x|y)", "2147", "us=", "q" };
static regex_t compiled[UNIT_COUNT(patterns)];

static const char *const all_ops[] = { "==", "!=", "<", "<=", ">", ">=", "eq",
	"ne", "~", "!~" };
static const char *const equal_ops[] = { "==", "!=", "eq", "ne", "~", "!~" };
static const char *const word_tags[] = { "Req", "status", NULL };

static void
make_literal(struct expr *e)
{
	int number = e->what == LEVEL || e->what == PID || e->what == ID;
	int order = e->op[0] == '<' || e->op[0] == '>';
	int text = e->op[1] == 'q' || e->op[0] == 'n';

	e->pattern = (unsigned)unit_below(&r, UNIT_COUNT(patterns));
	if (e->what == LEVEL) {
		e->to.number = (long double)unit_below(&r, 8);
		e->to.text = level_name((uint8_t)e->to.number);
		return;
	}
	do
		switch (unit_below(&r, 4)) {
		case 0:
			e->to = MODEL_PICK(&r, model_words);
			break;
		case 1:
			e->to = MODEL_PICK(&r, model_large);
			break;
		case 2:
			e->to = MODEL_PICK(&r, model_floats);
			break;
		default:
			e->to = MODEL_PICK(&r, model_integers);
		}
	while ((order || (number && !text)) && !e->to.is_number);
	e->quoted = text ? (int)unit_below(&r, 2)
			 : !number && !order && unit_below(&r, 4) == 0;
}

static void
make_test(struct expr *e)
{
	e->what = (enum what)unit_below(&r, WORD + 1);
	/* most are about names */
	if (e->what < NAME && unit_below(&r, 2) == 0)
		e->what = NAME;
	e->name = MODEL_PICK(&r, model_names);
	e->tag = MODEL_PICK(&r, model_tags);
	if (unit_below(&r, 4) == 0)
		e->tag = NULL;
	if (e->what == WORD)
		e->tag = MODEL_PICK(&r, word_tags);
	if (e->what == NAME && unit_below(&r, 3) == 0)
		e->name =
		    model_tags[1 + unit_below(&r, UNIT_COUNT(model_tags) - 1)];
	e->word = 1 + (unsigned)unit_below(&r, 3);
	if (unit_below(&r, 6) == 0)
		return;
	e->op = e->what == STREAM || e->what == TAG ? MODEL_PICK(&r, equal_ops)
						    : MODEL_PICK(&r, all_ops);
	make_literal(e);
}

static struct expr *
make_expr(unsigned depth, int quantified)
{
	struct expr *e = calloc(1, sizeof(*e));

	expect(e != NULL);
	e->sort = depth == 0 ? TEST : (enum sort)unit_below(&r, ALL + 1);
	if (quantified && e->sort >= ANY)
		e->sort = AND;
	switch (e->sort) {
	case TEST:
		make_test(e);
		break;
	case AND:
	case OR:
		e->b = make_expr(depth - 1, quantified);
		/* FALLTHROUGH */
	case NOT:
	case ANY:
	case ALL:
		e->a = make_expr(depth - 1, quantified || e->sort >= ANY);
	}
	return e;
}

static void
free_expr(struct expr *e)
{
	if (e == NULL)
		return;
	free_expr(e->a);
	free_expr(e->b);
	free(e);
}

static void
put_operand(struct buffer *b, const struct expr *e)
{
	static const char *const heads[] = { "level", "pid", "id", "stream",
		"tag" };

	switch (e->what) {
	case NAME:
		buffer_text(b, e->name);
		break;
	case FIELD:
		buffer_printf(b, ".%s", e->name);
		break;
	case TAGGED:
		if (e->tag == NULL)
			buffer_printf(b, "*.%s", e->name);
		else
			buffer_printf(b, "\"%s\".%s", e->tag, e->name);
		break;
	case TEXT:
		if (e->tag == NULL)
			buffer_text(b, "*");
		else
			buffer_printf(b, "'%s'", e->tag);
		break;
	case WORD:
		buffer_printf(
		    b, "%s[%u]", e->tag == NULL ? "*" : e->tag, e->word);
		break;
	default:
		buffer_text(b, heads[e->what]);
	}
}

static void
put_test(struct buffer *b, const struct expr *e)
{
	const char *blank = unit_below(&r, 2) == 0 ? " " : "";

	put_operand(b, e);
	if (e->op == NULL)
		return;
	if (e->op[0] >= 'a')
		blank = " ";
	buffer_printf(b, "%s%s%s", blank, e->op, blank);
	if (strchr(e->op, '~') != NULL)
		buffer_printf(b, "\"%s\"", patterns[e->pattern]);
	else
		buffer_printf(b, e->quoted ? "\"%s\"" : "%s", e->to.text);
}

/* Parentheses where they must be, and here and there. */
static void
put_expr(struct buffer *b, const struct expr *e, enum sort within)
{
	int parens = (within == NOT && (e->sort == AND || e->sort == OR)) ||
		     (within == AND && e->sort == OR) || unit_below(&r, 8) == 0;

	if (parens)
		buffer_byte(b, '(');
	switch (e->sort) {
	case TEST:
		put_test(b, e);
		break;
	case NOT:
		buffer_text(b, "not ");
		put_expr(b, e->a, NOT);
		break;
	case AND:
	case OR:
		put_expr(b, e->a, e->sort);
		buffer_text(b, e->sort == AND ? " and " : " or ");
		put_expr(b, e->b, e->sort);
		break;
	case ANY:
	case ALL:
		buffer_text(b, e->sort == ANY ? "any(" : "all (");
		put_expr(b, e->a, e->sort);
		buffer_byte(b, ')');
	}
	if (parens)
		buffer_byte(b, ')');
}

/* The plain walk. */

static int
find_field(const struct model *m, const char *name, struct plain *to)
{
	int found = 0;

	for (unsigned i = 0; i < m->n; i++)
		if (strcmp(m->names[i], name) == 0) {
			*to = m->values[i];
			found = 1;
		}
	return found;
}

static int
is_integer_text(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* A text, which is a number if it is one of the words or a plain one. */
static int
some_text(const char *text, struct plain *to)
{
	*to = (struct plain){ text, 0, 0 };
	for (size_t i = 0; i < UNIT_COUNT(model_words); i++)
		if (strcmp(model_words[i].text, text) == 0)
			*to = model_words[i];
	for (size_t i = 0; i < UNIT_COUNT(model_integers); i++)
		if (strcmp(model_integers[i].text, text) == 0)
			*to = model_integers[i];
	expect(to->is_number || !is_integer_text(text));
	return 1;
}

static int
find_word(const struct model *m, unsigned n, struct plain *to)
{
	static char copy[512];
	char *save, *p;

	strcpy(copy, m->text);
	for (p = strtok_r(copy, " ", &save); p != NULL && --n > 0;)
		p = strtok_r(NULL, " ", &save);
	return p != NULL && some_text(p, to);
}

static int
find_name(const struct model *m, const char *name, struct plain *to)
{
	size_t n = strlen(m->tag);

	if (strcmp(name, m->tag) == 0)
		return some_text(m->text, to);
	if (strncmp(name, m->tag, n) == 0 && name[n] == '.')
		return find_field(m, name + n + 1, to);
	return find_field(m, name, to);
}

static int
find_value(const struct model *m, const struct expr *e, struct plain *to)
{
	static const char *const streams[] = { "http.front", "http.back",
		"cron.daily" };
	static char text[32];

	*to = (struct plain){ text, 1, 0 };
	switch (e->what) {
	case LEVEL:
		*to = (struct plain){ level_name(m->level), 1, m->level };
		return 1;
	case PID:
		to->number = 100 * (m->stream + 1);
		break;
	case ID:
		to->number = m->id;
		break;
	case STREAM:
		*to = (struct plain){ streams[m->stream], 0, 0 };
		return 1;
	case TAG:
		*to = (struct plain){ m->tag, 0, 0 };
		return 1;
	case NAME:
		return find_name(m, e->name, to);
	case FIELD:
		return find_field(m, e->name, to);
	case TAGGED:
	case TEXT:
	case WORD:
		if (e->tag != NULL && strcmp(e->tag, m->tag) != 0)
			return 0;
		return e->what == TAGGED ? find_field(m, e->name, to)
		       : e->what == TEXT ? some_text(m->text, to)
					 : find_word(m, e->word, to);
	}
	(void)snprintf(text, sizeof(text), "%.0Lf", to->number);
	return 1;
}

static int
walk_test(const struct model *m, const struct expr *e)
{
	struct plain v;
	int by_text;

	if (e->op == NULL && e->what == ID)
		return m->id != 0;
	if (e->op == NULL && e->what == TAG)
		return strcmp(m->tag, "-") != 0;
	if (!find_value(m, e, &v))
		return 0;
	if (e->op == NULL)
		return 1;
	if (strchr(e->op, '~') != NULL)
		return (regexec(&compiled[e->pattern], v.text, 0, NULL, 0) ==
			   0) == (e->op[0] == '~');
	by_text = e->quoted || !e->to.is_number || e->op[0] >= 'a' ||
		  e->what == STREAM || e->what == TAG;
	if (by_text && (e->what != LEVEL))
		return (strcmp(v.text, e->to.text) == 0) ==
		       (e->op[0] == '=' || e->op[0] == 'e');
	if (!v.is_number)
		return 0;
	switch (e->op[0]) {
	case '=':
	case 'e':
		return v.number == e->to.number;
	case '!':
	case 'n':
		return v.number != e->to.number;
	case '<':
		return e->op[1] == '=' ? v.number <= e->to.number
				       : v.number < e->to.number;
	default:
		return e->op[1] == '=' ? v.number >= e->to.number
				       : v.number > e->to.number;
	}
}

static int
walk(const struct model *m, const struct expr *e)
{
	switch (e->sort) {
	case TEST:
		return walk_test(m, e);
	case NOT:
		return !walk(m, e->a);
	case AND:
		return walk(m, e->a) && walk(m, e->b);
	case OR:
		return walk(m, e->a) || walk(m, e->b);
	case ANY:
	case ALL:
		break;
	}
	return walk(m, e->a);
}

static int
walk_group(const struct model *m, size_t n, const struct expr *e)
{
	const struct expr *of = e->sort == TEST ? e : e->a;
	int all = e->sort == ALL;

	switch (e->sort) {
	case NOT:
		return !walk_group(m, n, e->a);
	case AND:
		return walk_group(m, n, e->a) && walk_group(m, n, e->b);
	case OR:
		return walk_group(m, n, e->a) || walk_group(m, n, e->b);
	case TEST:
	case ANY:
	case ALL:
		break;
	}
	for (size_t i = 0; i < n; i++)
		if (walk(&m[i], of) != all)
			return !all;
	return all;
}

/* As in a stream, where a tag is one for all of its records: so a query can
 * remember what it is. */
static void
share_tag(size_t i)
{
	struct rec *a = &s.list[i], *b;

	for (b = s.list; b < a; b++)
		if (a->stream == b->stream &&
		    strcmp(a->tag->name, b->tag->name) == 0)
			break;
	a->tag = b->tag;
}

static void
begin(uint64_t seed)
{
	r.state = seed;
	records_begin(&s);
	for (size_t i = 0; i < RECORDS; i++) {
		model_make(&models[i], &s, &r);
		share_tag(i);
	}
}

static unsigned long selected, left_out;

static void
check_expr(struct query *q, const struct expr *e, const char *text)
{
	size_t from = unit_below(&r, RECORDS - 6), n = 1 + unit_below(&r, 6);
	int want, got;

	for (size_t i = 0; i < RECORDS; i++) {
		records_again(&s.list[i]);
		want = walk(&models[i], e);
		got = query_record(q, &s.list[i]);
		*(want ? &selected : &left_out) += 1;
		if (got != want)
			ck_abort_msg("%s is %d, not %d, for %s: %s", text, got,
			    want, models[i].tag, models[i].text);
		if (want && !query_may(q, &s.list[i]))
			ck_abort_msg("%s may not be, but is, for %s: %s", text,
			    models[i].tag, models[i].text);
	}
	want = walk_group(&models[from], n, e);
	for (size_t i = from; i < from + n; i++)
		records_again(&s.list[i]);
	got = query_group(q, &s.list[from], n);
	if (got != want)
		ck_abort_msg("%s is %d, not %d, for the group of %zu from %zu",
		    text, got, want, n, from);
}

static void
check_random(void)
{
	struct expr *e = make_expr((unsigned)unit_below(&r, 6), 0);
	struct query_error error;
	struct query *q;
	struct buffer b;

	buffer_init(&b, -1);
	put_expr(&b, e, OR);
	q = query_compile(b.data, b.n, 0, &error);
	buffer_byte(&b, '\0');
	if (q == NULL)
		ck_abort_msg("%s: at %zu: %s", b.data, error.at, error.message);
	check_expr(q, e, b.data);
	query_free(q);
	buffer_free(&b);
	free_expr(e);
}

START_TEST(what_is_compiled_selects_what_a_plain_walk_does)
{
	for (size_t i = 0; i < UNIT_COUNT(patterns); i++)
		ck_assert_int_eq(regcomp(&compiled[i], patterns[i],
				     REG_EXTENDED | REG_NOSUB),
		    0);
	selected = left_out = 0;
	for (uint64_t seed = 1; seed <= UNIT_TIMES(100); seed++) {
		begin(seed);
		for (int i = 0; i < 250; i++)
			check_random();
		records_end(&s);
	}
	/* neither all nor nothing */
	ck_assert_uint_gt(selected, left_out / 10);
	ck_assert_uint_gt(left_out, selected / 10);
	for (size_t i = 0; i < UNIT_COUNT(patterns); i++)
		regfree(&compiled[i]);
}
END_TEST

/* Payloads of any bytes: only that it ends, and is the same twice. */
START_TEST(any_record_is_survived)
{
	static const char *const lines[] = { "status == 200 or path ~ \"^/\"",
		"* ~ \"[^a]\\\\xff.*z\" or *[3] > 5", "not *:a eq b",
		"all(status > 0 and us <= 2ms) or any(n eq x)" };
	uint64_t payload[64];
	struct query_error e;
	struct query *q[UNIT_COUNT(lines)];
	size_t n;

	begin(99);
	for (size_t i = 0; i < UNIT_COUNT(lines); i++) {
		q[i] = query_compile(lines[i], strlen(lines[i]), 1, &e);
		ck_assert_ptr_nonnull(q[i]);
	}
	for (int i = 0; i < UNIT_TIMES(20000); i++) {
		struct record_of of = { (unsigned)i % 3,
			MODEL_PICK(&r, model_tags), (uint8_t)unit_random(&r),
			0 };
		struct rec *rec;
		int got;

		unit_rubbish(&r, payload, sizeof(payload));
		n = unit_below(&r, sizeof(payload));
		if (i % 4 != 0)
			payload[0] =
			    format_pair((uint32_t)unit_below(&r, 6), 0);
		rec = i % 4 == 1 ? records_text(&s, &of, payload, n)
				 : records_payload(&s, &of, payload, n);
		for (size_t k = 0; k < UNIT_COUNT(lines); k++) {
			records_again(rec);
			got = query_record(q[k], rec);
			expect_eq(query_record(q[k], rec), got);
			expect_eq(query_group(q[k], rec, 1), got);
		}
		records_drop(&s, 1);
	}
	for (size_t i = 0; i < UNIT_COUNT(lines); i++)
		query_free(q[i]);
	records_end(&s);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_compiled_selects_what_a_plain_walk_does,
		any_record_is_survived,
	};

	return UNIT_RUN("query_fuzz", tests);
}
