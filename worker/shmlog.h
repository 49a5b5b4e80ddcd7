/*
 * shmlog.h -- log and count into shared memory.
 *
 * A first record:
 *
 *	struct shmlog *log = shmlog_open(NULL);
 *	struct shmlog_stream *s = shmlog_stream(log, "hello", "world", NULL);
 *	shmlog_wait(log, 1000);
 *	shmlog_printf(s, shmlog_tag(s, "Greeting"), SHMLOG_INFO, 0,
 *	    "hello=%s times=%d", "world", 1);
 *	shmlog_close(log);
 *
 * and `shmtail' shows it.  Link with -lshmlog (pkg-config shmlog).
 *
 * A handle (struct shmlog) stands for an instance of shmlogd(8); streams take
 * records, counter sets take numbers.  Everything works from the start and
 * whatever the daemon does.  While there is none, or none that has answered
 * yet, the program is *detached*: records are dropped and counted, counters
 * count in private memory and lose nothing.  When a daemon appears, or another
 * one after it, the library joins it by itself, from any of the calls below
 * that is not inline, and takes its counters along.
 *
 * The rules that hold for every function here, unless it says otherwise:
 *
 *   Blocking	never waits for a reader; waits for the daemon, where it does
 *		at all, for 2 ms at most.  shmlog_wait() is the exception.
 *		To go to another daemon takes no call more than 2 ms of work,
 *		but for one counter set of more than half a MiB, as with
 *		many histograms or shards, 4 ms a MiB, and for the old lanes
 *		that it unmaps, 0.06 ms a MiB.
 *   System	none in the steady state (attached, nothing to join); once a
 *   calls	second at most while detached.
 *   Errors	-1 or NULL, and errno.  errno is left alone on success.  Nothing
 *		is printed, no signal handler is installed, no thread started,
 *		nothing aborts or exits.
 *   Threads	any number, at the same time, on the same objects.  Only
 *		shmlog_close(), shmlog_stream_free() and shmlog_set_free() want
 *		to be the last ones to use what they free.  (A batch belongs to
 *		one thread at a time.)
 *   Signals	shmlog_put(), shmlog_puts(), shmlog_printf() (see there for
 *		its limits), shmlog_link(), shmlog_wants(), shmlog_id(), the
 *		inline functions, and of a batch of the handler's own
 *		shmlog_batch_put(), _printf(), _link(), _one_time() and
 *		_commit() may be called in signal
 *		handlers, also in one that interrupted any of these.
 *		A handler that forks must not have interrupted a call that was
 *		about to join: block the signal around calls while detached.
 *		A handler that leaves such a call by longjmp(3) costs the stream
 *		a lane; the others go on, and when none is left records are
 *		dropped and counted.  If the call was about to join, the handle
 *		does not join any more, and cannot be closed.
 *   Cancel-	what may be called in signal handlers is no cancellation point.
 *   lation	A thread that is cancelled asynchronously in a call costs what
 *		such a longjmp(3) does: do not (PTHREAD_CANCEL_ASYNCHRONOUS).
 *   fork(2)	the child goes on with the same handles: its counters begin at
 *		zero, in private memory, and it joins the daemon with sections
 *		of its own.  What the parent has stays the parent's.  A batch
 *		that was begun before belongs to the parent: throw the child's
 *		away.  What a handler of pthread_atfork(3) puts in the child is
 *		the child's, unless it was there before this library was loaded.
 *		clone(2) and vfork(2) without exec are not supported.
 *   exec(2)	closes every descriptor of the library's, but what was made
 *		counts as a living worker's until the process ends: close the
 *		handle before exec.
 *   Times	are taken from CLOCK_REALTIME, in nanoseconds.
 *
 * NULL may be passed for any object that could not be made: the call does
 * nothing (shmlog_counter() returns the address of a word that nobody reads).
 * So a program may leave the errors of making them unchecked.
 */
