/*
 * clock.c -- tell CLOCK_REALTIME from the cycle counter.
 *
 * ANCHORS.  An anchor says what time it was at some count of cycles, and how
 * long a cycle is.  It serves for a tenth of a second; whoever finds that it
 * has served its time makes the next one from CLOCK_REALTIME, if nobody does so
 * already, and while it is made the old one goes on serving.  Beyond its time
 * it does so with the cycle as it was measured: what it corrects is corrected
 * by then, and more would overshoot.
 *
 * NEVER BACKWARDS.  A new anchor begins a little later than now, at the time
 * that the old one has for that moment, and its cycles are a bit longer or
 * shorter so that the two clocks agree when it has served its time.  So the
 * threads of a process agree on one line without jumps, whenever each of them
 * learns of the new anchor: before its beginning the old one counts.  (The
 * counter is read without a fence, which would cost more than all the rest of a
 * record, so what a thread reads may be some tens of ns older than what it has
 * just seen of another one.)  Only a
 * clock that is off by a millisecond, since somebody set it, is set here, too;
 * and one that nobody has asked for a while.
 *
 * WRITING is under a lock that is taken or not (trylock.h).  There are two
 * anchors; the one that is not current is written while `version' is odd.
 * READING is a seqlock's (see ring.c): load version, the anchor, fence, version
 * again.
 *
 * Cycle counters of different CPUs are in step, and do not change their pace,
 * if the kernel uses them for its own clock, and only then are they used here.
 * (The method is that of the kernel's own timekeeping, and of NTP's: Mills,
 * RFC 5905, section 11, the clock discipline as a phase-locked loop.)
 */
#include "common/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)
#define SERVES UINT64_C(100000000) /* ns that an anchor serves */
#define LATE (5 * SERVES)          /* ... if whoever renews it is not let run */
#define FIRST UINT64_C(10000000)   /* between the first two samples */
#define LEAD UINT64_C(1000000)     /* a new one begins that much later */
#define STEP INT64_C(1000000)      /* what is off by more is set */
#define ODD INT64_C(20000)         /* what a good counter is never off by */
#define ODD_MAX 5                  /* times in a row, and it is not used */
#define MISSED_MAX 50              /* samples in a row: nor is it then */
#define LOOK_TRIES 3
#define SAMPLE_TRIES 8
#define SAMPLE_GOOD UINT64_C(100) /* ns around the call: no other is tried */
#define SAMPLE_BAD UINT64_C(700)  /* or it is not used */

struct sample {
	uint64_t cycles;
	uint64_t real;
};

struct clock clock_state;

/* Of each anchor, the scale behind its time; read and written with it. */
static _Atomic uint64_t beyond[2];

/* The holder's of `busy'. */
static struct {
	struct trylock busy;
	struct shared_number usable;    /* read by anybody */
	struct shared_number stretched; /* an anchor was used beyond its time */
	int odd;                        /* samples that were off, in a row */
	int missed;                     /* or were none */
	uint64_t scale; /* ns a cycle, times 2^32, without corrections */
	uint64_t other; /* another one, that two samples told */
	struct sample last;
} renewer;

