/*
 * template_web.c -- the log formats of web servers: common (ncsa) and combined.
 *
 *	%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"
 *
 * What stands for these is found under the names that nginx, varnishncsa,
 * Logstash and OpenTelemetry have for it, and those that programs use.
 */
#include "readers/template.h"

#include <string.h>

#define COMMON                                                                 \
	"%{host} - %{user} [%{time:%d/%b/%Y:%H:%M:%S %z}] "                    \
	"\"%{request}\" %{status} %{bytes}"

static const struct {
	const char *name, *text;
} formats[] = {
	{ "ncsa", COMMON },
	{ "combined", COMMON " \"%{referer}\" \"%{user_agent}\"" },
};

#define NAMES_MAX 10

/* man/shmtail.1 has them, too. */
static const struct {
	const char *field;
	const char *names[NAMES_MAX + 1];
} fields[] = {
	{ "host",
	    { "remote_addr", "remote_host", "remote", "client.address",
		"client_ip", "clientip", "client", "peer", "ip", "host" } },
	{ "user", { "remote_user", "user.name", "user", "auth" } },
	{ "request", { "request" } },
	{ "method",
	    { "request_method", "http.request.method", "method", "verb" } },
	{ "path", { "request_uri", "uri", "url", "url.path", "path" } },
	{ "protocol", { "server_protocol", "protocol", "proto" } },
	{ "status", { "http.response.status_code", "status", "status_code",
			"response", "code" } },
	{ "bytes", { "body_bytes_sent", "http.response.body.size", "bytes_sent",
		       "bytes", "size", "length" } },
	{ "referer", { "http_referer", "referer", "referrer" } },
	{ "user_agent", { "http_user_agent", "user_agent.original",
			    "user_agent", "agent", "ua" } },
};

const char *
web_template(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].text;
	return NULL;
}

const char *const *
web_names(const char *field)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(fields[i].field, field) == 0)
			return fields[i].names;
	return NULL;
}

void
web_put(struct buffer *b, struct bytes s, int quoted)
{
	static const char hex[] = "0123456789abcdef";
	char *to;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.text[i];

		to = buffer_room(b, 4);
		if (c < ' ' || c > '~' || (c == ' ' && !quoted)) {
			memcpy(to, "\\x", 2);
			to[2] = hex[c >> 4];
			to[3] = hex[c & 15];
			b->n += 4;
		} else if (c == '"' || c == '\\') {
			to[0] = '\\';
			to[1] = (char)c;
			b->n += 2;
		} else {
			*to = (char)c;
			b->n++;
		}
	}
}