#ifndef SHMLOG_H
#define SHMLOG_H

#include <stddef.h>
#include <stdint.h>

/* gcc before 11 has the builtin, but not for x86 */
#if defined(__has_builtin) && (defined(__clang__) || __GNUC__ >= 11)
#if __has_builtin(__builtin_thread_pointer)
#define SHMLOG_THREAD_POINTER
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* what is declared here is what the library exports */
#pragma GCC visibility push(default)

struct shmlog;
struct shmlog_stream;
struct shmlog_set;
struct shmlog_batch;

/* Levels, as syslog(3) has them. */
enum shmlog_level {
	SHMLOG_EMERG = 0,
	SHMLOG_ALERT = 1,
	SHMLOG_CRIT = 2,
	SHMLOG_ERR = 3,
	SHMLOG_WARNING = 4,
	SHMLOG_NOTICE = 5,
	SHMLOG_INFO = 6,
	SHMLOG_DEBUG = 7
};

/* Flags that may be or-ed into a level: the record begins or ends the
 * transaction of its id. */
#define SHMLOG_BEGIN 0x100
#define SHMLOG_END 0x200

/*
 * INSTANCES
 */

/*
 * Opens an instance: a name, an absolute path of its directory, or NULL for
 * `default' (shmlogd(8), -n).  There need not be a daemon.  Tries to attach,
 * for 2 ms at most.
 *
 * Errors: EINVAL (no such name can be), ENOMEM, EMFILE, ENFILE.  Not for signal
 * handlers.
 */
struct shmlog *shmlog_open(const char *instance);

/*
 * Waits until all that was made so far is attached, `timeout' milliseconds at
 * most (-1: for ever).  Call it where a short program would otherwise drop its
 * first records.  The only call that blocks.
 *
 * 0, or -1 with errno: ETIMEDOUT, EINTR, or the daemon's reason for refusing a
 * section (ENOSPC, EDQUOT, EACCES, EPROTO).
 */
int shmlog_wait(struct shmlog *, int timeout);

/*
 * A descriptor that is readable when shmlog_dispatch() has something to do, for
 * poll(2) and the like; do not read from it.  The same one until the handle is
 * closed; ask again after a fork.
 */
int shmlog_fd(const struct shmlog *);

/*
 * Joins, if there is something to join.  Logging does this by itself; a process
 * that only adds to counters calls it now and then (once a second is plenty),
 * or when shmlog_fd() is readable.  Makes two system calls that do not wait. 0,
 * or -1 with errno as shmlog_wait() (but EAGAIN while there is no daemon).
 */
int shmlog_dispatch(struct shmlog *);

/* How many records this process dropped, because it was detached, because every
 * lane was held, or because a batch found no lane that has its formats. */
uint64_t shmlog_dropped(const struct shmlog *);

/*
 * Frees everything that was made from the handle, and the handle.  The records
 * and counters stay readable for the daemon's cooling time (60 s); counters are
 * added to the retained sums.
 */
void shmlog_close(struct shmlog *);

/*
 * STREAMS
 */

/* All zero is the default; set what you need. */
struct shmlog_stream_options {
	unsigned lanes;   /* 1 to 16; CPUs of the process + 1, at least 3 */
	size_t lane_size; /* a power of two, 64 KiB to 4 GiB; 256 KiB */
	size_t dict_size; /* bytes for names of tags, and formats, less than
			     1 MiB; 32 KiB */
};

/*
 * Makes a stream: what it is (`type', up to 15 bytes, as the program's name)
 * and which one (`ident', up to 63 bytes), both of [A-Za-z0-9_.:-].  Readers
 * name it type.ident.  Both are the same in every worker of a program; readers
 * tell the workers apart by their pids.  Its section takes lanes * lane_size
 * bytes of the daemon's segment and then some.  options may be NULL.  It counts
 * itself, in a counter set of its type and ident: log.records, log.bytes,
 * log.dropped and so on, for shmstat(1).
 *
 * Errors: EINVAL, ENOMEM.  (A daemon that has no room makes no error here: the
 * stream stays detached, and shmlog_wait() tells why.)  Not for signal
 * handlers.
 */
