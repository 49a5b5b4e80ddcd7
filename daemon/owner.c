/*
 * owner.c -- which process has which sections, and how much a uid has.
 *
 * Both are there only as long as they have something.
 */
#include <stdlib.h>

#include "daemon/store_private.h"

static int
owner_cmp(const struct owner *a, const struct owner *b)
{
	return a->pid != b->pid ? TREE_ORDER(a->pid, b->pid)
				: TREE_ORDER(a->start, b->start);
}

static int
user_cmp(const struct user *a, const struct user *b)
{
	return TREE_ORDER(a->uid, b->uid);
}

TREE_GENERATE(owner_tree, owner, tree, owner_cmp)
TREE_GENERATE(user_tree, user, tree, user_cmp)

struct owner *
owner_find(const struct store *s, pid_t pid, uint64_t start)
{
	struct store *w = (struct store *)(uintptr_t)s;
	struct owner key = { .pid = pid, .start = start };

	return RB_FIND(owner_tree, &w->owners, &key);
}

static struct user *
user_find(const struct store *s, uid_t uid)
{
	struct store *w = (struct store *)(uintptr_t)s;
	struct user key = { .uid = uid };

	return RB_FIND(user_tree, &w->users, &key);
}

static struct owner *
owner_get(struct store *s, pid_t pid, uint64_t start)
{
	struct owner *o = owner_find(s, pid, start);

	if (o != NULL || (o = calloc(1, sizeof(*o))) == NULL)
		return o;
	o->magic = OWNER_MAGIC;
	o->pid = pid;
	o->start = start;
	TAILQ_INIT(&o->owned);
	RB_INSERT(owner_tree, &s->owners, o);
	return o;
}

static struct user *
user_get(struct store *s, uid_t uid)
{
	struct user *u = user_find(s, uid);

	if (u != NULL || (u = calloc(1, sizeof(*u))) == NULL)
		return u;
	u->uid = uid;
	RB_INSERT(user_tree, &s->users, u);
	return u;
}

static void
owner_put(struct store *s, struct owner *o)
{
	must(o->magic == OWNER_MAGIC);
	if (o->sections > 0)
		return;
	must(TAILQ_EMPTY(&o->owned) && o->use.sections == 0);
	RB_REMOVE(owner_tree, &s->owners, o);
	o->magic = 0;
	free(o);
}

static void
user_put(struct store *s, struct user *u)
{
	if (u->use.sections > 0 || u->use.cooling_sections > 0)
		return;
	RB_REMOVE(user_tree, &s->users, u);
	free(u);
}

int
owner_take(struct store *s, struct section *sec, const struct store_owner *who)
{
	struct owner *o = owner_get(s, who->pid, who->start);
	struct user *u = user_get(s, who->uid);

	if (o == NULL || u == NULL) {
		if (o != NULL)
			owner_put(s, o);
		if (u != NULL)
			user_put(s, u);
		return -1;
	}
	sec->owner = o;
	sec->user = u;
	sec->client = who->client;
	TAILQ_INSERT_TAIL(&o->owned, sec, owned);
	o->sections++;
	o->use.sections++;
	o->use.bytes += sec->d.length;
	u->use.sections++;
	u->use.bytes += sec->d.length;
	sec->d.owner_pid = (uint32_t)who->pid;
	sec->d.owner_uid = who->uid;
	sec->d.owner_start = who->start;
	copy_padded(sec->d.owner, who->name, OWNER_MAX - 1);
	return 0;
}

int
owner_take_placeholder(
    struct store *s, struct section *sec, pid_t pid, uint64_t start)
{
	struct owner *o = owner_get(s, pid, start);

	if (o == NULL)
		return -1;
	sec->owner = o;
	TAILQ_INSERT_TAIL(&o->owned, sec, owned);
	o->sections++;
	o->placeholders++;
	return 0;
}

void
owner_leave(struct store *s, struct section *sec)
{
	struct owner *o = sec->owner;

	(void)s;
	if (o == NULL)
		return;
	must(o->magic == OWNER_MAGIC && o->sections > 0);
	TAILQ_REMOVE(&o->owned, sec, owned);
	sec->owner = NULL;
	o->sections--;
	if (sec->user == NULL) {
		must(o->placeholders > 0);
		o->placeholders--;
	} else {
		o->use.sections--;
		o->use.bytes -= sec->d.length;
		sec->user->use.sections--;
		sec->user->use.bytes -= sec->d.length;
		sec->user->use.cooling_sections++;
		sec->user->use.cooling_bytes += sec->d.length;
	}
	owner_put(s, o);
}

void
owner_forget(struct store *s, struct section *sec)
{
	struct user *u = sec->user;

	must(sec->owner == NULL);
	if (u == NULL)
		return;
	sec->user = NULL;
	u->use.cooling_sections--;
	u->use.cooling_bytes -= sec->d.length;
	user_put(s, u);
}

void
owners_free(struct store *s)
{
	struct owner *o, *o2;
	struct user *u, *u2;

	RB_FOREACH_SAFE(o, owner_tree, &s->owners, o2) {
		RB_REMOVE(owner_tree, &s->owners, o);
		free(o);
	}
	RB_FOREACH_SAFE(u, user_tree, &s->users, u2) {
		RB_REMOVE(user_tree, &s->users, u);
		free(u);
	}
}

void
store_use_process(
    const struct store *s, pid_t pid, uint64_t start, struct store_use *use)
{
	const struct owner *o = owner_find(s, pid, start);

	*use = o != NULL ? o->use : (struct store_use){ 0 };
}

void
store_use_uid(const struct store *s, uid_t uid, struct store_use *use)
{
	const struct user *u = user_find(s, uid);

	*use = u != NULL ? u->use : (struct store_use){ 0 };
}

uint32_t
store_owner_sections(const struct store *s, pid_t pid, uint64_t start)
{
	const struct owner *o = owner_find(s, pid, start);

	return o != NULL ? o->sections : 0;
}

void
store_watch(const struct store *s, void (*fn)(void *arg, pid_t, uint64_t start),
    void *arg)
{
	struct store *w = (struct store *)(uintptr_t)s;
	struct owner *o;

	RB_FOREACH(o, owner_tree, &w->owners) {
		if (o->placeholders > 0)
			fn(arg, o->pid, o->start);
	}
}
