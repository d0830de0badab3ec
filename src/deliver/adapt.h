/*
 * adapt - a message as a peer can take it that lacks 8BITMIME or SMTPUTF8, or whose lines are long.
 *
 * Nothing is stored: its bytes are converted while they are read, once to measure them, once to
 * count and sign what they become, and once to send it (mail/seven.h). What blocks is for
 * task_offload.
 */
#pragma once
#include "deliver/deliver.h"
#include "mail/seven.h"

struct adapted {
	struct seven_plan plan;
	uint64_t size;         /* octets of what it becomes, our fields of the job included */
	struct span signature; /* in the job's arena */
};
void adapted_free(struct adapted *a); /* NULL is fine */

/* Bytes of the content from offset on; 0 at its end, or -errno. Blocks. */
ssize_t content_read(const struct deliver_job *job, uint64_t offset, char *at, size_t n);

struct feeding { /* the job's fields and content through a conversion, a piece a call */
	const struct deliver_job *job;
	struct seven seven;
	struct buf out; /* what the last call gave; to be cleared before the next */
	char *piece;
	uint64_t at;
	bool has_fields;
	int rc; /* 1: there is more; 0: that was all; -EILSEQ: seven.fault; -EBADMSG: damaged; -EAGAIN: the disk */
};
void feeding_init(struct feeding *f, const struct deliver_job *job, struct seven_plan *plan,
	bool is_measuring);
void feeding_next(void *feeding); /* blocks */
void feeding_done(struct feeding *f);

enum adapt_result {
	ADAPT_DONE,       /* job->adapted is it */
	ADAPT_NEEDLESS,   /* it can go as it is */
	ADAPT_FAULT,      /* it can't be converted: *ret_fault */
	ADAPT_NOT_SIGNED, /* it could not be signed now */
	ADAPT_UNREADABLE, /* the stored message is damaged */
	ADAPT_LATER,      /* it could not be read now */
};
/* Makes job->adapted what is wished, signed where is_to_sign. Waits. */
enum adapt_result deliver_adapt(struct deliver *d, struct deliver_job *job, const struct conf *conf,
	struct seven_wish wish, bool is_to_sign, enum seven_fault *ret_fault);
