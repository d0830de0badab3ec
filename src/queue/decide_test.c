/*
 * What a user would lose if these failed: a greylisting server that said "5 seconds" would be
 * asked again in hours, or so early that it starts its clock anew; mail would be given up that a
 * second try delivers, or never; and nobody would hear of what waiting does not mend.
 */
#include "queue/decide.h"
#include "queue/retry.h"
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define MINUTE (60 * NANOS_S)
#define MIN_MS INT64_C(60000)
#define START  INT64_C(1000000)

#define DEFAULT                                                                   \
	{                                                                         \
		.name = {"default", 7}, .first = 5 * MINUTE, .max = 240 * MINUTE, \
		.give_up = 5 * 24 * 60 * MINUTE, .factor = 2000                   \
	}

static const struct conf preset = {
	.retries = (struct conf_retry[]){DEFAULT},
	.n_retries = 1,
	.timeouts = {.final = 10 * MINUTE},
};

static const struct conf changed = {
	.retries =
		(struct conf_retry[]){
			{.name = {"default", 7},
				.first = 1 * MINUTE,
				.max = 60 * MINUTE,
				.give_up = 5 * 24 * 60 * MINUTE,
				.factor = 2000},
			{.name = {"greylisting", 11},
				.first = 2 * MINUTE,
				.max = 240 * MINUTE,
				.give_up = 24 * 60 * MINUTE,
				.factor = 1500},
		},
	.n_retries = 2,
	.timeouts = {.final = 10 * MINUTE},
};

static const struct wait_case {
	const struct conf *conf;
	const char *cause, *stage;
	uint32_t attempts;
	int64_t wait;
	bool maybe;
	int64_t least, most; /* ms from now */
	enum decide_source source;
} waits[] = {
	/* Each cause has its schedule, */
	{&preset, "local_error", "rcpt", 1, -1, false, 15 * MIN_MS, 17 * MIN_MS, DECIDE_SCHEDULE},
	{&preset, "local_error", "rcpt", 2, -1, false, 30 * MIN_MS, 33 * MIN_MS, DECIDE_SCHEDULE},
	{&preset, "local_error", "rcpt", 60, -1, false, 120 * MIN_MS, 132 * MIN_MS,
		DECIDE_SCHEDULE},
	{&preset, "mailbox_full", "rcpt", 1, -1, false, 60 * MIN_MS, 66 * MIN_MS, DECIDE_SCHEDULE},
	{&preset, "network_failure", "connect", 1, -1, false, 5 * MIN_MS, 6 * MIN_MS,
		DECIDE_SCHEDULE},
	{&preset, "greylisting", "rcpt", 1, -1, false, 5 * MIN_MS, 5 * MIN_MS + 15000,
		DECIDE_SCHEDULE},
	/* but an administrator who has changed the default means all of them, */
	{&changed, "local_error", "rcpt", 1, -1, false, 1 * MIN_MS, 1 * MIN_MS + 6000,
		DECIDE_SCHEDULE},
	{&changed, "local_error", "rcpt", 4000000000, -1, false, 60 * MIN_MS, 66 * MIN_MS,
		DECIDE_SCHEDULE},
	/* or that one. */
	{&changed, "greylisting", "rcpt", 1, -1, false, 2 * MIN_MS, 2 * MIN_MS + 12000,
		DECIDE_SCHEDULE},
	{&changed, "greylisting", "rcpt", 2, -1, false, 3 * MIN_MS, 3 * MIN_MS + 18000,
		DECIDE_SCHEDULE},
	/* What the reply says comes first, in bounds, and is never cut short. */
	{&preset, "greylisting", "rcpt", 1, 300, false, 300000, 330000, DECIDE_STATED},
	{&preset, "greylisting", "rcpt", 9, 7, false, 7000, 8000, DECIDE_STATED},
	{&preset, "greylisting", "rcpt", 1, 0, false, 5000, 6000, DECIDE_STATED},
	{&preset, "rate_limited", "rcpt", 1, 999999999, false, 360 * MIN_MS, 396 * MIN_MS,
		DECIDE_STATED},
	/* What may have arrived is tried late. */
	{&changed, "network_failure", "eod", 1, -1, true, 10 * MIN_MS, 11 * MIN_MS, DECIDE_DOUBT},
	{&changed, "network_failure", "eod", 7, -1, true, 60 * MIN_MS, 66 * MIN_MS,
		DECIDE_SCHEDULE},
	/* A store that said goodbye is back with the others. */
	{&changed, "service_unavailable", "eod", 1, -1, true, 1 * MIN_MS, 1 * MIN_MS + 6000,
		DECIDE_SCHEDULE},
};