uint64_t
clock_real(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t
to_cycles(uint64_t ns, uint64_t scale)
{
	return (uint64_t)(((unsigned __int128)ns << 32) / scale);
}

static uint64_t
to_ns(uint64_t cycles, uint64_t scale)
{
	return (uint64_t)(((unsigned __int128)cycles * scale) >> 32);
}

/* Both clocks at one moment, as near as that can be had: 0, or -1 if we were
 * interrupted each time. */
static int
sample(struct sample *s)
{
	uint64_t least = UINT64_MAX, before, real, around;

	for (int i = 0; i < SAMPLE_TRIES; i++) {
		before = clock_cycles();
		real = clock_real();
		around = clock_cycles() - before;
		if (around >= least)
			continue;
		least = around;
		s->cycles = before + around / 2;
		s->real = real;
		if (to_ns(around, renewer.scale) < SAMPLE_GOOD &&
		    renewer.scale != 0)
			break;
	}
	return to_ns(least, renewer.scale) < SAMPLE_BAD ? 0 : -1;
}

struct anchor {
	uint64_t cycles, real, scale, valid, beyond;
};

/* The anchor that is current in that version. */
static void
load(uint64_t version, struct anchor *to)
{
	uint64_t i = version >> 1 & 1;
	const struct clock_anchor *from = &clock_state.anchors[i];

	to->cycles = atomic_load_explicit(&from->cycles, SHARED_LOAD);
	to->real = atomic_load_explicit(&from->real, SHARED_LOAD);
	to->scale = atomic_load_explicit(&from->scale, SHARED_LOAD);
	to->valid = atomic_load_explicit(&from->valid, SHARED_LOAD);
	to->beyond = atomic_load_explicit(&beyond[i], SHARED_LOAD);
}

static uint64_t
real_at(const struct anchor *a, uint64_t cycles)
{
	uint64_t passed = cycles - a->cycles;

	if ((int64_t)passed < 0)
		return a->real - to_ns(0 - passed, a->scale);
	if (passed <= a->valid)
		return a->real + to_ns(passed, a->scale);
	return a->real + to_ns(a->valid, a->scale) +
	       to_ns(passed - a->valid, a->beyond);
}

/* Makes *a the current anchor.  With the lock. */
static void
clock_publish(const struct anchor *a)
{
	uint64_t version =
	    atomic_load_explicit(&clock_state.version, memory_order_relaxed);
	uint64_t i = (version >> 1 & 1) ^ 1;
	struct clock_anchor *to = &clock_state.anchors[i];

	atomic_store_explicit(&clock_state.version, version | 1, SHARED_STORE);
	/* pairs with the fences in clock_at() and look() */
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&to->cycles, a->cycles, SHARED_STORE);
	atomic_store_explicit(&to->real, a->real, SHARED_STORE);
	atomic_store_explicit(&to->scale, a->scale, SHARED_STORE);
	atomic_store_explicit(&to->valid, a->valid, SHARED_STORE);
	atomic_store_explicit(&beyond[i], a->beyond, SHARED_STORE);
	number_set(&renewer.stretched, 0);
	/* pairs with the acquire loads in clock_version() and look() */
	atomic_store_explicit(
	    &clock_state.version, (version | 1) + 1, memory_order_release);
}

/* Begins anew with what the clock says. */
static void
set_to(const struct sample *s, uint64_t serves)
{
	struct anchor a = { s->cycles, s->real, renewer.scale,
		to_cycles(serves, renewer.scale), renewer.scale };

	/* in the place of both: what was before it counts no more */
	clock_publish(&a);
	clock_publish(&a);
}

/* Goes on from *old at the moment of the sample; `off' is by how much that is
 * behind the clock. */
static void
go_on(const struct anchor *old, const struct sample *s, int64_t off)
{
	uint64_t lead = to_cycles(LEAD, renewer.scale);
	uint64_t serves = to_cycles(SERVES, renewer.scale);
	struct anchor a = { .cycles = s->cycles + lead,
		.valid = serves,
		.beyond = renewer.scale };

	a.real = real_at(old, a.cycles);
	off += (int64_t)to_ns(lead, renewer.scale) -
	       (int64_t)(a.real - real_at(old, s->cycles));
	/* below a hundredth of the scale, for off is below STEP */
	a.scale = renewer.scale +
		  (uint64_t)((int64_t)(((__int128)off * (INT64_C(1) << 32)) /
				       (int64_t)serves));
	/* it has begun already: somebody may have gone on with the old one */
	if (clock_cycles() - s->cycles < lead)
		clock_publish(&a);
}

