/*
 * What a user would lose if these failed: a recipient without a new state would never be tried
 * again, one that failed would not be told, and a thousand that wait together would come back as a
 * thousand messages.
 */
#include "queue/model.h"
#include "queue/results.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

struct fate_in { /* outcome 0: none came */
	uint8_t outcome;
	uint16_t code;
	int64_t wait;
	uint8_t notify;
};

struct result_case {
	const char *name;
	const char *sender;
	struct fate_in fates[3];
	uint8_t ends[3]; /* 0: goes on */
	uint8_t states[3];
	bool has_notice;
	bool was_doubtful;
};

static const struct result_case cases[] = {
	{"each its own end", "me@here.test",
		{{IPC_FATE_RELAYED, 250, -1, 0}, {IPC_FATE_FAILED, 550, -1, 0},
			{IPC_FATE_DEFERRED, 451, 60, 0}},
		{SPOOL_RELAYED, SPOOL_BOUNCED, 0}, {0, 0, SPOOL_QUEUED}, true, false},
	{"nobody is told who did not want it", "me@here.test",
		{{IPC_FATE_FAILED, 550, -1, 1}, {IPC_FATE_FAILED, 550, -1, 2},
			{IPC_FATE_FAILED, 550, -1, 8}},
		{SPOOL_SILENT, SPOOL_SILENT, SPOOL_SILENT}, {0}, false, false},
	{"the null sender is told nothing", "",
		{{IPC_FATE_FAILED, 550, -1, 0}, {IPC_FATE_FAILED, 550, -1, 4},
			{IPC_FATE_RELAYED, 250, -1, 0}},
		{SPOOL_SILENT, SPOOL_SILENT, SPOOL_RELAYED}, {0}, false, false},
	{"who has no fate is tried again", "me@here.test",
		{{0, 0, 0, 0}, {IPC_FATE_RELAYED, 250, -1, 0}, {0, 0, 0, 0}}, {0, SPOOL_RELAYED, 0},
		{SPOOL_QUEUED, 0, SPOOL_QUEUED}, false, false},
	{"maybe is not a refusal", "me@here.test",
		{{IPC_FATE_MAYBE, 451, -1, 0}, {IPC_FATE_MAYBE, 451, -1, 0},
			{IPC_FATE_DEFERRED, 451, -1, 0}},
		{0, 0, 0}, {SPOOL_MAYBE, SPOOL_MAYBE, SPOOL_QUEUED}, false, false},
	{"what may be there stays in doubt", "me@here.test",
		{{IPC_FATE_DEFERRED, 451, -1, 0}, {IPC_FATE_MAYBE, 451, -1, 0}, {0, 0, 0, 0}},
		{0, 0, 0}, {SPOOL_QUEUED, SPOOL_MAYBE, SPOOL_QUEUED}, false, true},
};

struct made {
	struct arena arena;
	struct conf conf;
	struct role role;
	struct queue queue;
	struct results results;
};

static void make(struct made *m, const struct result_case *c)
{
	static const char text[] = "hostname = \"here.test\"\nlisten \"127.0.0.1:2525\" { }\n"
				   "route \"*\" { to = \"127.0.0.1:2526\" }\n";
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct spool_recipient recipients[3];
	struct ipc_fate fates[3];
	struct ipc_outcome o = {.fates = fates};
	struct spool_job job = {.recipients = recipients, .recipients_n = 3};

	*m = (struct made){.role = {.conf = NULL}};
	assert_int_equal(conf_parse("test", span_str(text), &m->arena, &m->conf, &errors), 0);
	m->role.conf = &m->conf;
	m->queue.role = &m->role;
	model()->now = 1000000;
	model()->tick = 1; /* it never stands still */
	job.message = (struct spool_message){.id = {1, 1},
		.sender = span_str(c->sender),
		.arrived_at = 1000000,
		.recipients = 30};
	for (uint32_t i = 0; i < 3; i++) {
		/* Not the first recipients of their message, and fates in another order. */
		recipients[i] = (struct spool_recipient){.n = 10 + i,
			.notify = c->fates[i].notify,
			.address = SPAN_LIT("a@one.test"),
			.state = SPOOL_QUEUED,
			.flags = c->was_doubtful ? DECIDE_DOUBTFUL : 0,
			.lane = 1};
		const struct fate_in *in = &c->fates[2 - i];

		if (in->outcome)
			fates[o.fates_n++] = (struct ipc_fate){.n = 12 - i,
				.outcome = in->outcome,
				.code = in->code,
				.wait = in->wait};
	}
	results_make(&m->queue, NULL, &job, &o, &m->arena, &m->results);
	buf_done(&errors);
}

static void done(struct made *m)
{
	struct span key;
	void *lane;

	for (size_t i = 0; table_next(&m->queue.lanes_by_number, &i, &key, &lane);)
		lane_free(lane);
	for (size_t i = 0; table_next(&m->queue.sites, &i, &key, &lane);)
		site_free(lane);
	table_done(&m->queue.jobs);
	table_done(&m->queue.sites);
	table_done(&m->queue.lanes_by_number);
	table_done(&m->queue.lanes_by_name);
	arena_done(&m->arena);
}

