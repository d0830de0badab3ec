/*
 * person - a postmaster is told what waiting alone does not heal: by mail where the configuration names whom, and to the webhook.
 *
 * What a site says waits until the judge has seen it: where that gives an alarm, the alarm is all that is told. The mail
 * goes the other way (diagnose.mail_via) where there is one, else, or where that fails, by the queue. Internal to queue/.
 */
#pragma once
#include "notify/person.h"
#include "queue/queue.h"
#include "reply/explain.h"

struct person {
	enum person_kind kind;
	struct id id; /* zero: it is about no single message */
	struct span site, peer, recipient, sender;
	struct span reply; /* with code and status */
	enum reply_cause cause;
	int64_t since_ms; /* wall clock; 0: unknown */
	uint64_t more;
	struct span trouble;       /* of an alarm */
	struct span means, advice; /* sentences; empty: those of the cause */
	struct span supports[PERSON_LINES], contradicts[PERSON_LINES];
	size_t supports_n, contradicts_n;
	struct span json;      /* for the webhook; empty: made of these */
	bool is_mail_needless; /* that was told by mail already */
};

/* In a task of its own, with copies. Never waits. */
void queue_tell_person(struct queue *q, const struct person *p);

/* ---- what person.c and diagnosing_mail.c share ---- */

/* Of the cause, for an administrator; in arena. */
struct span person_sentences(
	struct queue *q, enum reply_cause cause, enum reply_tale what, struct arena *arena);
/* The mail, in arena. found: what our own checks showed. */
struct span person_text(struct queue *q, const struct person *p, struct span found, struct id id,
	struct span to, struct arena *arena);
/* Through the queue. Waits. */
void person_by_queue(
	struct queue *q, const struct person *p, struct span found, struct arena *arena);
