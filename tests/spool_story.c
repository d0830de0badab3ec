#include "spool_story.h"
#include "base/alloc.h"
#include "spool/testing.h"
#include "task/task.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WORKERS 8U
#define LATER   INT64_C(1000000000000000) /* due times that a state shows */
#define NOTICE  100000U                   /* number of the notice of message k, less k */

struct run {
	struct testing t;
	uint32_t messages;
	void (*tell)(const char *text);
	const struct story *heard, *whole;
	int wrong;
};

static void fail(const char *what, uint32_t k, int rc)
{
	fprintf(stderr, "story: %s of %u: %d\n", what, k, rc);
	exit(3);
}

static struct testing_mail mail_of(uint32_t k)
{
	static const size_t sizes[] = {10, 5000, 20000, 70000, 0};

	return (struct testing_mail){
		.k = k,
		.recipients = 1 + k % 3,
		.lanes = 2,
		.len = sizes[k % 5],
		.due = LATER + k,
		.in_file = sizes[k % 5] > 65536,
		.edits = k % 7 == 0 ? 6000 : 300,
	};
}

/* ---- the steps; -ENOTSUP: this message has no such step ---- */

static int defer(struct testing *t, uint32_t k)
{
	return testing_finish(t, k, 0, 0, LATER * 2 + k);
}

static int change(struct testing *t, uint32_t k, enum spool_change_kind kind)
{
	struct spool_op op = {
		.kind = SPOOL_OP_CHANGE, .change = {.id = testing_id(k), .kind = kind}};

	return spool_apply(t->s, &op);
}

static int hold(struct testing *t, uint32_t k)
{
	return k % 3 == 0 ? change(t, k, SPOOL_HOLD) : -ENOTSUP;
}

static int let_go(struct testing *t, uint32_t k)
{
	return k % 3 == 0 ? change(t, k, SPOOL_RELEASE) : -ENOTSUP;
}

static int end(struct testing *t, uint32_t k)
{
	static const uint8_t kinds[] = {SPOOL_RELAYED, SPOOL_BOUNCED, SPOOL_SILENT};
	struct testing_mail n = {
		.k = NOTICE + k, .recipients = 1, .lanes = 1, .len = 900, .due = LATER};
	struct spool_accept notice = testing_accept(&t->arena, &n);
	struct spool_job job;
	uint8_t how[3];
	int64_t next[3] = {0};

	if (k % 4 == 3)
		return -ENOTSUP;
	memset(how, kinds[k % 4], sizeof how);
	int rc = spool_job_load(t->s, testing_id(k), 0, &t->arena, &job);

	if (rc < 0)
		return rc;
	struct spool_op op = {
		.kind = SPOOL_OP_OUTCOME, .outcome = testing_outcome(&t->arena, &job, how, next)};

	op.outcome.notice = k % 4 == 1 ? &notice : NULL;
	return spool_apply(t->s, &op);
}

static int drop(struct testing *t, uint32_t k)
{
	return k % 4 == 1 && k % 3 > 0 ? change(t, k, SPOOL_DROP) : -ENOTSUP;
}

/* What state_of will say of a message that was just accepted. */
static struct span fresh_state(struct arena *arena, const struct spool_accept *a)
{
	struct buf b = BUF_INIT(4096);

	for (size_t i = 0; i < a->recipients_n; i++) {
		const struct spool_recipient *r = &a->recipients[i];

		(void)buf_printf(
			&b, " %u:%u/%u@%lld", r->n, r->state, r->part, (long long)r->next_at);
	}
	struct span s = arena_copy(arena, buf_span(&b));

	buf_done(&b);
	return s;
}

struct promised {
	struct run *run;
	struct arena *arena;
	uint32_t k;
};

/* Whoever is told here that his mail is safe throws his copy away. */
static void on_durable(struct testing_promise *p)
{
	const struct promised *w = p->arg;
	struct span state = fresh_state(w->arena, &p->op.accept);

	w->run->tell(arena_printf(w->arena, "%u 0%.*s", w->k, SPAN_F(state)).at);
}

/* Some end before the database has them: the others are in it before the next step. */
static bool is_quick(uint32_t k)
{
	return k % 4 == 0 && !mail_of(k).in_file;
}

struct quick { /* from its acceptance to its end */
	struct testing own;
	struct promised told;
	struct testing_promise p;
};
static struct quick *quick[STORY_MOST];

static int accept_quick(struct run *run, struct testing *t, uint32_t k)
{
	struct quick *q = quick[k] = alloc_zero(sizeof *q);
	struct testing_mail m = mail_of(k);

	m.lanes = 1;
	q->own.s = t->s;
	q->told = (struct promised){.run = run, .arena = &q->own.arena, .k = k};
	q->p = (struct testing_promise){.on_durable = on_durable, .arg = &q->told};
	testing_promise(&q->own, &m, &q->p);
	while (!q->p.is_durable && !q->p.is_done)
		(void)task_sleep(clock_after(NANOS_MS));
	return q->p.is_durable;
}

