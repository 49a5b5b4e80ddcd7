/*
 * figures.c -- the daemon's own counter set, and what SIGUSR1 shows.
 *
 * The set's values are kept in private memory and stored in the segment
 * whenever they change: nobody but us adds to them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bank.h"
#include "common/shared.h"

#include "daemon/store_private.h"

#define OWN_TYPE "shmlogd"
#define OWN_IDENT "daemon"
#define OWN_ID 1

static const struct {
	enum schema_kind kind;
	uint8_t level;
	const char *name;
	const char *unit;
	const char *help;
} own_schema[STORE_WORDS] = {
	[STORE_UPTIME] = { SCHEMA_GAUGE, 0, "uptime", "s",
	    "Time since this daemon began" },
	[STORE_LIVE] = { SCHEMA_GAUGE, 0, "sections_live", "",
	    "Sections in the directory that do not cool" },
	[STORE_RESERVED] = { SCHEMA_GAUGE, 1, "sections_reserved", "",
	    "Sections given to a worker and not published yet" },
	[STORE_ORPHANED] = { SCHEMA_GAUGE, 0, "sections_orphaned", "",
	    "Sections of processes that live and have hung up" },
	[STORE_COOLING] = { SCHEMA_GAUGE, 0, "sections_cooling", "",
	    "Sections that were freed and can still be read" },
	[STORE_PLACEHOLDERS] = { SCHEMA_GAUGE, 1, "placeholders", "",
	    "Counter sets whose owners have not joined yet" },
	[STORE_RETAINED] = { SCHEMA_GAUGE, 1, "retained", "",
	    "Sums kept of counter sets that were freed" },
	[STORE_BYTES_FREE] = { SCHEMA_GAUGE, 0, "bytes_free", "B",
	    "Data pages that nobody has" },
	[STORE_BYTES_USED] = { SCHEMA_GAUGE, 0, "bytes_used", "B",
	    "Data pages of sections, reserved or live" },
	[STORE_BYTES_COOLING] = { SCHEMA_GAUGE, 0, "bytes_cooling", "B",
	    "Data pages of sections that cool" },
	[STORE_LARGEST] = { SCHEMA_GAUGE, 0, "largest_free", "B",
	    "The longest run of free data pages" },
	[STORE_RETAINED_REFUSED] = { SCHEMA_COUNTER, 0, "retained_refused", "",
	    "Counter sets whose sums cannot be kept: no room" },
	[STORE_CLIENTS] = { SCHEMA_GAUGE, 0, "clients", "", "Connections now" },
	[STORE_REQUESTS] = { SCHEMA_COUNTER, 0, "requests", "",
	    "Requests served or refused" },
	[STORE_CONNECTIONS] = { SCHEMA_COUNTER, 0, "connections", "",
	    "Connections accepted" },
	[STORE_DROPPED] = { SCHEMA_COUNTER, 0, "dropped", "",
	    "Connections closed by the daemon" },
	[STORE_PROTOCOL_ERRORS] = { SCHEMA_COUNTER, 0, "protocol_errors", "",
	    "Connections closed because they broke the protocol" },
#define REFUSED(status) [STORE_REFUSED_FIRST + (status)-1]
	REFUSED(MESSAGE_BAD_VERSION) = { SCHEMA_COUNTER, 1,
	    "refused_bad_version", "", "Requests of another version" },
	REFUSED(MESSAGE_BAD_REQUEST) = { SCHEMA_COUNTER, 1,
	    "refused_bad_request", "", "Requests that were malformed" },
	REFUSED(MESSAGE_BAD_OPERATION) = { SCHEMA_COUNTER, 1,
	    "refused_bad_operation", "", "Requests of no known operation" },
	REFUSED(MESSAGE_BAD_ARGUMENT) = { SCHEMA_COUNTER, 1,
	    "refused_bad_argument", "", "Requests for what cannot be" },
	REFUSED(MESSAGE_NO_SPACE) = { SCHEMA_COUNTER, 0, "refused_no_space", "",
	    "Requests for which there was no room (-s)" },
	REFUSED(MESSAGE_NO_SECTIONS) = { SCHEMA_COUNTER, 0,
	    "refused_no_sections", "",
	    "Requests for which there was no descriptor (-m)" },
	REFUSED(MESSAGE_OVER_LIMIT) = { SCHEMA_COUNTER, 0, "refused_over_limit",
	    "", "Requests beyond a share" },
	REFUSED(MESSAGE_NOT_YOURS) = { SCHEMA_COUNTER, 1, "refused_not_yours",
	    "", "Requests about sections of others, or none" },
	REFUSED(MESSAGE_BAD_SECTION) = { SCHEMA_COUNTER, 1,
	    "refused_bad_section", "",
	    "Sections that made no sense when published" },
	REFUSED(MESSAGE_DENIED) = { SCHEMA_COUNTER, 1, "refused_denied", "",
	    "Peers that may not, or cannot be watched" },
#undef REFUSED
};

void
figure(struct store *s, const struct section *sec, int sign)
{
	struct store_figures *f = &s->figures;
	uint32_t n = (uint32_t)sign;
	uint64_t bytes = sec->pages * SEGMENT_PAGE * (uint64_t)(int64_t)sign;

	switch (sec->state) {
	case SLOT_FREE:
		return;
	case SLOT_COOLING:
		f->cooling += n;
		f->bytes_cooling += bytes;
		return;
	case SLOT_RESERVED:
		f->reserved += n;
		break;
	case SLOT_LISTED:
		f->live += n;
		break;
	}
	f->bytes_used += bytes;
	if (sec->d.flags & DESC_ORPHAN)
		f->orphaned += n;
	if (sec->d.flags & DESC_PLACEHOLDER)
		f->placeholders += n;
	if (sec->d.flags & DESC_RETAINED)
		f->retained += n;
}

void
store_figures(const struct store *s, struct store_figures *f)
{
	must(s->magic == STORE_MAGIC);
	*f = s->figures;
	f->bytes_free = extents_pages_free(s->extents) * SEGMENT_PAGE;
	f->largest = extents_largest(s->extents) * SEGMENT_PAGE;
	must(f->bytes_free + f->bytes_used + f->bytes_cooling ==
	     s->pages * SEGMENT_PAGE);
}

/* Makes the set; it is listed from the beginning.  0; -1 with ENOSPC or ENOMEM.
 */
