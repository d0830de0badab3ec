#include "queue/results.h"
#include "queue/bounce.h"
#include "queue/diagnosing.h"
#include "base/table.h"
#include "reply/explain.h"
#include "reply/catalogue.h"

#define RECALLED_MS 1000

/* What all recipients of an outcome share. */
struct making {
	struct queue *queue;
	const struct spool_job *job;
	const struct lane *lane; /* NULL: not known any more */
	struct site *site;       /* that was tried: the lane may have moved since */
	struct span peer;
	int64_t now, began; /* of the attempt */
	uint32_t dice;
	uint32_t served; /* recipients of this outcome */
	struct arena *arena;
};

/* The last reply, bounded; the packet that brought it does not stay. */
static void note_reply(
	struct spool_recipient *r, const struct ipc_fate *f, struct span peer, struct arena *arena)
{
	r->code = f->code;
	r->status = arena_copy(arena, span_slice(f->status, 0, 15));
	r->reply = arena_copy(arena, span_slice(f->reply, 0, SPOOL_REPLY_MAX));
	r->cause = arena_copy(arena, span_slice(f->cause, 0, 64));
	r->peer = arena_copy(arena, span_slice(peer, 0, 255));
	r->tls = arena_copy(arena, span_slice(f->tls, 0, SPOOL_TLS_MAX));
}

/* ---- what the site is like to those that are new ---- */

static uint32_t hash_of(struct span s)
{
	return (uint32_t)table_hash(s);
}

static void learn_grey(const struct making *m, const struct ipc_fate *f,
	const struct spool_recipient *r, const struct spool_recipient *before)
{
	struct grey_contact c = {.is_first = before->first_at == 0,
		.age = before->first_at > 0 ? m->now - before->first_at : 0,
		.now = m->now};

	if (!m->site)
		return;
	bool is_taken = f->outcome == IPC_FATE_RELAYED || f->outcome == IPC_FATE_DELIVERED;
	bool is_refused = decide_is_grey(f);

	/* Of no concern where nobody was ever refused for being new. */
	if (!is_refused && (!is_taken || !m->site->grey.seen) && before->first_at == 0)
		return;
	c.sender = hash_of(m->job->message.sender);
	c.recipient = hash_of(r->address);
	int64_t was = m->site->grey.enough;

	if (is_refused)
		grey_refused(&m->site->grey, &c);
	else if (is_taken)
		grey_taken(&m->site->grey, &c, before->first_at > 0);
	m->site->is_changed = true;
	m->site->is_urgent |= m->site->grey.enough != was;
}

/* Others of the same pair, recipient or sender would be told the same: they wait for this one. */
static void hold_others(const struct making *m, const struct ipc_fate *f,
	const struct spool_recipient *r, const struct decide_answer *a)
{
	struct decide_meaning what = decide_meaning(f);
	bool is_held = what.scope == REPLY_SCOPE_TRIPLE || what.scope == REPLY_SCOPE_RECIPIENT ||
		       what.scope == REPLY_SCOPE_SENDER;

	/* After the content, it may be the content. */
	if (!m->site || !is_held || f->outcome != IPC_FATE_DEFERRED || a->at <= m->now ||
		what.stage == REPLY_STAGE_EOD || what.stage == REPLY_STAGE_DATA)
		return;
	site_hold(m->site,
		&(struct site_hold){.key = site_key(what.scope, m->job->message.sender, r->address),
			.until = a->at,
			.scope = (uint8_t)what.scope,
			.cause = (uint8_t)what.cause},
		m->now);
}

/* ---- decisions ---- */

/* What a person can do about it, for the log. */
struct span results_advice(const struct queue *q, const struct ipc_fate *f, struct arena *arena)
{
	struct reply_meaning meaning = {.cause = decide_meaning(f).cause, .confidence = 1};
	struct buf text = BUF_INIT(8192);

	(void)reply_tell(&meaning, &(struct reply_voice){.lang = role_conf_now(q->role)->language},
		REPLY_TELL_ADVICE, &text);
	struct span advice = arena_copy(arena, buf_span(&text));

	buf_done(&text);
	return advice;
}

/*
 * Others were let in while this one was being refused, and what waits there is called early since: it is asked again
 * with them, and not as late as it had deserved before.
 */
static bool is_outdated(const struct making *m, const struct ipc_fate *f)
{
	return m->site && m->site->recall_from > 0 && m->began <= m->site->recall_from &&
	       f->outcome == IPC_FATE_DEFERRED && f->wait < 0 && decide_is_grey(f);
}

static void again_or_never(const struct making *m, const struct ipc_fate *f,
	struct spool_result *row, struct results_told *told)
{
	struct spool_recipient *r = &row->recipient;
	const struct flow *flow = m->site ? &m->site->flow : NULL;
	struct decide_question question = {.conf = role_conf_now(m->queue->role),
		.fate = f,
		.now = m->now,
		.arrived = m->job->message.arrived_at,
		.attempts = r->attempts,
		.flags = r->flags,
		.first_at = r->first_at,
		.others = m->served,
		.grey = m->site ? &m->site->grey : NULL,
		.site_until = flow && flow->state != FLOW_FLOWING ? flow->until : 0,
		.elsewhere = queue_source_goes_on(m->site, m->lane, f),
		.site_busy = m->site ? m->site->busy : 0,
		.dice = m->dice};
	struct decide_answer a = decide(&question);