struct shmlog_stream *shmlog_stream(struct shmlog *, const char *type,
    const char *ident, const struct shmlog_stream_options *options);

/*
 * Frees a stream, also while there is no daemon.  Its records stay readable for
 * the daemon's cooling time.  Free its batches before; nobody may use it any
 * more.  NULL is fine.  Not for signal handlers.
 */
void shmlog_stream_free(struct shmlog_stream *);

/*
 * Returns the id of a tag of this stream (1 to 511), and registers it at the
 * first call with that name: up to 63 bytes of [A-Za-z0-9_.-].  Ask once and
 * keep it: the search takes a lock.  0, which is an id, too (records have no
 * tag then), with errno EINVAL, or ENOSPC if there are too many.  Not for
 * signal handlers.
 */
int shmlog_tag(struct shmlog_stream *, const char *name);

/*
 * Puts a record: `length' bytes of text, any bytes.  id is the transaction's;
 * 0: none.  What is longer than shmlog_record_max() is cut, marked and counted.
 * The lower eight bits of level are one of enum shmlog_level, what is beyond
 * SHMLOG_DEBUG is taken for that; SHMLOG_BEGIN and SHMLOG_END may be or-ed in,
 * other bits mean nothing yet.  A negative level is SHMLOG_DEBUG, an unknown
 * tag 0.
 * When it returns 1, a reader can see the record, or an administrator does not
 * want it (see shmlog_wants()); 0: it was dropped (detached, or all lanes
 * held).
 */
int shmlog_put(struct shmlog_stream *, int tag, int level, uint64_t id,
    const void *text, size_t length);

/* The same with a string. */
int shmlog_puts(
    struct shmlog_stream *, int tag, int level, uint64_t id, const char *text);

/*
 * Puts a record that says: transaction `id' is a part of transaction `parent'
 * of the same process, which need not have begun, and should not have ended.
 * `shmtail -g tree' shows it below that one.  One link a transaction; of more
 * the first counts.  All else as with shmlog_puts(); text may be NULL.
 */
int shmlog_link(struct shmlog_stream *, int tag, int level, uint64_t id,
    uint64_t parent, const char *text);

/*
 * Puts a record as printf(3) would format it, but leaves the formatting to the
 * reader: what is stored is the arguments.  The compiler checks them:
 *
 *	shmlog_printf(s, tag, SHMLOG_INFO, id,
 *	    "method=%s path=%s status=%d us=%lu", method, path, status, us);
 *
 * A macro; its arguments are evaluated once each, 16 of them at most behind the
 * format.  All else is as with shmlog_put(), what it returns, too.  Every
 * conversion of printf(3) is there; %m shows errno as it was.  Of a string 4096
 * bytes are stored at most: what is longer is cut and marked.
 *
 * Fields written as `key=%d key=%s', with blanks in between, are typed fields
 * in `shmtail -o json'; shmtail(1) has the rules.  An argument with a comma
 * outside of parentheses, such as a compound literal, is to be put in
 * parentheses.  In C++ it takes C++11.
 *
 * The format is entered in the stream's dictionary once; from then on a call
 * stores words and copies strings, no more.  Formatted at once, by vsnprintf(3)
 * or as a reader would, and put as text without fields, are records
 *   - whose format is no string literal, or has %n, %1$d, %ls or %lc;
 *   - whose format has no room (dict_size), or of call sites beyond the 4095th
 *     of the process;
 *   - of a call site or a stream that is busy with its first such record in
 *     another thread, or in what a signal handler interrupted.
 * In a signal handler these are as safe as snprintf(3) is (glibc's is, unless
 * it has to do with floating point or very large widths).  Wherever they are
 * called they take up to 4 KiB of stack, with long strings 200 KiB.
 */
