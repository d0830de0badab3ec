/* Who is told what: the sender's wishes (RFC 3461 4.1), and whom it would be wrong to write to. */
#include "queue/bounce.h"
#include "wire/params.h"

#define AGAIN_TIMES \
	6 /* the second notice comes so many times later than the first, then twice that ... */
#define NEVER INT64_MAX

bool bounce_may(const struct conf *conf, const struct spool_message *m)
{
	return m->sender.len > 0 && (!m->is_unproved || conf->notify_anyone);
}

struct span bounce_to(const struct conf *conf, const struct spool_message *m, struct span recipient)
{
	if (bounce_may(conf, m))
		return m->sender;
	/* What can't reach that address must not be sent there again. */
	return span_equal_nocase(recipient, conf->double_bounce) ? (struct span){0}
								 : conf->double_bounce;
}

/* Where nothing is asked for, failures and delays are told. */
static bool wants(const struct spool_recipient *r, enum wire_notify what)
{
	return r->notify == 0 ? what != WIRE_NOTIFY_SUCCESS : (r->notify & what) != 0;
}

enum spool_end bounce_end(
	const struct conf *conf, const struct spool_message *m, const struct spool_recipient *r)
{
	struct span to = bounce_to(conf, m, r->address);

	return to.len > 0 && wants(r, WIRE_NOTIFY_FAILURE) ? SPOOL_BOUNCED : SPOOL_SILENT;
}

enum bounce_telling bounce_success(const struct conf *conf, const struct spool_message *m,
	const struct spool_recipient *r, bool next_tells)
{
	if (!bounce_may(conf, m))
		return BOUNCE_NOTHING;
	if (wants(r, WIRE_NOTIFY_SUCCESS))
		return next_tells ? BOUNCE_NOTHING : BOUNCE_REPORT;
	return r->told > 0 && r->notify == 0 ? BOUNCE_NEWS : BOUNCE_NOTHING;
}

/* What it says of the message is not wrong: the second time it is believed. */
bool bounce_needs_sender(const struct spool_recipient *r)
{
	enum reply_cause cause;

	return r->attempts >= 2 && reply_cause_parse(r->cause, &cause) &&
	       reply_cause_info(cause)->side == REPLY_SENDER_MESSAGE;
}

int64_t bounce_late_at(
	const struct conf *conf, const struct spool_message *m, const struct spool_recipient *r)
{
	int64_t after = conf_retry_for(conf, r->cause)->notice_after / NANOS_MS;

	if (!bounce_may(conf, m) || !wants(r, WIRE_NOTIFY_DELAY) || r->state == SPOOL_HELD)
		return NEVER;
	if (r->told == 0)
		return bounce_needs_sender(r) ? r->last_at : m->arrived_at + after;
	for (uint32_t i = 1; i < r->told && after < NEVER / AGAIN_TIMES / 4; i++)
		after *= 2;
	return r->told_at + after * AGAIN_TIMES;
}
