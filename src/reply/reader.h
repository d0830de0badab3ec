/*
 * reply_reader - whole replies out of a byte stream, in whatever pieces it comes.
 *
 * Owns a fixed room for one reply's text; allocates nothing, never logs or
 * waits. No peer can make it grow: text is kept up to REPLY_TEXT_MAX bytes and
 * REPLY_LINES_MAX lines (the rest is counted and dropped), and a reply of more
 * than REPLY_BYTES_MAX octets ends the session. About 4.2 KiB: keep it in the
 * session, not on a fiber's stack. Stands on reply/line.h.
 */
#pragma once
#include "base/arena.h"
#include "reply/line.h"

enum {
	REPLY_TEXT_MAX = 4096,
	REPLY_LINES_MAX = 128,
	REPLY_BYTES_MAX = 65536,
	REPLY_LINE_MAX = 512, /* octets a line with CRLF (RFC 5321 4.5.3.1.5); longer is noted */
};

/* A complete reply. The text is the lines without code and status, joined by '\n', bytes raw. */
struct reply {
	unsigned code; /* 200..599, of the last line */
	struct reply_status status;
	struct span text; /* borrowed from the reader until it is fed again */
	unsigned lines;   /* as sent, also those not kept */
	unsigned oddity;  /* enum reply_oddity, or-ed */
};

struct reply_reader {
	struct reply reply;
	size_t bytes;      /* of this reply, in all */
	size_t line_bytes; /* of this line, without line end */
	size_t line_at;    /* where this line's text begins in text */
	size_t len;        /* bytes of text in use */
	char head[4];      /* code and separator of this line */
	bool is_done, has_cr;
	char text[REPLY_TEXT_MAX];
};

void reply_reader_init(struct reply_reader *r);

/*
 * Feeds bytes; *ret_consumed says how many were taken (always set). What lies
 * behind a reply's end is left: it belongs to the next reply.
 *
 *   1          a reply is complete: r->reply; the next feed begins a new one
 *   0          all was taken, more is needed
 *  -EBADMSG    not SMTP: reply_reader_garbage() shows the beginning
 *  -EMSGSIZE   the reply is too long
 *
 * After an error the stream is of no use: init before the next feed.
 */
int reply_reader_feed(struct reply_reader *r, struct span in, size_t *ret_consumed)
	__attribute__((warn_unused_result));

/* True where bytes of an unfinished reply were taken: a lost connection cut a reply in two. */
bool reply_reader_is_inside(const struct reply_reader *r);

/* After -EBADMSG: what the peer said instead, cut at 200 bytes, raw. Borrowed as reply.text. */
struct span reply_reader_garbage(const struct reply_reader *r);

/* Line by line (EHLO keywords): for (struct span rest = reply->text; reply_next_line(&rest, &l);) */
bool reply_next_line(struct span *rest, struct span *ret_line);

/* A copy that outlives the reader's next feed. */
struct reply reply_copy(struct arena *arena, const struct reply *reply);

static inline bool reply_is_positive(const struct reply *r)
{
	return r->code < 400;
}
static inline bool reply_is_transient(const struct reply *r)
{
	return r->code / 100 == 4;
}
static inline bool reply_is_permanent(const struct reply *r)
{
	return r->code / 100 == 5;
}
