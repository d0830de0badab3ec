/*
 * What a user would lose if these failed: the listing would call a message waiting that is being
 * sent, or leave out one that was asked for.
 */
#include "queue/describe.h"
#include "queue/model.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct span site_one(uint32_t lane, void *arg)
{
	return lane == 1 ? SPAN_LIT("one.test") : SPAN_LIT("two.test");
}

static bool part_seven_runs(struct id id, uint32_t part, void *arg)
{
	return part == 7;
}

static const struct state_case {
	struct spool_recipient r;
	const char *state, *when_down;
	bool has_next;
} states[] = {
	{{.state = SPOOL_QUEUED, .lane = 1, .next_at = 1}, "queued", "queued", true},
	{{.state = SPOOL_QUEUED, .lane = 1, .attempts = 1, .next_at = 9}, "deferred", "deferred",
		true},
	{{.state = SPOOL_QUEUED, .lane = 1, .part = 7, .next_at = 1}, "active", "queued", true},
	{{.state = SPOOL_MAYBE, .lane = 2, .attempts = 1, .next_at = 9}, "maybe", "maybe", true},
	{{.state = SPOOL_MAYBE, .lane = 2, .part = 7, .next_at = 1}, "active", "maybe", true},
	{{.state = SPOOL_HELD, .lane = 2, .part = 7}, "held", "held", false},
};

static void each_recipient_has_the_state_that_it_is_in(void **state)
{
	static const struct conf_retry retry = {.give_up = 86400 * NANOS_S};
	struct conf conf = {.retries = (struct conf_retry *)&retry, .n_retries = 1};

	model()->now = 5000;
	for (size_t i = 0; i < 2 * sizeof states / sizeof states[0]; i++) {
		const struct state_case *c = &states[i / 2];
		struct arena arena = {0};
		struct spool_recipient r = c->r;
		struct spool_job job = {.recipients = &r, .recipients_n = 1};
		struct ipc_control_message m;
		struct describe_source from = {.conf = &conf,
			.site = site_one,
			.is_active = i % 2 == 0 ? part_seven_runs : NULL};

		job.message.arrived_at = 4000;
		job.message.arrived_wall_ms = 4000;
		describe_message(&from, &job, &arena, &m);
		assert_int_equal(m.recipients_n, 1);
		assert_true(span_equal(
			m.recipients[0].state, span_str(i % 2 == 0 ? c->state : c->when_down)));
		assert_true(span_equal(m.recipients[0].site, site_one(r.lane, NULL)));
		/* What is due already is due now, never in the past. */
		assert_int_equal(m.recipients[0].next_try_wall_ms, c->has_next ? 5000 : 0);
		assert_int_equal(m.expires_wall_ms, 4000 + 86400 * 1000);
		arena_done(&arena);
	}
}

static const struct match_case {
	const char *name;
	struct ipc_control_list filter;
	bool wanted;
} matches[] = {
	{"no filter", {.most = 1}, true},
	{"sender, in any case", {.sender = SPAN_LIT("ME@here.test")}, true},
	{"another sender", {.sender = SPAN_LIT("you@here.test")}, false},
	{"the null sender is another one", {.null_sender = true}, false},
	{"all senders of a domain", {.sender = SPAN_LIT("@HERE.test")}, true},
	{"a domain that ends so", {.sender = SPAN_LIT("@ere.test")}, false},
	{"all recipients of a domain", {.recipient = SPAN_LIT("@two.test")}, true},
	{"a site", {.site = SPAN_LIT("two.test")}, true},
	{"recipient and site of different recipients",
		{.site = SPAN_LIT("two.test"), .recipient = SPAN_LIT("a@one.test")}, false},
	{"recipient and site of one",
		{.site = SPAN_LIT("one.test"), .recipient = SPAN_LIT("a@one.test")}, true},
	{"a cause", {.cause = SPAN_LIT("greylisting")}, true},
	{"another cause", {.cause = SPAN_LIT("mailbox_full")}, false},
};

static void filters_find_what_they_ask_for(void **state)
{
	struct ipc_control_recipient two[] = {
		{.address = SPAN_LIT("a@one.test"), .site = SPAN_LIT("one.test")},
		{.address = SPAN_LIT("b@two.test"),
			.site = SPAN_LIT("two.test"),
			.cause = SPAN_LIT("greylisting")}};
	struct ipc_control_message m = {
		.sender = SPAN_LIT("me@here.test"), .recipients = two, .recipients_n = 2};

	for (size_t i = 0; i < sizeof matches / sizeof matches[0]; i++)
		if ((describe_matches(&m, &matches[i].filter) > 0) != matches[i].wanted)
			fail_msg("%s", matches[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_recipient_has_the_state_that_it_is_in),
		cmocka_unit_test(filters_find_what_they_ask_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
