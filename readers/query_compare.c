/*
 * query_compare.c -- a test of a query: an operand, an operator and a literal.
 *
 *	test	 = operand [ operator literal ]
 *	operator = "==" "!=" "<" "<=" ">" ">=" "eq" "ne" "~" "!~"
 *	literal	 = "text" | 'text' | a word up to a blank or parenthesis
 */
#include <string.h>

#include "readers/out.h"
#include "readers/query_private.h"

#define BIT(outcome) (1u << ((outcome) + 1))

/* With the outcomes of number_compare() for which it holds. */
static const struct {
	const char *word;
	enum op op;
	unsigned outcomes;
} operators[] = {
	{ "==", OPERATOR_EQUAL, BIT(0) },
	{ "!=", OPERATOR_UNEQUAL, BIT(-1) | BIT(1) | BIT(2) },
	{ "<", OPERATOR_LESS, BIT(-1) },
	{ "<=", OPERATOR_AT_MOST, BIT(-1) | BIT(0) },
	{ ">", OPERATOR_MORE, BIT(1) },
	{ ">=", OPERATOR_AT_LEAST, BIT(0) | BIT(1) },
	{ "eq", OPERATOR_EQ, BIT(0) },
	{ "ne", OPERATOR_NE, BIT(-1) | BIT(1) | BIT(2) },
	{ "~", OPERATOR_MATCH, 0 },
	{ "!~", OPERATOR_NO_MATCH, 0 },
};

/* What people write who come from elsewhere. */
static const struct {
	const char *word, *use;
} others[] = {
	{ "=", "==" },
	{ "===", "==" },
	{ "<>", "!=" },
	{ "=~", "~" },
	{ "~=", "~" },
	{ "=>", ">=" },
	{ "=<", "<=" },
	{ "&&", "and" },
	{ "&", "and" },
	{ "||", "or" },
	{ "|", "or" },
	{ "!", "not" },
};

/* Takes an operator; 1, 0: there is none, or -1. */
static int
take_operator(struct parser *p, struct test *t)
{
	size_t end = token_end(p->t, p->at);
	struct bytes b = { p->t.text + p->at, end - p->at };
	char shown[SHOWN_MAX];

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (bytes_are(b, operators[i].word)) {
			t->op = operators[i].op;
			t->outcomes = operators[i].outcomes;
			p->at = end;
			return 1;
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (bytes_are(b, others[i].word))
			return parser_fail(p, p->at,
			    "there is no operator \"%s\": use %s",
			    others[i].word, others[i].use);
	if (b.n != 0 && b.text[0] != '\0' && strchr("=!<>~&|", b.text[0]))
		return parser_fail(p, p->at, "there is no operator %s",
		    parser_shown(b, shown));
	return 0;
}

/* Where a word that is a literal ends. */
static size_t
bare_end(const struct parser *p)
{
	size_t at = p->at;

	while (at < p->t.n && (p->t.text[at] == '\0' ||
				  strchr(" \t\r\n()", p->t.text[at]) == NULL))
		at++;
	return at;
}

/* Takes the literal's text; *is_quoted. */
static int
take_literal(struct parser *p, struct test *t, const char *what, int *is_quoted)
{
	int pattern = t->op == OPERATOR_MATCH || t->op == OPERATOR_NO_MATCH;
	size_t end, word = token_end(p->t, p->at);
	struct bytes b = { p->t.text + p->at, word - p->at };
	const char *wrong;

	*is_quoted = b.n != 0 && (b.text[0] == '"' || b.text[0] == '\'');
	if (*is_quoted) {
		wrong = literal_string(
		    p->t, p->at, p->q->copy, pattern, &t->text, &end);
		if (wrong != NULL)
			return parser_fail(p, end, "%s", wrong);
	} else {
		end = bare_end(p);
		if (end == p->at || bytes_are(b, "and") || bytes_are(b, "or") ||
		    bytes_are(b, "not") ||
		    (b.text[0] != '\0' && strchr("=!<>~&|", b.text[0])))
			return parser_expected(p, what);
		t->text = (struct bytes){ p->t.text + p->at, end - p->at };
	}
	p->at = end;
	return 0;
}

static int
take_pattern(struct parser *p, struct test *t, size_t from)
{
	char message[100];
	size_t at;

	t->regex =
	    regex_make(t->text, p->q->caseless, &at, message, sizeof(message));
	if (t->regex != NULL)
		return 0;
	return parser_fail(p, from + at, "%s", message);
}

/* A level by its name, or its number. */
static int
take_level(struct parser *p, struct test *t, size_t from)
{
	char name[16] = "", shown[SHOWN_MAX];
	int level = -1;

	if (t->text.n < sizeof(name)) {
		memcpy(name, t->text.text, t->text.n);
		if (strlen(name) == t->text.n)
			level = level_parse(name);
	}
	if (level == -1)
		return parser_fail(p, from,
		    "expected a level (emerg alert crit err warning notice "
		    "info debug, 0 to 7), not %s",
		    parser_shown(t->text, shown));
	t->number.kind = VALUE_UNSIGNED;
	t->number.u = (uint64_t)level;
	return 0;
}

/* == and != of text are eq and ne. */
static void
as_text(struct test *t)
{
	t->op = t->op == OPERATOR_EQUAL ? OPERATOR_EQ : OPERATOR_NE;
}

/* By number, or by text where that makes sense. */
static int
take_number(struct parser *p, struct test *t, size_t from, int is_quoted)
{
	int equality = t->op == OPERATOR_EQUAL || t->op == OPERATOR_UNEQUAL;
	int text = t->operand == OPERAND_STREAM || t->operand == OPERAND_TAG;
	int number = t->operand == OPERAND_PID || t->operand == OPERAND_ID;
	char shown[SHOWN_MAX];

	if (text && !equality)
		return parser_fail(p, from,
		    "%s is text: < <= > >= compare numbers",
		    operand_word(t->operand));
	if (!text && !is_quoted && literal_number(t->text, t->name, t) == 0)
		return 0;
	if (!number && equality) {
		as_text(t);
		return 0;
	}
	return parser_fail(p, from, "expected a number, not %s%s",
	    is_quoted ? "the text " : "", parser_shown(t->text, shown));
}

static int
take_value(struct parser *p, struct test *t)
{
	size_t from = p->at;
	int is_quoted;

	switch (t->op) {
	case OPERATOR_NONE:
		return 0;
	case OPERATOR_MATCH:
	case OPERATOR_NO_MATCH:
		return take_literal(p, t, "a pattern", &is_quoted) == -1
			   ? -1
			   : take_pattern(p, t, from + (is_quoted != 0));
	case OPERATOR_EQ:
	case OPERATOR_NE:
	case OPERATOR_EQUAL:
	case OPERATOR_UNEQUAL:
	case OPERATOR_LESS:
	case OPERATOR_AT_MOST:
	case OPERATOR_MORE:
	case OPERATOR_AT_LEAST:
		break;
	}
	if (take_literal(p, t, "a value", &is_quoted) == -1)
		return -1;
	if (t->operand == OPERAND_LEVEL)
		return take_level(p, t, from);
	if (t->op == OPERATOR_EQ || t->op == OPERATOR_NE)
		return 0;
	return take_number(p, t, from, is_quoted);
}

int
parse_test(struct parser *p, struct test *t)
{
	if (parse_operand(p, t) == -1)
		return -1;
	parser_skip(p);
	switch (take_operator(p, t)) {
	case -1:
		return -1;
	case 0:
		p->bare = 1;
		return 0;
	default:
		break;
	}
	parser_skip(p);
	p->bare = 0;
	return take_value(p, t);
}
