/*
 * reply_model - the cause of a reply by what was learnt from many.
 *
 * Within reply/ only. A multinomial logistic regression over words, their parts, pairs and
 * meanings, code, status, stage and what the rules say; the weights
 * are a const table that tools/replies-train writes. Its confidence is the
 * share of such answers that are right. Pure; allocates nothing.
 */
#pragma once
#include "reply/feature.h"

/* False where it knows none of the text's words. */
bool reply_model_decide(const struct reply_subject *s, struct reply_verdict *ret);
/* The cause that comes second, and its share. False as above. */
struct reply_next {
	enum reply_cause cause;
	double share;
};
bool reply_model_next(const struct reply_subject *s, struct reply_next *ret);
