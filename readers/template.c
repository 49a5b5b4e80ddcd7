/*
 * template.c -- a template's text, compiled.
 */
#include "readers/template.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "readers/option.h"

#define WORDS_MAX 9999

struct parser {
	struct template *t;
	const char *text, *at;
	struct buffer literal;
	const char *fault; /* NULL: none so far */
};

static const struct {
	const char *name;
	enum element_kind kind;
} simple[] = {
	{ "time", ELEMENT_TIME_ISO },
	{ "time:iso", ELEMENT_TIME_ISO },
	{ "time:unix", ELEMENT_TIME_UNIX },
	{ "time:unix_ns", ELEMENT_TIME_UNIX_NS },
	{ "level", ELEMENT_LEVEL },
	{ "tag", ELEMENT_TAG },
	{ "stream", ELEMENT_STREAM },
	{ "type", ELEMENT_TYPE },
	{ "ident", ELEMENT_IDENT },
	{ "pid", ELEMENT_PID },
	{ "id", ELEMENT_ID },
	{ "parent", ELEMENT_PARENT },
	{ "text", ELEMENT_TEXT },
	{ "cursor", ELEMENT_CURSOR },
};

static void fail(struct parser *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whatever is wrong is where the parser is. */
static void
fail(struct parser *p, const char *format, ...)
{
	static char fault[160];
	char what[120];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	(void)snprintf(fault, sizeof(fault), "%s, at character %zu", what,
	    (size_t)(p->at - p->text) + 1);
	p->fault = fault;
}

static char *
copy_bytes(const char *text, size_t n)
{
	char *copy = strndup(text, n);

	if (copy == NULL)
		err(1, "memory");
	return copy;
}

static struct element *
add_element(struct parser *p, enum element_kind kind, const char *text)
{
	struct template *t = p->t;
	struct element *e;

	t->elements =
	    reallocarray(t->elements, t->n_elements + 1, sizeof(*t->elements));
	if (t->elements == NULL)
		err(1, "memory");
	e = &t->elements[t->n_elements++];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->second = UINT64_MAX;
	e->text = copy_bytes(text, strlen(text));
	e->length = strlen(text);
	return e;
}

/* names of NULL: it has one name alone, that one. */
static unsigned
add_slot(struct parser *p, const char *name, const char *const *names)
{
	struct template *t = p->t;
	struct slot *s;

	t->slots = reallocarray(t->slots, t->n_slots + 1, sizeof(*t->slots));
	if (t->slots == NULL)
		err(1, "memory");
	s = &t->slots[t->n_slots++];
	memset(s, 0, sizeof(*s));
	s->names = names;
	if (names == NULL)
		s->own[0] = copy_bytes(name, strlen(name));
	return (unsigned)t->n_slots - 1;
}

static void
end_literal(struct parser *p)
{
	if (p->literal.n == 0)
		return;
	buffer_byte(&p->literal, '\0');
	(void)add_element(p, ELEMENT_LITERAL, p->literal.data);
	p->literal.n = 0;
}

/* Of the web's: those that count a request, and all others. */
static void
take_web(struct parser *p, const char *name)
{
	static const char *const request[] = { "request", "method", "path",
		"protocol" };
	struct element *e = add_element(p, ELEMENT_FIELD, "-");

	e->quoted = p->at != p->text && p->at[-1] == '"';
	e->n = (unsigned)p->t->n_slots;
	if (strcmp(name, "request") != 0) {
		if (strcmp(name, "bytes") == 0)
			e->kind = ELEMENT_BYTES;
		(void)add_slot(p, name, web_names(name));
		return;
	}
	e->kind = ELEMENT_REQUEST;
	for (size_t i = 0; i < sizeof(request) / sizeof(request[0]); i++)
		(void)add_slot(p, request[i], web_names(request[i]));
}

static void
take_strftime(struct parser *p, const char *format)
{
	struct element *e;
	struct tm tm = { .tm_mday = 1, .tm_year = 100 };
	char text[sizeof(e->made)];

	if (strchr(format, '%') == NULL)
		fail(p,
		    "%%{time:%s} is neither iso, unix, unix_ns nor has it "
		    "a %% for strftime(3)",
		    format);
	else if (strftime(text, sizeof(text), format, &tm) == 0)
		fail(p, "%%{time:%s} makes nothing, or too much", format);
	else
		(void)add_element(p, ELEMENT_TIME, format);
}

static void
take_field(struct parser *p, const char *name, const char *missing)
{
	const char *colon;

	if (strncmp(name, "field:", 6) == 0) {
		name += 6;
	} else {
		colon = strchr(name, ':');
		if (colon != NULL) {
			fail(p, "%%{%s}: only time: and field: have a colon",
			    name);
			return;
		}
	}
	if (*name == '\0') {
		fail(p, "%%{} without a name");
		return;
	}
	add_element(p, ELEMENT_FIELD, missing)->n = add_slot(p, name, NULL);
}

static void
take_word(struct parser *p, const char *name, const char *missing)
{
	uint64_t n;

	if (parse_number(name, 1, WORDS_MAX, &n) != 0)
		fail(p, "%%{%s}: words are numbered from 1 to %d", name,
		    WORDS_MAX);
	else
		add_element(p, ELEMENT_WORD, missing)->n = (unsigned)n;
}

/* What stands between the braces, cut into name and what is there if it is
 * missing. */
static void
take_name(struct parser *p, char *name)
{
	char *missing = NULL;

	if (strncmp(name, "time:", 5) != 0)
		missing = strstr(name, ":-");
	if (missing != NULL) {
		*missing = '\0';
		missing += 2;
	}
	if (p->t->web && web_names(name) != NULL) {
		take_web(p, name);
		return;
	}
	for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++)
		if (strcmp(simple[i].name, name) == 0) {
			(void)add_element(
			    p, simple[i].kind, missing == NULL ? "-" : missing);
			return;
		}
	if (strncmp(name, "time:", 5) == 0)
		take_strftime(p, name + 5);
	else if (isdigit((unsigned char)*name))
		take_word(p, name, missing == NULL ? "-" : missing);
	else
		take_field(p, name, missing == NULL ? "-" : missing);
}