#define shmlog_printf(stream, tag, level, id, ...)                             \
	SHMLOG_PRINT_(struct shmlog_stream, shmlog_masked_, shmlog_printf_,    \
	    shmlog_text_, stream, tag, level, id, __VA_ARGS__)

/*
 * Whether a record with that tag and level would be kept: 1, or 0 if it is
 * masked (shmctl(8)) and so would come to nothing, which is no loss and counted
 * nowhere.  Ask before you prepare a text that costs much; otherwise just put:
 * a masked put is as cheap.  The answer may be another one the next moment.  A
 * program all of whose records are masked should call shmlog_dispatch() now and
 * then, as one that only counts.
 */
int shmlog_wants(struct shmlog_stream *, int tag, int level);

/* The longest text a record of this stream takes, bytes. */
size_t shmlog_record_max(const struct shmlog_stream *);

/* A number for `id' that no other transaction of the processes that live has,
 * in one pid namespace and before a process has had two thousand million; of
 * those that are gone it is hardly one's: never 0, below 2^53. */
uint64_t shmlog_id(struct shmlog_stream *);

/*
 * BATCHES: the records of one transaction, put together in private memory and
 * published at once, each with the time at which it was put.  They stand
 * together, and readers see all of them or none.  More than a quarter of a lane
 * is published in parts.
 */

/* EINVAL (no stream), ENOMEM.  The memory is reused: make a batch once, commit
 * it many times.  Not for signal handlers. */
struct shmlog_batch *shmlog_batch(struct shmlog_stream *);

/* Whether all records of a commit have the time of its first one: that saves
 * nearly half of what a record costs.  Off at first; not to be changed between
 * a record and its commit. */
void shmlog_batch_one_time(struct shmlog_batch *, int on);

/* 1; what becomes of the record is told by the commit (one that is masked now
 * is left out, and not dropped).  0: b is NULL. */
int shmlog_batch_put(struct shmlog_batch *, int tag, int level, uint64_t id,
    const void *text, size_t length);

/* As shmlog_link(), into the batch; returns as shmlog_batch_put(). */
int shmlog_batch_link(struct shmlog_batch *, int tag, int level, uint64_t id,
    uint64_t parent, const char *text);

/* As shmlog_printf(), into the batch; returns as shmlog_batch_put(). */
#define shmlog_batch_printf(batch, tag, level, id, ...)                        \
	SHMLOG_PRINT_(struct shmlog_batch, shmlog_batch_masked_,               \
	    shmlog_batch_printf_, shmlog_batch_text_, batch, tag, level, id,   \
	    __VA_ARGS__)

/* Publishes; returns the number of records dropped since the last commit, 0 is
 * what one wants.  The batch is empty then. */
uint64_t shmlog_batch_commit(struct shmlog_batch *);

/* Frees the batch; what was not committed is thrown away.  Before its stream.
 */
void shmlog_batch_free(struct shmlog_batch *);

/*
 * COUNTER SETS
 */

enum shmlog_kind {
	SHMLOG_COUNTER = 1, /* only grows; summed over workers, and retained */
	SHMLOG_GAUGE = 2,   /* signed, set to what it is now; summed */
	SHMLOG_BITMAP = 3,  /* 64 bits, one for each time, say; or-ed */
	SHMLOG_HISTOGRAM = 4, /* how often which value was observed; summed over
				 workers, and retained; 15 KiB each */
	SHMLOG_UPDOWN = 5     /* signed, added to and taken from; summed */
};

enum shmlog_verbosity {
	SHMLOG_STAT_INFO = 0,
	SHMLOG_STAT_DIAG = 1,
	SHMLOG_STAT_DEBUG = 2
};

