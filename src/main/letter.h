/*
 * letter - a message as a program gives it to sendmail, made fit for SMTP.
 *
 * Owns the header (in memory, bounded) and the body (in memory at first, then
 * in an unlinked file). Takes lines that end in LF or CRLF and gives lines that
 * end in CRLF; bare CR and NUL are errors that name the line, for they can't be
 * sent and nobody may guess what was meant. A line that is longer than mail allows
 * (RFC 5322 2.1.1) is broken: programs that write HTML or logs know no such limit, and
 * a refusal would lose what they say. Never logs; writing may block.
 */
#pragma once
#include "base/buf.h"
#include "main/mailbox_list.h"
#include <sys/types.h>

#define LETTER_HEADER_MAX ((size_t)1 << 20)
#define LETTER_MEMORY_MAX ((size_t)1 << 20) /* of the body; more goes to a file */

struct letter {
	struct buf header; /* fields, each with its CRLF; no empty line */
	struct buf body;   /* what is not yet in the file */
	int fd;            /* the file, or -1 */
	uint64_t body_len;
	bool has_8bit; /* anywhere */
	/* why reading failed */
	const char *error;
	size_t line; /* where, from 1; the last line that was read */
	/* its own */
	struct buf partial; /* a line of the header that is not yet whole */
	bool is_in_body, is_after_cr, is_ended, dot_ends;
	size_t column; /* bytes of this line so far */
	size_t width;  /* bytes of the body's line as it is sent so far */
	bool is_after_blank;
	bool has_lone_dot; /* the line is "." up to here */
};

/* dot_ends: a line that is "." alone ends the message (without -i). */
void letter_init(struct letter *l, bool dot_ends);
void letter_done(struct letter *l);

/* Bytes in any pieces. 0; 1 once the message has ended; -EBADMSG, -EMSGSIZE or another -errno. */
int letter_feed(struct letter *l, struct span bytes);
/* After the last byte: ends a line that was left open. 0 or as above. */
int letter_finish(struct letter *l);

/* All addresses of To, Cc and Bcc (of Resent-To ... where there are any). 0 or -EBADMSG: error says. */
int letter_recipients(struct letter *l, struct arena *arena, struct mailbox_list *ret);

struct letter_author {
	struct span address;  /* of the sender; empty: none is added */
	struct span name;     /* of the person; may be empty */
	struct span hostname; /* for Message-ID */
};
/* Removes Bcc and adds From, Date and Message-ID where they are missing. 0 or -EMSGSIZE. */
int letter_complete(struct letter *l, const struct letter_author *author);

/* Header, empty line and body: bytes in all. */
uint64_t letter_size(const struct letter *l);
/* The body from offset on, up to size bytes; 0 at its end, or -errno. */
ssize_t letter_read(const struct letter *l, uint64_t offset, char *at, size_t size);
