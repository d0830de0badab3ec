/*
 * send - the content of a message on the wire: header edits, body, dots or chunks, the end.
 *
 * The content comes from the job's own bytes or from a descriptor, read in
 * pieces off the scheduler's thread. Internal to deliver/.
 */
#pragma once
#include "deliver/transaction.h"

/* Octets of what goes out, dots of transparency not counted. */
uint64_t send_size(const struct transaction *t);

/* Up to and with the final dot (not flushed later than that). False: *ret says why; no dot was sent. */
bool send_content(struct transaction *t, struct trouble *ret);

/* Is it to go by BDAT (RFC 3030)? Large mail is, where that is offered: a refusal comes before its end. */
bool send_wants_chunks(const struct transaction *t);

enum send_result { SEND_DONE, SEND_FAILED, SEND_REFUSED };

/*
 * The same by BDAT, up to and with the last chunk, whose reply is still to come. SEND_FAILED: *ret
 * says why. SEND_REFUSED: the connection's reader has the reply, and *ret_unanswered more follow.
 */
enum send_result send_chunks(struct transaction *t, struct trouble *ret, unsigned *ret_unanswered);
