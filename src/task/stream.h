/*
 * stream - buffered bytes in two directions over a socket, memory, or TLS (tls.h).
 *
 * A stream owns its descriptor and its buffers. Buffers come and go: an idle
 * stream holds none. Errors stick: after a failure of either direction every
 * further call returns the same -errno. Two things do not break a stream:
 * -ENOBUFS, and -ETIMEDOUT or -ECANCELED of a wait for input (one may still say
 * goodbye). Whatever may wait takes an absolute deadline. Bytes that were
 * received before a write failed stay readable: stream_fill goes on to give
 * what the peer had sent by then, without waiting, and only then the error.
 */
#pragma once
#include "base/clock.h"
#include "base/span.h"
#include <sys/types.h>

struct stream;
struct task_fd;
struct sockaddr;

/* How bytes move; the seam for TLS. Each returns bytes, 0 at the end, or -errno. */
struct stream_transport {
	ssize_t (*read)(void *self, void *at, size_t len, nanos deadline);
	ssize_t (*write)(void *self, const void *at, size_t len, nanos deadline);
	/* Waits until read would not block; NULL: read at once. Lets an idle stream hold no buffer. */
	int (*wait_read)(void *self, nanos deadline);
	void (*close)(void *self);
	/* Of one that stands on another stream, else NULL: that one; and to say that nothing more comes. */
	struct stream *(*lower)(void *self);
	int (*end)(void *self, nanos deadline);
};

/* Takes the descriptor (also on failure). 0 or -errno. */
int stream_open_fd(int fd, struct stream **ret);
/* The same for one that is known to the scheduler already (task_fd_connect). */
int stream_open_task_fd(struct task_fd *f, struct stream **ret);
/* Connects a socket, and takes it (also on failure). Waits. 0 or -errno; -ETIMEDOUT at the deadline. */
int stream_connect(
	int fd, const struct sockaddr *to, unsigned len, nanos deadline, struct stream **ret);
int stream_open(const struct stream_transport *transport, void *self, struct stream **ret);
/*
 * A memory stream for tests and fuzzers: reads give the pieces of input, cut
 * at every `step` bytes (0: all at once), then the end; writes are kept.
 */
int stream_open_memory(struct span input, size_t step, struct stream **ret);
struct span stream_memory_written(const struct stream *s); /* what was flushed */

void stream_close(struct stream *s);   /* NULL is fine; unflushed output is lost */
int stream_fd(const struct stream *s); /* -1 where there is none */

/* Received, not yet consumed. Borrowed until the next stream_fill. */
struct span stream_input(const struct stream *s);
void stream_consume(struct stream *s, size_t n);
/*
 * Waits for more input and appends what comes (up to the buffer's size). Flushes output first.
 * Bytes added, 0 at the end, -ENOBUFS when the buffer (STREAM_INPUT_MAX) is full, or -errno.
 */
ssize_t stream_fill(struct stream *s, nanos deadline);
#define STREAM_INPUT_MAX (64U * 1024)
/* A hint: n bytes are about to come (DATA, BDAT), so that the next buffer is large at once. */
void stream_expect(struct stream *s, size_t n);

/*
 * Output is gathered (up to STREAM_OUTPUT_MAX, then sent) until stream_flush.
 * The span is copied or sent before the call returns.
 */
int stream_write(struct stream *s, struct span bytes, nanos deadline);
int stream_flush(struct stream *s, nanos deadline);
size_t stream_unflushed(const struct stream *s);
/* Flushes, and tells the peer that no more will come; reading goes on. Only where stream_fd is. */
int stream_end(struct stream *s, nanos deadline);
#define STREAM_OUTPUT_MAX (32U * 1024)
/* 0, or what broke it. */
int stream_error(const struct stream *s);
