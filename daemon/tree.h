/*
 * tree.h -- balanced trees of tree(3), each in the one file that needs it.
 *
 * RB_GENERATE_STATIC wants BSD's __unused, which Linux headers break.
 */
#ifndef SHMLOG_DAEMON_TREE_H
#define SHMLOG_DAEMON_TREE_H

#include <sys/tree.h>

#define TREE_GENERATE(name, type, field, cmp)                                  \
	RB_GENERATE_INTERNAL(                                                  \
	    name, type, field, cmp, __attribute__((unused)) static)

/* What a comparison function returns. */
#define TREE_ORDER(a, b) ((a) < (b) ? -1 : (a) > (b))

#endif
