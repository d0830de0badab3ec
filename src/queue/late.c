/*
 * Mail that is late: its sender is told. A task of its own walks the messages in the order in which they
 * came, as far as they are old enough; what was told is kept with the recipients, in the transaction that
 * queues the notice, so that each is told once, whoever dies meanwhile.
 */
#include "queue/late.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdlib.h>

#define LOOK_LEAST  (500 * NANOS_MS)
#define LOOK_MOST   (5 * 60 * NANOS_S)
#define IDS_AT_ONCE 64U

static nanos notice_after(const struct conf *conf)
{
	nanos least = conf->retries[0].notice_after;

	for (size_t i = 1; i < conf->n_retries; i++)
		if (conf->retries[i].notice_after < least)
			least = conf->retries[i].notice_after;
	return least;
}

static nanos look_after(const struct conf *conf)
{
	nanos after = notice_after(conf) / 24;

	return after < LOOK_LEAST ? LOOK_LEAST : after > LOOK_MOST ? LOOK_MOST : after;
}

/* ---- one message ---- */

static bool is_due(struct queue *q, const struct spool_job *job, const struct spool_recipient *r)
{
	return bounce_late_at(role_conf_now(q->role), &job->message, r) <= spool_now(q->spool) &&
	       !queue_job_find(q, job->message.id, r->part);
}

/* What no attempt has been made for waits for what its site said last. */
static void add_last_word(struct queue *q, struct spool_recipient *r)
{
	const struct lane *lane = r->code == 0 ? queue_lane_by_number(q, r->lane) : NULL;
	const struct site *site = lane ? lane->site : NULL;

	if (!site || site->last_reply[0] == '\0')
		return;
	r->code = site->last_code;
	r->status = span_str(site->last_status);
	r->reply = span_str(site->last_reply);
	r->cause = span_str(reply_cause_text(site->last_cause));
}

bool late_load(struct queue *q, struct id id, struct arena *arena, struct late_message *ret)
{
	struct spool_job job;

	*ret = (struct late_message){0};
	if (spool_message_load(q->spool, id, arena, &job) < 0)
		return false;
	ret->message = job.message;
	ret->of = arena_array(arena, job.recipients_n, sizeof *ret->of);
	for (size_t i = 0; i < job.recipients_n; i++) {
		struct spool_recipient *r = &job.recipients[i];

		if (!is_due(q, &job, r))
			continue;
		ret->is_asked |= r->notify != 0;
		ret->needs_sender |= bounce_needs_sender(r);
		add_last_word(q, r);
		ret->of[ret->n++] = r;
	}
	return ret->n > 0;
}

static bool is_late(struct queue *q, struct id id, struct arena *ret_arena, struct span *ret_sender)
{
	struct arena arena = {0};
	struct late_message m;
	bool is = late_load(q, id, &arena, &m);

	if (is)
		*ret_sender = arena_copy(ret_arena, m.message.sender);
	arena_done(&arena);
	return is;
}

/* ---- all of them ---- */

static void add(struct late_round *round, struct id id, struct span sender)
{
	struct late_sender *s = table_get(&round->senders, sender);

	if (!s) {
		s = ARENA_NEW(&round->arena, struct late_sender);
		s->name = sender;
		(void)table_set(&round->senders, sender, s);
		s->next = round->first;
		round->first = s;
	}
	s->all++;
	if (s->n == LATE_OF_SENDER_MOST || round->n == LATE_MOST)
		return;
	struct late_id *one = ARENA_NEW(&round->arena, struct late_id);

	one->id = id;
	*(s->last ? &s->last->next : &s->ids) = one;
	s->last = one;
	s->n++;
	round->n++;
}

/* From the oldest on, until one is too young for any notice. */
static void walk(struct queue *q, struct late_round *round)
{
	int64_t least = notice_after(role_conf_now(q->role)) / NANOS_MS;
	int64_t young = spool_wall(q->spool, spool_now(q->spool)) - least + 1000;
	struct id ids[IDS_AT_ONCE], after = {0};
	struct span sender;
	long n = IDS_AT_ONCE;

	while (n == IDS_AT_ONCE && !q->stopping) {
		n = spool_ids(q->spool, after, ids, IDS_AT_ONCE);
		for (long i = 0; i < n; i++) {
			if ((int64_t)id_wall_ms(ids[i]) > young)
				return;
			if (is_late(q, ids[i], &round->arena, &sender))
				add(round, ids[i], sender);
		}
		if (n > 0)
			after = ids[n - 1];
		(void)task_yield();
	}
}

void queue_late_look(struct queue *q)
{
	struct late_round round = {.queue = q};
	struct span sender;

	for (size_t i = 0; i < q->late_soon_n; i++)
		if (is_late(q, q->late_soon[i], &round.arena, &sender))
			add(&round, q->late_soon[i], sender);
	q->late_soon_n = 0;
	if (round.n == 0)
		walk(q, &round);
	late_tell(&round);
	table_done(&round.senders);
	arena_done(&round.arena);
}

void queue_late_soon(struct queue *q, struct id id)
{
	if (q->late_soon_n < QUEUE_LATE_SOON)
		q->late_soon[q->late_soon_n++] = id;
	task_gate_wake_all(&q->late);
}

void queue_watch_late(void *queue)
{
	struct queue *q = queue;

	while (!q->stopping) {
		nanos until = clock_after(look_after(role_conf_now(q->role)));

		if (q->late_soon_n == 0 && task_gate_wait(&q->late, until) == -ECANCELED)
			return;
		if (!q->stopping)
			queue_late_look(q);
	}
}
