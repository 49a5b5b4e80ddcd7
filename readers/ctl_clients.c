/*
 * ctl_clients.c -- clients and free: who is connected, and what is left of who
 * is not.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/shared.h"
#include "readers/attach.h"
#include "readers/ctl.h"
#include "readers/option.h"
#include "readers/stat_format.h"

static void
put_client(struct buffer *b, const struct message_client *c)
{
	char name[OWNER_MAX], age[32];

	stat_name(name, c->name, sizeof(name));
	stat_age(age, sizeof(age), c->age);
	buffer_printf(b,
	    "%8" PRIu32 " %8" PRIu32 " %-15s %8" PRIu32 " %12" PRIu64
	    " %12" PRIu64 " %8s\n",
	    c->pid, c->uid, name[0] != '\0' ? name : "-", c->sections, c->bytes,
	    c->requests, age);
}

int
ctl_clients(const struct ctl_args *a, struct buffer *out)
{
	union message m, answer;
	struct ctl c;

	ctl_open(&c, a->instance);
	buffer_printf(out, "%8s %8s %-15s %8s %12s %12s %8s\n", "PID", "UID",
	    "NAME", "SECTIONS", "BYTES", "REQUESTS", "AGE");
	memset(&m, 0, sizeof(m));
	for (;;) {
		ctl_ask(&c, MESSAGE_LIST, &m, &answer);
		/* only grows, or we would never end */
		if (answer.client.number <= m.next.after)
			break;
		m.next.after = answer.client.number;
		put_client(out, &answer.client);
	}
	ctl_close(&c);
	return 0;
}

/* Whether a section is to be freed by hand, or why not. */
static void
check_section(const struct directory_entry *e, uint64_t serial, int force)
{
	char name[OWNER_MAX];

	if (e == NULL)
		errx(1, "free %" PRIu64 ": there is no such section", serial);
	if (descriptor_is(&e->d, CLASS_COOL))
		errx(1, "free %" PRIu64 ": it is free, and cools", serial);
	if (e->d.flags & DESC_PLACEHOLDER)
		errx(1,
		    "free %" PRIu64 ": a placeholder: it goes when its worker "
		    "joins or ends",
		    serial);
	if (e->d.flags & (DESC_DAEMON | DESC_RETAINED))
		errx(1, "free %" PRIu64 ": it is the daemon's own", serial);
	if (force || (e->d.flags & DESC_ORPHAN))
		return;
	stat_name(name, e->d.owner, sizeof(name));
	errx(1,
	    "free %" PRIu64 ": its worker, %s[%" PRIu32 "], is connected and "
	    "may write there: end it, or give -f",
	    serial, name, e->d.owner_pid);
}

/* Where a section's descriptor is, and in which segment. */
static uint32_t
find_section(const struct ctl_args *a, uint64_t serial, uint64_t *created)
{
	const struct directory_entry *e = NULL;
	struct listing list;
	struct attach at;
	uint32_t index;

	attach_init(&at);
	at.quiet = 1;
	if (attach_open(&at, a->instance, 0) != ATTACH_OK)
		return UINT32_MAX;
	memset(&list, 0, sizeof(list));
	listing_wait(&list, &at.segment);
	for (size_t i = 0; i < list.n; i++)
		if (shared_load(&list.entries[i].d.serial) == serial)
			e = &list.entries[i];
	check_section(e, serial, a->force);
	index = e->index;
	*created = at.segment.plan.created;
	listing_free(&list);
	attach_close(&at);
	return index;
}

int
ctl_free(const struct ctl_args *a, struct buffer *out)
{
	uint64_t serial, created;
	union message m, answer;
	uint32_t index;
	struct ctl c;

	(void)out;
	if (a->n == 0)
		usage_errx("free: needs a section's serial (shmstat -s)");
	if (a->n > 1)
		usage_errx("free %s: one serial at a time", a->words[0]);
	if (parse_number(a->words[0], 1, UINT64_MAX, &serial) != 0)
		usage_errx("free %s: not a serial (shmstat -s)", a->words[0]);
	index = find_section(a, serial, &created);
	if (index == UINT32_MAX)
		return 1; /* it was told why */
	ctl_open(&c, a->instance);
	if (c.created != created)
		errx(1, "instance %s: shmlogd was restarted meanwhile", c.name);
	memset(&m, 0, sizeof(m));
	m.section.serial = serial;
	m.section.index = index;
	ctl_ask(&c, MESSAGE_RETIRE, &m, &answer);
	ctl_close(&c);
	return 0;
}
