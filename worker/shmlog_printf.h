/*
 * shmlog_printf.h -- what shmlog_printf() and shmlog_batch_printf() are made
 * of. Part of shmlog.h, which tells how they are used; nothing here is to be
 * used by itself.
 */
#ifndef SHMLOG_PRINTF_H
#define SHMLOG_PRINTF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct shmlog_stream;
struct shmlog_batch;

/*
 * A call site, zero at first but for its format, if that is a literal: only
 * then does the compiler know it.  The format is parsed and numbered when the
 * site is first passed.  The library keeps no pointer to it.
 */
struct shmlog_site {
	const char *format_;
	uint64_t state_;
	uint64_t words_[14];
};

#define SHMLOG_READY_ 1

int shmlog_site_(struct shmlog_site *, unsigned n);
int shmlog_printf_(struct shmlog_stream *, const struct shmlog_site *, int tag,
    int level, uint64_t id, const uint64_t *words);
int shmlog_batch_printf_(struct shmlog_batch *, const struct shmlog_site *,
    int tag, int level, uint64_t id, const uint64_t *words);
int shmlog_text_(struct shmlog_stream *, int tag, int level, uint64_t id,
    const char *format, ...) __attribute__((cold, format(printf, 5, 6)));
int shmlog_batch_text_(struct shmlog_batch *, int tag, int level, uint64_t id,
    const char *format, ...) __attribute__((cold, format(printf, 5, 6)));

/* Whether a site's format can be deferred, with n arguments. */
static inline int
shmlog_ready_(struct shmlog_site *site, unsigned n)
{
	uint64_t state = __atomic_load_n(&site->state_, __ATOMIC_ACQUIRE);

	if (__builtin_expect(state == SHMLOG_READY_, 1))
		return 1;
	return state == 0 && site->format_ != NULL && shmlog_site_(site, n);
}

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

/*
 * The arguments as words: an integer by its own type, the bits of a double, a
 * pointer, the address of a copy of a long double.
 */
#define SHMLOG_INTEGER_(name, type)                                            \
	static inline uint64_t name(type v, long double *copy)                 \
	{                                                                      \
		(void)copy;                                                    \
		return (uint64_t)v;                                            \
	}

#ifdef __cplusplus
#define SHMLOG_WORD_(suffix) shmlog_word_

/* also for those who include shmlog.h within extern "C" */
extern "C++" {
#else
#define SHMLOG_WORD_(suffix) shmlog_word_##suffix##_
#endif

SHMLOG_INTEGER_(SHMLOG_WORD_(int), int)
SHMLOG_INTEGER_(SHMLOG_WORD_(unsigned), unsigned)
SHMLOG_INTEGER_(SHMLOG_WORD_(long), long)
SHMLOG_INTEGER_(SHMLOG_WORD_(ulong), unsigned long)
SHMLOG_INTEGER_(SHMLOG_WORD_(llong), long long)
SHMLOG_INTEGER_(SHMLOG_WORD_(ullong), unsigned long long)

static inline uint64_t
SHMLOG_WORD_(double)(double v, long double *copy)
{
	uint64_t word;

	(void)copy;
	__builtin_memcpy(&word, &v, sizeof(word));
	return word;
}

static inline uint64_t
SHMLOG_WORD_(ldouble)(long double v, long double *copy)
{
	*copy = v;
	return (uint64_t)(uintptr_t)copy;
}

#ifdef __cplusplus
template <class T>
static inline uint64_t
shmlog_word_(T *v, long double *copy)
{
	(void)copy;
	return (uint64_t)(uintptr_t)v;
}

static inline uint64_t
shmlog_word_(decltype(nullptr), long double *copy)
{
	(void)copy;
	return 0;
}
}
#else
static inline uint64_t
shmlog_word_pointer_(const volatile void *v, long double *copy)
{
	(void)copy;
	return (uint64_t)(uintptr_t)v;
}

/* ?: promotes small integers, also those of bit-fields, and arrays */
#define shmlog_word_(v, copy)                                                  \
	_Generic(1 ? (v) : 0, int                                              \
		 : shmlog_word_int_, unsigned                                  \
		 : shmlog_word_unsigned_, long                                 \
		 : shmlog_word_long_, unsigned long                            \
		 : shmlog_word_ulong_, long long                               \
		 : shmlog_word_llong_, unsigned long long                      \
		 : shmlog_word_ullong_, float                                  \
		 : shmlog_word_double_, double                                 \
		 : shmlog_word_double_, long double                            \
		 : shmlog_word_ldouble_, default                               \
		 : shmlog_word_pointer_)((v), (copy))
#endif

