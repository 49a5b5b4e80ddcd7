/*
 * process.h -- which process is which: pids come round, start times do not.
 */
#ifndef SHMLOG_COMMON_PROCESS_H
#define SHMLOG_COMMON_PROCESS_H

#include <sys/types.h>

#include <stdint.h>

/* This boot's id, 16 bytes.  0, or -1 with errno. */
int process_boot_id(uint8_t id[16]);

/*
 * When a process started, in clock ticks since boot (proc(5), stat, field 22),
 * and its state letter (no Z while any of its threads runs).  0, or -1 with
 * errno (ESRCH: there is none).
 */
int process_start(pid_t, uint64_t *start, char *state);

/* Its name as comm(5) has it, cut to fit, unprintable bytes as '?'. */
void process_name(pid_t, char *name, size_t size);

/* This process' pid namespace, as a number; 0: cannot be told. */
uint64_t process_pid_ns(void);

/*
 * Whether that very process runs: there is such a pid, it is no zombie, and it
 * started then (start 0: whenever).  If /proc does not tell, the pid decides.
 */
int process_runs(pid_t, uint64_t start);

#endif
