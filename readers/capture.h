/*
 * capture.h -- records in a file: `-w' writes them, `-r' reads them.
 *
 * A capture stands for itself: it has the streams, their dictionaries, the
 * records' names and what was lost, and is read on any machine.
 * man/shmlog-capture.5 says what every byte is.
 */
#ifndef SHMLOG_READERS_CAPTURE_H
#define SHMLOG_READERS_CAPTURE_H

#include "readers/show.h"

/*
 * WRITING.  One thread.  What was written is safe from a crash of ours at the
 * next flush; nothing ever waits for a disk.
 */
struct capture;

/* A new file (0640), or one that is replaced; `append': goes on behind what is
 * there, of which a block that was cut short is removed and told.  NULL: it
 * cannot be made, or is no capture: that was told. */
struct capture *capture_create(const char *path, int append);

/* 0, or -1: a write has failed, now or before; that was told once. */
int capture_record(struct capture *, const struct rec *);
int capture_lost(struct capture *, const struct descriptor *of,
    uint64_t records, int at_least);
int capture_flush(struct capture *);

/* Opens the path anew, as logrotate wants it: what is on its way still goes to
 * the old file, all else to the new one, which stands for itself. */
int capture_reopen(struct capture *);

/* Flushes, closes and frees; as capture_flush(). */
int capture_close(struct capture *);

/* A stream that has records in it is freed: its number is used no more. */
void capture_forget(struct capture *, const struct rec_stream *);

/*
 * READING.  Whether a file is one: 1, 0, or -1 with errno.  A descriptor that
 * cannot seek (a pipe) is asked by what capture_show() finds.
 */
int capture_is(int fd);

/*
 * Shows all of it, until the end, show->done or stop_asked(): show_stream(),
 * show_learn(), show_record() and show_lost().  Closes fd.  `name' is for
 * messages.  What cannot be read is told, with where it is, and all before it
 * is shown; behind a damaged block it goes on with the next good one.  Needs
 * memory for a block and for what the streams are, however long the file is.
 * 0; or -1: something was cut short or damaged, or could not be read.
 */
int capture_show(int fd, const char *name, struct show *);

#endif
