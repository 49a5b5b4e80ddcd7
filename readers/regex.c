/*
 * regex.c -- regular expressions on bytes that are anybody's.
 *
 * A pattern without anything special is looked for as it is; others are
 * PCRE2's, by its compiler to machine code where it has one.  They work on
 * bytes and never take a text for UTF-8, so that none is invalid.  Before, if a
 * match must have a certain byte, memchr(3) looks for that: most texts have it
 * not.
 *
 * Of a record of stored arguments not even a text is made if the byte is
 * neither in the format, nor anything that a number becomes, nor in the
 * payload.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "readers/regex.h"

/* How far a pattern may go with one text, and what for that. */
#define STEPS_MAX 100000
#define DEPTH_MAX 2000
#define HEAP_MAX 1024                /* KiB */
#define TIME_MAX UINT64_C(100000000) /* ns, for a long one */
#define LONG_MIN_SQUARE (2048 * 2048)
#define STACK_MIN 32768
#define STACK_MAX (1 << 20)

#define VERDICTS 64

/* Whether the payload alone tells that a format's text has not the byte. */
struct format_verdict {
	uint64_t number; /* of the format; 0: nothing */
	int payload_tells;
};

struct regex {
	struct bytes literal; /* text NULL: it is PCRE2's */
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	int is_compiled; /* to machine code */
	/* what all that match have; other: the same or its other case */
	int has_byte;
	unsigned char byte, other;
	struct format_verdict verdicts[VERDICTS];
};

/*
 * What a pattern that is plain stands for, into `to'; 0, or -1.  A backslash
 * before anything but a letter or digit is for that itself.
 */
static int
plain_pattern(struct bytes p, char *to, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < p.n; i++) {
		char c = p.text[i];

		if (c == '\\') {
			if (++i == p.n)
				return -1;
			c = p.text[i];
			if (c < ' ' || c > '~' || (c >= '0' && c <= '9') ||
			    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
				return -1;
		} else if (c == '\0' || strchr("^$.[]|()?*+{}", c) != NULL) {
			return -1;
		}
		to[(*n)++] = c;
	}
	return *n == 0 ? -1 : 0;
}

/* How much a byte is worth looking for: more if texts seldom have it, and most
 * if no number becomes it, nor the text of what cannot be read. */
static int
worth(unsigned char c)
{
	static const char common[] = "etaoinshrdlucmfwypvbgk 0123456789=/.";
	static const char numbers[] =
	    "0123456789abcdefABCDEFxXpP+-. ()influtINFNUL[]ro";
	const char *at = c == '\0' ? NULL : strchr(common, c);

	return (at == NULL ? 60 : (int)(at - common)) +
	       (c == '\0' || strchr(numbers, c) == NULL ? 100 : 0);
}

static unsigned char
other_case(unsigned char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z' ? c ^ 0x20 : c;
}

static void
choose_byte(struct regex *re)
{
	const unsigned char *p = (const unsigned char *)re->literal.text;

	re->has_byte = 1;
	re->byte = p[0];
	for (size_t i = 1; i < re->literal.n; i++)
		if (worth(p[i]) > worth(re->byte))
			re->byte = p[i];
	re->other = re->byte;
}

/* By what PCRE2 found out; it does not say whether case matters. */
static void
ask_byte(struct regex *re)
{
	static const struct {
		uint32_t type, unit;
	} asked[] = {
		{ PCRE2_INFO_FIRSTCODETYPE, PCRE2_INFO_FIRSTCODEUNIT },
		{ PCRE2_INFO_LASTCODETYPE, PCRE2_INFO_LASTCODEUNIT },
	};
	uint32_t has, c;

	for (size_t i = 0; i < 2; i++) {
		if (pcre2_pattern_info(re->code, asked[i].type, &has) != 0 ||
		    has != 1 ||
		    pcre2_pattern_info(re->code, asked[i].unit, &c) != 0 ||
		    (re->has_byte &&
			worth((unsigned char)c) <= worth(re->byte)))
			continue;
		re->has_byte = 1;
		re->byte = (unsigned char)c;
		re->other = other_case(re->byte);
	}
}

/* With an offset limit, for match_long(). */
static pcre2_code *
compile(struct bytes p, int caseless, int *error, size_t *at)
{
	uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
			   PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT |
			   (caseless ? PCRE2_CASELESS : 0);

	return pcre2_compile((PCRE2_SPTR)p.text, p.n, options, error, at, NULL);
}

static void
prepare(struct regex *re)
{
	re->data = pcre2_match_data_create(1, NULL);
	re->context = pcre2_match_context_create(NULL);
	if (re->data == NULL || re->context == NULL)
		err(1, "memory");
	(void)pcre2_set_match_limit(re->context, STEPS_MAX);
	(void)pcre2_set_depth_limit(re->context, DEPTH_MAX);
	(void)pcre2_set_heap_limit(re->context, HEAP_MAX);
	re->is_compiled = pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0;
	if (re->is_compiled) {
		re->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
		if (re->stack == NULL)
			err(1, "memory");
		pcre2_jit_stack_assign(re->context, NULL, re->stack);
	}
	ask_byte(re);
}

