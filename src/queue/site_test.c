/*
 * What a user would lose if these failed: after a restart every greylisting site would have to be
 * learned again, and a mailbox that is flooded would hold up the whole site.
 */
#include "queue/site.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define START (INT64_C(86400000) * 100)

static void what_was_learned_comes_back(void **state)
{
	struct site *s = site_new(SPAN_LIT("mx.example")),
		    *again = site_new(SPAN_LIT("mx.example"));
	struct spool_site stored;
	struct buf b = BUF_INIT(4096);
	uint16_t version;
	struct span payload;
	struct arena arena = {0};

	s->last_at = START;
	s->grey = (struct grey){.enough = 304000, .vain = 241000, .pairs = 9, .sender_waits = 4};
	s->recipients_most = 50;
	s->flow.ceiling = 5;
	s->flow.gap_us = 1000;
	s->flow.state = FLOW_PAUSED;
	s->flow.cause = REPLY_BLOCKLISTED;
	s->flow.until = START + 1000;
	(void)span_copy(SPAN_LIT("Blocked"), s->last_reply, sizeof s->last_reply);
	site_store(s, &stored);
	assert_int_equal(pack_seal(&spool_site_type, 2, &stored, &b), 0);
	assert_int_equal(pack_open(buf_span(&b), &version, &payload), 0);
	assert_int_equal(pack_read(&spool_site_type, payload, &arena, &stored), 0);
	site_load(again, &stored, START + 5000);
	assert_int_equal(again->grey.enough, 304000);
	assert_int_equal(again->grey.vain, 241000);
	assert_int_equal(again->recipients_most, 50);
	assert_int_equal(again->flow.ceiling, 5);
	assert_int_equal(again->flow.gap_us, 1000);
	assert_int_equal(again->flow.state, FLOW_PAUSED);
	assert_int_equal(again->flow.cause, REPLY_BLOCKLISTED);
	assert_string_equal(again->last_reply, "Blocked");
	site_free(again);
	/* What is old says nothing any more. */
	again = site_new(SPAN_LIT("mx.example"));
	site_load(again, &stored, START + SITE_FORGET + 1);
	assert_int_equal(again->grey.enough, 0);
	assert_int_equal(again->flow.state, FLOW_FLOWING);
	site_free(again);
	site_free(s);
	buf_done(&b);
	arena_done(&arena);
}

static void scope_decides_what_else_waits(void **state)
{
	static const struct {
		enum reply_scope scope;
		const char *sender, *recipient;
		bool held;
	} cases[] = {
		{REPLY_SCOPE_TRIPLE, "a@x", "b@y", true},
		{REPLY_SCOPE_TRIPLE, "a@x", "c@y", false},
		{REPLY_SCOPE_TRIPLE, "d@x", "b@y", false},
		{REPLY_SCOPE_RECIPIENT, "d@x", "b@y", true},
		{REPLY_SCOPE_RECIPIENT, "a@x", "c@y", false},
		{REPLY_SCOPE_SENDER, "a@x", "c@y", true},
		{REPLY_SCOPE_SENDER, "d@x", "b@y", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct site *s = site_new(SPAN_LIT("mx.example"));
		uint64_t key = site_key(cases[i].scope, SPAN_LIT("a@x"), SPAN_LIT("b@y"));

		site_hold(s,
			&(struct site_hold){
				.key = key, .until = START + 10, .scope = (uint8_t)cases[i].scope},
			START);
		int64_t until = site_held(
			s, span_str(cases[i].sender), span_str(cases[i].recipient), START);

		if ((until != 0) != cases[i].held)
			fail_msg("case %zu: %ld", i, (long)until);
		assert_int_equal(site_held(s, span_str(cases[i].sender),
					 span_str(cases[i].recipient), START + 10),
			0);
		site_free(s);
	}
}

static void the_delay_is_narrowed_down_to_what_people_configure(void **state)
{
	static const int64_t delays[] = {60, 120, 300, 600, 900, 1800, 3600};

	for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
		struct grey g = {0};
		int64_t real = delays[i] * 1000, now = START;

		for (int n = 0; n < 12; n++) {
			struct grey_contact c = {
				.is_first = true, .now = now, .sender = (uint32_t)n};

			grey_refused(&g, &c);
			c.is_first = false;
			c.age = grey_wait(&g, 0);
			if (c.age == 0)
				c.age = 4000 * 1000;
			if (c.age < real) {
				grey_refused(&g, &c);
				c.age = grey_wait(&g, c.age);
			}
			assert_true(c.age >= real);
			grey_taken(&g, &c, true);
			now += 100000000;
		}
		assert_true(grey_is_known(&g));
		assert_true(grey_wait(&g, 0) >= real && grey_wait(&g, 0) <= real * 11 / 10);
		/* The site has changed: a few in vain, and it is learned anew. */
		for (int n = 0; n < 3; n++)
			grey_refused(&g, &(struct grey_contact){.age = real + 60000, .now = now});
		assert_int_equal(g.enough, 0);
		grey_done(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_learned_comes_back),
		cmocka_unit_test(scope_decides_what_else_waits),
		cmocka_unit_test(the_delay_is_narrowed_down_to_what_people_configure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