static int end_quick(struct testing *t, uint32_t k)
{
	struct quick *q = quick[k];
	int rc = end(t, k);

	testing_settle(t->s, &q->p);
	rc = q->p.op.result < 0 ? q->p.op.result : rc;
	arena_done(&q->own.arena);
	free(q);
	return rc;
}

/* 1: it was told already, when it was durable. */
static int accept_mail(struct run *run, struct testing *t, uint32_t k)
{
	struct testing_mail m = mail_of(k);
	struct promised told = {.run = run, .arena = &t->arena, .k = k};
	struct testing_promise p = {.on_durable = on_durable, .arg = &told};

	if (m.in_file)
		return testing_mail(t, &m);
	testing_promise(t, &m, &p);
	testing_settle(t->s, &p);
	return p.op.result < 0 ? p.op.result : p.is_durable;
}

static int step(struct run *run, struct testing *t, uint32_t k, unsigned i)
{
	static int (*const steps[])(struct testing * t, uint32_t k) = {
		defer, hold, let_go, end, drop};

	if (is_quick(k))
		return i == 0 ? accept_quick(run, t, k) : i == 4 ? end_quick(t, k) : -ENOTSUP;
	return i == 0 ? accept_mail(run, t, k) : steps[i - 1](t, k);
}
#define STEPS 6U

/* ---- the state of one message as a line ---- */

static void add_end(struct id id, uint32_t n, const struct spool_ended *e, void *arg)
{
	(void)buf_printf(arg, " %u=%u", n, e->how);
}

static struct span state_of(struct testing *t, uint32_t k)
{
	struct buf b = BUF_INIT(4096);
	struct spool_job job;
	int rc = spool_message_load(t->s, testing_id(k), &t->arena, &job);

	for (size_t i = 0; rc == 0 && i < job.recipients_n; i++) {
		const struct spool_recipient *r = &job.recipients[i];

		(void)buf_printf(&b, " %u:%u/%u", r->n, r->state, r->part);
		if (r->next_at >= LATER)
			(void)buf_printf(&b, "@%lld", (long long)r->next_at);
	}
	(void)spool_ends(t->s, testing_id(k), add_end, &b);
	if (spool_message_load(t->s, testing_id(NOTICE + k), &t->arena, &job) == 0)
		(void)buf_add_str(&b, " notice");
	struct span s = arena_copy(&t->arena, buf_span(&b));

	buf_done(&b);
	return s;
}

/* ---- running ---- */

struct worker {
	struct run *run;
	uint32_t first;
	struct testing t; /* the same spool, an arena of its own */
	struct task *task;
};

static void generation(struct worker *w)
{
	struct spool_op op = {.kind = SPOOL_OP_GENERATION};
	char text[32];
	int rc = spool_apply(w->t.s, &op);

	if (rc < 0)
		fail("generation", 0, rc);
	(void)snprintf(text, sizeof text, "G %u", op.generation);
	w->run->tell(text);
}

static void no_progress(uint64_t rows, uint64_t of, void *arg)
{
}

/* In the middle of it all the database is written anew; one that is broken off changes nothing. */
static void compact(struct worker *w)
{
	struct spool_compacted made;
	int rc = spool_compact(w->t.s, no_progress, NULL, &made);

	if (rc < 0)
		fail("compaction", 0, rc);
}

/* All that waits is due, and then what two lanes had was given. */
static void mark(struct worker *w)
{
	struct spool_op all = {.kind = SPOOL_OP_MARK};
	int rc = spool_apply(w->t.s, &all);

	for (uint32_t lane = 1; rc == 0 && lane <= 2; lane++) {
		struct spool_op done = {
			.kind = SPOOL_OP_MARK, .mark = {.done_lane = lane, .at = all.mark.at}};

		rc = spool_apply(w->t.s, &done);
	}
	if (rc < 0)
		fail("mark", 0, rc);
}

static void work(void *arg)
{
	struct worker *w = arg;

	for (uint32_t k = w->first; k < w->run->messages; k += WORKERS)
		for (unsigned i = 0; i < STEPS; i++) {
			int rc = step(w->run, &w->t, k, i);

			if (rc == -ENOTSUP) {
				arena_done(&w->t.arena);
				continue;
			}
			if (rc < 0)
				fail("step", k, rc);
			struct span state = state_of(&w->t, k);

			if (rc == 0)
				w->run->tell(
					arena_printf(&w->t.arena, "%u %u%.*s", k, i, SPAN_F(state))
						.at);
			if (k % 16 == 5 && i == 0)
				generation(w);
			if (k % 24 == 11 && i == 0)
				compact(w);
			if (k % 12 == 7 && i == 1)
				mark(w);
			arena_done(&w->t.arena);
		}
}

