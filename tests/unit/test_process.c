/*
 * test_process.c -- which process is which.
 */
#include "common/process.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* A child that waits to be killed. */
static pid_t
child(void)
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

START_TEST(a_process_runs_until_it_is_a_zombie)
{
	pid_t pid = child();
	siginfo_t info;
	uint64_t start, again;
	char state;

	ck_assert_int_eq(process_start(pid, &start, &state), 0);
	ck_assert_uint_gt(start, 0);
	ck_assert_int_eq(process_runs(pid, start), 1);
	ck_assert_int_eq(process_runs(pid, 0), 1);
	/* the same pid, another process */
	ck_assert_int_eq(process_runs(pid, start + 1), 0);
	ck_assert_int_eq(process_runs(pid, start - 1), 0);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(process_start(pid, &again, &state), 0);
	ck_assert_int_eq(state, 'Z');
	ck_assert_int_eq(process_runs(pid, start), 0);
	ck_assert_int_eq(process_runs(pid, 0), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	errno = 0;
	ck_assert_int_eq(process_start(pid, &again, &state), -1);
	ck_assert_int_eq(errno, ESRCH);
	ck_assert_int_eq(process_runs(pid, 0), 0);
}
END_TEST

START_TEST(a_stopped_process_runs)
{
	pid_t pid = child();
	uint64_t start;
	char state;
	int status;

	ck_assert_int_eq(process_start(pid, &start, &state), 0);
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert_int_eq(process_runs(pid, start), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(a_name_that_looks_like_fields_misleads_nobody)
{
	static const char *const names[] = { "a) Z 1 1 1", "x ) ) (", ")",
		"a b\nc", "" };
	uint64_t start, again;
	char state;

	ck_assert_int_eq(process_start(getpid(), &start, &state), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ck_assert_int_eq(prctl(PR_SET_NAME, names[i]), 0);
		ck_assert_int_eq(process_start(getpid(), &again, &state), 0);
		ck_assert_uint_eq(again, start);
		ck_assert_int_eq(state, 'R');
		ck_assert_int_eq(process_runs(getpid(), start), 1);
	}
}
END_TEST

START_TEST(a_name_is_cut_and_printable)
{
	char name[16], shorter[4];

	ck_assert_int_eq(prctl(PR_SET_NAME, "a\033[1m\303\251 z\n"), 0);
	process_name(getpid(), name, sizeof(name));
	ck_assert_str_eq(name, "a?[1m?? z?");
	ck_assert_int_eq(prctl(PR_SET_NAME, "fifteenletters!"), 0);
	process_name(getpid(), name, sizeof(name));
	ck_assert_str_eq(name, "fifteenletters!");
	process_name(getpid(), shorter, sizeof(shorter));
	ck_assert_str_eq(shorter, "fif");
	process_name(-5, name, sizeof(name));
	ck_assert_str_eq(name, "");
}
END_TEST

START_TEST(the_boot_and_the_namespace_have_a_number)
{
	uint8_t id[16], again[16], zeros[16] = { 0 };

	ck_assert_int_eq(process_boot_id(id), 0);
	ck_assert_int_eq(process_boot_id(again), 0);
	ck_assert_mem_eq(id, again, sizeof(id));
	ck_assert_mem_ne(id, zeros, sizeof(id));
	/* a random UUID says so in its 7th byte */
	ck_assert_int_eq(id[6] >> 4, 4);
	ck_assert_uint_ne(process_pid_ns(), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_process_runs_until_it_is_a_zombie,
		a_stopped_process_runs,
		a_name_that_looks_like_fields_misleads_nobody,
		a_name_is_cut_and_printable,
		the_boot_and_the_namespace_have_a_number,
	};

	return UNIT_RUN("process", tests);
}
