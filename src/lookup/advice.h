/*
 * advice - what a policy service says (Postfix's SMTPD_POLICY_README, access(5)).
 *
 * Pure. The answer is lines NAME=VALUE and an empty one; the line "action" is
 * what matters. Spans borrow from the answer.
 */
#pragma once
#include "base/span.h"

#define ADVICE_MAX       4096U /* bytes of an answer */
#define ADVICE_FIELD_MAX 998U  /* of a header field to add, one line */

enum advice_action { /* travels between processes: append only */
	ADVICE_NONE, /* DUNNO */
	ADVICE_OK,
	ADVICE_REFUSE,
	ADVICE_DEFER,
	ADVICE_DEFER_IF_TAKEN, /* put off what would be taken */
	ADVICE_PREPEND,        /* a header field, then as DUNNO */
	ADVICE_NOTE,           /* for the log, then as DUNNO */
	ADVICE_UNSUPPORTED,    /* one that we do not have: word says which */
};

struct advice {
	enum advice_action action;
	struct span word;                /* the action as written */
	unsigned code;                   /* of the reply that it wants; 0: ours */
	unsigned class, subject, detail; /* likewise */
	struct span text;                /* of the reply, the field, or the note; may be empty */
};

/* Bytes of the answer, with its empty line; 0: it is not all there. */
size_t advice_find_end(struct span bytes);
/* 0; -EBADMSG: there is no action in it. */
int advice_read(struct span answer, struct advice *ret) __attribute__((warn_unused_result));
