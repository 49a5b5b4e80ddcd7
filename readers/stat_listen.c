/*
 * stat_listen.c -- the counters for whoever asks by HTTP (--listen).
 *
 *	/metrics	OpenMetrics, or the older Prometheus text
 *	/stats.json	what -j prints
 *	/health		200, or 503 while no shmlogd runs
 *	/		what there is
 *
 * Each request for counters reads them: they are never older than it.  A
 * daemon that was restarted is followed, as all readers do.
 */
#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>

#include "common/shared.h"
#include "readers/option.h"
#include "readers/stat_listen.h"

#define PIECE ((size_t)64 << 10)
#define EVHTTP_TIMEOUT 180 /* seconds; ours are shorter */
#define SIGNALS 3

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_JSON "application/json"
#define TYPE_OPENMETRICS                                                       \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"
#define TYPE_PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"

struct server {
	struct event_base *base;
	struct evhttp *http;
	struct event *tick;
	struct event *signals[SIGNALS];
	struct attach *attach;
	struct stat_collect collect;
	struct om_source source;
	struct conns conns;
	struct answers answers;
	int status;
};

static void
set_type(struct evhttp_request *r, const char *type)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(r);

	evhttp_add_header(out, "Content-Type", type);
	evhttp_add_header(out, "X-Content-Type-Options", "nosniff");
}

/* A short answer, all of it at once. */
static void
reply(struct server *s, struct evhttp_request *r, int code, const char *text)
{
	struct evbuffer *out = evbuffer_new();
	struct conn *c =
	    conns_find(&s->conns, evhttp_request_get_connection(r));

	if (out == NULL || evbuffer_add_printf(out, "%s\n", text) < 0)
		errx(1, "memory");
	set_type(r, TYPE_TEXT);
	conn_idle(&s->conns, c);
	evhttp_send_reply(r, code, NULL, out);
	evbuffer_free(out);
}

static void
end(struct server *s, int status)
{
	s->status = status;
	(void)event_base_loopbreak(s->base);
}

/* What is asked for is as of now; 0, or -1: it was answered.  The map goes with
 * each pass, which frees counters: there may be answers in work that go by it.
 */
static int
read_counters(struct server *s, struct evhttp_request *r, int metrics)
{
	struct om_map *map = &s->source.map;

	if (stat_pass(s->attach, &s->collect) != ATTACH_TORN) {
		if (metrics || map->built > 0)
			om_map_update(map, &s->collect, om_instance(s->attach));
		return 0;
	}
	reply(s, r, HTTP_SERVUNAVAIL, "the segment was cut short");
	end(s, 1);
	return -1;
}

struct metrics {
	struct om_cursor cursor;
	struct om_source *source;
};

static int
metrics_piece(void *state, struct buffer *b)
{
	struct metrics *m = state;

	om_render(&m->cursor, m->source, b, PIECE);
	return m->cursor.done;
}

static void
metrics_end(void *state)
{
	struct metrics *m = state;

	om_cursor_free(&m->cursor);
	free(m);
}

static void
get_metrics(struct server *s, struct evhttp_request *r)
{
	const char *accept =
	    evhttp_find_header(evhttp_request_get_input_headers(r), "Accept");
	struct metrics *m;

	if (read_counters(s, r, 1) != 0)
		return;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		err(1, "memory");
	m->source = &s->source;
	m->cursor.text = accept_text(accept);
	set_type(r, m->cursor.text == OM_OPENMETRICS ? TYPE_OPENMETRICS
						     : TYPE_PROMETHEUS);
	answer_begin(&s->answers, r, metrics_piece, metrics_end, m);
}

/* How far it is: the name of the counter that was put last. */
struct stats {
	struct server *server;
	struct stat_head head;
	char *last;
	size_t n;
	int begun;
};

static int
stats_piece(void *state, struct buffer *b)
{
	struct stats *j = state;
	struct stat_collect *c = &j->server->collect;
	struct stat_counter *k =
	    j->last == NULL ? stat_first(c) : stat_behind(c, j->last);

	if (!j->begun)
		stat_json.head(b, &j->head);
	j->begun = 1;
	while (k != NULL) {
		stat_json.counter(b, &j->head, k, j->n++);
		if (b->n >= PIECE)
			break;
		k = stat_next(c, k);
	}
	if (k == NULL) {
		stat_json.tail(b);
		return 1;
	}
	free(j->last);
	j->last = strdup(k->name);
	if (j->last == NULL)
		err(1, "memory");
	return 0;
}

static void
stats_end(void *state)
{
	struct stats *j = state;

	free(j->last);
	free(j);
}

static void
get_stats(struct server *s, struct evhttp_request *r)
{
	struct stats *j;

	if (read_counters(s, r, 0) != 0)
		return;
	j = calloc(1, sizeof(*j));
	if (j == NULL)
		err(1, "memory");
	j->server = s;
	j->head = (struct stat_head){
		.attach = s->attach, .first = 1, .real = s->collect.real
	};
	set_type(r, TYPE_JSON);
	answer_begin(&s->answers, r, stats_piece, stats_end, j);
}

