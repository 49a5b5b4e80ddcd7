/*
 * test_daemon_options.c -- shmlogd's command line.
 */
#include <sys/prctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/options.h"
#include "tests/unit/unit.h"

#define ARGS_MAX 8

static char error[OPTIONS_ERROR_MAX];

/* Parses words, of which the last one is followed by NULL. */
static enum options_result
parse(struct options *o, const char *const words[ARGS_MAX])
{
	char *argv[ARGS_MAX + 2] = { (char *)(uintptr_t) "shmlogd" };
	int argc = 1;

	while (argc <= ARGS_MAX && words[argc - 1] != NULL) {
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
		argc++;
	}
	error[0] = '\0';
	return options_parse(o, argc, argv, error);
}

START_TEST(without_options_the_defaults_hold)
{
	static const char *const none[ARGS_MAX] = { NULL };
	struct options o;

	ck_assert_int_eq(parse(&o, none), OPTIONS_RUN);
	ck_assert_ptr_null(o.instance);
	ck_assert_str_eq(options_name(&o), "default");
	expect_eq(o.size, 64 << 20);
	expect_eq(o.cooling, 60);
	expect_eq(o.sections, 4096);
	expect_eq(o.mode, 0640);
	expect(!o.detach && o.verbose == 0 && o.pidfile == NULL);
}
END_TEST

START_TEST(each_option_sets_what_it_is_for)
{
	static const char *const most[ARGS_MAX] = { "-Dvv", "-nx.1-a", "-s3k",
		"-k10", "-m1", "-c2", "-M666", "-P/tmp/x" };
	static const char *const sizes[][2] = { { "1048576", "1m" },
		{ "1M", "1m" }, { "1024K", "1m" }, { "1048575", "1m" } };
	const char *size[ARGS_MAX] = { "-s", NULL, "-m", "1", NULL };
	struct options o;

	ck_assert_int_eq(parse(&o, most), OPTIONS_BAD); /* -s 3k */
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size[1] = sizes[i][0];
		ck_assert_int_eq(parse(&o, size), OPTIONS_RUN);
		expect_eq(o.size, 1 << 20);
	}
	size[1] = "2g";
	ck_assert_int_eq(parse(&o, size), OPTIONS_RUN);
	expect_eq(o.size, UINT64_C(2) << 30);
}
END_TEST

START_TEST(several_options_are_taken_together)
{
	static const char *const most[ARGS_MAX] = { "-Dvv", "-nx.1-a", "-s300k",
		"-k10", "-m1", "-c2", "-M666", "-P/dev/shm/x" };
	struct options o;

	ck_assert_int_eq(parse(&o, most), OPTIONS_RUN);
	expect(o.detach && o.verbose == 2);
	ck_assert_str_eq(options_name(&o), "x.1-a");
	expect_eq(o.size, 300 << 10);
	expect_eq(o.cooling, 10);
	expect_eq(o.sections, 1);
	expect_eq(o.clients, 2);
	expect_eq(o.mode, 0666);
	ck_assert_str_eq(o.pidfile, "/dev/shm/x");
}
END_TEST