	if (!a.end && is_outdated(m, f) && a.at > m->now + RECALLED_MS)
		a.at = m->now + RECALLED_MS + m->dice % RECALLED_MS;
	told->again = a;
	told->is_again = !a.end;
	told->is_expired = a.expired;
	told->is_maybe = f->outcome == IPC_FATE_MAYBE;
	if (a.tell)
		told->advice = results_advice(m->queue, f, m->arena);
	/* What once may have arrived may be there whatever a later attempt heard. */
	r->flags = a.flags | (told->is_maybe ? DECIDE_DOUBTFUL : 0U);
	r->first_at = a.first_at;
	if (a.end) {
		row->end = (uint8_t)bounce_end(question.conf, &m->job->message, r);
		told->told = (struct bounce_told){
			.telling = row->end == SPOOL_BOUNCED ? BOUNCE_REPORT : BOUNCE_NOTHING,
			.is_expired = a.expired};
		return;
	}
	told->event = "deferred";
	if (f->wait < 0)
		told->wait = (a.at - m->now) / 1000;
	r->state = told->is_maybe ? SPOOL_MAYBE : SPOOL_QUEUED;
	r->next_at = a.at;
	hold_others(m, f, r, &a);
}

static void count(
	struct site *site, const struct spool_result *row, const struct results_told *told)
{
	if (!site)
		return;
	site->delivered += row->end == SPOOL_DELIVERED || row->end == SPOOL_RELAYED;
	site->bounced += row->end == SPOOL_BOUNCED || row->end == SPOOL_SILENT;
	site->deferred += row->end == 0;
	site->maybes += told->is_maybe;
}

static struct span id_span(const struct id *id)
{
	return span_of(id, sizeof *id);
}

static void taken(const struct making *m, const struct ipc_fate *f, struct spool_result *row,
	struct results_told *told)
{
	bool is_final = f->outcome == IPC_FATE_DELIVERED;

	row->end = is_final ? SPOOL_DELIVERED : SPOOL_RELAYED;
	/* A notice that it is late is on its way to the disk: before this. */
	row->recipient.told += table_get(&m->queue->telling, id_span(&m->job->message.id)) != NULL;
	told->told = (struct bounce_told){.telling = bounce_success(role_conf_now(m->queue->role),
						  &m->job->message, &row->recipient, f->knows_dsn),
		.action = is_final ? DSN_DELIVERED : DSN_RELAYED};
}

static void decide_one(const struct making *m, const struct ipc_fate *f,
	const struct spool_recipient *stored, struct spool_result *row, struct results_told *told)
{
	*row = (struct spool_result){.n = stored->n, .recipient = *stored};
	*told = (struct results_told){.event = "delivered",
		.stage = arena_copy(m->arena, f->stage),
		.side = arena_copy(m->arena, f->side),
		.before = arena_copy(m->arena, stored->cause),
		.wait = f->wait};
	row->recipient.attempts++;
	row->recipient.last_at = m->now;
	note_reply(&row->recipient, f, m->peer, m->arena);
	if (f->outcome == IPC_FATE_DELIVERED || f->outcome == IPC_FATE_RELAYED)
		taken(m, f, row, told);
	else
		again_or_never(m, f, row, told);
	row->stage = told->stage;
	if (told->is_again)
		row->wait_source = span_str(decide_source_name(told->again.source));
	learn_grey(m, f, &row->recipient, stored);
	count(m->site, row, told);
}

void results_put_off(const struct spool_job *job, int64_t now, int64_t until, struct arena *arena,
	struct results *ret)
{
	*ret = (struct results){.id = job->message.id,
		.rows = arena_array(arena, job->recipients_n, sizeof *ret->rows),
		.n = job->recipients_n};
	for (size_t i = 0; i < ret->n; i++) {
		const struct spool_recipient *r = &job->recipients[i];
		struct spool_result *row = &ret->rows[i];

		*row = (struct spool_result){.n = r->n, .recipient = *r};
		row->recipient.next_at = until;
		row->recipient.set_at = now;
		row->recipient.status = arena_copy(arena, r->status);
		row->recipient.reply = arena_copy(arena, r->reply);
		row->recipient.cause = arena_copy(arena, r->cause);
		row->recipient.peer = arena_copy(arena, r->peer);
		row->recipient.tls = arena_copy(arena, r->tls);
	}
}

