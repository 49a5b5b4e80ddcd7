/*
 * user.c -- keep the clients of one uid from taking all there is.
 */
#include "daemon/user.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/limits.h"
#include "daemon/must.h"
#include "daemon/now.h"

#define USER_MAGIC 0x75736572u

/* A request's worth of the bucket, in ns of refilling. */
#define TOKEN (NS_PER_SECOND / LIMIT_UID_RATE)
#define BUCKET ((int64_t)(TOKEN * LIMIT_UID_BURST))
#define DEBT ((int64_t)(TOKEN * LIMIT_UID_DEBT))

struct client_user *
user_join(struct users *users, uid_t uid, uint64_t mono)
{
	struct client_user *u;

	LIST_FOREACH(u, users, all)
		if (u->uid == uid)
			break;
	if (u == NULL) {
		u = calloc(1, sizeof(*u));
		if (u == NULL)
			return NULL;
		u->magic = USER_MAGIC;
		u->uid = uid;
		u->tokens = BUCKET;
		u->refilled = mono;
		LIST_INSERT_HEAD(users, u, all);
	}
	u->clients++;
	return u;
}

void
user_leave(struct client_user *u)
{
	must(u->magic == USER_MAGIC && u->clients > 0);
	if (--u->clients > 0)
		return;
	LIST_REMOVE(u, all);
	u->magic = 0;
	free(u);
}

int
user_is_trusted(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

int
user_has_clients(const struct client_user *u, uint32_t max_clients)
{
	return !user_is_trusted(u->uid) &&
	       u->clients > LIMIT_UID_CLIENTS(max_clients);
}

int
user_request(struct client_user *u, uint64_t mono)
{
	uint64_t room = (uint64_t)(BUCKET - u->tokens);

	must(u->magic == USER_MAGIC);
	if (mono > u->refilled) {
		if (mono - u->refilled < room)
			u->tokens += (int64_t)(mono - u->refilled);
		else
			u->tokens = BUCKET;
		u->refilled = mono;
	}
	if (u->tokens < (int64_t)TOKEN)
		return -1;
	u->tokens -= (int64_t)TOKEN;
	return 0;
}

void
user_charge(struct client_user *u, uint64_t bytes)
{
	uint64_t n = bytes / LIMIT_WORK_BYTES;

	must(u->magic == USER_MAGIC);
	if (n > LIMIT_UID_BURST + LIMIT_UID_DEBT)
		n = LIMIT_UID_BURST + LIMIT_UID_DEBT;
	u->tokens -= (int64_t)(n * TOKEN);
	if (u->tokens < -DEBT)
		u->tokens = -DEBT;
}

int
user_over_share(
    const struct store *s, const struct store_owner *who, uint64_t bytes)
{
	const struct segment_plan *plan = store_plan(s);
	uint64_t all = plan->segment_size - plan->data_offset;
	struct store_use use;

	/* more than there is: the store says so */
	if (user_is_trusted(who->uid) || bytes > all)
		return 0;
	store_use_process(s, who->pid, who->start, &use);
	if (use.sections >= LIMIT_OWNER_SECTIONS(plan->desc_count) ||
	    use.bytes + bytes > LIMIT_OWNER_BYTES(all))
		return 1;
	/* what cools is not usable for others yet, either */
	store_use_uid(s, who->uid, &use);
	return use.sections + use.cooling_sections >=
		   LIMIT_UID_SECTIONS(plan->desc_count) ||
	       use.bytes + use.cooling_bytes + bytes > LIMIT_UID_BYTES(all);
}