struct shmlog_def {
	const char *name; /* up to 127 bytes of [A-Za-z0-9_.:-] */
	enum shmlog_kind kind;
	enum shmlog_verbosity level;
	const char *unit; /* "bytes", "seconds", ...; NULL or "": none */
	const char *help; /* one line, up to 511 bytes; may be NULL */
};

#define SHMLOG_PER_CPU (~0u)

/* All zero is the default. */
struct shmlog_set_options {
	const char *labels; /* "key=value,key=value" */
	/* How often there are words to add to, each time on cache lines of
	 * their own: 0, which is 1, to 64, made a power of two;
	 * SHMLOG_PER_CPU: as many as keep the CPUs that the process may use
	 * apart.  See shmlog_shards(). */
	unsigned shards;
};

/*
 * Makes a set of n counters, all zero.  type and ident as for a stream; readers
 * name a counter type.ident.name, and add up the sets of all workers that have
 * type, ident and definitions in common.  A worker's counters and their sums
 * outlive it.
 *
 * Errors: EINVAL (also if two counters have one name), ENOMEM.  Not for signal
 * handlers.
 */
struct shmlog_set *shmlog_set(struct shmlog *, const char *type,
    const char *ident, const struct shmlog_def *, unsigned n,
    const struct shmlog_set_options *options);

/*
 * Frees a set, also while there is no daemon.  Its counters and histograms are
 * added to the retained sums, the rest is gone.  The addresses of its counters
 * are good no more: who adds to one after this crashes.  NULL is fine.  Not for
 * signal handlers.
 */
void shmlog_set_free(struct shmlog_set *);

/*
 * The address of the set's i-th counter, for the inline functions below.  It
 * stays the same for the life of the set, also from one daemon to the next and
 * across fork(2): ask once, keep it.  What stands there is not the value: that
 * is shmlog_value()'s.
 */
uint64_t *shmlog_counter(const struct shmlog_set *, unsigned i);

/* The value of the i-th counter, of this process alone; of a histogram, how
 * many values were observed.  Waits for a call that is joining just then.  Not
 * for signal handlers. */
uint64_t shmlog_value(const struct shmlog_set *, unsigned i);

/* Inline, for any thread and any signal handler; c is from shmlog_counter(). */

/* SHMLOG_COUNTER and SHMLOG_UPDOWN */
static inline void
shmlog_add(uint64_t *c, uint64_t n)
{
	(void)__atomic_fetch_add(c, n, __ATOMIC_RELAXED);
}

/*
 * SHMLOG_COUNTER and SHMLOG_UPDOWN that only one thread of the process adds to
 * (and signal handlers that run in it): as cheap as *c += n.
 *
 * It must be one instruction.  When the set moves to the next daemon, other
 * pages are put in the place of those that c is in; with a load, and a store by
 * itself, the sum of before would be stored to the new page, where counting
 * begins at zero, and would count twice.
 */
static inline void
shmlog_add_single(uint64_t *c, uint64_t n)
{
#ifdef __x86_64__
	/* an interrupt, and so the kernel's call to forget the old page, comes
	 * before it or after it, not within */
	__asm__ volatile("addq %1, %0" : "+m"(*c) : "er"(n) : "cc");
#else
	shmlog_add(c, n);
#endif
}

/* SHMLOG_UPDOWN */
static inline void
shmlog_sub(uint64_t *c, uint64_t n)
{
	(void)__atomic_fetch_sub(c, n, __ATOMIC_RELAXED);
}

/* SHMLOG_GAUGE; any value but INT64_MIN */
static inline void
shmlog_gauge(uint64_t *c, int64_t value)
{
	__atomic_store_n(c, (uint64_t)value, __ATOMIC_RELAXED);
}

/* SHMLOG_BITMAP; bit is 0 to 63.  (The second word says which bits were set or
 * cleared since the set moved to another daemon.  The first time after that,
 * readers may see the bit turned over for an instant.) */
