#include "queue/hands.h"
#include "base/alloc.h"
#include "queue/bounce.h"
#include "queue/results.h"
#include "reply/catalogue.h"
#include <errno.h>
#include <stdlib.h>

#define IN_TURN 100U /* messages or lanes, before others may go on */

static const struct verb {
	const char *name;
	enum spool_change_kind kind;
	const char *event;
} verbs[] = {
	{"hold", SPOOL_HOLD, "held"},
	{"release", SPOOL_RELEASE, "released"},
	{"retry", SPOOL_RETRY, "retried"},
	{"drop", SPOOL_DROP, "dropped"},
	{"bounce", SPOOL_BOUNCE, "bounced"},
};

struct hands { /* one request */
	struct queue *queue;
	const struct describe_source *from;
	const struct verb *verb;
	struct ipc_control_list filter;
	struct one { /* one message of it */
		struct spool_op op;
		struct arena arena;
		struct hands *hands;
		struct spool_job job;
		struct results results; /* of a bounce */
		bool submitted;
	} * all;
	size_t n, running;
	struct task_gate done;
	struct ipc_control_end end;
};

static const struct verb *find_verb(struct span name)
{
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (span_equal(name, span_str(verbs[i].name)))
			return &verbs[i];
	return NULL;
}

/* ---- whom it concerns ---- */

static bool is_wanted_state(const struct hands *h, struct span state)
{
	bool held = span_equal(state, SPAN_LIT("held"));

	switch (h->verb->kind) {
	case SPOOL_RELEASE:
		return held;
	case SPOOL_HOLD:
	case SPOOL_RETRY:
		return !held;
	default:
		return true;
	}
}

/* Puts them into the operation; those that are being delivered are only counted. */
static void choose(struct hands *h, struct one *one)
{
	struct spool_change *c = &one->op.change;
	uint32_t *only = arena_array(&one->arena, one->job.recipients_n, sizeof *only);
	struct ipc_control_message m;

	describe_message(h->from, &one->job, &one->arena, &m);
	for (size_t i = 0; i < m.recipients_n; i++) {
		const struct ipc_control_recipient *r = &m.recipients[i];

		if (!describe_wants(r, &h->filter) || !is_wanted_state(h, r->state))
			continue;
		if (span_equal(r->state, SPAN_LIT("active"))) {
			h->end.active++;
			continue;
		}
		only[c->only_n++] = r->n;
	}
	c->only = only;
}

/* ---- bouncing ---- */

static struct spool_job chosen(struct one *one)
{
	const struct spool_change *c = &one->op.change;
	struct spool_job job = {.message = one->job.message};

	job.recipients = arena_array(&one->arena, c->only_n, sizeof *job.recipients);
	for (size_t i = 0; i < one->job.recipients_n; i++)
		if (job.recipients_n < c->only_n &&
			one->job.recipients[i].n == c->only[job.recipients_n])
			job.recipients[job.recipients_n++] = one->job.recipients[i];
	return job;
}

/* "Returned by the administrator", with what the other side said last. */
static void write_fate(
	struct hands *h, struct one *one, const struct spool_recipient *r, struct ipc_fate *ret)
{
	struct reply_words words = {
		.host = role_conf_now(h->queue->role)->hostname, .text = r->reply};
	struct buf text = BUF_INIT(4096);

	results_fate(EVENT_OPERATOR_BOUNCED, r->n, &one->arena, ret);
	if (catalogue_text(EVENT_OPERATOR_BOUNCED, &words, &text) == 0)
		ret->reply = arena_copy(&one->arena, buf_span(&text));
	buf_done(&text);
}

static void prepare_bounce(struct hands *h, struct one *one)
{
	struct spool_change *c = &one->op.change;
	struct spool_job job = chosen(one);
	struct ipc_outcome o = {.id = job.message.id, .fates_n = job.recipients_n};

	o.fates = arena_array(&one->arena, o.fates_n, sizeof *o.fates);
	for (size_t i = 0; i < o.fates_n; i++)
		write_fate(h, one, &job.recipients[i], &o.fates[i]);
	results_make(h->queue, NULL, &job, &o, &one->arena, &one->results);
	/* Nothing was tried: no attempt more. */
	for (size_t i = 0; i < one->results.n; i++)
		one->results.rows[i].recipient.attempts = job.recipients[i].attempts;
	c->results = one->results.rows;
	c->results_n = one->results.n;
	c->notice = one->results.notice;
}

/* ---- the batch ---- */

/* Thousands of messages must not keep the process from its other work. */
static void let_others(size_t i)
{
	if (i % IN_TURN == IN_TURN - 1)
		(void)task_yield();
}

static void one_done(struct spool_op *op, void *arg)
{
	struct one *one = arg;

	if (--one->hands->running == 0)
		task_gate_wake_all(&one->hands->done);
}

static struct span key_of(const struct id *id)
{
	return span_of(id, sizeof *id);
}

/*
 * Between the question which jobs run and the commit no job of the message may begin: its outcome
 * would name a row that is not there any more, and what was delivered would be sent again.
 */