static void delays_follow_the_reply_then_the_schedule(void **state)
{
	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
		for (uint32_t dice = 0; dice < 4000; dice += 333) {
			const struct wait_case *c = &waits[i];
			bool is_goodbye = strcmp(c->cause, "service_unavailable") == 0;
			struct ipc_fate fate = {
				.outcome = c->maybe ? IPC_FATE_MAYBE : IPC_FATE_DEFERRED,
				.code = is_goodbye ? 421 : 451,
				.cause = span_str(c->cause),
				.stage = span_str(c->stage),
				.wait = c->wait};
			struct decide_question q = {.conf = c->conf,
				.fate = &fate,
				.now = START,
				.arrived = START,
				.attempts = c->attempts,
				.dice = dice};
			struct decide_answer a = decide(&q);

			assert_false(a.end);
			if (a.at - q.now < c->least || a.at - q.now > c->most)
				fail_msg("case %zu: %ld", i, (long)(a.at - q.now));
			assert_int_equal(a.source, c->source);
		}
}

static const struct action_case {
	const char *name;
	struct ipc_fate fate;
	uint32_t flags, others;
	bool end, now, tell; /* expected */
	uint32_t then;       /* flags */
} actions[] = {
	{"no such user is over",
		{.outcome = IPC_FATE_FAILED,
			.code = 550,
			.cause = SPAN_LIT("user_unknown"),
			.wait = -1},
		0, 0, true, false, false, 0},
	{"a full mailbox that says 5 gets one more chance",
		{.outcome = IPC_FATE_FAILED,
			.code = 552,
			.cause = SPAN_LIT("mailbox_full"),
			.wait = -1},
		0, 0, false, false, false, DECIDE_FRESH},
	{"and is obeyed then",
		{.outcome = IPC_FATE_FAILED,
			.code = 552,
			.cause = SPAN_LIT("mailbox_full"),
			.wait = -1},
		DECIDE_FRESH, 0, true, false, false, DECIDE_FRESH},
	{"a misunderstanding is tried plainly at once",
		{.outcome = IPC_FATE_FAILED,
			.code = 503,
			.cause = SPAN_LIT("protocol_error"),
			.wait = -1},
		0, 0, false, true, false, DECIDE_PLAIN},
	{"once",
		{.outcome = IPC_FATE_FAILED,
			.code = 503,
			.cause = SPAN_LIT("protocol_error"),
			.wait = -1},
		DECIDE_PLAIN, 0, true, false, false, DECIDE_PLAIN},
	{"with TLS at once",
		{.outcome = IPC_FATE_FAILED,
			.code = 530,
			.cause = SPAN_LIT("tls_required"),
			.wait = -1},
		0, 0, false, true, false, DECIDE_TLS},
	{"the rest of the recipients at once",
		{.outcome = IPC_FATE_DEFERRED,
			.code = 452,
			.cause = SPAN_LIT("too_many_recipients"),
			.wait = -1},
		0, 3, false, true, false, 0},
	{"but not where none was taken",
		{.outcome = IPC_FATE_DEFERRED,
			.code = 452,
			.cause = SPAN_LIT("too_many_recipients"),
			.wait = -1},
		0, 0, false, false, false, 0},
	{"what waiting does not heal is told, and tried",
		{.outcome = IPC_FATE_DEFERRED,
			.code = 450,
			.cause = SPAN_LIT("ptr_missing"),
			.wait = -1},
		0, 0, false, false, true, DECIDE_TOLD},
	{"once a message",
		{.outcome = IPC_FATE_DEFERRED,
			.code = 450,
			.cause = SPAN_LIT("ptr_missing"),
			.wait = -1},
		DECIDE_TOLD, 0, false, false, false, DECIDE_TOLD},
	{"a 4xx for what is permanent is told as well",
		{.outcome = IPC_FATE_DEFERRED,
			.code = 450,
			.cause = SPAN_LIT("user_unknown"),
			.wait = -1},
		0, 0, false, false, true, DECIDE_TOLD},
	{"a virus is over, and told",
		{.outcome = IPC_FATE_FAILED, .code = 554, .cause = SPAN_LIT("virus"), .wait = -1},
		0, 0, true, false, true, DECIDE_TOLD},
};