static inline void
shmlog_bit_set(uint64_t *c, unsigned bit)
{
	(void)__atomic_fetch_or(c, UINT64_C(1) << (bit & 63), __ATOMIC_RELAXED);
	(void)__atomic_fetch_or(
	    c + 1, UINT64_C(1) << (bit & 63), __ATOMIC_RELAXED);
}

static inline void
shmlog_bit_clear(uint64_t *c, unsigned bit)
{
	(void)__atomic_fetch_and(
	    c, ~(UINT64_C(1) << (bit & 63)), __ATOMIC_RELAXED);
	(void)__atomic_fetch_or(
	    c + 1, UINT64_C(1) << (bit & 63), __ATOMIC_RELAXED);
}

static inline void
shmlog_bit_flip(uint64_t *c, unsigned bit)
{
	(void)__atomic_fetch_xor(
	    c, UINT64_C(1) << (bit & 63), __ATOMIC_RELAXED);
}

/* The bucket of a histogram that a value falls into, 0 to 960: each value below
 * 32 has its own, each power of two from there on has 16, all from 2^63 on
 * share one. */
static inline unsigned
shmlog_bucket(uint64_t value)
{
	unsigned shift = 59 - (unsigned)__builtin_clzll(value | 16);
	unsigned bucket = 16 * shift + (unsigned)(value >> shift);

	return bucket < 960 ? bucket : 960;
}

/* SHMLOG_HISTOGRAM.  (A reader may see the first of the two adds alone for an
 * instant: that is in the mean, not in the count.) */
static inline void
shmlog_observe(uint64_t *c, uint64_t value)
{
	shmlog_add(c, value);
	shmlog_add(c + 1 + shmlog_bucket(value), 1);
}

/*
 * SHARDS: for what several threads add to all the time.  They take the words'
 * cache line from one another each time, which costs more than all the rest;
 * with a shard for each CPU they do not meet.
 */

/* A counter, up-down counter or histogram of a set with shards.  Its members
 * are for the inline functions below. */
struct shmlog_sharded {
	uint64_t *first;      /* the address in shard 0 */
	size_t stride;        /* words from one shard to the next */
	ptrdiff_t cpu_offset; /* from the thread pointer; 0: ask libc */
	unsigned mask;        /* shards - 1 */
};

/*
 * What to add to the set's i-th counter by; good for the life of the set, as
 * shmlog_counter()'s address, which is that of shard 0 and may be added to as
 * well.  Of gauges and bitmaps, and of a set without shards, there is one.
 */
struct shmlog_sharded shmlog_shards(const struct shmlog_set *, unsigned i);

/* The CPU that the thread runs on, where the kernel does not keep it for the
 * inline functions. */
unsigned shmlog_cpu(void);

/* The address in the shard of the CPU that the thread runs on; it may run on
 * another one by the time it is used, so what is done there is atomic. */
static inline uint64_t *
shmlog_shard(const struct shmlog_sharded *s)
{
	unsigned cpu;

#ifdef SHMLOG_THREAD_POINTER
	if (__builtin_expect(s->cpu_offset != 0, 1))
		cpu = *(
		    const volatile uint32_t *)((const char *)
						   __builtin_thread_pointer() +
					       s->cpu_offset);
	else
#endif
		cpu = shmlog_cpu();
	return s->first + (cpu & s->mask) * s->stride;
}

/* As those without _sharded. */
static inline void
shmlog_add_sharded(const struct shmlog_sharded *s, uint64_t n)
{
	shmlog_add(shmlog_shard(s), n);
}

static inline void
shmlog_sub_sharded(const struct shmlog_sharded *s, uint64_t n)
{
	shmlog_sub(shmlog_shard(s), n);
}

static inline void
shmlog_observe_sharded(const struct shmlog_sharded *s, uint64_t value)
{
	shmlog_observe(shmlog_shard(s), value);
}

/* "0.1.0": of the library that runs, not of this header. */
const char *shmlog_version(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#include "shmlog_mask.h"
#include "shmlog_printf.h"

#endif
