/*
 * test_clock.c -- the time from the cycle counter, beside CLOCK_REALTIME.
 *
 * clock_gettime(2) is this file's: so the clock can be set and slewed.  Where
 * the kernel's clock is not the cycle counter, all that is tested is that it is
 * asked each time.
 */
#include "common/clock.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define MS INT64_C(1000000)

static _Atomic int64_t set_by;
static _Atomic uint64_t asked;
static _Atomic int is_slow; /* it takes some us */

/* The C library's own clock_gettime(2). */
static int
own_clock(clockid_t clock, struct timespec *ts)
{
	static int (*own)(clockid_t, struct timespec *);

	if (own == NULL)
		own = (int (*)(clockid_t, struct timespec *))dlsym(
		    RTLD_NEXT, "clock_gettime");
	return own(clock, ts);
}

static uint64_t
kernel(clockid_t clock)
{
	struct timespec ts;

	(void)own_clock(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Of so many looks at the clock in a row the first is a good one, and the
 * others take so long that it is an old one after them. */
#define LOOKS 8 /* SAMPLE_TRIES */

static _Atomic int lingering;
static _Atomic uint64_t lingered;

static void
linger(void)
{
	uint64_t ns =
	    atomic_fetch_add(&lingered, 1) % LOOKS == 0 ? 200 : 300000;
	uint64_t end = kernel(CLOCK_MONOTONIC) + ns;

	while (kernel(CLOCK_MONOTONIC) < end)
		continue;
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	struct timespec other;
	uint64_t ns;

	(void)own_clock(clock, ts);
	if (clock != CLOCK_REALTIME)
		return 0;
	atomic_fetch_add(&asked, 1);
	if (atomic_load(&lingering))
		linger();
	for (int i = 0; atomic_load(&is_slow) && i < 100; i++)
		(void)own_clock(CLOCK_MONOTONIC, &other);
	ns = (uint64_t)ts->tv_sec * 1000000000 + (uint64_t)ts->tv_nsec +
	     (uint64_t)atomic_load(&set_by);
	ts->tv_sec = (time_t)(ns / 1000000000);
	ts->tv_nsec = (long)(ns % 1000000000);
	return 0;
}

static uint64_t
real(void)
{
	return kernel(CLOCK_REALTIME) + (uint64_t)atomic_load(&set_by);
}

/* Asks until the counter is used, or a second is over; 0: it is used. */
static int
warm_up(void)
{
	uint64_t end = kernel(CLOCK_MONOTONIC) + 1000 * MS, before;

	clock_begin();
	while (kernel(CLOCK_MONOTONIC) < end) {
		before = atomic_load(&asked);
		(void)clock_now();
		(void)clock_now();
		if (atomic_load(&asked) == before)
			return 0;
	}
	return -1;
}

/* By how much a time is before or behind what the clock says around it. */
static int64_t
error_of(uint64_t before, uint64_t time, uint64_t after)
{
	if ((int64_t)(time - before) < 0)
		return (int64_t)(time - before);
	return (int64_t)(time - after) > 0 ? (int64_t)(time - after) : 0;
}

/* The largest error there is in so many ms. */
static int64_t
worst_for(int64_t ms)
{
	uint64_t end = kernel(CLOCK_MONOTONIC) + (uint64_t)(ms * MS), b, t, a;
	int64_t worst = 0, e;

	while (kernel(CLOCK_MONOTONIC) < end) {
		b = real();
		t = clock_now();
		a = real();
		e = llabs(error_of(b, t, a));
		if (e > worst)
			worst = e;
	}
	return worst;
}

/* Whether it gets within a microsecond and stays there for a while.  Who is not
 * let run renews late, and has gone too far with what was to be made up for. */
static int
settles(void)
{
	for (int i = 0; i < 50; i++)
		if (worst_for(200) <= 1000)
			return 1;
	return 0;
}

/* Whether the counter is used: one that is found odd is given up. */
static int
is_used(void)
{
	uint64_t before;

	for (int i = 0; i < 1000; i++) {
		before = atomic_load(&asked);
		(void)clock_now();
		if (atomic_load(&asked) == before)
			return 1;
	}
	return 0;
}

/* Asks until there is another anchor; at most some seconds. */
static void
renew(void)
{
	uint64_t end = kernel(CLOCK_MONOTONIC) + 10000 * MS;
	uint64_t version = clock_version();

	while (clock_version() == version && kernel(CLOCK_MONOTONIC) < end)
		(void)clock_now();
}

START_TEST(it_is_within_a_microsecond_of_the_clock)
{
	uint64_t b, t, a;
	int64_t e, worst = 0;

	(void)warm_up();
	for (int i = 0; i < 1000000; i++) {
		b = real();
		t = clock_now();
		a = real();
		e = llabs(error_of(b, t, a));
		if (e > worst)
			worst = e;
	}
	ck_assert_int_le(worst, 1000);
}
END_TEST

START_TEST(it_makes_no_system_call_but_for_renewals)
{
	uint64_t before, end;

	if (warm_up() != 0) {
		/* another clock source */
		for (int i = 0; i < 1000; i++) {
			before = atomic_load(&asked);
			(void)clock_now();
			expect(atomic_load(&asked) > before);
		}
		return;
	}
	before = atomic_load(&asked);
	end = kernel(CLOCK_MONOTONIC) + 500 * MS;
	while (kernel(CLOCK_MONOTONIC) < end)
		(void)clock_now();
	/* ten times a second, each a few tries at the most */
	ck_assert_uint_gt(atomic_load(&asked), before);
	ck_assert_uint_le(atomic_load(&asked) - before, 80);
}
END_TEST

static _Atomic uint64_t latest;
static _Atomic int backwards;

static void
in_order(void)
{
#if defined(__x86_64__)
	__builtin_ia32_lfence();
#elif defined(__aarch64__)
	__asm__ volatile("isb");
#endif
}

static void *
runner(void *arg)
{
	uint64_t end = kernel(CLOCK_MONOTONIC) + 700 * MS, seen, t, own = 0;

	(void)arg;
	for (unsigned i = 0;; i++) {
		if (i % 64 == 0 && kernel(CLOCK_MONOTONIC) > end)
			return NULL;
		/* nor is it earlier than what another thread has had, if the
		 * counter is not read before that was seen */
		seen = atomic_load(&latest);
		in_order();
		t = clock_now();
		if (t < own || t < seen)
			atomic_fetch_add(&backwards, 1);
		own = t;
		while (seen < t &&
		       !atomic_compare_exchange_weak(&latest, &seen, t))
			continue;
	}
}

/* Before there is an anchor: short programs never have one. */
START_TEST(the_clock_is_not_asked_over_and_over_in_the_beginning)
{
	uint64_t began, before, least = UINT64_MAX;

	clock_begin();
	began = kernel(CLOCK_MONOTONIC);
	do {
		before = atomic_load(&asked);
		(void)clock_now();
		if (atomic_load(&asked) - before < least)
			least = atomic_load(&asked) - before;
	} while (kernel(CLOCK_MONOTONIC) - began < 2 * MS);
	ck_assert_uint_le(least, 2);
}
END_TEST

START_TEST(it_does_not_run_backwards)
{
	pthread_t threads[4];

	(void)warm_up();
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, runner, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(atomic_load(&backwards), 0);
}
END_TEST

START_TEST(a_clock_that_was_set_is_right_after_one_renewal)
{
	static const int64_t steps[] = { 3600000 * MS, -7200000 * MS, 3 * MS,
		-2 * MS };

	if (warm_up() != 0)
		return; /* another clock source: it is right at once */
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ck_assert(settles());
		atomic_fetch_add(&set_by, steps[i]);
		renew();
		/* it may begin a little later than now */
		(void)worst_for(10);
		ck_assert_int_le(worst_for(50), 1000);
	}
}
END_TEST

/* Of the anchor before there is nothing left, not for an early count either. */
START_TEST(who_read_the_counter_before_the_clock_was_set_has_the_new_time)
{
	static const int64_t steps[] = { 3600000 * MS, -7200000 * MS };
	uint64_t cycles, version, before, t;

	if (warm_up() != 0)
		return;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		(void)worst_for(250);
		cycles = clock_cycles();
		atomic_fetch_add(&set_by, steps[i]);
		version = clock_version();
		while (clock_version() == version)
			(void)clock_now();
		before = real();
		t = clock_slow(cycles);
		ck_assert_int_le(llabs(error_of(before, t, real())), MS);
	}
}
END_TEST