/* What is wrong, and what the line must name. */
static const struct {
	const char *words[ARGS_MAX];
	const char *named[2];
} bad[] = {
	{ { "-n", "" }, { "-n", "not an instance" } },
	{ { "-n", ".." }, { "-n ..", "not an instance" } },
	{ { "-n", "a/b" }, { "-n a/b", "absolute path" } },
	{ { "-n", "/" }, { "-n /", "absolute path" } },
	{ { "-n", "20 " }, { "-n 20", "not an instance" } },
	{ { "-s", "" }, { "-s", "not a size" } },
	{ { "-s", "x" }, { "-s x", "not a size" } },
	{ { "-s", "-1" }, { "-s -1", "not a size" } },
	{ { "-s", "+1m" }, { "-s +1m", "not a size" } },
	{ { "-s", "1.5m" }, { "-s 1.5m", "not a size" } },
	{ { "-s", "64mb" }, { "-s 64mb", "not a size" } },
	{ { "-s", "64 m" }, { "-s 64 m", "not a size" } },
	{ { "-s", "0" }, { "-s 0: ", "too small" } },
	{ { "-s", "4k" }, { "-s 4k: ", "too small" } },
	{ { "-s", "1m" }, { "-s 1m: ", "-m 4096" } },
	{ { "-s", "99999999999g" }, { "-s 99999999999g", "too large" } },
	{ { "-s", "9223372036854775807" },
	    { "-s 9223372036854775807", "too large" } },
	{ { "-s", "18446744073709551617" },
	    { "-s 18446744073709551617", "not a size" } },
	{ { "-k", "9" }, { "-k 9", "from 10" } },
	{ { "-k", "0" }, { "-k 0", "from 10" } },
	{ { "-k", "1e3" }, { "-k 1e3", "whole number" } },
	{ { "-k", "4294967306" }, { "-k 4294967306", "86400" } },
	{ { "-k", "" }, { "-k", "whole number" } },
	{ { "-m", "0" }, { "-m 0", "from 1" } },
	{ { "-m", "1048577" }, { "-m 1048577", "1048576" } },
	{ { "-m", "many" }, { "-m many", "whole number" } },
	{ { "-c", "0" }, { "-c 0", "from 1" } },
	{ { "-c", "65537" }, { "-c 65537", "65536" } },
	{ { "-u", "no-such-user-here" },
	    { "-u no-such-user-here", "no such user" } },
	{ { "-g", "no-such-group-here" },
	    { "-g no-such-group-here", "no such group" } },
	{ { "-M", "0440" }, { "-M 0440", "0600" } },
	{ { "-M", "0755" }, { "-M 0755", "not an octal mode" } },
	{ { "-M", "rw" }, { "-M rw", "not an octal mode" } },
	{ { "-M", "0648" }, { "-M 0648", "not an octal mode" } },
	{ { "-M", "-0640" }, { "-M -0640", "not an octal mode" } },
	{ { "-P", "" }, { "-P", "not a path" } },
	{ { "-P", "/no/such/dir/x" }, { "-P /no/such/dir/x", "/no/such/dir" } },
	{ { "-P", "/dev/null" }, { "-P /dev/null", "not a regular file" } },
	{ { "-P", "/dev/shm" }, { "-P /dev/shm", "not a regular file" } },
	{ { "-x" }, { "-x", "no such option" } },
	{ { "--help" }, { "--help", "no such option" } },
	{ { "-s" }, { "-s", "needs a value" } },
	{ { "-Dn" }, { "-n", "needs a value" } },
	{ { "start" }, { "start", "no arguments but options" } },
	{ { "--", "-D" }, { "-D", "no arguments but options" } },
};

START_TEST(a_bad_value_is_one_line_that_names_it)
{
	struct options o;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(parse(&o, bad[i].words) == OPTIONS_BAD,
		    "row %zu (%s %s) was taken", i, bad[i].words[0],
		    bad[i].words[1] == NULL ? "" : bad[i].words[1]);
		for (size_t n = 0; n < 2; n++)
			ck_assert_msg(strstr(error, bad[i].named[n]) != NULL,
			    "row %zu: \"%s\" does not name \"%s\"", i, error,
			    bad[i].named[n]);
		ck_assert_ptr_null(strchr(error, '\n'));
	}
}
END_TEST

START_TEST(only_root_becomes_another_user)
{
	static const char *const user[ARGS_MAX] = { "-u", "root" };
	static const char *const group[ARGS_MAX] = { "-g", "root" };
	struct options o;

	if (geteuid() == 0 && (setegid(65534) != 0 || seteuid(65534) != 0))
		ck_abort_msg("cannot become nobody");
	ck_assert_int_eq(parse(&o, user), OPTIONS_BAD);
	ck_assert_ptr_nonnull(strstr(error, "-u root: only root"));
	ck_assert_int_eq(parse(&o, group), OPTIONS_BAD);
	ck_assert_ptr_nonnull(strstr(error, "-g root: only root"));
	/* for the leak checker, which traces us at the end */
	ck_assert_int_eq(seteuid(getuid()), 0);
	(void)prctl(PR_SET_DUMPABLE, 1);
}
END_TEST

START_TEST(help_and_version_are_no_errors)
{
	static const char *const help[ARGS_MAX] = { "-h" };
	static const char *const version[ARGS_MAX] = { "-V" };
	struct options o;

	ck_assert_int_eq(parse(&o, help), OPTIONS_USAGE);
	ck_assert_int_eq(parse(&o, version), OPTIONS_VERSION);
}
END_TEST

START_TEST(the_usage_is_the_synopsis)
{
	static const char synopsis[] =
	    "usage: shmlogd [-DhVv] [-n instance] [-s size] [-k seconds] "
	    "[-m sections] [-c clients] [-u user] [-g group] [-M mode] "
	    "[-P pidfile]\n";
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	ck_assert_ptr_nonnull(f);
	options_usage(f);
	fclose(f);
	ck_assert_msg(
	    strncmp(text, synopsis, strlen(synopsis)) == 0, "%s", text);
	free(text);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		without_options_the_defaults_hold,
		each_option_sets_what_it_is_for,
		several_options_are_taken_together,
		a_bad_value_is_one_line_that_names_it,
		only_root_becomes_another_user,
		help_and_version_are_no_errors,
		the_usage_is_the_synopsis,
	};

	return UNIT_RUN("daemon_options", tests);
}