/* When a message that was refused for being new comes again, whose attempt began so long before others got in. */
static int64_t comes_after(int64_t before)
{
	static const char text[] = "hostname = \"here.test\"\nlisten \"127.0.0.1:2525\" { }\n"
				   "route \"*\" { to = \"127.0.0.1:2526\" }\n";
	static struct made m;
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct spool_recipient recipient = {
		.address = SPAN_LIT("a@one.test"), .state = SPOOL_QUEUED, .lane = 1};
	struct ipc_fate fate = {.outcome = IPC_FATE_DEFERRED,
		.code = 451,
		.cause = SPAN_LIT("greylisting"),
		.wait = -1};
	struct ipc_outcome o = {.id = {1, 1}, .fates = &fate, .fates_n = 1};
	struct spool_job job = {.message = {.id = {1, 1}, .arrived_at = 1000000, .recipients = 1},
		.recipients = &recipient,
		.recipients_n = 1};

	m = (struct made){.role = {.conf = NULL}};
	assert_int_equal(conf_parse("test", span_str(text), &m.arena, &m.conf, &errors), 0);
	m.role.conf = &m.conf;
	m.queue.role = &m.role;
	model()->now = 1000000;
	model()->tick = 1;
	struct lane *lane = queue_lane_get(&m.queue, SPAN_LIT("one.test"), SPAN_LIT("one.test"));

	lane->site->recall_from = 990000;
	lane->site->written_at = 1000000; /* not now */
	struct queue_job *running = queue_job_add(&m.queue,
		&(struct queue_job){.id = {1, 1}, .lane = lane, .began = 990000 - before});

	results_make(&m.queue, NULL, &job, &o, &m.arena, &m.results);
	int64_t at = m.results.rows[0].recipient.next_at;

	queue_job_remove(&m.queue, running);
	buf_done(&errors);
	done(&m);
	return at - 1000000;
}

/* All others of an outage are delivered, and the one that was being refused just then waits for a quarter of an hour. */
static void what_was_refused_while_others_got_in_comes_with_them(void **state)
{
	assert_in_range(comes_after(20), 1, 3000);
	assert_in_range(comes_after(-20), 30000, 3600000);
}

static void each_fate_becomes_what_it_says(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct result_case *c = &cases[i];
		static struct made m;

		make(&m, c);
		assert_int_equal(m.results.n, 3);
		assert_int_equal(m.results.notice != NULL, c->has_notice);
		for (size_t j = 0; j < 3; j++) {
			const struct spool_result *r = &m.results.rows[j];

			if (r->end != c->ends[j] || r->recipient.attempts != 1)
				fail_msg("%s: recipient %zu ends %u", c->name, j, r->end);
			if (r->end == 0)
				assert_int_equal(r->recipient.state, c->states[j]);
			assert_int_equal(!!(r->recipient.flags & DECIDE_DOUBTFUL),
				c->states[j] == SPOOL_MAYBE || c->was_doubtful);
		}
		done(&m);
	}
}

static void who_waits_equally_long_stays_together(void **state)
{
	static const struct result_case c = {"together", "me@here.test",
		{{IPC_FATE_DEFERRED, 451, -1, 0}, {IPC_FATE_DEFERRED, 450, -1, 0},
			{IPC_FATE_DEFERRED, 451, -1, 0}},
		{0}, {0}, false, false};
	static struct made m;

	make(&m, &c);
	assert_true(m.results.rows[0].recipient.next_at > 1000000);
	for (size_t i = 1; i < 3; i++)
		assert_int_equal(
			m.results.rows[i].recipient.next_at, m.results.rows[0].recipient.next_at);
	done(&m);
}

static void a_message_of_many_recipients_stays_one(void **state)
{
	static const struct result_case c = {"none", "me@here.test", {{0}}, {0}, {0}, false, false};
	static struct made m;
	static struct spool_recipient recipients[100];

	make(&m, &c);
	/* Also where its sender sends very much. */
	for (int round = 0; round < 3; round++) {
		struct spool_accept a = {.recipients = recipients, .recipients_n = 100};

		a.message.sender = SPAN_LIT("list@here.test");
		for (size_t i = 0; i < 100; i++)
			recipients[i] = (struct spool_recipient){.address = SPAN_LIT("a@one.test")};
		queue_assign_lanes(&m.queue, &m.conf, &a, 1000, &m.arena);
		assert_int_equal(a.lanes_n, 1);
		for (size_t i = 0; i < 100; i++)
			assert_int_equal(recipients[i].part, 0);
	}
	done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fate_becomes_what_it_says),
		cmocka_unit_test(what_was_refused_while_others_got_in_comes_with_them),
		cmocka_unit_test(who_waits_equally_long_stays_together),
		cmocka_unit_test(a_message_of_many_recipients_stays_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