/* Waits until the anchor has served its time; returns when it still did. */
static uint64_t
wait_until_due(void)
{
	uint64_t served = 0, now, t;

	for (;;) {
		now = kernel(CLOCK_MONOTONIC);
		if (clock_at(clock_version(), clock_cycles(), &t))
			served = now;
		else if (served != 0)
			return served;
		else
			(void)clock_now();
	}
}

/* Somebody has gone on with the one before: renewed is it another time.  Not
 * if we were stopped for so long that nobody has. */
START_TEST(an_anchor_that_has_begun_before_it_is_made_is_none)
{
	uint64_t served, version, then;
	int tries = 0, in_time;

	if (warm_up() != 0)
		return;
	do {
		served = wait_until_due();
		version = clock_version();
		atomic_store(&lingered, 0);
		atomic_store(&lingering, 1);
		while (atomic_load(&lingered) < 3 * LOOKS &&
		       clock_version() == version)
			(void)clock_now();
		atomic_store(&lingering, 0);
		then = clock_version();
		in_time = kernel(CLOCK_MONOTONIC) - served < 80 * MS;
	} while (!in_time && ++tries < 20);
	if (in_time)
		ck_assert_uint_eq(then, version);
	while (clock_version() == version)
		(void)clock_now();
}
END_TEST

