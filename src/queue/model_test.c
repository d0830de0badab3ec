/*
 * What a user would lose if this failed: a message that no queue looks at again, or one that two
 * deliver processes send at the same time. Random events (mail, outcomes, deaths of deliver
 * processes and of queue, broken channels, failing batches, other limits) on a spool in memory; at
 * the end everything must have been delivered.
 */
#include "queue/model.h"
#include "base/alloc.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define FAR INT64_C(1000000000000) /* ms: a drain is shorter */

/* ---- events ---- */

static void mail_comes(void)
{
	if (model()->rows_n >= ROWS_MOST / 2) /* room for notices */
		return;
	struct row *row = &model()->rows[model()->rows_n++];
	struct spool_recipient r;
	struct spool_accept a = {.recipients = &r, .recipients_n = 1};

	*row = (struct row){.id = {1, ++model()->last_id},
		.lane = 1 + (uint32_t)random() % LANES,
		.arrived_at = model()->now};
	/* Some were put off for longer than anybody waits: only a mark brings them. */
	row->due = model()->now + (random() % 8 == 0 ? FAR : 0);
	a.message.id = row->id;
	r = (struct spool_recipient){.lane = row->lane, .next_at = row->due};
	queue_accepted(model()->q, &a);
	queue_dispatch(model()->q);
}

static void all_are_asked_for(void)
{
	struct ipc_control_end end;

	assert_int_equal(queue_mark_all(model()->q, &end), 0);
	assert_int_equal(end.messages, model()->rows_n);
	model()->now += random() % 2;
}

static struct proc *any_proc(void)
{
	return &model()->procs[(size_t)random() % PROCS];
}

static void job_ends(void)
{
	struct proc *p = any_proc();
	long dice = random() % 10;

	if (p->n > 0)
		model_end_job(p, (size_t)random() % p->n,
			dice < 7   ? RELAYED
			: dice < 9 ? DEFERRED
				   : UNREACHABLE);
}

static void dot_is_sent(void)
{
	struct proc *p = any_proc();

	if (p->n == 0)
		return;
	struct running *r = &p->running[(size_t)random() % p->n];
	struct ipc_job_dot dot = {.id = r->id, .attempt = r->attempt};

	r->dot_sent = true;
	model_request(p, IPC_JOB_DOT, &dot);
}

static void slot_ends(void)
{
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&model()->q->slots, &i, &key, &value);) {
		const struct queue_slot *slot = value;
		struct ipc_slot_end end = {.slot = slot->number};

		if (slot->busy || random() % 3 > 0)
			continue;
		model_request(&model()->procs[slot->peer->index], IPC_SLOT_END, &end);
		return;
	}
}

static void limits_change(void)
{
	struct span key;
	void *value;

	model()->conf.limits.deliver_sessions = 1 + (uint32_t)random() % 8;
	model()->conf.limits.deliver_connections = 1 + (uint32_t)random() % 4;
	for (size_t i = 0; table_next(&model()->q->lanes_by_number, &i, &key, &value);)
		queue_lane_check(model()->q, value);
	queue_dispatch(model()->q);
}

static void something_breaks(void)
{
	struct proc *p = any_proc();
	long dice = random() % 12;

	if (dice == 0 || model()->is_killed) {
		model()->is_killed = false;
		model_write_all();
		model_kill_queue();
		model_start_queue();
		return;
	}
	model_peer_gone(p);
	if (dice < 6) /* the process died; else only its channel broke */
		p->n = 0, p->last_how = NOTHING;
	model_take_jobs();
	model_connect(p);
}

static void step(void)
{
	long dice = random() % 100;

	if (dice < 35)
		mail_comes();
	else if (dice < 65)
		job_ends();
	else if (dice < 70)
		dot_is_sent();
	else if (dice < 76)
		slot_ends();
	else if (dice < 77)
		limits_change();
	else if (dice < 78)
		all_are_asked_for();
	else if (dice < 80)
		something_breaks();
	else if (dice < 81 && model()->rows_n < ROWS_MOST * 3 / 4)
		queue_late_look(model()->q);
	else if (dice < 90)
		model_commit_one();
	else
		model()->now += random() % 2000;
	if (model()->is_killed)
		something_breaks();
	model()->q->again_at = 0;
	queue_look(model()->q);
	model_take_jobs();
	model_check_all();
	(void)task_yield();
}

/* From here on everything works: then everything must be delivered. */
static void drain(void)
{
	model()->failing = 0;
	model()->now++;
	all_are_asked_for();
	for (int round = 0; round < 200000 && model()->rows_n > 0; round++) {
		for (size_t i = 0; i < PROCS; i++)
			while (model()->procs[i].n > 0)
				model_end_job(&model()->procs[i], 0, RELAYED);
		model_commit_one();
		if (round % 50 == 0)
			slot_ends();
		/* A mark is on the disk: the next queue goes on with it. */
		if (round == 3) {
			model_write_all();
			model_kill_queue();
			model_start_queue();
		}
		model()->now += 1000;
		model()->q->again_at = 0;
		queue_look(model()->q);
		model_take_jobs();
	}
	model_write_all();
	model_check_all();
	assert_int_equal(model()->rows_n, 0);
	for (size_t i = 0; i < LANES_ALL; i++)
		assert_int_equal(model()->marks[i], 0);
	assert_int_equal(model()->q->jobs.n, 0);
}

