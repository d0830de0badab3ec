/*
 * seat - who else has a say on a message: when its header is there, and when all of it is, before
 * it is committed.
 *
 * A seat is a row in seat.c. They are asked in its order, on the session's own task, so one may
 * wait. At the header a seat can refuse what has not come yet; at the end it can refuse, and put
 * fields in front of the message, which itself is never changed. Milters and DKIM find their place here.
 */
#pragma once
#include "receive/session.h"

struct seat_message {
	struct session *session; /* its transaction.content.facts says what the header holds */
	struct span id;          /* text form, and */
	int64_t wall_ms;         /* when it was taken: both only at the end */
	struct buf *edits;       /* only at the end: whole fields, behind those that are there */
	struct span held;        /* only at the header: the message as far as it has come */
};

/* REPLY_ID_NONE, or the first refusal: of all that hangs on the header (a content_header_fn). */
enum reply_id seats_at_header(void *session, struct span held);
/* The same at the end; edits has our Received field already. */
enum reply_id seats_at_end(struct session *s, struct span id, int64_t wall_ms, struct buf *edits);
/* The words of a refusal by a seat. */
void seats_words(const struct session *s, enum reply_id refusal, struct reply_words *words);
