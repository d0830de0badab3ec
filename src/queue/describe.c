#include "queue/describe.h"
#include "queue/retry.h"

static const char *state_name(const struct describe_source *from, const struct spool_job *job,
	const struct spool_recipient *r)
{
	if (r->state == SPOOL_HELD)
		return "held";
	if (from->is_active && from->is_active(job->message.id, r->part, from->arg))
		return "active";
	if (r->state == SPOOL_MAYBE)
		return "maybe";
	return r->attempts > 0 ? "deferred" : "queued";
}

/*
 * For people, times are told by the wall clock of the arrival as long as it agrees with the clock
 * now: the same time is then told the same way by every process and at every moment.
 */
static int64_t told(const struct describe_source *from, const struct spool_message *m, int64_t at)
{
	int64_t by_arrival = m->arrived_wall_ms + (at - m->arrived_at);
	int64_t now = spool_wall(from->spool, at), apart = by_arrival - now;

	return apart > -2000 && apart < 2000 ? by_arrival : now;
}

void describe_message(const struct describe_source *from, const struct spool_job *job,
	struct arena *arena, struct ipc_control_message *ret)
{
	const struct spool_message *m = &job->message;
	int64_t now = spool_now(from->spool);

	*ret = (struct ipc_control_message){.id = m->id,
		.sender = m->sender,
		.size = m->content_len + m->edits.len,
		.arrived_wall_ms = m->arrived_wall_ms,
		.expires_wall_ms = told(from, m, retry_expires(from->conf, m->arrived_at)),
		.recipients_n = job->recipients_n};
	ret->recipients = arena_array(arena, job->recipients_n, sizeof *ret->recipients);
	for (size_t i = 0; i < job->recipients_n; i++) {
		const struct spool_recipient *r = &job->recipients[i];
		/* A time that has come already: it is due now. */
		int64_t next = r->next_at < now ? now : r->next_at;

		ret->recipients[i] = (struct ipc_control_recipient){.address = r->address,
			.site = from->site(r->lane, from->arg),
			.state = span_str(state_name(from, job, r)),
			.attempts = r->attempts,
			.next_try_wall_ms = r->state == SPOOL_HELD ? 0 : told(from, m, next),
			.code = r->code,
			.status = r->status,
			.reply = r->reply,
			.cause = r->cause,
			.peer = r->peer};
	}
}

static bool is_wanted(struct span value, struct span filter)
{
	return filter.len == 0 || span_equal_nocase(value, filter);
}

bool describe_matches(const struct ipc_control_message *m, const struct ipc_control_list *filter)
{
	bool by_recipient = filter->site.len || filter->cause.len || filter->recipient.len;

	if (filter->sender.len &&
		!span_equal_nocase(m->sender, span_equal(filter->sender, SPAN_LIT("<>"))
						      ? (struct span){0}
						      : filter->sender))
		return false;
	for (size_t i = 0; i < m->recipients_n && by_recipient; i++) {
		const struct ipc_control_recipient *r = &m->recipients[i];

		if (is_wanted(r->site, filter->site) && is_wanted(r->cause, filter->cause) &&
			is_wanted(r->address, filter->recipient))
			return true;
	}
	return !by_recipient;
}
