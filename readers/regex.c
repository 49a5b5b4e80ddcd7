/*
 * regex.c -- pcre2, compiled to machine code where it can be.
 *
 * A pattern without anything special in it is looked for by memmem(3): that is
 * three times as quick.  Others have a limit of steps: one such as (a+)+$ can
 * take longer than the universe has been there.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "readers/regex.h"

#include <err.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 100000

struct regex {
	char *literal; /* NULL: it is none */
	size_t n;
	pcre2_code *code;
};

static pcre2_match_data *match_data;
static pcre2_match_context *context;
static unsigned long given_up;

static int
is_literal(const char *pattern, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memchr("\\^$.[]|()?*+{}", pattern[i], 14) != NULL)
			return 0;
	return 1;
}

static void
prepare(void)
{
	if (match_data != NULL)
		return;
	match_data = pcre2_match_data_create(1, NULL);
	context = pcre2_match_context_create(NULL);
	if (match_data == NULL || context == NULL)
		err(1, "memory");
	(void)pcre2_set_match_limit(context, STEPS_MAX);
}

struct regex *
regex_compile(const char *pattern, size_t n, int caseless,
    char error[REGEX_ERROR_MAX], size_t *at)
{
	struct regex *r = calloc(1, sizeof(*r));
	int code;

	if (r == NULL)
		err(1, "memory");
	prepare();
	r->code = pcre2_compile((PCRE2_SPTR)pattern, n,
	    caseless ? PCRE2_CASELESS : 0, &code, at, NULL);
	if (r->code == NULL) {
		(void)pcre2_get_error_message(
		    code, (PCRE2_UCHAR *)error, REGEX_ERROR_MAX);
		free(r);
		return NULL;
	}
	(void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
	if (!caseless && is_literal(pattern, n)) {
		r->literal = strndup(pattern, n);
		r->n = n;
		if (r->literal == NULL)
			err(1, "memory");
	}
	return r;
}

void
regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	pcre2_code_free(r->code);
	free(r->literal);
	free(r);
}

int
regex_match(const struct regex *r, const char *text, size_t n)
{
	int found;

	if (r->literal != NULL)
		return memmem(text, n, r->literal, r->n) != NULL;
	found = pcre2_match(
	    r->code, (PCRE2_SPTR)text, n, 0, 0, match_data, context);
	if (found < 0 && found != PCRE2_ERROR_NOMATCH)
		given_up++;
	return found >= 0;
}

unsigned long
regex_given_up(void)
{
	return given_up;
}