static void
take_percent(struct parser *p)
{
	const char *end;
	char *name;

	if (p->at[1] == '%') {
		buffer_byte(&p->literal, '%');
		p->at += 2;
		return;
	}
	end = p->at[1] == '{' ? strchr(p->at, '}') : NULL;
	if (p->at[1] != '{') {
		fail(p, "a %% that neither { nor %% follows");
		return;
	}
	if (end == NULL) {
		fail(p, "%%{ without a }");
		return;
	}
	end_literal(p);
	name = copy_bytes(p->at + 2, (size_t)(end - p->at - 2));
	take_name(p, name);
	free(name);
	if (p->fault == NULL)
		p->at = end + 1;
}

static void
take_backslash(struct parser *p)
{
	static const char letters[] = "nt\\", means[] = "\n\t\\";
	const char *found = p->at[1] == '\0' ? NULL : strchr(letters, p->at[1]);

	if (found == NULL) {
		fail(p, "a \\ that neither n, t nor \\ follows");
		return;
	}
	buffer_byte(&p->literal, means[found - letters]);
	p->at += 2;
}

static void
take_all(struct parser *p)
{
	while (*p->at != '\0' && p->fault == NULL) {
		if (*p->at == '%')
			take_percent(p);
		else if (*p->at == '\\')
			take_backslash(p);
		else
			buffer_byte(&p->literal, *p->at++);
	}
	end_literal(p);
}

int
template_is(const char *text)
{
	return strstr(text, "%{") != NULL || web_template(text) != NULL;
}

struct template *
template_compile(const char *text, const char **fault)
{
	const char *web = web_template(text);
	struct parser p = { .text = web == NULL ? text : web };

	p.at = p.text;
	p.t = calloc(1, sizeof(*p.t));
	if (p.t == NULL)
		err(1, "memory");
	p.t->web = web != NULL;
	buffer_init(&p.t->values, -1);
	buffer_init(&p.literal, -1);
	take_all(&p);
	buffer_free(&p.literal);
	for (size_t i = 0; i < p.t->n_slots; i++)
		if (p.t->slots[i].names == NULL)
			p.t->slots[i].names =
			    (const char *const *)p.t->slots[i].own;
	*fault = p.fault;
	if (p.fault == NULL)
		return p.t;
	template_free(p.t);
	return NULL;
}

void
template_free(struct template *t)
{
	for (size_t i = 0; i < t->n_elements; i++)
		free(t->elements[i].text);
	for (size_t i = 0; i < t->n_slots; i++)
		free(t->slots[i].own[0]);
	free(t->elements);
	free(t->slots);
	buffer_free(&t->values);
	free(t);
}
