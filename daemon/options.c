/*
 * options.c -- the command line, from one table.
 */
#include "daemon/options.h"

#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/instance.h"
#include "common/segment.h"
#include "common/shared.h"

#define SIZE_DEFAULT "64m"

struct parse {
	struct options *o;
	char *error;
	const char *group; /* -g: looked at when -u is known */
	const char *size;  /* -s, as it was typed */
};

/* A row for each option: take() returns 0, or -1 after bad(). */
struct row {
	char letter;
	const char *argument; /* NULL: it has none */
	const char *help;
	int (*take)(struct parse *, const char *value);
};

static int take_detach(struct parse *, const char *);
static int take_verbose(struct parse *, const char *);
static int take_instance(struct parse *, const char *);
static int take_size(struct parse *, const char *);
static int take_cooling(struct parse *, const char *);
static int take_sections(struct parse *, const char *);
static int take_clients(struct parse *, const char *);
static int take_user(struct parse *, const char *);
static int take_group(struct parse *, const char *);
static int take_mode(struct parse *, const char *);
static int take_pidfile(struct parse *, const char *);

/* In the order of the synopsis; -h and -V end the parsing. */
static const struct row table[] = {
	{ 'D', NULL, "detach once ready, log to syslog", take_detach },
	{ 'h', NULL, "print this and exit", NULL },
	{ 'V', NULL, "print the version and exit", NULL },
	{ 'v', NULL, "tell more; twice: everything", take_verbose },
	{ 'n', "instance", "a name, or its directory's absolute path [default]",
	    take_instance },
	{ 's', "size",
	    "of the segment, bytes, or with k, m, g [" SIZE_DEFAULT "]",
	    take_size },
	{ 'k', "seconds", "how long freed sections stay readable [60]",
	    take_cooling },
	{ 'm', "sections", "how many there can be [4096]", take_sections },
	{ 'c', "clients", "how many may be connected [1024]", take_clients },
	{ 'u', "user", "to become (root only)", take_user },
	{ 'g', "group", "to become (root only) [the user's]", take_group },
	{ 'M', "mode",
	    "of the segment, octal; who is in the group and may read may "
	    "connect, too [0640]",
	    take_mode },
	{ 'P', "pidfile", "to write the process id to", take_pidfile },
};

#define ROWS (sizeof(table) / sizeof(table[0]))

__attribute__((format(printf, 2, 3))) static int
bad(struct parse *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(p->error, OPTIONS_ERROR_MAX, format, ap);
	va_end(ap);
	return -1;
}

/* Digits only, 1 to max; 0, or -1. */
static int
number(const char *text, char **end, uint64_t *n)
{
	if (!isdigit((unsigned char)text[0]))
		return -1;
	errno = 0;
	*n = strtoull(text, end, 10);
	return errno == 0 ? 0 : -1;
}

static int
in_range(struct parse *p, char letter, const char *value, uint32_t min,
    uint32_t max, uint32_t *to)
{
	uint64_t n;
	char *end;

	if (number(value, &end, &n) != 0 || *end != '\0' || n < min || n > max)
		return bad(p, "-%c %s: not a whole number from %u to %u",
		    letter, value, min, max);
	*to = (uint32_t)n;
	return 0;
}

static int
take_detach(struct parse *p, const char *value)
{
	(void)value;
	p->o->detach = 1;
	return 0;
}

static int
take_verbose(struct parse *p, const char *value)
{
	(void)value;
	p->o->verbose++;
	return 0;
}

static int
take_instance(struct parse *p, const char *value)
{
	if (instance_check(value) != 0)
		return bad(p, "-n %s: " INSTANCE_RULE, value);
	p->o->instance = value;
	return 0;
}

static int
take_size(struct parse *p, const char *value)
{
	unsigned shift = 0;
	uint64_t n;
	char *end;

	if (number(value, &end, &n) != 0)
		return bad(p, "-s %s: not a size such as 64m", value);
	switch (*end) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	case 'g':
	case 'G':
		shift = 30;
		break;
	}
	if (shift != 0)
		end++;
	if (*end != '\0')
		return bad(p,
		    "-s %s: not a size: digits, and k, m, g or nothing", value);
	if (n > ((uint64_t)INT64_MAX - SEGMENT_PAGE) >> shift)
		return bad(p, "-s %s: too large", value);
	p->size = value;
	p->o->size = round_up(n << shift, SEGMENT_PAGE);
	return 0;
}

static int
take_cooling(struct parse *p, const char *value)
{
	return in_range(p, 'k', value, OPTIONS_COOLING_MIN, OPTIONS_COOLING_MAX,
	    &p->o->cooling);
}

static int
take_sections(struct parse *p, const char *value)
{
	return in_range(
	    p, 'm', value, 1, OPTIONS_SECTIONS_MAX, &p->o->sections);
}

static int
take_clients(struct parse *p, const char *value)
{
	return in_range(p, 'c', value, 1, OPTIONS_CLIENTS_MAX, &p->o->clients);
}

static int
take_user(struct parse *p, const char *value)
{
	struct passwd *pw = getpwnam(value);

	if (pw == NULL)
		return bad(p, "-u %s: no such user", value);
	if (geteuid() != 0 && pw->pw_uid != geteuid())
		return bad(
		    p, "-u %s: only root can become another user", value);
	p->o->user = value;
	p->o->uid = pw->pw_uid;
	if (p->group == NULL)
		p->o->gid = pw->pw_gid;
	p->o->change_gid = 1;
	return 0;
}

