/*
 * send - the content of a message on the wire: header edits, body, dots, the end.
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