int
own_set_new(struct store *s, struct store_time now)
{
	struct set_plan plan;
	size_t length = 0;
	uint64_t bytes;
	uint8_t *schema;
	struct section *sec;
	struct family *f;

	for (int pass = 0; pass < 2; pass++) {
		schema = pass == 0 ? NULL : calloc(1, length);
		if (pass == 1 && schema == NULL)
			return -1;
		length = 0;
		for (uint32_t i = 0; i < STORE_WORDS; i++)
			schema_put(schema, &length, own_schema[i].kind,
			    own_schema[i].level, i, 1, own_schema[i].name,
			    own_schema[i].unit, own_schema[i].help);
	}
	bytes = set_plan(&plan, STORE_WORDS, STORE_WORDS, 1, 1, length);
	plan.id = OWN_ID;
	must(bytes > 0);
	if (section_new(s, CLASS_STAT, OWN_TYPE, OWN_IDENT, bytes, now, &sec) !=
	    MESSAGE_OK) {
		free(schema);
		errno = ENOSPC;
		return -1;
	}
	set_create(section_memory(s, sec), &plan, schema);
	set_carried(section_memory(s, sec));
	free(schema);
	if (family_join(s, OWN_TYPE, OWN_IDENT, section_memory(s, sec), &plan,
		&f) != 0) {
		section_drop(s, sec);
		return -1;
	}
	sec->set = set_new(f, &plan);
	if (sec->set == NULL) {
		family_leave(s, f);
		section_drop(s, sec);
		errno = ENOMEM;
		return -1;
	}
	sec->d.flags = DESC_DAEMON;
	sec->d.owner_pid = (uint32_t)s->options.pid;
	sec->d.owner_uid = geteuid();
	sec->d.owner_start = s->options.start;
	copy_padded(sec->d.owner, "shmlogd", OWNER_MAX - 1);
	s->own = sec;
	s->own_plan = plan;
	section_begin(s);
	section_list(s, sec);
	section_end(s);
	return 0;
}

static void
show(struct store *s, enum store_word word, uint64_t value)
{
	s->own_words[word] = value;
	if (s->own != NULL)
		shared_store(set_word(section_memory(s, s->own), &s->own_plan,
				 0, 0, word),
		    value);
}

