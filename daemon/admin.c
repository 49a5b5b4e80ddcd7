/*
 * admin.c -- serve MASK, MASKS, LIST and RETIRE.
 */
#include "daemon/admin.h"

#include <string.h>

#include "daemon/client.h"
#include "daemon/log.h"
#include "daemon/masks.h"
#include "daemon/now.h"
#include "daemon/place.h"
#include "daemon/server.h"

#define CLIENT_WORK 16 /* bytes' worth: to pass by one in the list */

enum message_status
admin_mask(struct client *c, const union message *request, union message *m)
{
	struct server *s = c->server;
	enum message_status status;

	if (!user_is_trusted(c->who.uid))
		return MESSAGE_DENIED;
	status = store_mask(s->store, &request->mask.rule, &m->masked);
	if (status != MESSAGE_OK)
		return status;
	log_client(LOG_INFO, "client %d (%s, uid %u) %s masks of %s",
	    (int)c->who.pid, c->who.name, (unsigned)c->who.uid,
	    request->mask.rule.what == MASK_CLEAR ? "clears" : "changes",
	    request->mask.rule.glob);
	if (s->place != NULL)
		masks_save(s->store, s->place->dirfd, s->place->path);
	return MESSAGE_OK;
}

enum message_status
admin_masks(struct client *c, const union message *request, union message *m)
{
	const struct mask_rule *r;

	if (!user_is_trusted(c->who.uid))
		return MESSAGE_DENIED;
	r = store_mask_rule(c->server->store, request->next.after);
	if (r != NULL)
		m->mask.rule = *r;
	return MESSAGE_OK;
}

/* They stand in the order of their numbers. */
enum message_status
admin_list(struct client *c, const union message *request, union message *m)
{
	struct server *s = c->server;
	struct message_client *to = &m->client;
	struct store_use use;
	struct client *i = s->listed;

	if (!user_is_trusted(c->who.uid))
		return MESSAGE_DENIED;
	if (i == NULL || i->who.client > request->next.after)
		i = TAILQ_FIRST(&s->clients);
	for (; i != NULL; i = TAILQ_NEXT(i, all)) {
		store_worked(s->store, CLIENT_WORK);
		if (i->who.client > request->next.after && i->hello)
			break;
	}
	s->listed = i;
	if (i == NULL)
		return MESSAGE_OK;
	store_use_process(s->store, i->who.pid, i->who.start, &use);
	to->number = i->who.client;
	to->age = now_mono() - i->since;
	to->requests = i->requests;
	to->bytes = use.bytes;
	to->sections = use.sections;
	to->pid = (uint32_t)i->who.pid;
	to->uid = (uint32_t)i->who.uid;
	memcpy(to->name, i->who.name, sizeof(to->name));
	return MESSAGE_OK;
}

enum message_status
admin_retire(struct client *c, const union message *request, union message *m)
{
	enum message_status status;

	(void)m;
	if (!user_is_trusted(c->who.uid))
		return MESSAGE_DENIED;
	status = store_retire(c->server->store, &request->section, now());
	if (status == MESSAGE_OK)
		log_client(LOG_NOTICE,
		    "client %d (%s, uid %u) freed section %ju by hand",
		    (int)c->who.pid, c->who.name, (unsigned)c->who.uid,
		    (uintmax_t)request->section.serial);
	return status;
}
