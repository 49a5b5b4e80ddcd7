/*
 * sixteen.c -- records of all sorts, for queries.
 */
#include "tests/unit/sixteen.h"

#include <string.h>

struct records sixteen;

#define REQUEST "method=%s path=%s status=%d us=%lu"
#define JSON                                                                   \
	"{\"status\":403,\"ok\":false,\"user\":\"Ann \\\"A\\\" Lee\","         \
	"\"ratio\":0.75,\"none\":null,\"list\":[\"x\",{\"y\":1}],"             \
	"\"a.b\":7,\"two words\":1}"
static void
request(const struct record_of *of, const char *method, const char *path,
    int status, uint64_t us)
{
	(void)records_args(&sixteen, of, REQUEST,
	    (uint64_t[]){ records_word(method), records_word(path),
		(uint64_t)status, us });
}

static void
text(const struct record_of *of, const char *line)
{
	(void)records_text(&sixteen, of, line, strlen(line));
}

void
sixteen_begin(void)
{
	const uint64_t bad[] = { format_pair(999, 0), 1 };

	records_begin(&sixteen);
	/* a to c */
	request(OF(0, "Req", 6, 1), "GET", "/index.html", 200, 1500);
	request(OF(0, "Req", 4, 2), "POST", "/login", 403, 250000);
	request(OF(0, "Req", 3, 3), "GET", "/a b", 500, 3000000);
	/* d to g */
	text(OF(0, "Resp", 6, 1),
	    "status=200 bytes=5120 msg=\"all is \\\"well\\\"\" took=1.5ms");
	text(OF(1, "Resp", 5, 2), JSON);
	text(OF(1, "Header", 6, 1), "Host: example.com");
	text(OF(1, "Header", 6, 1), "Accept:  text/html \"en us\" q=1");
	/* h: no tag; i: a tag with a dot */
	text(OF(2, NULL, 7, 0), "plain text");
	text(OF(2, "Job.nightly", 5, 0), "state=done n=-5 size=3.5MiB");
	/* j */
	(void)records_args(&sixteen, OF(2, "Job", 2, 9),
	    "nightly=%s load=%.1f left=%+d p=%p c=%c t=\"%s %d\"",
	    (uint64_t[]){ 0, records_bits(0.26), (uint64_t)-7, 16, 'q',
		records_word("x"), 1 });
	/* k: a tag that elsewhere is a field */
	text(OF(0, "status", 1, 4), "12");
	/* l: what only whole numbers tell apart */
	(void)records_args(&sixteen, OF(1, "Big", 6, UINT64_MAX), "n=%lu m=%ld",
	    (uint64_t[]){ UINT64_MAX, (uint64_t)INT64_MIN });
	/* m, n: bytes, and none; o: cut short; p: cannot be read */
	(void)records_text(&sixteen, OF(2, "Raw", 0, 0), "\xff\0\x01 z", 5);
	text(OF(2, "Empty", 7, 0), "");
	text(OF(1, "Cut", 6, 5), "{\"status\":201,\"half\":12");
	(void)records_payload(&sixteen, OF(0, "Bad", 6, 6), bad, sizeof(bad));
}

void
sixteen_end(void)
{
	records_end(&sixteen);
}

struct query *
sixteen_compile(const char *line, int caseless)
{
	struct query_error e;
	struct query *q = query_compile(line, strlen(line), caseless, &e);

	if (q == NULL)
		ck_abort_msg("%s: at %zu: %s", line, e.at, e.message);
	return q;
}