void
store_count(struct store *s, enum store_word word, uint64_t n)
{
	must(word < STORE_WORDS);
	show(s, word, s->own_words[word] + n);
}

void
store_set(struct store *s, enum store_word word, uint64_t value)
{
	must(word < STORE_WORDS);
	show(s, word, value);
}

void
store_refused(struct store *s, enum message_status status)
{
	if (status >= MESSAGE_BAD_VERSION && status <= MESSAGE_DENIED)
		store_count(s, STORE_REFUSED_FIRST + status - 1, 1);
}

void
own_set_show(struct store *s)
{
	struct store_figures f;

	store_figures(s, &f);
	show(s, STORE_LIVE, f.live);
	show(s, STORE_RESERVED, f.reserved);
	show(s, STORE_ORPHANED, f.orphaned);
	show(s, STORE_COOLING, f.cooling);
	show(s, STORE_PLACEHOLDERS, f.placeholders);
	show(s, STORE_RETAINED, f.retained);
	show(s, STORE_BYTES_FREE, f.bytes_free);
	show(s, STORE_BYTES_USED, f.bytes_used);
	show(s, STORE_BYTES_COOLING, f.bytes_cooling);
	show(s, STORE_LARGEST, f.largest);
}

struct dump {
	void (*line)(void *arg, const char *text);
	void *arg;
};

__attribute__((format(printf, 2, 3))) static void
tell(const struct dump *d, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	d->line(d->arg, text);
}

static void
tell_section(
    const struct dump *d, const struct section *sec, struct store_time now)
{
	static const char *const states[] = {
		[SLOT_FREE] = "free",
		[SLOT_RESERVED] = "reserved",
		[SLOT_LISTED] = "live",
		[SLOT_COOLING] = "cooling",
	};
	const struct descriptor *p = &sec->d;
	const char *class = sec->state == SLOT_COOLING ? p->former : p->class;
	uint64_t since = sec->state == SLOT_COOLING ? p->cooled : p->created;

	tell(d,
	    "section %u serial %llu %s %.*s %s.%s pid %u uid %u (%s) "
	    "%llu bytes at %llu, %llu s%s%s%s%s%s%s",
	    sec->index, (unsigned long long)sec->serial, states[sec->state],
	    CLASS_MAX, class, p->type, p->ident, p->owner_pid, p->owner_uid,
	    p->owner, (unsigned long long)p->length,
	    (unsigned long long)p->offset,
	    (unsigned long long)(now.real > since ? (now.real - since) / SECOND
						  : 0),
	    p->flags & DESC_PLACEHOLDER ? " placeholder" : "",
	    p->flags & DESC_RETAINED ? " retained" : "",
	    p->flags & DESC_FOLDED ? " folded" : "",
	    p->flags & DESC_ORPHAN ? " orphan" : "",
	    p->flags & DESC_DAEMON ? " daemon" : "",
	    p->flags & DESC_FOREIGN ? " foreign" : "");
}

void
store_dump(const struct store *s, struct store_time now,
    void (*line)(void *arg, const char *text), void *arg)
{
	struct dump d = { .line = line, .arg = arg };
	struct store_figures f;

	for (uint32_t i = 0; i < s->plan.desc_count; i++)
		if (s->slots[i].state != SLOT_FREE)
			tell_section(&d, &s->slots[i], now);
	store_figures(s, &f);
	tell(&d,
	    "sections: %u live (%u placeholders, %u retained), %u reserved, "
	    "%u orphaned, %u cooling, of %u",
	    f.live, f.placeholders, f.retained, f.reserved, f.orphaned,
	    f.cooling, s->plan.desc_count);
	tell(&d,
	    "bytes: %llu free (%llu the largest run, %llu not zero yet), "
	    "%llu used, %llu cooling",
	    (unsigned long long)f.bytes_free, (unsigned long long)f.largest,
	    (unsigned long long)extents_pages_soiled(s->extents) * SEGMENT_PAGE,
	    (unsigned long long)f.bytes_used,
	    (unsigned long long)f.bytes_cooling);
	tell(&d, "alloc_seq %llu, next serial %llu",
	    (unsigned long long)s->dir.seq, (unsigned long long)s->next_serial);
}