static void
get_health(struct server *s, struct evhttp_request *r)
{
	char text[INSTANCE_PATH_MAX + 128];
	int code;

	if (attach_look(s->attach, NULL) == ATTACH_TORN) {
		reply(s, r, HTTP_SERVUNAVAIL, "the segment was cut short");
		end(s, 1);
		return;
	}
	code = s->attach->state == DAEMON_RUNS ? HTTP_OK : HTTP_SERVUNAVAIL;
	(void)snprintf(text, sizeof(text), "%s: shmlogd: %s", s->attach->path,
	    daemon_state_text(s->attach->state));
	reply(s, r, code, text);
}

static void
get_root(struct server *s, struct evhttp_request *r)
{
	reply(s, r, HTTP_OK,
	    "shmstat (shmlog) " SHMLOG_VERSION "\n\n"
	    "/metrics     counters for Prometheus and OpenMetrics\n"
	    "/stats.json  counters as JSON\n"
	    "/health      whether shmlogd runs");
}

static const struct {
	const char *path;
	void (*get)(struct server *, struct evhttp_request *);
} pages[] = {
	{ "/", get_root },
	{ "/metrics", get_metrics },
	{ "/stats.json", get_stats },
	{ "/health", get_health },
};

static void
on_request(struct evhttp_request *r, void *arg)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r);
	const char *path = uri == NULL ? NULL : evhttp_uri_get_path(uri);
	enum evhttp_cmd_type method = evhttp_request_get_command(r);
	struct server *s = arg;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (path == NULL || strcmp(path, pages[i].path) != 0)
			continue;
		if (method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD) {
			pages[i].get(s, r);
			return;
		}
		evhttp_add_header(
		    evhttp_request_get_output_headers(r), "Allow", "GET, HEAD");
		reply(s, r, HTTP_BADMETHOD, "there is GET and HEAD");
		return;
	}
	reply(s, r, HTTP_NOTFOUND, "there is no such page: / tells which");
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	uint64_t now = clock_mono();

	(void)fd;
	(void)what;
	if (stop_asked())
		end(s, 0);
	if (attach_poll(s->attach, NULL) == ATTACH_TORN)
		end(s, 1);
	answers_sweep(&s->answers, now);
	conns_tick(&s->conns, now);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	end(arg, 0);
}

/* Hostile clients do not fill a log. */
static void
on_log(int severity, const char *text)
{
	if (severity == EVENT_LOG_ERR)
		warnx("%s", text);
}

static void
start_signals(struct server *s)
{
	static const int numbers[SIGNALS] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction was;

	for (size_t i = 0; i < SIGNALS; i++) {
		/* nohup(1) */
		if (sigaction(numbers[i], NULL, &was) == 0 &&
		    was.sa_handler == SIG_IGN)
			continue;
		s->signals[i] = evsignal_new(s->base, numbers[i], on_signal, s);
		if (s->signals[i] == NULL ||
		    event_add(s->signals[i], NULL) != 0)
			errx(1, "memory");
	}
}

static void
start_http(struct server *s, int fd)
{
	struct evconnlistener *listener;

	s->http = evhttp_new(s->base);
	if (s->http == NULL)
		errx(1, "memory");
	evhttp_set_max_headers_size(s->http, HEADERS_MAX);
	evhttp_set_max_body_size(s->http, BODY_MAX);
	evhttp_set_timeout(s->http, EVHTTP_TIMEOUT);
	/* those that are no use are told so by us */
	evhttp_set_allowed_methods(s->http, UINT16_MAX);
	evhttp_set_bevcb(s->http, conns_new, &s->conns);
	evhttp_set_gencb(s->http, on_request, s);
	listener = evconnlistener_new(s->base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (listener == NULL || evhttp_bind_listener(s->http, listener) == NULL)
		errx(1, "memory");
	conns_init(&s->conns, s->base, listener);
}

static void
start(struct server *s, int fd)
{
	static const struct timeval second = { .tv_sec = 1 };

	event_set_log_callback(on_log);
	s->base = event_base_new();
	if (s->base == NULL)
		err(1, "event_base_new");
	answers_init(&s->answers, &s->conns);
	start_http(s, fd);
	start_signals(s);
	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	if (s->tick == NULL || event_add(s->tick, &second) != 0)
		errx(1, "memory");
}

static void
finish(struct server *s)
{
	/* ends what is in work: closes, and so frees, their answers */
	evhttp_free(s->http);
	answers_fini(&s->answers);
	conns_fini(&s->conns);
	for (size_t i = 0; i < SIGNALS; i++)
		if (s->signals[i] != NULL)
			event_free(s->signals[i]);
	event_free(s->tick);
	event_base_free(s->base);
}

int
stat_listen(struct stat_args *args, struct attach *a)
{
	struct listen_address address;
	struct server s;

	if (listen_open(&address, args->listen) != 0)
		return 1;
	memset(&s, 0, sizeof(s));
	s.attach = a;
	stat_collect_init(&s.collect, &args->collect);
	om_map_init(&s.source.map);
	s.source.attach = a;
	s.source.collect = &s.collect;
	start(&s, address.fd);
	listen_tell(&address);
	(void)event_base_dispatch(s.base);
	finish(&s);
	listen_close(&address);
	om_map_free(&s.source.map);
	stat_collect_fini(&s.collect);
	return s.status;
}
