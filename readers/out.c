/*
 * out.c -- the formats there are.
 */
#include "readers/out.h"

static const struct out *const outs[] = { &out_short, &out_json, &out_cat };

const struct out *
out_find(const char *name)
{
	for (size_t i = 0; i < sizeof(outs) / sizeof(outs[0]); i++)
		if (strcmp(outs[i]->name, name) == 0)
			return outs[i];
	return NULL;
}

const char *
level_name(uint8_t level)
{
	static const char *const names[] = { "emerg", "alert", "crit", "err",
		"warning", "notice", "info", "debug" };

	return level < sizeof(names) / sizeof(names[0]) ? names[level] : "?";
}

int
level_parse(const char *text)
{
	if (text[0] >= '0' && text[0] <= '7' && text[1] == '\0')
		return text[0] - '0';
	for (uint8_t i = 0; i < 8; i++)
		if (strcmp(text, level_name(i)) == 0)
			return i;
	return -1;
}