static void action_follows_meaning(void **state)
{
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
		const struct action_case *c = &actions[i];
		struct ipc_fate fate = c->fate;

		fate.stage = SPAN_LIT("rcpt");
		struct decide_question q = {.conf = &preset,
			.fate = &fate,
			.now = START,
			.arrived = START,
			.attempts = 1,
			.flags = c->flags,
			.others = c->others};
		struct decide_answer a = decide(&q);

		if (a.end != c->end || a.tell != c->tell || a.flags != c->then ||
			(!a.end && (a.at == START) != c->now))
			fail_msg("%s: end %d tell %d flags %u at %ld", c->name, a.end, a.tell,
				a.flags, (long)(a.at - START));
	}
}

static void a_learned_wait_comes_before_the_schedule(void **state)
{
	struct grey grey = {.enough = 121000, .vain = 110000};
	struct ipc_fate fate = {.outcome = IPC_FATE_DEFERRED,
		.code = 451,
		.cause = SPAN_LIT("greylisting"),
		.stage = SPAN_LIT("rcpt"),
		.wait = -1};
	struct decide_question q = {.conf = &preset,
		.fate = &fate,
		.now = START,
		.arrived = START,
		.attempts = 1,
		.grey = &grey};
	struct decide_answer a = decide(&q);

	assert_int_equal(a.source, DECIDE_LEARNED);
	assert_in_range(a.at - START, 121000, 126000);
	assert_int_equal(a.first_at, START);
	/* Came too early: the wait counts from the first refusal. */
	q.first_at = a.first_at;
	q.now = START + 100000;
	q.attempts = 2;
	a = decide(&q);
	assert_in_range(a.at - START, 121000, 126000);
	/* It was not enough: the ages that let most in. */
	q.now = START + 130000;
	a = decide(&q);
	assert_int_equal(a.source, DECIDE_SCHEDULE);
	assert_in_range(a.at - START, 300000, 330000);
}

static void who_waits_for_the_site_comes_back_with_its_probe(void **state)
{
	struct ipc_fate fate = {.outcome = IPC_FATE_DEFERRED,
		.cause = SPAN_LIT("network_failure"),
		.stage = SPAN_LIT("connect"),
		.wait = -1};
	struct decide_question q = {.conf = &preset,
		.fate = &fate,
		.now = START,
		.arrived = START,
		.attempts = 9,
		.site_until = START + 30000,
		.dice = 999};
	struct decide_answer a = decide(&q);

	assert_in_range(a.at - START, 30000, 33000);
	/* One mailbox that is full does not wait for the site. */
	fate.cause = SPAN_LIT("mailbox_full");
	fate.stage = SPAN_LIT("rcpt");
	fate.code = 452;
	q.attempts = 1;
	a = decide(&q);
	assert_true(a.at - START >= 60 * MIN_MS);
}

static void the_last_try_is_at_the_end_and_then_it_is_given_up(void **state)
{
	int64_t day = 24 * 60 * MIN_MS;
	struct ipc_fate fate = {.outcome = IPC_FATE_DEFERRED,
		.code = 451,
		.cause = SPAN_LIT("local_error"),
		.stage = SPAN_LIT("rcpt"),
		.wait = -1};
	struct decide_question q = {.conf = &changed,
		.fate = &fate,
		.arrived = 7,
		.now = 7 + 5 * day - 1000,
		.attempts = 40};
	struct decide_answer a = decide(&q);

	assert_false(a.end);
	assert_int_equal(a.at, 7 + 5 * day);
	q.now = a.at;
	assert_true(decide(&q).end);
	assert_true(decide(&q).expired);
	/* A cause may have a shorter life. */
	fate.cause = SPAN_LIT("greylisting");
	q.now = 7 + day;
	assert_true(decide(&q).end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays_follow_the_reply_then_the_schedule),
		cmocka_unit_test(action_follows_meaning),
		cmocka_unit_test(a_learned_wait_comes_before_the_schedule),
		cmocka_unit_test(who_waits_for_the_site_comes_back_with_its_probe),
		cmocka_unit_test(the_last_try_is_at_the_end_and_then_it_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
