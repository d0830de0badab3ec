#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/alloc.h"
#include "spool/testing.h"
#include "task/task.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Random operations on the spool and on a model of a few lines, side by side: whatever order
 * people and servers choose, each recipient stays in the schedule until its one end.
 */
#define MESSAGES   12U
#define RECIPIENTS 5U

struct model {
	struct { /* of message k; recipients 0: never accepted */
		uint32_t recipients;
		struct {
			uint8_t end, state;
			uint32_t lane;
			int64_t next_at;
		} r[RECIPIENTS];
	} m[MESSAGES];
	uint64_t random;
	uint32_t notices;
	int64_t later; /* due times go up, as in life */
	int64_t mark;  /* the newest */
};

static uint32_t pick(struct model *m, uint32_t below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (uint32_t)(m->random >> 16) % below;
}

static bool is_live(const struct model *m, uint32_t k)
{
	for (uint32_t n = 0; n < m->m[k].recipients; n++)
		if (!m->m[k].r[n].end)
			return true;
	return false;
}

static void do_accept(struct testing *t, struct model *m)
{
	struct testing_mail mail = {.k = pick(m, MESSAGES),
		.recipients = 1 + pick(m, RECIPIENTS),
		.lanes = 1 + pick(m, 3),
		.len = pick(m, 4) ? pick(m, 9000) : 70000,
		.due = 1000 + pick(m, 5),
		.in_file = pick(m, 4) == 0};
	bool known = m->m[mail.k].recipients > 0;

	assert_int_equal(testing_mail(t, &mail), known ? -EEXIST : 0);
	if (mail.in_file && known)
		spool_content_discard(t->s, testing_id(mail.k));
	if (known)
		return;
	uint32_t lanes = mail.lanes < mail.recipients ? mail.lanes : mail.recipients;

	m->m[mail.k].recipients = mail.recipients;
	for (uint32_t n = 0; n < mail.recipients; n++) {
		m->m[mail.k].r[n].state = SPOOL_QUEUED;
		m->m[mail.k].r[n].lane = 1 + n % lanes;
		m->m[mail.k].r[n].next_at = mail.due;
	}
}

/* Not inlined, as do_bounce: their frames together are too large for clang. */
static __attribute__((noinline)) void do_outcome(struct testing *t, struct model *m)
{
	struct spool_due due[16];
	struct spool_job job;
	uint8_t how[RECIPIENTS];
	int64_t next[RECIPIENTS];
	long n = spool_due_list(t->s, 1 + pick(m, 3), NULL, due, 16);

	assert_true(n >= 0);
	if (n == 0)
		return;
	const struct spool_due *d = &due[pick(m, (uint32_t)n)];

	assert_int_equal(spool_job_load(t->s, d->id, d->part, &t->arena, &job), 0);
	assert_int_equal(job.recipients_n, d->count);
	for (size_t i = 0; i < job.recipients_n; i++) {
		how[i] = (uint8_t)(pick(m, 3) ? 0 : 1 + pick(m, 5));
		next[i] = m->later + pick(m, 3);
	}
	struct spool_op op = {
		.kind = SPOOL_OP_OUTCOME, .outcome = testing_outcome(&t->arena, &job, how, next)};
	uint32_t k = (uint32_t)job.message.id.low;

	for (size_t i = 0; i < job.recipients_n; i++) {
		uint32_t at = job.recipients[i].n;
		bool maybe = pick(m, 5) == 0;

		op.outcome.results[i].recipient.state = maybe ? SPOOL_MAYBE : SPOOL_QUEUED;
		m->m[k].r[at].end = how[i];
		m->m[k].r[at].state = maybe ? SPOOL_MAYBE : SPOOL_QUEUED;
		m->m[k].r[at].next_at = next[i];
	}
	if (job.recipients_n > 1 && pick(m, 4) == 0) {
		/* The last one is left out: it stays as it was. */
		const struct spool_recipient *r = &job.recipients[--op.outcome.results_n];

		m->m[k].r[r->n].end = 0;
		m->m[k].r[r->n].state = r->state;
		m->m[k].r[r->n].next_at = r->next_at;
	}
	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_int_equal(op.message_gone, !is_live(m, k));
	if (op.outcome.results_n == job.recipients_n)
		assert_int_equal(spool_apply(t->s, &op), -ENOENT);
	m->later += 3;
}

