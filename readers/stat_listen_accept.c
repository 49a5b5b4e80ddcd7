/*
 * stat_listen_accept.c -- what a client of HTTP takes: Accept and
 * Accept-Encoding, by RFC 9110.
 *
 * OpenMetrics is for who asks for it by name, and not less than for text: what
 * a browser or curl takes (all) is the older text.  Who takes neither gets it,
 * too: that is more use to him than an error.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "readers/stat_listen.h"

#define BLANKS " \t"

/* One element of a list: its name and parameters, in place. */
struct range {
	const char *name;
	size_t length;
	int q; /* thousandths; 1000 if it is not said, 0 if it makes no sense */
	char version[16];
};

static int
is_called(const struct range *r, const char *name)
{
	return r->length == strlen(name) &&
	       strncasecmp(r->name, name, r->length) == 0;
}

/* 0, 0.5, 1.000 */
static int
parse_q(const char *p, size_t n)
{
	int q, unit = 100;

	if (n == 0 || n > 5 || (p[0] != '0' && p[0] != '1') ||
	    (n > 1 && p[1] != '.'))
		return 0;
	q = (p[0] - '0') * 1000;
	for (size_t i = 2; i < n; i++, unit /= 10) {
		if (p[i] < '0' || p[i] > '9')
			return 0;
		q += (p[i] - '0') * unit;
	}
	return q <= 1000 ? q : 0;
}

static void
parse_parameter(struct range *r, const char *p, size_t n)
{
	while (n > 0 && strchr(BLANKS, *p) != NULL) {
		p++;
		n--;
	}
	while (n > 0 && strchr(BLANKS, p[n - 1]) != NULL)
		n--;
	if (n >= 2 && strncasecmp(p, "q=", 2) == 0)
		r->q = parse_q(p + 2, n - 2);
	else if (n > 8 && strncasecmp(p, "version=", 8) == 0 &&
		 n - 8 < sizeof(r->version)) {
		memcpy(r->version, p + 8, n - 8);
		r->version[n - 8] = '\0';
	}
}

/* The next element; *list moves on.  0: there is none. */
static int
next_range(const char **list, struct range *r)
{
	const char *p = *list + strspn(*list, BLANKS ",");
	size_t n;

	if (*p == '\0')
		return 0;
	r->name = p;
	r->q = 1000;
	r->version[0] = '\0';
	r->length = strcspn(p, ",; \t");
	p += r->length;
	p += strspn(p, BLANKS);
	while (*p == ';') {
		n = strcspn(++p, ",;");
		parse_parameter(r, p, n);
		p += n;
	}
	*list = p + strcspn(p, ",");
	return 1;
}

static int
is_one_of_openmetrics(const struct range *r)
{
	return is_called(r, "application/openmetrics-text") &&
	       (r->version[0] == '\0' || strcmp(r->version, "1.0.0") == 0 ||
		   strcmp(r->version, "0.0.1") == 0);
}

/* How well a range names plain text: 0 not at all, 3 by its name. */
static int
names_text(const struct range *r)
{
	if (is_called(r, "text/plain"))
		return r->version[0] == '\0' || strcmp(r->version, "0.0.4") == 0
			   ? 3
			   : 0;
	return is_called(r, "text/*") ? 2 : is_called(r, "*/*") ? 1 : 0;
}

enum om_text
accept_text(const char *accept)
{
	int openmetrics = 0, text = 0, how, best = 0;
	struct range r;

	if (accept == NULL)
		return OM_PROMETHEUS;
	while (next_range(&accept, &r)) {
		if (is_one_of_openmetrics(&r) && r.q > openmetrics)
			openmetrics = r.q;
		how = names_text(&r);
		if (how == 0 || how < best)
			continue;
		/* what is named best counts, however little it is liked */
		text = how > best || r.q > text ? r.q : text;
		best = how;
	}
	return openmetrics > 0 && openmetrics >= text ? OM_OPENMETRICS
						      : OM_PROMETHEUS;
}

int
accept_gzip(const char *accept_encoding)
{
	int gzip = -1, any = -1;
	struct range r;

	if (accept_encoding == NULL)
		return 0;
	while (next_range(&accept_encoding, &r)) {
		if (is_called(&r, "gzip") || is_called(&r, "x-gzip"))
			gzip = r.q;
		else if (is_called(&r, "*"))
			any = r.q;
	}
	return gzip != -1 ? gzip > 0 : any > 0;
}