static void begin(struct hands *h, struct one *one, struct id id)
{
	struct queue *q = h->queue;
	int rc = table_get(&q->changing, key_of(&id)) ? -EBUSY : 0;

	one->hands = h;
	if (rc == 0)
		rc = spool_message_load(q->spool, id, &one->arena, &one->job);
	if (rc < 0) {
		h->end.unknown += rc == -ENOENT;
		h->end.failed += rc != -ENOENT;
		return;
	}
	one->op = (struct spool_op){.kind = SPOOL_OP_CHANGE,
		.change = {.id = id, .kind = h->verb->kind},
		.done = one_done,
		.arg = one};
	choose(h, one);
	if (one->op.change.only_n == 0)
		return;
	if (h->verb->kind == SPOOL_BOUNCE)
		prepare_bounce(h, one);
	(void)table_set(&q->changing, key_of(&id), one);
	one->submitted = true;
	h->running++;
	spool_submit(q->spool, &one->op);
}

static void tell(struct hands *h, struct one *one)
{
	struct id id = one->job.message.id;

	if (h->verb->kind == SPOOL_BOUNCE) {
		if (one->results.notice)
			queue_accepted(h->queue, one->results.notice);
		results_log(h->queue, &one->results);
		return;
	}
	log_event(LOG_INFO, h->verb->event, LOG_ID(id), LOG_SPAN("sender", one->job.message.sender),
		LOG_U64("recipients", one->op.changed));
}

static int compare_lanes(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Rows of these messages may be anywhere now: their lanes are read again from the spool. */
static void reread_lanes(struct hands *h)
{
	struct buf lanes = BUF_INIT(SIZE_MAX);
	size_t n;

	for (size_t i = 0; i < h->n; i++)
		for (size_t j = 0; h->all[i].submitted && j < h->all[i].job.recipients_n; j++)
			(void)buf_add(&lanes,
				span_of(&h->all[i].job.recipients[j].lane, sizeof(uint32_t)));
	n = lanes.len / sizeof(uint32_t);
	if (n > 0)
		qsort(lanes.at, n, sizeof(uint32_t), compare_lanes);
	for (size_t i = 0; i < n; i++) {
		uint32_t number, before = 0;

		memcpy(&number, lanes.at + i * sizeof number, sizeof number);
		if (i > 0)
			memcpy(&before, lanes.at + (i - 1) * sizeof before, sizeof before);
		struct lane *lane = queue_lane_by_number(h->queue, number);

		if (!lane || (i > 0 && before == number))
			continue;
		lane_reset(lane);
		forecast_forget(&lane->site->forecasts);
		/* Who asks for it now wants to know now. */
		if (h->verb->kind == SPOOL_RETRY) {
			flow_resume(&lane->site->flow);
			site_release(lane->site);
		}
		queue_lane_check(h->queue, lane);
		let_others(i);
	}
	buf_done(&lanes);
	queue_dispatch(h->queue);
}

static void settle(struct hands *h, struct one *one)
{
	struct id id = one->op.change.id;

	if (!one->submitted)
		return;
	(void)table_remove(&h->queue->changing, key_of(&id));
	results_release(h->queue, &one->results);
	if (one->op.result < 0) {
		h->end.unknown += one->op.result == -ENOENT;
		h->end.failed += one->op.result != -ENOENT;
		return;
	}
	h->end.messages++;
	h->end.count += one->op.changed;
	tell(h, one);
}

static void run(struct hands *h, struct span ids)
{
	for (size_t i = 0; i < h->n; i++) {
		begin(h, &h->all[i], id_from_bytes((const unsigned char *)ids.at + i * ID_BYTES));
		let_others(i);
	}
	while (h->running > 0)
		if (task_gate_wait(&h->done, CLOCK_NEVER) == -ECANCELED)
			(void)task_yield();
	for (size_t i = 0; i < h->n; i++) {
		settle(h, &h->all[i]);
		let_others(i);
	}
	reread_lanes(h);
	for (size_t i = 0; i < h->n; i++)
		arena_done(&h->all[i].arena);
}

void hands_change(struct queue *q, const struct describe_source *from,
	const struct ipc_control_change *change, struct ipc_control_end *ret)
{
	struct hands h = {.queue = q,
		.from = from,
		.verb = find_verb(change->verb),
		.filter = {.site = change->site,
			.cause = change->cause,
			.recipient = change->recipient},
		.n = change->ids.len / ID_BYTES};

	*ret = (struct ipc_control_end){.error = -EINVAL};
	if (change->all) {
		if (h.verb && h.verb->kind == SPOOL_RETRY && h.n == 0)
			ret->error = queue_mark_all(q, ret);
		return;
	}
	if (!h.verb || h.n == 0 || h.n > IPC_CONTROL_IDS_MOST || change->ids.len % ID_BYTES > 0)
		return;
	h.all = alloc_zero(h.n * sizeof *h.all);
	task_gate_init(&h.done);
	run(&h, change->ids);
	free(h.all);
	*ret = h.end;
}
