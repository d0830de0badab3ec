/*
 * content - message content on its way: out of DATA, out of BDAT chunks, and into DATA.
 *
 * Small state machines that take their input in any pieces and give back runs
 * of it without a copy. Only CRLF ends a line and only CRLF.CRLF ends DATA
 * (RFC 5321 2.3.8, 4.1.1.4): bare CR, bare LF and NUL are faults, found 64
 * bytes at a time. Nothing is allocated, logged or waited for.
 */
#pragma once
#include "base/buf.h"

struct iovec;

#define WIRE_TEXT_LINE_MAX 1000U /* with CRLF, RFC 5321 4.5.3.1.6 */

enum wire_content_fault {
	WIRE_CONTENT_OK,
	WIRE_CONTENT_BARE_CR,
	WIRE_CONTENT_BARE_LF,
	WIRE_CONTENT_NUL,
	WIRE_CONTENT_LINE_LONG,
	WIRE_CONTENT_SIZE, /* over max_size */
};

struct wire_content {
	/* for the caller to read */
	enum wire_content_fault fault; /* the first one; it stays */
	bool is_ended;                 /* DATA: the final dot was read */
	bool has_8bit;                 /* a byte above 127 was seen */
	bool is_at_line_start;         /* nothing yet, or the last bytes were CRLF */
	uint64_t size;                 /* content bytes, dots of transparency not counted */
	/* its own */
	uint64_t max_size;
	size_t max_line;
	size_t line; /* bytes of the line so far */
	bool is_after_cr;
	bool is_draining;
	enum { WIRE_DOT_NONE, WIRE_DOT_SEEN, WIRE_DOT_CR_SEEN } dot;
};

/* max_line: bytes with CRLF (64 at least), 0: no limit; max_size: content bytes, 0: no limit. */
void wire_content_init(struct wire_content *c, size_t max_line, uint64_t max_size);

/*
 * DATA: takes bytes from the front of *in and returns a run of content among them (borrowed from
 * in). Call it until in is empty or is_ended; what is left in *in then is the next command. A run
 * may be empty. After a fault the content is to be thrown away: no more runs come, but the end is
 * still looked for.
 *
 *	while (in.len > 0 && !c.is_ended) {
 *		struct span run = wire_data_take(&c, &in);
 *		...
 *	}
 */
struct span wire_data_take(struct wire_content *c, struct span *in);
/* The caller has an error of its own (the spool is full): no more runs, the end is looked for. */
void wire_data_drain(struct wire_content *c);

/* BDAT: looks at bytes of a chunk; all of them are content. False from the first fault on. */
bool wire_chunk_take(struct wire_content *c, struct span in);
/* After the last chunk: a CR at the very end is bare too. is_at_line_start: it ended in CRLF. */
bool wire_chunk_end(struct wire_content *c);

/*
 * Sending by DATA. Content must be canonical; where it is not (a damaged spool), fault says so and
 * the transaction must not be ended, or the peer could be made to see two messages.
 */
void wire_stuff_init(struct wire_content *c);
/*
 * Takes from the front of *in and fills at most max (>= 2) iovecs with what is to be sent; they
 * point into in and at constants. Returns how many; call until in is empty.
 */
size_t wire_stuff_iov(struct wire_content *c, struct span *in, struct iovec *iov, size_t max);
/* The same into a buf: 0 or its sticky error. */
int wire_stuff_buf(struct wire_content *c, struct span in, struct buf *out);
/* What ends the content: ".CRLF", with CRLF before it where the last line had none. */
struct span wire_stuff_end(struct wire_content *c);