static uint64_t
difference(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* How long a cycle is, from this sample and the one before. */
static void
measure(const struct sample *s)
{
	uint64_t real = s->real - renewer.last.real;
	uint64_t cycles = s->cycles - renewer.last.cycles;
	uint64_t scale, is = renewer.scale;

	/* nonsense if the clock was set */
	if (real < FIRST / 2 || real > 1000 * NS_PER_S || cycles < 1000)
		return;
	scale = (uint64_t)(((unsigned __int128)real << 32) / cycles);
	/* the samples are some tens of ns off: take it slowly.  But what is
	 * another one, and the same twice, is so: the clock is being slewed.
	 * Once, it was set in between. */
	if (is == 0 || (difference(scale, is) > is / 500000 &&
			   difference(scale, renewer.other) < is / 100000))
		renewer.scale = scale;
	else if (difference(scale, is) <= is / 500000)
		renewer.scale = is + (uint64_t)((int64_t)(scale - is) / 4);
	renewer.other = scale;
}

/* Whether nobody has asked for so long that nobody has had a time which is
 * later than the clock's is now, or the counter began anew: then the clock is
 * set, not made up for. */
static int
was_idle(const struct anchor *old, uint64_t cycles)
{
	uint64_t passed = cycles - old->cycles;

	return (int64_t)passed < 0 || to_ns(passed, old->scale) > LATE ||
	       (passed > 2 * old->valid && !number_get(&renewer.stretched));
}

/* With the lock. */
static void
renew(void)
{
	uint64_t version =
	    atomic_load_explicit(&clock_state.version, memory_order_relaxed);
	struct anchor old;
	struct sample s;
	int64_t off;

	if (renewer.scale == 0 && clock_real() - renewer.last.real < FIRST)
		return;
	if (sample(&s) != 0) {
		/* nobody is interrupted that often: to ask takes too long here,
		 * as in a virtual machine, and this asks more than once */
		if (++renewer.missed > MISSED_MAX)
			number_set(&renewer.usable, 0);
		return;
	}
	renewer.missed = 0;
	measure(&s);
	renewer.last = s;
	if (renewer.scale == 0)
		return;
	load(version, &old);
	if (version < 2 || was_idle(&old, s.cycles)) {
		set_to(&s, version < 2 ? 2 * FIRST : SERVES);
		return;
	}
	off = (int64_t)(s.real - real_at(&old, s.cycles));
	renewer.odd = off > ODD || off < -ODD ? renewer.odd + 1 : 0;
	if (renewer.odd > ODD_MAX) {
		number_set(&renewer.usable, 0);
		set_to(&s, 0);
	} else if (off > STEP || off < -STEP) {
		set_to(&s, SERVES);
	} else {
		go_on(&old, &s, off);
	}
}

/* What the anchors say, if they do: the current one is served its time, but
 * that may be because nobody could renew it; or it has not begun yet. */
static int
look(uint64_t cycles, uint64_t *real)
{
	/* pairs with the release store in clock_publish() */
	uint64_t version =
	    atomic_load_explicit(&clock_state.version, memory_order_acquire);
	struct anchor now, before;

	load(version, &now);
	load(version - 2, &before);
	/* pairs with the fence in clock_publish() */
	atomic_thread_fence(memory_order_acquire);
	if (version < 2 || now.valid == 0 ||
	    atomic_load_explicit(&clock_state.version, SHARED_LOAD) != version)
		return -1;
	if ((int64_t)(cycles - now.cycles) < 0) {
		/* version is odd while that one is written */
		if ((version & 1) != 0 || before.valid == 0 ||
		    (int64_t)(cycles - before.cycles) < 0)
			return -1;
		now = before;
	} else if (cycles - now.cycles > now.valid) {
		number_set(&renewer.stretched, 1);
	}
	if (to_ns(cycles - now.cycles, now.scale) > LATE)
		return -1;
	*real = real_at(&now, cycles);
	return 0;
}

/* Whether it is time for the next anchor: the current one has served its time,
 * or it begins so much later that the counter must have begun anew, as it may
 * when the machine slept. */
static int
is_due(uint64_t cycles)
{
	/* pairs with the release store in clock_publish() */
	uint64_t version =
	    atomic_load_explicit(&clock_state.version, memory_order_acquire);
	struct anchor now;
	int64_t passed;

	load(version, &now);
	passed = (int64_t)(cycles - now.cycles);
	return version < 2 || passed >= (int64_t)now.valid ||
	       (passed < 0 && to_ns(now.cycles - cycles, now.scale) > 2 * LEAD);
}

uint64_t
clock_slow(uint64_t cycles)
{
	uint64_t real;

	if (!number_get(&renewer.usable))
		return clock_real();
	if (is_due(cycles) && trylock_take(&renewer.busy)) {
		/* by now: who was preempted brings cycles from long ago */
		if (is_due(clock_cycles()))
			renew();
		trylock_give(&renewer.busy);
	}
	/* they may have changed meanwhile; the clock itself is a bit off from
	 * what they say */
	for (int i = 0; i < LOOK_TRIES; i++) {
		if (look(cycles, &real) == 0)
			return real;
		cycles = clock_cycles();
	}
	return clock_real();
}

/* Whether the kernel's clock is the counter that clock_cycles() reads. */
static int
is_kernels_clock(void)
{
#if defined(__x86_64__)
	static const char counter[] = "tsc\n";
#elif defined(__aarch64__)
	static const char counter[] = "arch_sys_counter\n";
#else
	static const char counter[] = "none\n";
#endif
	char name[32] = "";
	int fd = open("/sys/devices/system/clocksource/clocksource0/"
		      "current_clocksource",
	    O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return 0;
	if (read(fd, name, sizeof(name) - 1) == -1)
		name[0] = '\0';
	close(fd);
	return strcmp(name, counter) == 0;
}

void
clock_begin(void)
{
	int usable = is_kernels_clock();

	if (!trylock_take(&renewer.busy))
		return;
	if (renewer.last.real == 0 && usable && sample(&renewer.last) == 0)
		number_set(&renewer.usable, 1);
	trylock_give(&renewer.busy);
}

void
clock_fork(void)
{
	uint64_t version =
	    atomic_load_explicit(&clock_state.version, memory_order_relaxed);

	/* an anchor that was half written was not the current one */
	if (version & 1)
		atomic_store_explicit(
		    &clock_state.version, version - 1, memory_order_relaxed);
	renewer.busy = (struct trylock){ 0 };
}
