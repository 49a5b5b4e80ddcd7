/*
 * ctl_mask.c -- mask and masks: what streams are not to log.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/stream.h"
#include "readers/ctl.h"
#include "readers/option.h"
#include "readers/out.h"

/* Printable, without blanks, and not too long; NULL, or what is wrong. */
static const char *
stream_fault(const char *glob)
{
	const char *fault = glob_fault(glob);

	if (fault != NULL)
		return fault;
	for (const char *p = glob; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return "no stream has such a name";
	return strlen(glob) < MASK_GLOB_MAX ? NULL : "too long";
}

/* `level=info', `+Tag', `-Tag' or `clear'. */
static void
parse_word(struct mask_rule *r, const char *word)
{
	int level;

	if (strcmp(word, "clear") == 0) {
		r->what = MASK_CLEAR;
	} else if (strncmp(word, "level=", 6) == 0) {
		level = level_parse(word + 6);
		if (level == -1)
			usage_errx("%s: not a level: " LEVELS_ARE, word);
		r->what = MASK_LEVEL;
		r->level = (uint32_t)level;
	} else if (word[0] == '+' || word[0] == '-') {
		if (!tag_is_good(word + 1))
			usage_errx(
			    "%s: not a tag: up to 63 of [A-Za-z0-9_.-]", word);
		r->what = word[0] == '+' ? MASK_SHOW : MASK_HIDE;
		strcpy(r->tag, word + 1);
	} else {
		usage_errx("%s: not level=LEVEL, +TAG, -TAG or clear", word);
	}
}

static struct mask_rule *
parse_words(const struct ctl_args *a)
{
	struct mask_rule *rules;
	const char *fault;

	if (a->n == 0)
		usage_errx("mask: needs a stream and what to mask of it");
	fault = stream_fault(a->words[0]);
	if (fault != NULL)
		usage_errx("mask %s: %s", a->words[0], fault);
	if (a->n == 1)
		usage_errx("mask %s: needs level=LEVEL, +TAG, -TAG or clear",
		    a->words[0]);
	rules = calloc((size_t)a->n, sizeof(*rules));
	if (rules == NULL)
		err(1, "memory");
	for (int i = 1; i < a->n; i++) {
		strcpy(rules[i - 1].glob, a->words[0]);
		parse_word(&rules[i - 1], a->words[i]);
	}
	return rules;
}

int
ctl_mask(const struct ctl_args *a, struct buffer *out)
{
	struct mask_rule *rules = parse_words(a);
	uint32_t done = 0, streams = 0;
	int clears = 1;
	union message m, answer;
	struct ctl c;

	(void)out;
	ctl_open(&c, a->instance);
	for (int i = 0; i < a->n - 1; i++) {
		memset(&m, 0, sizeof(m));
		m.mask.rule = rules[i];
		ctl_ask(&c, MESSAGE_MASK, &m, &answer);
		done += answer.masked.rules;
		streams = answer.masked.streams;
		clears &= rules[i].what == MASK_CLEAR;
	}
	ctl_close(&c);
	free(rules);
	if (clears && done == 0)
		errx(1, "mask %s: there are no rules of it", a->words[0]);
	if (!clears && streams == 0)
		warnx("mask %s: there is no such stream now: kept for those to "
		      "come",
		    a->words[0]);
	return 0;
}

static void
put_rule(struct buffer *b, struct mask_rule *r)
{
	r->glob[MASK_GLOB_MAX - 1] = r->tag[TAG_NAME_MAX - 1] = '\0';
	buffer_safe(b, r->glob, strlen(r->glob));
	for (size_t n = strlen(r->glob); n < 40; n++)
		buffer_byte(b, ' ');
	buffer_byte(b, ' ');
	if (r->what == MASK_LEVEL) {
		buffer_printf(b, "level=%s", level_name((uint8_t)r->level));
	} else {
		buffer_byte(b, r->what == MASK_SHOW ? '+' : '-');
		buffer_safe(b, r->tag, strlen(r->tag));
	}
	buffer_byte(b, '\n');
}

int
ctl_masks(const struct ctl_args *a, struct buffer *out)
{
	union message m, answer;
	struct ctl c;

	ctl_open(&c, a->instance);
	buffer_printf(out, "%-40s %s\n", "STREAM", "RULE");
	memset(&m, 0, sizeof(m));
	for (; m.next.after < MASK_RULES_MAX; m.next.after++) {
		ctl_ask(&c, MESSAGE_MASKS, &m, &answer);
		if (answer.mask.rule.what == 0)
			break;
		put_rule(out, &answer.mask.rule);
	}
	ctl_close(&c);
	return 0;
}
