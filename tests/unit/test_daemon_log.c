/*
 * test_daemon_log.c -- what is not told each time that it happens.
 */
#include "daemon/log.h"
#include "daemon/now.h"
#include "tests/unit/unit.h"

#define AGAIN (LOG_AGAIN * NS_PER_SECOND)

START_TEST(what_happens_all_the_time_is_told_once_a_minute_and_counted)
{
	struct log_again a = { 0 };
	uint64_t t = NS_PER_SECOND, told = 0;
	int lines = 0;

	expect_eq(log_again(&a, 0, t), 0);
	expect_eq(log_again(&a, 1, t), 1);
	for (uint64_t i = 1; i <= 600; i++) {
		uint64_t n = log_again(&a, 1, t + i * NS_PER_SECOND);

		told += n;
		lines += n > 0;
	}
	expect_eq(told, 600);
	expect_eq(lines, 600 / LOG_AGAIN);
}
END_TEST

START_TEST(the_last_ones_are_told_if_it_does_not_happen_any_more)
{
	struct log_again a = { 0 };
	uint64_t t = NS_PER_SECOND;

	expect_eq(log_again(&a, 1, t), 1);
	expect_eq(log_again(&a, 2, t + 1), 0);
	expect_eq(log_again(&a, 0, t + AGAIN - 1), 0);
	expect_eq(log_again(&a, 0, t + AGAIN), 2);
	expect_eq(log_again(&a, 0, t + 3 * AGAIN), 0);
	/* and then it is news again */
	expect_eq(log_again(&a, 1, t + 3 * AGAIN), 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_happens_all_the_time_is_told_once_a_minute_and_counted,
		the_last_ones_are_told_if_it_does_not_happen_any_more,
	};

	return UNIT_RUN("daemon_log", tests);
}
