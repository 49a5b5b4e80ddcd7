/*
 * shmctl.c -- administer an instance through its socket: shmctl(8).
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/attach.h"
#include "readers/ctl.h"
#include "readers/option.h"

static const struct option_row options[] = {
	{ 'f', NULL, "free: also what a connected worker has", NULL },
	{ 'h', NULL, "this help", NULL },
	{ 'V', NULL, "print the version", NULL },
	{ 'n', "instance", "a name, or the absolute path of a directory",
	    NULL },
	{ 0, NULL, NULL, NULL },
};

static const struct command {
	const char *name;
	const char *words;
	const char *help;
	int (*run)(const struct ctl_args *, struct buffer *);
	int takes_words;
} commands[] = {
	{ "mask", "STREAM level=LEVEL +TAG -TAG clear",
	    "what streams are not to log", ctl_mask, 1 },
	{ "masks", "", "list the masks", ctl_masks, 0 },
	{ "clients", "", "list who is connected", ctl_clients, 0 },
	{ "free", "SERIAL", "free a section by hand", ctl_free, 1 },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
print_help(void)
{
	usage_print(options, "");
	printf("and then one of:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-7s %-34s  %s\n", commands[i].name,
		    commands[i].words, commands[i].help);
}

/* Options up to the first word that is none: a tag may begin with a minus. */
static void
parse_options(struct ctl_args *a, int argc, char **argv)
{
	int letter;

	while ((letter = usage_next(options, 1, argc, argv)) != -1) {
		switch (letter) {
		case 'f':
			a->force = 1;
			break;
		case 'h':
			print_help();
			exit(0);
		case 'n':
			a->instance = optarg;
			break;
		case 'V':
			usage_version();
			exit(0);
		}
	}
}

/* Options may stand before the command and behind it. */
static const struct command *
parse_args(struct ctl_args *a, int argc, char **argv)
{
	const struct command *c = NULL;
	const char *name = NULL;

	memset(a, 0, sizeof(*a));
	parse_options(a, argc, argv);
	if (optind < argc) {
		name = argv[optind++];
		parse_options(a, argc, argv);
	}
	usage_instance(a->instance);
	if (name == NULL)
		usage_errx("needs a command (-h lists them)");
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			c = &commands[i];
	if (c == NULL)
		usage_errx("%s: no such command (-h lists them)", name);
	a->words = argv + optind;
	a->n = argc - optind;
	if (!c->takes_words && a->n > 0)
		usage_errx("%s %s: takes no words", name, a->words[0]);
	if (a->force && c->run != ctl_free)
		usage_errx("-f and %s do not go together", name);
	return c;
}

int
main(int argc, char **argv)
{
	const struct command *c;
	struct ctl_args args;
	struct buffer out;
	int status, written;

	c = parse_args(&args, argc, argv);
	stop_init();
	buffer_init(&out, STDOUT_FILENO);
	status = c->run(&args, &out);
	written = buffer_exit(&out);
	buffer_free(&out);
	return status != 0 ? status : written;
}