START_TEST(a_little_is_made_up_for_without_a_jump)
{
	uint64_t end, t, last;

	if (warm_up() != 0)
		return; /* another clock source: it goes back with that */
	ck_assert(settles());
	last = clock_now();
	/* back by half a millisecond: it must not go back, nor stand still */
	atomic_fetch_add(&set_by, -MS / 2);
	end = kernel(CLOCK_MONOTONIC) + 300 * MS;
	while (kernel(CLOCK_MONOTONIC) < end) {
		t = clock_now();
		expect(t >= last);
		last = t;
	}
	ck_assert(settles());
	ck_assert(is_used());
}
END_TEST

/* Who comes late, when what was to be made up for has been, finds no more of it
 * than that. */
START_TEST(nothing_is_made_up_for_twice)
{
	struct timespec pause = { 0, 150 * MS };
	uint64_t version, end;

	(void)warm_up();
	(void)worst_for(250);
	version = clock_version();
	atomic_fetch_add(&set_by, -MS / 2);
	end = kernel(CLOCK_MONOTONIC) + 1000 * MS;
	while (clock_version() == version && kernel(CLOCK_MONOTONIC) < end)
		(void)clock_now();
	nanosleep(&pause, NULL);
	ck_assert_int_le(worst_for(50), 1000);
}
END_TEST

START_TEST(a_clock_that_takes_long_is_asked_once_a_time)
{
	uint64_t before;

	(void)warm_up();
	atomic_store(&is_slow, 1);
	/* more than half a second, which is how long the last anchor is used */
	(void)worst_for(800);
	before = atomic_load(&asked);
	for (int i = 0; i < 1000; i++)
		(void)clock_now();
	ck_assert_uint_le(atomic_load(&asked) - before, 1000);
	atomic_store(&is_slow, 0);
}
END_TEST

START_TEST(after_a_long_pause_it_is_right_at_once)
{
	struct timespec pause = { 1, 0 };

	(void)warm_up();
	(void)worst_for(250);
	nanosleep(&pause, NULL);
	ck_assert_int_le(worst_for(200), 1000);
}
END_TEST

/* Between two samples, that is; or a cycle would seem longer than it is. */
START_TEST(a_clock_that_was_set_in_a_pause_is_right_and_stays_so)
{
	struct timespec pause = { 0, 300 * MS };

	(void)warm_up();
	for (int i = 0; i < 2; i++) {
		ck_assert(settles());
		nanosleep(&pause, NULL);
		atomic_fetch_add(&set_by, i == 0 ? MS / 2 : -MS / 2);
		/* from the first renewal on */
		renew();
		(void)worst_for(2);
		ck_assert_int_le(worst_for(60), 1000);
	}
}
END_TEST

/* The counter may begin anew, below what the anchors say, when the machine was
 * put to sleep. */
START_TEST(a_counter_that_went_back_is_used_again)
{
	int used = warm_up() == 0;
	uint64_t before;

	(void)worst_for(250);
	for (int i = 0; i < 2; i++)
		atomic_fetch_add(
		    &clock_state.anchors[i].cycles, UINT64_C(1) << 50);
	ck_assert_int_le(worst_for(50), 1000);
	before = atomic_load(&asked);
	for (int i = 0; i < 1000; i++)
		(void)clock_now();
	if (used)
		ck_assert_uint_le(atomic_load(&asked) - before, 100);
}
END_TEST

START_TEST(a_child_goes_on_with_it)
{
	(void)warm_up();
	/* as if the parent had been in mid-renewal */
	atomic_fetch_or(&clock_state.version, 1);
	clock_fork();
	ck_assert_uint_eq(atomic_load(&clock_state.version) & 1, 0);
	ck_assert_int_le(worst_for(300), 1000);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		it_is_within_a_microsecond_of_the_clock,
		it_makes_no_system_call_but_for_renewals,
		the_clock_is_not_asked_over_and_over_in_the_beginning,
		it_does_not_run_backwards,
		a_clock_that_was_set_is_right_after_one_renewal,
		who_read_the_counter_before_the_clock_was_set_has_the_new_time,
		an_anchor_that_has_begun_before_it_is_made_is_none,
		a_little_is_made_up_for_without_a_jump,
		nothing_is_made_up_for_twice,
		a_clock_that_takes_long_is_asked_once_a_time,
		after_a_long_pause_it_is_right_at_once,
		a_clock_that_was_set_in_a_pause_is_right_and_stays_so,
		a_counter_that_went_back_is_used_again,
		a_child_goes_on_with_it,
	};

	return UNIT_RUN("clock", tests);
}
