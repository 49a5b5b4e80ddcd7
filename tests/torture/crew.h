/*
 * crew.h -- processes that torture one shared structure together, stopped and
 * continued at random; threads, where TSan is to see them.
 */
#ifndef SHMLOG_TESTS_CREW_H
#define SHMLOG_TESTS_CREW_H

#include <pthread.h>
#include <stdatomic.h>

#include "tests/torture/torture.h"

#define CREW_MAX 8

struct crew {
	int n;
	void (*work)(void *run, int who); /* who: 0 to n - 1 */
	void *run;                        /* shared memory */
	char *why;                        /* for torture_blame() */
	/* until *done those from `first' on are harassed; NULL: nobody is */
	_Atomic int *done;
	int first;
	uint64_t stopped, going; /* ns at most, between two kill(2) */
};

#ifdef SHMLOG_TSAN
struct crew_member {
	const struct crew *crew;
	int who;
};

static void *
crew_thread(void *arg)
{
	const struct crew_member *m = arg;

	m->crew->work(m->crew->run, m->who);
	return NULL;
}

static void
crew_run(const struct crew *c)
{
	struct crew_member members[CREW_MAX];
	pthread_t threads[CREW_MAX];

	for (int i = 0; i < c->n; i++) {
		members[i] = (struct crew_member){ c, i };
		if (pthread_create(
			&threads[i], NULL, crew_thread, &members[i]) != 0)
			torture_die("pthread_create");
	}
	for (int i = 0; i < c->n; i++)
		pthread_join(threads[i], NULL);
}
#else
static void
crew_harass(const struct crew *c, const pid_t *pids)
{
	uint64_t random = 99;

	while (!atomic_load(c->done)) {
		int i = c->first + (int)(torture_random(&random) %
					 (uint64_t)(c->n - c->first));

		kill(pids[i], SIGSTOP);
		torture_sleep(torture_random(&random) % c->stopped);
		kill(pids[i], SIGCONT);
		torture_sleep(torture_random(&random) % c->going);
	}
}

static void
crew_run(const struct crew *c)
{
	pid_t pids[CREW_MAX];
	int status;

	for (int i = 0; i < c->n; i++) {
		pids[i] = fork();
		if (pids[i] == -1)
			torture_die("fork");
		if (pids[i] == 0) {
			c->work(c->run, i);
			_exit(0);
		}
	}
	if (c->done != NULL)
		crew_harass(c, pids);
	for (int i = 0; i < c->n; i++)
		if (waitpid(pids[i], &status, 0) == -1 || status != 0)
			torture_blame(c->why, "process %d ended with status %d",
			    i, status);
}
#endif

#endif