static void run(void *arg)
{
	model_start_queue();
	for (int i = 0; i < 30000; i++)
		step();
	drain();
	model_kill_queue();
}

static struct arena conf_arena;

static int read_conf(void **state)
{
	static const char text[] = "hostname = \"test.example\"\nlisten \"127.0.0.1:2525\" { }\n"
				   "route \"*\" { to = \"127.0.0.1:2526\" }\n"
				   "route \"b\" { to = \"mx\" }\n"
				   "limits { deliver_sessions = 4 deliver_connections = 2 }\n"
				   "retry default { first = \"1s\" max = \"2s\" give_up = \"60d\" "
				   "notice_after = \"3s\" }";
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);

	if (conf_parse("test", span_str(text), &conf_arena, &model()->conf, &errors) < 0)
		fail_msg("%.*s", SPAN_F(buf_span(&errors)));
	buf_done(&errors);
	log_init("test", false, LOG_ERROR);
	list_init(&model()->pending);
	model()->role.conf = &model()->conf;
	return 0;
}

static int free_conf(void **state)
{
	arena_done(&conf_arena);
	return 0;
}

static void nothing_is_left_behind_or_given_twice(void **state)
{
	model()->now = 1000;
	model()->failing = 1;
	srandom(11);
	assert_int_equal(task_run(NULL, run, NULL), 0);
	/* The rest was told of in the spool's model: else it would not have been looked at. */
	assert_true(model()->notices > 100 && model()->news > 100);
}

/* ---- a mark: once for each, and not for what came since ---- */

static struct row *put_row(uint32_t lane, int64_t due)
{
	struct row *row = &model()->rows[model()->rows_n++];

	*row = (struct row){.id = {1, ++model()->last_id},
		.lane = lane,
		.due = due,
		.arrived_at = 500,
		.last_at = 600,
		.attempts = 1};
	return row;
}

/* All that runs ends, each fourth deferred. False: nothing ran. */
static bool run_all(size_t *given)
{
	size_t before = *given;

	model_take_jobs();
	for (size_t i = 0; i < PROCS; i++)
		while (model()->procs[i].n > 0)
			model_end_job(
				&model()->procs[i], 0, (*given)++ % 4 == 3 ? DEFERRED : RELAYED);
	model_write_all();
	model_take_jobs();
	return *given > before;
}

static void marked(void *arg)
{
	enum { N = 300 };
	size_t given = 0;

	for (uint32_t i = 0; i < N; i++)
		put_row(1, 5000 + 10 * FAR + i);
	put_row(1, 4000)->set_at = 3000; /* put off behind the mark's time */
	model_start_queue();
	assert_false(run_all(&given));
	model()->now = 2000;
	all_are_asked_for();
	model()->now = 2000;
	/* Killed in the middle of it, wherever that is. */
	while (given <= 20)
		assert_true(run_all(&given));
	assert_true(given < N);
	model_write_all();
	model_kill_queue();
	model_start_queue();
	/* Deferred ones are not given again for it, and what was put off since waits. */
	while (run_all(&given))
		;
	assert_int_equal(given, N);
	assert_int_equal(model()->marks[1], 0);
	assert_true(model()->rows_n > N / 5);
	model_kill_queue();
}

static void a_mark_gives_each_once(void **state)
{
	const int64_t tick = model()->tick;

	model()->rows_n = 0;
	model()->now = 1000;
	model()->tick = 0;
	model()->failing = 0;
	assert_int_equal(task_run(NULL, marked, NULL), 0);
	model()->tick = tick;
}

/* ---- a stop: who ends gets nothing more ---- */

static size_t running_in(size_t proc)
{
	model_take_jobs();
	return model()->procs[proc].n;
}

static void ends(size_t proc)
{
	struct ipc_slot_end end = {.slot = 0};

	model_request(&model()->procs[proc], IPC_SLOT_END, &end);
}

static void stopped(void *arg)
{
	size_t given = 0;

	for (uint32_t i = 0; i < 200; i++)
		put_row(1 + i % LANES, 900);
	model_start_queue();
	queue_look(model()->q);
	model_take_jobs();
	/* What it has it may finish, on a connection that it would have kept. */
	ends(0);
	while (model()->procs[0].n > 0)
		model_end_job(&model()->procs[0], 0, RELAYED);
	model_write_all();
	assert_int_equal(running_in(0), 0);
	assert_true(running_in(1) + running_in(2) > 0);
	for (int i = 0; i < 10; i++)
		(void)run_all(&given);
	assert_int_equal(running_in(0), 0);
	ends(1);
	ends(2);
	while (run_all(&given))
		;
	assert_true(model()->rows_n > 100);
	model_check_all();
	/* One that is started anew takes jobs again. */
	model_peer_gone(&model()->procs[0]);
	model_connect(&model()->procs[0]);
	assert_true(running_in(0) > 0);
	model_kill_queue();
}

static void a_process_that_ends_gets_no_job_more(void **state)
{
	model()->rows_n = 0;
	model()->now = 1000;
	model()->failing = 0;
	assert_int_equal(task_run(NULL, stopped, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_behind_or_given_twice),
		cmocka_unit_test(a_mark_gives_each_once),
		cmocka_unit_test(a_process_that_ends_gets_no_job_more),
	};

	return cmocka_run_group_tests(tests, read_conf, free_conf);
}