static void run_all(void *arg)
{
	struct run *r = arg;
	struct worker *workers = arena_array(&r->t.arena, WORKERS, sizeof *workers);

	testing_open(&r->t);
	for (uint32_t i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){.run = r, .first = i, .t.s = r->t.s};
		workers[i].task = task_spawn("worker", work, &workers[i]);
	}
	for (uint32_t i = 0; i < WORKERS; i++)
		(void)task_join(workers[i].task, CLOCK_NEVER);
	testing_close(&r->t);
}

static const struct task_options big = {.stack_size = 256UL * 1024};

static struct run *new_run(const char *dir, uint32_t messages)
{
	struct run *r = alloc_zero(sizeof *r);

	r->messages = messages;
	r->t.map_size = 256UL << 20;
	(void)span_copy(span_str(dir), r->t.dir, sizeof r->t.dir);
	return r;
}

int story_run(const char *dir, uint32_t messages, void (*tell)(const char *text))
{
	struct run *r = new_run(dir, messages);

	r->tell = tell;
	int rc = task_run(&big, run_all, r);

	arena_done(&r->t.arena);
	free(r);
	return rc;
}

void story_hear(struct story *s, struct span line)
{
	uint64_t k, step_number;

	if (span_take_span(&line, SPAN_LIT("G ")) && span_take_u64(&line, &k)) {
		s->generation = k > s->generation ? (uint32_t)k : s->generation;
		return;
	}
	if (!span_take_u64(&line, &k) || !span_take(&line, ' ') ||
		!span_take_u64(&line, &step_number) || k >= STORY_MOST ||
		s->steps[k] >= STORY_STEPS)
		return;
	s->states[k][s->steps[k]++] = arena_copy(&s->arena, line);
}

/* ---- checking ---- */

static void wrong(struct run *r, uint32_t k, const char *what, struct span is)
{
	r->wrong++;
	fprintf(stderr, "message %u, %u steps acknowledged: %s:%.*s\n", k, r->heard->steps[k], what,
		SPAN_F(is));
}

static void check_content(struct run *r, uint32_t k)
{
	struct testing_mail m = mail_of(k);
	struct buf b = BUF_INIT(1 << 20);
	struct spool_job job;

	if (spool_message_load(r->t.s, testing_id(k), &r->t.arena, &job) == 0 &&
		(spool_content_read(r->t.s, &job.message, 0, SIZE_MAX, &b) < 0 ||
			!span_equal(buf_span(&b), testing_content(&r->t.arena, k, m.len))))
		wrong(r, k, "its content is not what was accepted", (struct span){"", 0});
	buf_done(&b);
}

static void check_one(struct run *r, uint32_t k)
{
	const struct story *whole = r->whole;
	unsigned acknowledged = r->heard->steps[k];
	struct span is = state_of(&r->t, k);
	struct span before = acknowledged ? whole->states[k][acknowledged - 1] : (struct span){0};

	if (!span_equal(is, before) && (acknowledged >= whole->steps[k] ||
					       !span_equal(is, whole->states[k][acknowledged])))
		wrong(r, k, "is neither as acknowledged nor one step further", is);
	check_content(r, k);
}

/* The spool also has to go on: new mail, a new generation, and nothing that audit objects to. */
static void check_all(void *arg)
{
	struct run *r = arg;
	struct testing_mail more = {
		.k = NOTICE * 2, .recipients = 2, .lanes = 2, .len = 9000, .due = LATER};
	struct spool_op op = {.kind = SPOOL_OP_GENERATION};

	testing_open(&r->t);
	r->wrong += testing_audit(r->t.s) != 0;
	for (uint32_t k = 0; k < r->messages; k++) {
		check_one(r, k);
		arena_done(&r->t.arena);
	}
	r->wrong += spool_apply(r->t.s, &op) != 0 || op.generation <= r->heard->generation;
	r->wrong += testing_mail(&r->t, &more) != 0;
	r->wrong += testing_audit(r->t.s) != 0;
	testing_close(&r->t);
}

int story_check(
	const char *dir, const struct story *heard, const struct story *whole, uint32_t messages)
{
	struct run *r = new_run(dir, messages);

	r->heard = heard;
	r->whole = whole;
	int rc = task_run(&big, check_all, r);
	int sum = r->wrong + (rc < 0);

	arena_done(&r->t.arena);
	free(r);
	return sum;
}