static int
take_group(struct parse *p, const char *value)
{
	struct group *gr = getgrnam(value);

	if (gr == NULL)
		return bad(p, "-g %s: no such group", value);
	if (geteuid() != 0 && gr->gr_gid != getegid())
		return bad(p, "-g %s: only root can change its group", value);
	p->group = value;
	p->o->gid = gr->gr_gid;
	p->o->change_gid = 1;
	return 0;
}

static int
take_mode(struct parse *p, const char *value)
{
	unsigned long mode;
	char *end;

	errno = 0;
	mode = strtoul(value, &end, 8);
	if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 ||
	    (mode & ~0666ul) != 0)
		return bad(p,
		    "-M %s: not an octal mode of read and write bits, such as "
		    "0640",
		    value);
	if ((mode & 0600) != 0600)
		return bad(p,
		    "-M %s: shmlogd itself must read and write the segment "
		    "(0600)",
		    value);
	p->o->mode = (mode_t)mode;
	return 0;
}

static int
take_pidfile(struct parse *p, const char *value)
{
	char copy[PATH_MAX], *dir;
	struct stat st;

	if (value[0] == '\0' || strlen(value) >= sizeof(copy))
		return bad(p, "-P %.64s: not a path", value);
	memcpy(copy, value, strlen(value) + 1);
	dir = dirname(copy);
	if (stat(dir, &st) == -1)
		return bad(p, "-P %s: %s: %s", value, dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return bad(p, "-P %s: %s is not a directory", value, dir);
	if (lstat(value, &st) == 0 && !S_ISREG(st.st_mode))
		return bad(p, "-P %s: not a regular file", value);
	p->o->pidfile = value;
	return 0;
}

static const struct row *
find(int letter)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].letter == letter)
			return &table[i];
	return NULL;
}

/* What only all options together tell. */
static int
check_all(struct parse *p)
{
	char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX];
	struct options *o = p->o;
	struct segment_plan plan;
	const char *dir = instance_bad_dir(o->instance);
	uint64_t least;

	if (dir != NULL)
		return bad(p, "SHMLOG_DIR %s: " RUNTIME_DIR_RULE, dir);
	if (instance_dirs(o->instance, 1, dirs) == -1)
		return bad(p, "-n %s: %s", options_name(o), strerror(errno));
	if (segment_plan(&plan, o->size, o->sections, o->cooling) == 0)
		return 0;
	/* what the tables of so many sections take, and one page of data */
	if (segment_plan(&plan, UINT64_C(1) << 40, o->sections, o->cooling) !=
	    0)
		return bad(p, "-m %u: too many", o->sections);
	least = plan.data_offset + SEGMENT_PAGE;
	return bad(p,
	    "-s %s: too small: the tables of -m %u sections alone need "
	    "%juk; use at least that, or a smaller -m",
	    p->size, o->sections, (uintmax_t)(least >> 10));
}

static void
defaults(struct options *o)
{
	memset(o, 0, sizeof(*o));
	o->size = UINT64_C(64) << 20; /* SIZE_DEFAULT */
	o->cooling = 60;
	o->sections = 4096;
	o->clients = 1024;
	o->uid = geteuid();
	o->gid = getegid();
	o->mode = 0640;
}

static void
getopt_string(char string[2 * ROWS + 2])
{
	char *s = string;

	*s++ = ':';
	for (size_t i = 0; i < ROWS; i++) {
		*s++ = table[i].letter;
		if (table[i].argument != NULL)
			*s++ = ':';
	}
	*s = '\0';
}

/* optopt is no option.  getopt(3) is at `word' until all of the word's letters
 * were looked at. */
static int
no_such(struct parse *p, const char *word)
{
	if (optopt == '-' && word != NULL && strncmp(word, "--", 2) == 0)
		return bad(p, "%s: no such option (-h lists them)", word);
	return bad(p, "-%c: no such option (-h lists them)", optopt);
}

enum options_result
options_parse(struct options *o, int argc, char *const argv[],
    char error[OPTIONS_ERROR_MAX])
{
	struct parse p = { .o = o, .error = error, .size = SIZE_DEFAULT };
	char string[2 * ROWS + 2];
	int c;

	defaults(o);
	getopt_string(string);
	optind = 0; /* forgets the word where it was left, too */
	while ((c = getopt(argc, argv, string)) != -1) {
		if (c == 'h')
			return OPTIONS_USAGE;
		if (c == 'V')
			return OPTIONS_VERSION;
		if (c == ':') {
			(void)bad(&p, "-%c: needs a value: %s", optopt,
			    find(optopt)->argument);
			return OPTIONS_BAD;
		}
		if (c == '?') {
			(void)no_such(&p, argv[optind]);
			return OPTIONS_BAD;
		}
		if (find(c)->take(&p, optarg) != 0)
			return OPTIONS_BAD;
	}
	if (optind < argc) {
		(void)bad(&p,
		    "%s: there are no arguments but options (-h lists them)",
		    argv[optind]);
		return OPTIONS_BAD;
	}
	return check_all(&p) == 0 ? OPTIONS_RUN : OPTIONS_BAD;
}

void
options_usage(FILE *f)
{
	(void)fprintf(f, "usage: shmlogd [-");
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].argument == NULL)
			(void)fputc(table[i].letter, f);
	(void)fputc(']', f);
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].argument != NULL)
			(void)fprintf(
			    f, " [-%c %s]", table[i].letter, table[i].argument);
	(void)fputc('\n', f);
	for (size_t i = 0; i < ROWS; i++)
		(void)fprintf(f, "  -%c %-10s %s\n", table[i].letter,
		    table[i].argument == NULL ? "" : table[i].argument,
		    table[i].help);
}

const char *
options_name(const struct options *o)
{
	return o->instance == NULL ? INSTANCE_DEFAULT : o->instance;
}
