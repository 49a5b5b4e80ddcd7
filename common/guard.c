/*
 * guard.c -- replace pages that a truncated file no longer has.
 *
 * mmap(2) is not on POSIX's list of async-signal-safe functions; on Linux it is
 * a bare system call, and the handler runs only for synchronous faults of
 * guarded accesses, which hold no lock of libc's.
 */
#include "common/guard.h"

#include <sys/mman.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "common/layout.h"

#define GUARDS_MAX 64

static struct {
	_Atomic uintptr_t base;
	_Atomic size_t length;
	_Atomic int hit;
} guards[GUARDS_MAX];

/* atomics of the handler and its own thread only: relaxed will do */
#define GET(x) atomic_load_explicit(&(x), memory_order_relaxed)
#define SET(x, v) atomic_store_explicit(&(x), v, memory_order_relaxed)

static void
on_sigbus(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;
	uintptr_t page = at & ~(uintptr_t)(SEGMENT_PAGE - 1);
	int saved = errno;

	(void)context;
	if (info->si_code <= 0) /* by kill(2): there is no address */
		at = 0;
	for (int i = 0; i < GUARDS_MAX; i++) {
		if (at - GET(guards[i].base) >= GET(guards[i].length))
			continue;
		if (mmap((void *)page, SEGMENT_PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			0) == MAP_FAILED)
			break;
		SET(guards[i].hit, 1);
		errno = saved;
		return;
	}
	signal(number, SIG_DFL);
	errno = saved;
}

int
guard_init(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_sigbus;
	sa.sa_flags = SA_SIGINFO;
	sigemptyset(&sa.sa_mask);
	return sigaction(SIGBUS, &sa, NULL);
}

int
guard_add(const void *base, size_t length)
{
	for (int i = 0; i < GUARDS_MAX; i++) {
		if (GET(guards[i].length) != 0)
			continue;
		SET(guards[i].base, (uintptr_t)base);
		SET(guards[i].hit, 0);
		SET(guards[i].length, length);
		return 0;
	}
	errno = ENOSPC;
	return -1;
}

void
guard_remove(const void *base)
{
	for (int i = 0; i < GUARDS_MAX; i++)
		if (GET(guards[i].length) != 0 &&
		    GET(guards[i].base) == (uintptr_t)base)
			SET(guards[i].length, 0);
}

int
guard_hit(const void *base)
{
	for (int i = 0; i < GUARDS_MAX; i++)
		if (GET(guards[i].length) != 0 &&
		    GET(guards[i].base) == (uintptr_t)base)
			return GET(guards[i].hit);
	return 0;
}
