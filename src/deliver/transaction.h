/*
 * transaction - one message to some recipients over one connection.
 *
 * Commands go in groups where the peer offers PIPELINING. In a group the first
 * failed command decides; the rest are its consequences and nobody's fate.
 */
#pragma once
#include "deliver/connection.h"
#include "deliver/deliver.h"
#include "ipc/messages/job.h"

enum transaction_rcpt { RCPT_OPEN, RCPT_TAKEN, RCPT_DONE };

struct transaction {
	struct deliver *deliver;
	struct deliver_job *job;
	struct connection *connection;
	struct adapted *adapted; /* what is sent; NULL: the message as it is */
	const struct conf *conf;
	const size_t *who; /* indices into job->body.recipients */
	size_t n;
	uint8_t *state; /* enum transaction_rcpt, for each of who */
	struct ipc_fate
		*fates;   /* by index of the recipient in the job: n == 0 and outcome 0: none yet */
	uint8_t *acts;    /* by the same: enum reply_action of the fate */
	bool *again;      /* by the same: the peer takes it in a new transaction at once */
	size_t most;      /* out: so many were taken when it said "too many"; 0: it did not */
	bool before_mail; /* out: the connection was lost before MAIL was answered */
	struct trouble lost; /* out, with before_mail: how; borrows from the connection */
};

/* Runs it to its end. All recipients of who have a fate afterwards, unless before_mail or again. */
void transaction_run(struct transaction *t);
/* For fit.c: everyone who has no fate yet gets this one. */
void transaction_fate_for_open(struct transaction *t, const struct trouble *why);
