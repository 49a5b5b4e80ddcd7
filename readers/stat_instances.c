/*
 * stat_instances.c -- the instances of this machine, and whether each runs.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "readers/stat_format.h"

void
stat_instances(struct buffer *b)
{
	struct instance_info *list, *info;
	const char *state;
	size_t n;

	list = instances_list(&n);
	buffer_printf(
	    b, "%-20s %-12s %8s %s\n", "INSTANCE", "STATE", "PID", "PATH");
	for (info = list; info < list + n; info++) {
		state = daemon_state_text(info->state);
		buffer_safe(b, info->name, strlen(info->name));
		for (size_t i = strlen(info->name); i < 20; i++)
			buffer_byte(b, ' ');
		if (info->fault == SEGMENT_ERRNO)
			state = strerror(info->error);
		else if (info->fault != SEGMENT_OK)
			state = segment_fault_text(info->fault);
		buffer_printf(b, " %-12s ", state);
		if (info->fault == SEGMENT_OK && info->plan.master_pid != 0)
			buffer_printf(
			    b, "%8" PRIu64 " ", info->plan.master_pid);
		else
			buffer_text(b, "       - ");
		buffer_safe(b, info->path, strlen(info->path));
		buffer_byte(b, '\n');
	}
	free(list);
}
