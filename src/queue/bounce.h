/*
 * bounce - the notice to a sender of what became of mail, as an operation for the spool.
 *
 * Facts come from the stored message and its recipients; the text is written by notify/. Internal to queue/.
 */
#pragma once
#include "ipc/messages/commit.h"
#include "notify/dsn.h"
#include "queue/queue.h"

/* What the sender hears of one recipient. */
enum bounce_telling {
	BOUNCE_NOTHING,
	BOUNCE_REPORT, /* as he asked (RFC 3461) */
	BOUNCE_NEWS    /* what he was told of is good now; nobody asked: no report */
};

struct bounce_told {
	enum bounce_telling telling;
	enum dsn_action action;
	bool is_expired;
};

/* May its sender be told anything? Not the null sender, and not whom nothing proves. */
bool bounce_may(const struct conf *conf, const struct spool_message *m);
/*
 * Who is told that it failed for that recipient: the sender; else the
 * address that conf has for it, and of that one's own mail nobody (empty).
 */
struct span bounce_to(
	const struct conf *conf, const struct spool_message *m, struct span recipient);
/* RFC 3461 4.1: how a failure ends. */
enum spool_end bounce_end(
	const struct conf *conf, const struct spool_message *m, const struct spool_recipient *r);
/* The same for one that was taken: next_tells: by a server that knows what the sender asked for. */
enum bounce_telling bounce_success(const struct conf *conf, const struct spool_message *m,
	const struct spool_recipient *r, bool next_tells);
/* One that waits: when its sender is to be told; INT64_MAX: never. */
int64_t bounce_late_at(
	const struct conf *conf, const struct spool_message *m, const struct spool_recipient *r);
/* Only the sender can mend what the other side says of it. */
bool bounce_needs_sender(const struct spool_recipient *r);

/* A notice of that text to one address, in arena, as bounce_make makes them; NULL: it has no way. */
struct spool_accept *notice_accept(
	struct queue *q, struct id id, struct span to, struct span text, struct arena *arena);
/*
 * The message to queue for all recipients of whom anything is told, in arena; NULL where the
 * domain of who is told has no way (said in the log).
 */
struct spool_accept *bounce_make(struct queue *q, const struct spool_message *m,
	const struct spool_recipient *const *recipients, const struct bounce_told *told, size_t n,
	struct arena *arena);

/* That its recipients `aliases` were expanded (RFC 3464 2.3.3), at the time of now. */
struct spool_accept *bounce_make_expanded(struct queue *q, const struct spool_message *m,
	const struct ipc_recipient *aliases, size_t n, struct arena *arena);

/*
 * The same that many messages of one sender are late: those that are in about, of `all`. Words alone, as
 * a report is of one message. about is put into another order.
 */
struct bounce_about {
	const struct spool_message *message;
	const struct spool_recipient *recipient;
};
struct spool_accept *bounce_make_many(struct queue *q, struct span to, struct bounce_about *about,
	size_t n, size_t all, struct arena *arena);
