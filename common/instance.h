/*
 * instance.h -- which directory is meant by -n.
 */
#ifndef SHMLOG_COMMON_INSTANCE_H
#define SHMLOG_COMMON_INSTANCE_H

#include <stddef.h>

#define INSTANCE_DEFAULT "default"
#define INSTANCE_PATH_MAX 4096

#define SOCKET_FILE "socket"
#define LOCK_FILE "lock"

/*
 * The runtime directories, in the order in which they are looked at:
 * $SHMLOG_DIR alone if it is set (an absolute path: EINVAL); else for root
 * /run/shmlog; else $XDG_RUNTIME_DIR/shmlog, or /tmp/shmlog-UID without it, and
 * then, for a reader or a worker (not for a daemon), /run/shmlog.
 */
#define RUNTIME_DIRS_MAX 2
int runtime_dirs(char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX], int daemon);

/*
 * Whether `name' can be an instance: NULL (the default), an absolute path, or
 * up to 63 of [A-Za-z0-9_.-], the first no dot or minus.  0, or -1: EINVAL.
 */
int instance_check(const char *name);

/* What a message says of a name that cannot be one. */
#define INSTANCE_RULE                                                          \
	"not an instance: an absolute path, or up to 63 of [A-Za-z0-9_.-], "   \
	"the first no dot or minus"

/* The value of $SHMLOG_DIR if it is no absolute path and `name' is looked for
 * there; else NULL.  And what a message says of it. */
const char *instance_bad_dir(const char *name);
#define RUNTIME_DIR_RULE "not a runtime directory: an absolute path"

/*
 * The directories that `name' may mean, in order; returns how many, or -1 with
 * EINVAL or ENAMETOOLONG.  A daemon gets one.
 */
int instance_dirs(const char *name, int daemon,
    char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX]);

/*
 * Opens a directory with `flags' (0 to list it, O_PATH to get at what is in
 * it).  Under /tmp the runtime directory must be ours, 0700 and no symlink:
 * EPERM.  Async-signal-safe.  The descriptor, or -1 with errno.
 */
int instance_open_dir(const char *path, int flags);

/* Connects to the daemon of the instance in that directory, not waiting.
 * Async-signal-safe.  The socket (NONBLOCK), or -1 with errno. */
int instance_dial(const char *path);

/*
 * Opens an instance's directory to list it.  Returns the descriptor, or -1 with
 * errno; path is the directory opened, or the one that errno is about.  Several
 * candidates: the first that has a `segment' or a `socket', else the first that
 * exists.
 */
int instance_open(const char *name, char path[INSTANCE_PATH_MAX]);

#endif
