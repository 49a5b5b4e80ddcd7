/*
 * test_capture_block.c -- how much is read and summed of a damaged capture.
 */
#include <sys/mman.h>

#include <string.h>
#include <unistd.h>

#include "readers/capture_block.h"
#include "tests/unit/unit.h"

#define HEAD sizeof(struct capture_block)
#define FILE_HEAD sizeof(struct capture_header)
#define BLOCKS 3
#define WHOLE (HEAD + CAPTURE_PAYLOAD_MAX)

static uint8_t file[FILE_HEAD + (BLOCKS + 1) * WHOLE];
static uint8_t zeros[CAPTURE_PAYLOAD_MAX];

/* A block's header, for a payload that is not the one that follows. */
static void
put_head(uint8_t *to)
{
	struct capture_block h = { .length = CAPTURE_PAYLOAD_MAX };

	block_seal(&h, zeros);
	memcpy(to, &h, HEAD);
}

/* The same, with a payload that consists of such headers. */
static void
put_damaged(uint8_t *to)
{
	put_head(to);
	for (size_t n = HEAD; n + HEAD <= WHOLE; n += HEAD)
		memcpy(to + n, to, HEAD);
}

static size_t
put_file(uint64_t before)
{
	struct capture_block good = { .length = 8, .before = before };
	struct capture_header f;
	uint8_t *to = file + FILE_HEAD;

	block_file_header(&f);
	memcpy(file, &f, FILE_HEAD);
	for (int i = 0; i < BLOCKS; i++, to += WHOLE)
		put_damaged(to);
	block_seal(&good, zeros);
	memcpy(to, &good, HEAD);
	memset(to + HEAD, 0, good.length);
	return (size_t)(to - file) + HEAD + good.length;
}

/* What is good in it; *vain: see struct block_reader. */
static unsigned
read_file(size_t bytes, uint64_t *last, uint64_t *vain)
{
	enum block_result result;
	struct block_reader r;
	unsigned good = 0;
	int fd = memfd_create("capture", MFD_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, file, bytes), (ssize_t)bytes);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	block_init(&r, fd);
	while ((result = block_next(&r)) != BLOCK_END) {
		expect(result == BLOCK_FILE || result == BLOCK_DAMAGED ||
		       result == BLOCK_GOOD);
		if (result == BLOCK_GOOD) {
			good++;
			*last = r.head.before;
		}
	}
	*vain = r.vain;
	block_fini(&r);
	close(fd);
	return good;
}

START_TEST(headers_in_damaged_payloads_are_not_all_followed)
{
	uint64_t last = 0, vain;
	size_t bytes = put_file(77);

	ck_assert_uint_eq(read_file(bytes, &last, &vain), 1);
	ck_assert_uint_eq(last, 77);
	/* as much as may be, and not one block more */
	ck_assert_uint_gt(vain, BLOCK_VAIN);
	ck_assert_uint_le(vain, BLOCK_VAIN + BLOCK_VAIN_RATE * bytes + WHOLE);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		headers_in_damaged_payloads_are_not_all_followed,
	};

	return UNIT_RUN("capture_block", tests);
}
