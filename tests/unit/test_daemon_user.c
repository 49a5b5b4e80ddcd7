/*
 * test_daemon_user.c -- what the clients of one uid may have together.
 */
#include <sys/queue.h>

#include "daemon/limits.h"
#include "daemon/now.h"
#include "daemon/user.h"
#include "tests/unit/unit.h"

/* How many are let through now; there is an end to it if nothing is taken. */
static unsigned
requests(struct client_user *u, uint64_t mono)
{
	unsigned n = 0;

	while (n < 10 * LIMIT_UID_BURST && user_request(u, mono) == 0)
		n++;
	return n;
}

START_TEST(requests_are_let_through_at_their_rate)
{
	struct users users = LIST_HEAD_INITIALIZER(users);
	uint64_t t = 7 * NS_PER_SECOND;
	struct client_user *u = user_join(&users, 1000, t);

	expect_eq(requests(u, t), LIMIT_UID_BURST);
	expect_eq(requests(u, t), 0);
	expect_eq(requests(u, t + NS_PER_SECOND / 2), LIMIT_UID_RATE / 2);
	expect_eq(requests(u, t + 3600 * NS_PER_SECOND), LIMIT_UID_BURST);
	/* a clock that goes back gives nothing */
	expect_eq(requests(u, t), 0);
	user_leave(u);
}
END_TEST

START_TEST(a_user_has_one_allowance_for_all_its_clients)
{
	struct users users = LIST_HEAD_INITIALIZER(users);
	struct client_user *u = user_join(&users, 1000, 0);

	expect(user_join(&users, 1000, 0) == u && u->clients == 2);
	expect(user_join(&users, 1001, 0) != u);
	(void)requests(u, 0);
	user_leave(u);
	expect_eq(requests(u, 0), 0);
	user_leave(u);
}
END_TEST

START_TEST(work_is_charged_and_debts_are_bounded)
{
	struct users users = LIST_HEAD_INITIALIZER(users);
	struct client_user *u = user_join(&users, 1000, 0);
	uint64_t paid;

	user_charge(u, LIMIT_WORK_BYTES - 1);
	user_charge(u, 100 * LIMIT_WORK_BYTES);
	expect_eq(requests(u, 0), LIMIT_UID_BURST - 100);
	user_charge(u, LIMIT_UID_RATE / 2 * LIMIT_WORK_BYTES);
	expect_eq(requests(u, NS_PER_SECOND / 2), 0);
	expect_eq(requests(u, NS_PER_SECOND), LIMIT_UID_RATE / 2);
	/* who made too much of it waits, but not for ever */
	user_charge(u, UINT64_MAX);
	user_charge(u, UINT64_MAX);
	paid = NS_PER_SECOND + LIMIT_UID_DEBT / LIMIT_UID_RATE * NS_PER_SECOND;
	expect_eq(requests(u, paid), 0);
	expect_eq(requests(u, paid + NS_PER_SECOND / LIMIT_UID_RATE), 1);
	user_leave(u);
}
END_TEST

/* However large the number is: none is so large that it comes round. */
START_TEST(no_charge_is_a_gift)
{
	for (int i = 0; i < 64; i++) {
		struct users users = LIST_HEAD_INITIALIZER(users);
		struct client_user *u = user_join(&users, 1000, 0);

		(void)requests(u, 0);
		user_charge(u, UINT64_MAX >> i);
		expect_eq(requests(u, 0), 0);
		user_leave(u);
	}
}
END_TEST

START_TEST(a_user_has_a_share_of_the_connections)
{
	struct users users = LIST_HEAD_INITIALIZER(users);
	struct client_user *other = NULL, *root = NULL;

	for (int i = 0; i < 75; i++) {
		other = user_join(&users, 4242, 0);
		root = user_join(&users, 0, 0);
	}
	expect(!user_has_clients(other, 100) && !user_has_clients(root, 100));
	other = user_join(&users, 4242, 0);
	root = user_join(&users, 0, 0);
	expect(user_has_clients(other, 100));
	expect(!user_has_clients(root, 100));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		requests_are_let_through_at_their_rate,
		a_user_has_one_allowance_for_all_its_clients,
		work_is_charged_and_debts_are_bounded,
		no_charge_is_a_gift,
		a_user_has_a_share_of_the_connections,
	};

	return UNIT_RUN("daemon_user", tests);
}