struct regex *
regex_make(
    struct bytes pattern, int caseless, size_t *at, char *message, size_t size)
{
	struct regex *re = calloc(1, sizeof(*re) + pattern.n);
	char *literal;
	int error;
	size_t n;

	if (re == NULL)
		err(1, "memory");
	literal = (char *)(re + 1);
	if (!caseless && plain_pattern(pattern, literal, &n) == 0) {
		re->literal = (struct bytes){ literal, n };
		choose_byte(re);
		return re;
	}
	re->code = compile(pattern, caseless, &error, at);
	if (re->code == NULL) {
		if (pcre2_get_error_message(
			error, (PCRE2_UCHAR *)message, size) < 0)
			message[0] = '\0';
		free(re);
		return NULL;
	}
	prepare(re);
	return re;
}

void
regex_free(struct regex *re)
{
	if (re == NULL)
		return;
	pcre2_code_free(re->code);
	pcre2_match_data_free(re->data);
	pcre2_match_context_free(re->context);
	pcre2_jit_stack_free(re->stack);
	free(re);
}

/* Whether bytes have the byte, in either case. */
static int
has_byte(const struct regex *re, struct bytes b)
{
	return memchr(b.text, re->byte, b.n) != NULL ||
	       (re->other != re->byte &&
		   memchr(b.text, re->other, b.n) != NULL);
}

static int
match_from(const struct regex *re, struct bytes b, size_t from)
{
	PCRE2_SPTR text = (PCRE2_SPTR)(b.n == 0 ? "" : b.text);

	return re->is_compiled ? pcre2_jit_match(re->code, text, b.n, from, 0,
				     re->data, re->context)
			       : pcre2_match(re->code, text, b.n, from, 0,
				     re->data, re->context);
}

/* ns of this thread's own: what others do on the machine decides nothing. */
static uint64_t
own_time(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/*
 * PCRE2's limit counts what is tried again, not what is tried at one byte after
 * the other, which for a long text may take its length squared.  So these are
 * tried some at a time, and the time is looked at in between; more at a time
 * while that goes quickly, but not so many that it is not bounded.
 */
static int
match_long(const struct regex *re, struct bytes b)
{
	size_t some = LONG_MIN_SQUARE / b.n + 1, most = 16 * some, from = 0;
	uint64_t now = own_time(), until = now + TIME_MAX, before;
	int got;

	do {
		(void)pcre2_set_offset_limit(re->context, from + some - 1);
		got = match_from(re, b, from);
		from += some;
		before = now;
		now = own_time();
		if (now - before < TIME_MAX / 1000 && some < most)
			some *= 2;
	} while (got == PCRE2_ERROR_NOMATCH && from <= b.n && now < until);
	(void)pcre2_set_offset_limit(re->context, PCRE2_UNSET);
	return got == PCRE2_ERROR_NOMATCH && from <= b.n
		   ? PCRE2_ERROR_MATCHLIMIT
		   : got;
}

int
regex_match(const struct regex *re, struct bytes b)
{
	int got;

	if (re->has_byte && !has_byte(re, b))
		return 0;
	if (re->literal.text != NULL)
		return memmem(b.text, b.n, re->literal.text, re->literal.n) !=
		       NULL;
	got = b.n * b.n <= LONG_MIN_SQUARE ? match_from(re, b, 0)
					   : match_long(re, b);
	return got >= 0 ? 1 : got == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

static int
payload_tells(const struct regex *re, const struct rec_format *of)
{
	struct format_args args;

	return worth(re->byte) >= 100 && worth(re->other) >= 100 &&
	       format_parse(of->text, of->n, &args) >= 0 && !args.uses_errno &&
	       !has_byte(re, (struct bytes){ of->text, of->n });
}

/* Whether a record of stored arguments can be told not to match as it is. */
static int
is_hopeless(struct regex *re, struct rec *r)
{
	const struct rec_format *of = dict_format(
	    &r->stream->dict, format_id(r->payload.text, r->payload.n));
	struct format_verdict *v;

	if (of == NULL)
		return 0;
	v = &re->verdicts[of->number % VERDICTS];
	if (v->number != of->number) {
		v->number = of->number;
		v->payload_tells = payload_tells(re, of);
	}
	return v->payload_tells && !has_byte(re, r->payload);
}

int
regex_match_record(struct regex *re, struct rec *r)
{
	if (re->has_byte && (r->head->flags & RECORD_ARGS) != 0 &&
	    !r->has_text && is_hopeless(re, r))
		return 0;
	rec_text(r);
	return regex_match(re, r->text);
}
