/*
 * capture.h -- records in a file: `-w' writes them, `-r' reads them.
 *
 * A capture stands for itself: it has the streams, their dictionaries, the
 * records' names and what was lost, and is read on any machine (of this byte
 * order).  man/shmlog-capture.5 says what every byte is.
 */
#ifndef SHMLOG_READERS_CAPTURE_H
#define SHMLOG_READERS_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

struct capture_block;
struct descriptor;
struct rec;
struct rec_stream;
struct show;

/*
 * WRITING.  One thread.  What was flushed is in the kernel's hands, in whole
 * blocks; nothing ever waits for a disk.  What fails is told once, with errno,
 * the path, and how many records are in the file and how many are not.
 */
struct capture;

/*
 * A new file (0640), or one that is replaced; `append': goes on behind what is
 * there, of which a block that was cut short is removed and told.  `-' is the
 * standard output.  One writer a file, by flock(2); never the file that is open
 * as `reading' (-1: none), nor a segment.  NULL: it cannot be made, or is no
 * capture, and nothing was changed: that was told.
 */
struct capture *capture_create(const char *path, int append, int reading);

/* 0, or -1: a write has failed, now or before. */
int capture_record(struct capture *, const struct rec *);
int capture_lost(struct capture *, const struct descriptor *of,
    uint64_t records, int at_least);
int capture_flush(struct capture *);

/* A whole block of records, of[] being the streams of its slots, with some
 * bytes of ours behind it.  1: it is taken; -1: a write has failed; 0: it is
 * too small to be worth it, or makes no sense, and none of it was taken. */
int capture_copy(struct capture *, const struct capture_block *,
    const uint8_t *payload, struct rec_stream *const *of);

/* To be called each round: flushes what has waited for a tenth of a second (so
 * that blocks do not get tiny), and capture_reopen() if reopen_asked().  As
 * capture_flush(). */
int capture_tick(struct capture *);

/*
 * Opens the path anew, as logrotate wants it: what is on its way still goes to
 * the old file, all else to the new one, which stands for itself.  A file that
 * has come there meanwhile is never replaced: a capture is appended to.  If it
 * cannot be opened that is told, and the old one is gone on with.
 */
int capture_reopen(struct capture *);

/* Flushes, closes and frees; as capture_flush().  Streams may have gone or
 * not. */
int capture_close(struct capture *);

/* A stream is about to be freed: no more records of it come. */
void capture_forget(struct rec_stream *);

/*
 * READING.  Opens what -r names (`-': the standard input), if it is a capture;
 * -1: NULL was given, or it is none.  One that cannot seek (a pipe) is taken
 * for one: capture_show() will find out.
 */
int capture_find(const char *file);

/*
 * Shows all of it, until the end, show->done or stop_asked(): show_stream(),
 * show_learn(), show_record() and show_lost().  Closes fd.  `name' is for
 * messages.  What cannot be read is told, with where it is, and all before it
 * is shown; behind a damaged block it goes on with the next good one.  Needs
 * memory for a block and for what the streams are, however long the file is,
 * and stops with a message if that is too much.
 * 0; or -1: something was cut short or damaged, or could not be read.
 */
int capture_show(int fd, const char *name, struct show *);

#endif
