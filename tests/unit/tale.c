/*
 * tale.c -- see tale.h.
 */
#include "tests/unit/tale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct album tale;
struct reading tale_read;
char tale_copy[96], tale_other[96];
struct copying tale_at_once = { .to = tale_copy };

static void
learn_all(void)
{
	for (size_t i = 0; i < ALBUM_STREAMS; i++) {
		album_learn(&tale, i, DICT_TAG, 1, "One");
		album_learn(&tale, i, DICT_TAG, TAGS_MAX - 1, "Last");
		album_learn(&tale, i, DICT_FORMAT, 1, "n=%d");
		album_learn(&tale, i, DICT_FORMAT, FORMATS_MAX - 1, "n=%x");
	}
}

void
tale_put_any(struct unit_random *u, uint64_t number)
{
	static const uint16_t tags[] = { 0, 1, TAGS_MAX - 1, 7, UINT16_MAX };
	static const uint32_t formats[] = { 1, FORMATS_MAX - 1, 5, UINT32_MAX };
	static char text[700];
	uint64_t args[2] = { formats[unit_below(u, UNIT_COUNT(formats))], 42 };
	size_t i = unit_below(u, ALBUM_STREAMS);
	uint32_t lane = (uint32_t)unit_below(u, 3);

	memset(text, 'x', sizeof(text));
	tale.head.tag = tags[unit_below(u, UNIT_COUNT(tags))];
	tale.head.level = (uint8_t)unit_below(u, 8);
	tale.head.id = unit_below(u, 3);
	tale.head.flags = 0;
	if (unit_below(u, 4) == 0) {
		tale.head.flags = RECORD_ARGS;
		album_put(&tale, i, lane, number, args,
		    unit_below(u, 10) == 0 ? 3 : sizeof(args));
	} else {
		album_put(
		    &tale, i, lane, number, text, unit_below(u, sizeof(text)));
	}
}

void
tale_begin(void)
{
	album_begin(&tale);
	(void)snprintf(tale_copy, sizeof(tale_copy), "%s/copy", tale.path);
	(void)snprintf(tale_other, sizeof(tale_other), "%s/other", tale.path);
	learn_all();
}

/* Marks each block of records, where nobody looks: in the padding of a slot. */
static void
mark(uint8_t *bytes, size_t n)
{
	struct capture_block h;

	for (size_t at = FILE_HEAD; at < n; at += HEAD + h.length) {
		memcpy(&h, bytes + at, HEAD);
		if (h.type != CAPTURE_RECORDS)
			continue;
		bytes[at + HEAD + h.length - sizeof(struct capture_slot) +
		      offsetof(struct capture_slot, pad_20)] = 0x5a;
		block_seal(&h, bytes + at + HEAD);
		memcpy(bytes + at, &h, HEAD);
	}
}

uint8_t *
tale_end_story(size_t *n)
{
	uint8_t *bytes;

	ck_assert_int_eq(album_close(&tale), 0);
	bytes = album_bytes(&tale, n);
	mark(bytes, *n);
	return bytes;
}

uint8_t *
tale_story(uint64_t seed, int records, size_t *n)
{
	struct unit_random u = { seed };
	size_t i;

	tale_begin();
	for (int k = 0; k < records; k++) {
		if (unit_below(&u, 1500) == 0)
			album_lost(&tale,
			    unit_below(&u, 4) == 0
				? NULL
				: &tale.d[unit_below(&u, ALBUM_STREAMS)],
			    unit_random(&u), (int)unit_below(&u, 2));
		if (unit_below(&u, 2000) == 0) {
			i = unit_below(&u, ALBUM_STREAMS);
			album_forget(&tale, i);
			album_learn(&tale, i, DICT_TAG, 1, "Again");
		}
		tale_put_any(&u, (uint64_t)k);
	}
	return tale_end_story(n);
}

void
tale_end(uint8_t *bytes)
{
	free(bytes);
	album_end(&tale);
}

uint8_t *
tale_copied_bytes(size_t *n)
{
	struct album of;

	memcpy(of.file, tale_copy, sizeof(of.file));
	return album_bytes(&of, n);
}

size_t
tale_records_in(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text = strchr(text, '\n') + 1)
		n += strncmp(text, "lost ", 5) != 0;
	return n;
}

const uint8_t *
tale_first_large(
    const uint8_t *bytes, struct capture_block *h, struct rec_stream **of)
{
	const uint8_t *at = bytes + FILE_HEAD, *slots;
	struct capture_slot slot;

	for (;; at += HEAD + h->length) {
		memcpy(h, at, HEAD);
		if (h->type == CAPTURE_RECORDS && h->length >= 1 << 16)
			break;
	}
	ck_assert_uint_le(h->slots, LANES_MAX);
	slots = at + HEAD + h->length - h->slots * sizeof(slot);
	for (size_t k = 0; k < h->slots; k++) {
		memcpy(&slot, slots + k * sizeof(slot), sizeof(slot));
		of[k] = NULL;
		for (size_t i = 0; i < ALBUM_STREAMS; i++)
			if (tale.of_file[i]->serial == slot.name.serial)
				of[k] = tale.of_file[i];
		ck_assert_ptr_nonnull(of[k]);
	}
	return at + HEAD;
}