/* Mail ends, all of it or some, before the database has it. */
static __attribute__((noinline)) void do_young(struct testing *t, struct model *m)
{
	struct testing_mail mail = {.k = pick(m, MESSAGES),
		.recipients = 1 + pick(m, RECIPIENTS),
		.lanes = 1 + pick(m, 2),
		.len = pick(m, 9000),
		.due = 1000 + pick(m, 5)};
	bool known = m->m[mail.k].recipients > 0, ends_all = pick(m, 2);
	struct testing_promise p = {0};
	struct spool_job job;
	uint8_t how[RECIPIENTS] = {0};
	int64_t next[RECIPIENTS];

	testing_promise(t, &mail, &p);
	while (!p.is_durable && !p.is_done)
		(void)task_sleep(clock_after(NANOS_MS));
	assert_int_equal(p.is_done && p.op.result == -EEXIST, known);
	if (known)
		return;
	assert_int_equal(spool_job_load(t->s, testing_id(mail.k), 0, &t->arena, &job), 0);
	m->m[mail.k].recipients = mail.recipients;
	for (uint32_t n = 0; n < mail.recipients; n++) {
		m->m[mail.k].r[n].state = SPOOL_QUEUED;
		m->m[mail.k].r[n].lane = 1 + n % mail.lanes;
		m->m[mail.k].r[n].next_at = mail.due;
	}
	for (size_t i = 0; i < job.recipients_n; i++) {
		uint32_t n = job.recipients[i].n;

		how[i] = (uint8_t)(ends_all || pick(m, 2) ? 1 + pick(m, 5) : 0);
		next[i] = m->later + pick(m, 3);
		m->m[mail.k].r[n].end = how[i];
		m->m[mail.k].r[n].next_at = next[i];
	}
	struct spool_op op = {
		.kind = SPOOL_OP_OUTCOME, .outcome = testing_outcome(&t->arena, &job, how, next)};

	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_int_equal(op.message_gone, !is_live(m, mail.k));
	testing_settle(t->s, &p);
	assert_int_equal(p.op.result, 0);
	m->later += 3;
}

static void do_change(struct testing *t, struct model *m)
{
	uint32_t k = pick(m, MESSAGES), changed = 0, only[RECIPIENTS], mask = pick(m, 64);
	enum spool_change_kind kind = pick(m, 8) ? pick(m, 3) : SPOOL_DROP;
	struct spool_op op = {
		.kind = SPOOL_OP_CHANGE, .change = {.id = testing_id(k), .kind = kind}};
	int rc = is_live(m, k) ? 0 : -ENOENT;

	/* Half of the time only some are meant: the others of their part go on by themselves. */
	if (mask < 32) {
		op.change.only = only;
		for (uint32_t n = 0; n < RECIPIENTS; n++)
			if (mask >> n & 1)
				only[op.change.only_n++] = n;
	} else {
		mask = UINT32_MAX;
	}
	assert_int_equal(spool_apply(t->s, &op), rc);
	for (uint32_t n = 0; rc == 0 && n < m->m[k].recipients; n++) {
		bool held = m->m[k].r[n].state == SPOOL_HELD;

		if (!(mask >> n & 1) || m->m[k].r[n].end || (kind == SPOOL_RELEASE && !held) ||
			((kind == SPOOL_HOLD || kind == SPOOL_RETRY) && held))
			continue;
		changed++;
		m->m[k].r[n].end = kind == SPOOL_DROP ? SPOOL_DROPPED : 0;
		if (kind == SPOOL_HOLD)
			m->m[k].r[n].state = SPOOL_HELD;
		else if (held)
			m->m[k].r[n].state = SPOOL_QUEUED;
		m->m[k].r[n].next_at = kind == SPOOL_HOLD ? 0 : -1; /* -1: about now */
	}
	assert_int_equal(op.changed, changed);
}

/* An operator returns some of a message's recipients, now and then with one that is not there. */
static __attribute__((noinline)) void do_bounce(struct testing *t, struct model *m)
{
	uint32_t k = pick(m, MESSAGES), number = 1000 + ++m->notices;
	struct testing_mail mail = {.k = number, .recipients = 1, .lanes = 1, .len = 90, .due = 9};
	struct spool_accept notice = testing_accept(&t->arena, &mail);
	struct spool_result *results = arena_array(&t->arena, RECIPIENTS, sizeof *results);
	struct spool_op op = {.kind = SPOOL_OP_CHANGE,
		.change = {.id = testing_id(k),
			.kind = SPOOL_BOUNCE,
			.results = results,
			.notice = &notice}};
	bool all_there = true;

	for (uint32_t n = 0; n < m->m[k].recipients; n++) {
		if (pick(m, 2))
			continue;
		results[op.change.results_n++] =
			(struct spool_result){.n = n, .end = SPOOL_BOUNCED};
		all_there &= m->m[k].r[n].end == 0;
	}
	if (op.change.results_n == 0)
		return;
	int rc = !is_live(m, k) ? -ENOENT : all_there ? 0 : -ESTALE;

	assert_int_equal(spool_apply(t->s, &op), rc);
	for (size_t i = 0; rc == 0 && i < op.change.results_n; i++)
		m->m[k].r[results[i].n].end = SPOOL_BOUNCED;
	struct spool_job job;

	assert_int_equal(spool_message_load(t->s, testing_id(number), &t->arena, &job),
		rc == 0 ? 0 : -ENOENT);
	/* It is not of the model: it goes. */
	op = (struct spool_op){
		.kind = SPOOL_OP_CHANGE, .change = {.id = testing_id(number), .kind = SPOOL_DROP}};
	assert_int_equal(spool_apply(t->s, &op), rc == 0 ? 0 : -ENOENT);
}