void results_fate(enum reply_id event, uint32_t n, struct arena *arena, struct ipc_fate *ret)
{
	bool maybe = event == EVENT_WORKER_DIED_AFTER_DOT;
	enum reply_stage stage = maybe ? REPLY_STAGE_EOD : REPLY_STAGE_DATA;
	const struct reply_entry *e = catalogue_get(event);
	struct reply_meaning m;
	struct buf text = BUF_INIT(1024);

	catalogue_meaning(event, NULL, stage, &m);
	(void)catalogue_text(event, NULL, &text);
	*ret = (struct ipc_fate){.n = n,
		.outcome = maybe                ? IPC_FATE_MAYBE
			   : e->code / 100 == 5 ? IPC_FATE_FAILED
						: IPC_FATE_DEFERRED,
		.code = (uint16_t)e->code,
		.status = arena_printf(
			arena, "%u.%u.%u", e->status.class, e->status.subject, e->status.detail),
		.reply = arena_copy(arena, buf_span(&text)),
		.cause = span_str(reply_cause_text(m.cause)),
		.side = span_str(reply_side_text(m.side)),
		.stage = span_str(reply_stage_text(stage)),
		.wait = -1,
		.nature = e->code / 100 == 5 ? 'P' : 'T'};
	buf_done(&text);
}

/* A fate for each recipient of the job, in their order. */
static struct ipc_outcome whole_outcome(
	const struct spool_job *job, const struct ipc_outcome *o, struct arena *arena)
{
	struct ipc_outcome whole = *o;

	whole.fates_n = job->recipients_n;
	whole.fates = arena_array(arena, whole.fates_n, sizeof *whole.fates);
	for (size_t i = 0, from = 0; i < whole.fates_n; i++) {
		uint32_t n = job->recipients[i].n;
		const struct ipc_fate *f = NULL;

		/* Both are in the same order as a rule: then the search ends where it begins. */
		for (size_t j = 0; j < o->fates_n && !f; j++) {
			f = &o->fates[(from + j) % o->fates_n];
			if (f->n != n || f->outcome == 0)
				f = NULL;
		}
		if (!f) {
			results_fate(EVENT_WORKER_DIED, n, arena, &whole.fates[i]);
			continue;
		}
		whole.fates[i] = *f;
		from = (size_t)(f - o->fates) + 1;
	}
	return whole;
}

/* One notice for all of this job that there is something to tell of; where none can go, failures end in silence. */
static void add_notice(
	struct queue *q, const struct spool_job *job, struct arena *arena, struct results *ret)
{
	const struct spool_recipient **of = arena_array(arena, ret->n, sizeof *of);
	struct bounce_told *told = arena_array(arena, ret->n, sizeof *told);
	size_t n = 0, before = q->returned;

	for (size_t i = 0; i < ret->n; i++)
		if (ret->told[i].told.telling) {
			told[n] = ret->told[i].told;
			of[n++] = &ret->rows[i].recipient;
		}
	if (n > 0)
		ret->notice = bounce_make(q, &job->message, of, told, n, arena);
	ret->returned = q->returned - before;
	for (size_t i = 0; i < ret->n; i++) {
		struct spool_result *row = &ret->rows[i];

		if (row->end == SPOOL_BOUNCED && !ret->notice)
			row->end = SPOOL_SILENT;
		if (row->end == SPOOL_BOUNCED || row->end == SPOOL_SILENT)
			ret->told[i].event = "bounced";
	}
}

void results_release(struct queue *q, struct results *r)
{
	q->returned -= r->returned;
	r->returned = 0;
}

void results_make(struct queue *q, const struct lane *lane, const struct spool_job *job,
	const struct ipc_outcome *o, struct arena *arena, struct results *ret)
{
	const struct queue_job *running = queue_job_find(q, o->id, o->part);
	struct site *site = running && running->site ? running->site : lane ? lane->site : NULL;

	*ret = (struct results){.id = o->id,
		.sender = job->message.sender,
		.is_unproved = job->message.is_unproved,
		.site = site ? site->name : "",
		.real_site = queue_real_site(site, o, arena),
		.queue_site = site,
		.arrived_at = job->message.arrived_at,
		.rows = arena_array(arena, job->recipients_n, sizeof *ret->rows),
		.told = arena_array(arena, job->recipients_n, sizeof *ret->told)};
	struct ipc_outcome whole = whole_outcome(job, o, arena);
	struct making m = {.queue = q,
		.job = job,
		.lane = lane,
		.site = site,
		.peer = o->peer,
		.now = spool_now(q->spool),
		.began = running ? running->began : INT64_MAX,
		.dice = queue_dice(q),
		.arena = arena};

	for (size_t i = 0; i < whole.fates_n; i++)
		m.served += whole.fates[i].outcome == IPC_FATE_RELAYED ||
			    whole.fates[i].outcome == IPC_FATE_DELIVERED;

	for (ret->n = 0; ret->n < job->recipients_n; ret->n++)
		decide_one(&m, &whole.fates[ret->n], &job->recipients[ret->n], &ret->rows[ret->n],
			&ret->told[ret->n]);
	/* What the site is like to those that are new is known only now. */
	if (site)
		queue_site_write(q, site);
	add_notice(q, job, arena, ret);
}