#define SHMLOG_W0_(l, f) 0
#define SHMLOG_W1_(l, f, a) shmlog_word_(a, l)
#define SHMLOG_W2_(l, f, a, ...)                                               \
	shmlog_word_(a, l), SHMLOG_W1_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W3_(l, f, a, ...)                                               \
	shmlog_word_(a, l), SHMLOG_W2_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W4_(l, f, a, ...)                                               \
	shmlog_word_(a, l), SHMLOG_W3_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W5_(l, f, a, ...)                                               \
	shmlog_word_(a, l), SHMLOG_W4_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W6_(l, f, a, ...)                                               \
	shmlog_word_(a, l), SHMLOG_W5_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W7_(l, f, a, ...)                                               \
	shmlog_word_(a, l), SHMLOG_W6_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W8_(l, f, a, ...)                                               \
	shmlog_word_(a, l), SHMLOG_W7_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W9_(l, f, a, ...)                                               \
	shmlog_word_(a, l), SHMLOG_W8_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W10_(l, f, a, ...)                                              \
	shmlog_word_(a, l), SHMLOG_W9_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W11_(l, f, a, ...)                                              \
	shmlog_word_(a, l), SHMLOG_W10_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W12_(l, f, a, ...)                                              \
	shmlog_word_(a, l), SHMLOG_W11_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W13_(l, f, a, ...)                                              \
	shmlog_word_(a, l), SHMLOG_W12_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W14_(l, f, a, ...)                                              \
	shmlog_word_(a, l), SHMLOG_W13_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W15_(l, f, a, ...)                                              \
	shmlog_word_(a, l), SHMLOG_W14_((l) + 1, f, __VA_ARGS__)
#define SHMLOG_W16_(l, f, a, ...)                                              \
	shmlog_word_(a, l), SHMLOG_W15_((l) + 1, f, __VA_ARGS__)

/* How many arguments follow the format, and the format.  Of more than 16 the
 * count is a word that compilers complain of. */
#define SHMLOG_COUNT_(...)                                                     \
	SHMLOG_33RD_(__VA_ARGS__,                                              \
	    SHMLOG_8TIMES_(shmlog_takes_16_arguments_at_most),                 \
	    SHMLOG_8TIMES_(shmlog_takes_16_arguments_at_most), 16, 15, 14, 13, \
	    12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0)
#define SHMLOG_8TIMES_(a) a, a, a, a, a, a, a, a
#define SHMLOG_33RD_(...) SHMLOG_33RD_OF_(__VA_ARGS__)
#define SHMLOG_33RD_OF_(f, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, \
    b3, b4, b5, b6, b7, b8, b9, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0,    \
    d1, count, ...)                                                            \
	count
#define SHMLOG_Wshmlog_takes_16_arguments_at_most_(l, f, ...) 0
#define SHMLOG_FIRST_(...) SHMLOG_FIRST_OF_(__VA_ARGS__, 0)
#define SHMLOG_FIRST_OF_(f, ...) f
#define SHMLOG_W_(n) SHMLOG_PASTE_(SHMLOG_W, n)
#define SHMLOG_PASTE_(a, n) a##n##_

/*
 * The arguments stand here three times and are evaluated once: by the words, or
 * by the call of `text', which is what the compiler checks.  Words that have no
 * other effect are not even made if the record is masked.
 */
#define SHMLOG_PRINT_(type, masked, put, text, to, tag, level, id, ...)        \
	__extension__({                                                        \
		static struct shmlog_site shmlog_site_here_ = {                \
			__builtin_constant_p(SHMLOG_FIRST_(__VA_ARGS__))       \
			    ? SHMLOG_FIRST_(__VA_ARGS__)                       \
			    : NULL,                                            \
			0, { 0 }                                               \
		};                                                             \
		type *const shmlog_to_ = (to);                                 \
		const int shmlog_tag_ = (tag), shmlog_level_ = (level);        \
		const uint64_t shmlog_id_ = (id);                              \
		int shmlog_put_ = 1;                                           \
		if (shmlog_ready_(                                             \
			&shmlog_site_here_, SHMLOG_COUNT_(__VA_ARGS__))) {     \
			long double shmlog_copies_[16];                        \
			const uint64_t shmlog_words_[] = { SHMLOG_W_(          \
			    SHMLOG_COUNT_(__VA_ARGS__))(                       \
			    shmlog_copies_, __VA_ARGS__) };                    \
			(void)shmlog_copies_;                                  \
			if (!masked(shmlog_to_, shmlog_tag_, shmlog_level_))   \
				shmlog_put_ = put(shmlog_to_,                  \
				    &shmlog_site_here_, shmlog_tag_,           \
				    shmlog_level_, shmlog_id_, shmlog_words_); \
		} else {                                                       \
			shmlog_put_ = text(shmlog_to_, shmlog_tag_,            \
			    shmlog_level_, shmlog_id_, __VA_ARGS__);           \
		}                                                              \
		shmlog_put_;                                                   \
	})

#endif