/* An operator asks for all that waits; or all that one lane had was given. */
static void do_mark(struct testing *t, struct model *m)
{
	struct spool_op op = {.kind = SPOOL_OP_MARK, .mark.done_lane = pick(m, 5)};
	uint32_t lane = op.mark.done_lane;
	uint64_t messages = 0, recipients = 0;
	bool waits[TESTING_LANES + 1] = {false};

	op.mark.at = m->mark - pick(m, 2);
	int64_t was = spool_mark_of(t->s, lane);
	bool stays = was > 0 && op.mark.at < was;

	assert_int_equal(spool_apply(t->s, &op), 0);
	for (uint32_t k = 0; k < MESSAGES; k++) {
		uint64_t before = recipients;

		for (uint32_t n = 0; n < m->m[k].recipients; n++)
			if (!m->m[k].r[n].end && m->m[k].r[n].state != SPOOL_HELD) {
				recipients++;
				waits[m->m[k].r[n].lane] = true;
			}
		messages += recipients > before;
	}
	/* Where nothing waits it may have gone with the lane. */
	if (lane > 0 && (!stays || (lane <= TESTING_LANES && waits[lane])))
		assert_int_equal(spool_mark_of(t->s, lane) > 0, stays);
	if (lane > 0)
		return;
	assert_int_equal(op.mark.messages, messages);
	assert_int_equal(op.mark.recipients, recipients);
	for (lane = 1; lane <= TESTING_LANES; lane++)
		if (waits[lane])
			assert_int_equal(spool_mark_of(t->s, lane), op.mark.at);
	m->mark = op.mark.at;
}

static void check_recipient(
	struct testing *t, struct model *m, uint32_t k, const struct spool_recipient *r)
{
	int64_t next_at = m->m[k].r[r->n].next_at;

	assert_int_equal(m->m[k].r[r->n].end, 0);
	assert_int_equal(r->state, m->m[k].r[r->n].state);
	assert_int_equal(r->lane, m->m[k].r[r->n].lane);
	if (next_at >= 0)
		assert_int_equal(r->next_at, next_at);
	else
		assert_true(r->next_at <= spool_now(t->s) && r->next_at > 10000);
}

struct ends {
	struct model *m;
	uint32_t seen;
};

static void check_end(struct id id, uint32_t n, const struct spool_ended *e, void *arg)
{
	struct ends *ends = arg;

	assert_int_equal(e->how, ends->m->m[(uint32_t)id.low].r[n].end);
	ends->seen++;
}

static void check(struct testing *t, struct model *m)
{
	for (uint32_t k = 0; k < MESSAGES; k++) {
		struct spool_job job;
		struct ends ends = {.m = m};
		uint32_t live = 0, ended = 0;

		for (uint32_t n = 0; n < m->m[k].recipients; n++)
			*(m->m[k].r[n].end ? &ended : &live) += 1;
		int rc = spool_message_load(t->s, testing_id(k), &t->arena, &job);

		assert_int_equal(rc, live ? 0 : -ENOENT);
		for (size_t i = 0; rc == 0 && i < job.recipients_n; i++)
			check_recipient(t, m, k, &job.recipients[i]);
		assert_int_equal(rc == 0 ? job.recipients_n : 0, live);
		assert_int_equal(spool_ends(t->s, testing_id(k), check_end, &ends), 0);
		assert_int_equal(ends.seen, ended);
	}
	assert_int_equal(testing_audit(t->s), 0);
	arena_done(&t->arena);
}

static void play(struct testing *t, uint64_t seed, uint32_t steps)
{
	struct model *m = alloc_zero(sizeof *m);

	m->later = 2000;
	m->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
	testing_open(t);
	for (uint32_t i = 0; i < steps; i++) {
		uint32_t what = pick(m, 24);

		if (what > 20)
			do_young(t, m);
		else if (what < 6)
			do_accept(t, m);
		else if (what < 15)
			do_outcome(t, m);
		else if (what < 18)
			do_change(t, m);
		else if (what < 19)
			do_bounce(t, m);
		else if (what < 20)
			do_mark(t, m);
		else {
			testing_close(t);
			testing_open(t);
		}
		check(t, m);
	}
	testing_close(t);
	testing_remove_dir(t->dir);
	testing_make_dir(t->dir);
	free(m);
}

static void play_body(struct testing *t)
{
	bool is_long = getenv("ABIDE_LONG") != NULL;
	const char *given = getenv("ABIDE_SEED");
	uint64_t first = given ? strtoull(given, NULL, 10) : 1, last = given     ? first
								       : is_long ? 500
										 : 12;

	for (uint64_t seed = first; seed <= last; seed++)
		play(t, seed, 60);
	testing_open(t);
}

static void play_test(void **state)
{
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	testing_run(play_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(play_test)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
