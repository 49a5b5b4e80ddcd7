/*
 * masks.c -- read and write the file of the rules.
 */
#include "daemon/masks.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

#define MASKS_NEW MASKS_FILE ".new"
#define HEADLINE "shmlog masks 1\n"

/* `level 6 ', or `hide ', the tag and a blank; the glob and the line's end. */
#define LINE_MAX_ (5 + TAG_NAME_MAX + 1 + MASK_GLOB_MAX)
#define FILE_MAX (sizeof(HEADLINE) + MASK_RULES_MAX * LINE_MAX_)

/* The whole of a file: its length, or -1; what is wrong is in *why. */
static ssize_t
read_file(int dirfd, char text[FILE_MAX + 1], const char **why)
{
	int fd = openat(dirfd, MASKS_FILE,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n = -1;

	if (fd == -1) {
		*why = errno == ENOENT ? NULL : strerror(errno);
		return -1;
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		*why = "not a regular file";
	else if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		*why = "others may write to it";
	else if ((n = read(fd, text, FILE_MAX + 1)) == -1)
		*why = strerror(errno);
	close(fd);
	return n;
}

/* A line without its end, which is cut to pieces; 0, or -1. */
static int
parse_line(char *line, struct mask_rule *r)
{
	char *word = strsep(&line, " "), *value = strsep(&line, " ");

	memset(r, 0, sizeof(*r));
	if (value == NULL || line == NULL || strlen(line) >= MASK_GLOB_MAX)
		return -1;
	strcpy(r->glob, line);
	if (strcmp(word, "level") == 0) {
		r->what = MASK_LEVEL;
		if (value[0] < '0' || value[0] > '7' || value[1] != '\0')
			return -1;
		r->level = (uint32_t)(value[0] - '0');
		return mask_rule_is_good(r) ? 0 : -1;
	}
	if (strcmp(word, "hide") == 0)
		r->what = MASK_HIDE;
	else if (strcmp(word, "show") == 0)
		r->what = MASK_SHOW;
	else
		return -1;
	if (strlen(value) >= TAG_NAME_MAX)
		return -1;
	strcpy(r->tag, value);
	return mask_rule_is_good(r) ? 0 : -1;
}

/* The rules of a text that ends with a zero: how many, or -1. */
static int
parse(char *text, size_t n, struct mask_rule *rules)
{
	int count = 0;
	char *line;

	if (strlen(text) != n || n < strlen(HEADLINE) || text[n - 1] != '\n' ||
	    strncmp(text, HEADLINE, strlen(HEADLINE)) != 0)
		return -1;
	text[n - 1] = '\0';
	text += strlen(HEADLINE) - 1;
	if (*text++ == '\0')
		return 0;
	while ((line = strsep(&text, "\n")) != NULL)
		if (count == MASK_RULES_MAX ||
		    parse_line(line, &rules[count++]) != 0)
			return -1;
	return count;
}

void
masks_load(struct store *s, int dirfd, const char *path)
{
	struct mask_rule *rules = calloc(MASK_RULES_MAX, sizeof(*rules));
	char *text = calloc(1, FILE_MAX + 2);
	struct message_masked m;
	const char *why = "no memory";
	ssize_t n = -1;
	int count = 0;

	if (rules != NULL && text != NULL)
		n = read_file(dirfd, text, &why);
	if (n > (ssize_t)FILE_MAX) {
		why = "too long";
		n = -1;
	}
	if (n != -1 && (count = parse(text, (size_t)n, rules)) == -1)
		why = "makes no sense";
	if (n == -1 || count == -1) {
		if (why != NULL)
			log_warn("%s/" MASKS_FILE ": %s: nothing is masked",
			    path, why);
		count = 0;
	}
	for (int i = 0; i < count; i++)
		(void)store_mask(s, &rules[i], &m);
	free(rules);
	free(text);
}

static void
write_rule(FILE *f, const struct mask_rule *r)
{
	if (r->what == MASK_LEVEL)
		(void)fprintf(f, "level %u %s\n", r->level, r->glob);
	else
		(void)fprintf(f, "%s %s %s\n",
		    r->what == MASK_HIDE ? "hide" : "show", r->tag, r->glob);
}

/* Takes the descriptor: 0, or -1 with errno. */
static int
write_rules(const struct store *s, int fd)
{
	const struct mask_rule *r;
	FILE *f = fdopen(fd, "w");
	int failed;

	if (f == NULL) {
		close(fd);
		return -1;
	}
	(void)fputs(HEADLINE, f);
	for (uint64_t i = 0; (r = store_mask_rule(s, i)) != NULL; i++)
		write_rule(f, r);
	failed = ferror(f);
	return fclose(f) == 0 && !failed ? 0 : -1;
}

void
masks_save(const struct store *s, int dirfd, const char *path)
{
	int fd;

	(void)unlinkat(dirfd, MASKS_NEW, 0);
	if (store_mask_rule(s, 0) == NULL) {
		if (unlinkat(dirfd, MASKS_FILE, 0) == 0 || errno == ENOENT)
			return;
	} else {
		fd = openat(dirfd, MASKS_NEW,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd != -1 && write_rules(s, fd) == 0 &&
		    renameat(dirfd, MASKS_NEW, dirfd, MASKS_FILE) == 0)
			return;
	}
	log_client(LOG_WARNING,
	    "%s/" MASKS_FILE ": %s: the change ends with this daemon", path,
	    strerror(errno));
	(void)unlinkat(dirfd, MASKS_NEW, 0);
}
