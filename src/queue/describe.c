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

/* An operator asked for all that waits. */
static bool is_marked(const struct describe_source *from, const struct spool_message *m,
	const struct spool_recipient *r)
{
	int64_t mark = spool_mark_of(from->spool, r->lane);

	return mark > 0 && spool_is_marked(m, r, mark);
}

void describe_message(const struct describe_source *from, const struct spool_job *job,
	struct arena *arena, struct ipc_control_message *ret)
{
	const struct spool_message *m = &job->message;
	int64_t now = spool_now(from->spool);

	*ret = (struct ipc_control_message){.id = m->id,
		.sender = m->sender,
		.client = m->client,
		.helo = m->helo,
		.tls = m->tls,
		.login = m->login,
		.size = m->content_len + m->edits.len,
		.arrived_wall_ms = m->arrived_wall_ms,
		.expires_wall_ms = told(from, m, retry_expires(from->conf, m->arrived_at)),
		.recipients_n = job->recipients_n};
	ret->recipients = arena_array(arena, job->recipients_n, sizeof *ret->recipients);
	for (size_t i = 0; i < job->recipients_n; i++) {
		const struct spool_recipient *r = &job->recipients[i];
		/* A time that has come already: it is due now. */
		bool is_due = r->next_at < now || is_marked(from, m, r);
		int64_t next = is_due ? now : r->next_at;

		ret->recipients[i] = (struct ipc_control_recipient){.address = r->address,
			.site = from->site(r->lane, from->arg),
			.state = span_str(state_name(from, job, r)),
			.attempts = r->attempts,
			.next_try_wall_ms = r->state == SPOOL_HELD ? 0 : told(from, m, next),
			.code = r->code,
			.status = r->status,
			.reply = r->reply,
			.cause = r->cause,
			.peer = r->peer,
			.n = r->n,
			.tls = r->tls};
		if (from->finding && r->cause.len > 0)
			ret->recipients[i].finding =
				from->finding(r->cause, m->sender, arena, from->arg);
	}
}

void describe_try(const struct spool_try *y, struct arena *arena, struct ipc_control_try *ret)
{
	*ret = (struct ipc_control_try){.kind = y->kind,
		.wall_ms = y->wall_ms,
		.next_wall_ms = y->next_wall_ms,
		.ranges_n = y->ranges_n,
		.attempt = y->attempt,
		.maybe = y->maybe,
		.code = y->code,
		.status = y->status,
		.reply = y->reply,
		.cause = y->cause,
		.peer = y->peer,
		.tls = y->tls,
		.stage = y->stage,
		.wait_source = y->wait_source};
	ret->ranges = arena_array(arena, y->ranges_n, sizeof *ret->ranges);
	for (size_t i = 0; i < y->ranges_n; i++)
		ret->ranges[i] = (struct ipc_control_range){y->ranges[i].from, y->ranges[i].to};
}

void describe_ended(uint32_t n, const struct spool_ended *e, struct ipc_control_ended *ret)
{
	*ret = (struct ipc_control_ended){.n = n,
		.how = e->how,
		.wall_ms = e->wall_ms,
		.address = e->address,
		.sender = e->sender,
		.client = e->client,
		.tls_in = e->tls_in,
		.login = e->login,
		.peer = e->peer,
		.tls = e->tls,
		.code = e->code,
		.reply = e->reply,
		.cause = e->cause,
		.attempts = e->attempts,
		.notice = e->notice};
}

static bool is_wanted(struct span value, struct span filter)
{
	return filter.len == 0 || span_equal_nocase(value, filter);
}

/* "@domain" asks for every address of the domain. */
static bool is_wanted_address(struct span address, struct span filter)
{
	if (filter.len < 2 || filter.at[0] != '@')
		return is_wanted(address, filter);
	return address.len >= filter.len &&
	       span_equal_nocase(
		       span_slice(address, address.len - filter.len, address.len), filter);
}

bool describe_wants(const struct ipc_control_recipient *r, const struct ipc_control_list *filter)
{
	return is_wanted(r->site, filter->site) && is_wanted(r->cause, filter->cause) &&
	       is_wanted_address(r->address, filter->recipient);
}

size_t describe_matches(const struct ipc_control_message *m, const struct ipc_control_list *filter)
{
	size_t n = 0;

	if (filter->null_sender ? m->sender.len > 0 : !is_wanted_address(m->sender, filter->sender))
		return 0;
	for (size_t i = 0; i < m->recipients_n; i++)
		n += describe_wants(&m->recipients[i], filter);
	return n;
}
