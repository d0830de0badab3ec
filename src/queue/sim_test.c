/*
 * What a user would lose if these failed: hours at a greylisting site, a site that refuses a third
 * of our sessions, a herd when a site is back, or a single message that waits behind a list. The
 * program's own scheduler on a fake clock, beside the schedules of other servers. The figures are
 * printed as tables for bench/RESULTS.md with ABIDE_TABLES=1.
 */
#include "queue/sim.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static bool shows(void)
{
	return getenv("ABIDE_TABLES") != NULL;
}

static void show(const char *who, const struct sim_figures *f)
{
	if (shows())
		printf("| %s | %.0f | %.0f | %.0f | %.2f | %u | %.1f %% | %u |\n", who, f->median,
			f->p95, f->most, f->attempts, f->open_most, 100 * f->refused,
			f->undelivered);
}

static void title(const char *text)
{
	if (shows())
		printf("\n**%s**\n\n| | median s | p95 s | max s | attempts a message | most "
		       "connections | "
		       "sessions refused | left |\n|---|---|---|---|---|---|---|---|\n",
			text);
}

/* ---- greylisting ---- */

#define FIRSTS 60U
#define LEARNS 12U /* the first contacts from which the delay is learned */

static const unsigned delays[] = {1, 2, 5, 10, 15, 20, 30, 45, 60};

#define DELAYS (sizeof delays / sizeof delays[0])

static void set_greylister(unsigned minutes, enum sim_key key, bool states)
{
	sim_reset(minutes * 10 + key);
	sim()->sites[0].is = (struct sim_behaviour){
		.grey = minutes * SIM_MINUTE, .key = key, .states_wait = states};
	/* Every ten minutes or so: an ordinary site. */
	sim_mail(0, FIRSTS, 0, 20 * SIM_MINUTE);
}

static void a_stated_wait_is_obeyed(void **state)
{
	title("Greylisting that states its wait (60 first contacts)");
	for (size_t i = 0; i < DELAYS; i++)
		for (enum sim_key key = SIM_BY_TRIPLE; key <= SIM_BY_SENDER; key++) {
			static const char *const names[] = {"triple", "/24", "sender"};
			char name[64];

			set_greylister(delays[i], key, true);
			sim_run_abide("", 10 * SIM_DAY);
			struct sim_figures f = sim_figures(0, 0, FIRSTS);

			(void)snprintf(
				name, sizeof name, "abide, %u min by %s", delays[i], names[key]);
			show(name, &f);
			assert_int_equal(f.undelivered, 0);
			assert_true(f.median <= delays[i] * 60 * 1.1);
			assert_true(f.attempts <= 2.0);
		}
}

static void a_learned_wait_is_as_good(void **state)
{
	title("Greylisting that does not: after the first 12 contacts");
	for (size_t i = 0; i < DELAYS; i++) {
		char name[64];

		set_greylister(delays[i], SIM_BY_TRIPLE, false);
		sim_run_abide("", 10 * SIM_DAY);
		struct sim_figures f = sim_figures(0, LEARNS, FIRSTS);

		(void)snprintf(name, sizeof name, "abide, %u min", delays[i]);
		show(name, &f);
		assert_int_equal(f.undelivered, 0);
		assert_true(f.median <= delays[i] * 60 * 1.1);
		assert_true(f.attempts <= 2.0);
	}
}

/* All delays together: nobody knows beforehand which one a site has. */
static void add_figures(struct sim_figures *sum, const struct sim_figures *f)
{
	sum->median += f->median / DELAYS;
	sum->p95 += f->p95 / DELAYS;
	sum->most = f->most > sum->most ? f->most : sum->most;
	sum->attempts += f->attempts / DELAYS;
}

static void an_unknown_wait_is_better_than_any_schedule(void **state)
{
	struct sim_figures ours = {0}, theirs[SIM_PEERS] = {{0}};

	for (size_t i = 0; i < DELAYS; i++) {
		char text[96];

		(void)snprintf(text, sizeof text,
			"Greylisting of %u min, not stated, never met before (60 contacts)",
			delays[i]);
		title(text);
		set_greylister(delays[i], SIM_BY_TRIPLE, false);
		sim_run_abide("", 10 * SIM_DAY);
		struct sim_figures us = sim_figures(0, 0, FIRSTS), first = sim_figures(0, 0, 1);

		show("abide", &us);
		show("abide, the very first", &first);
		add_figures(&ours, &us);
		for (enum sim_peer peer = 0; peer < SIM_PEERS; peer++) {
			set_greylister(delays[i], SIM_BY_TRIPLE, false);
			sim_run_peer(peer, 10 * SIM_DAY);
			struct sim_figures them = sim_figures(0, 0, FIRSTS);

			show(sim_peer_name(peer), &them);
			add_figures(&theirs[peer], &them);
			/* Who asks never, or by chance just at the right moment, is not beaten there. */
			assert_true(us.median < them.median * 1.03);
			assert_true(us.attempts <= them.attempts + 0.2);
		}
	}
	title("The same, the mean over all these delays");
	show("abide", &ours);
	for (enum sim_peer peer = 0; peer < SIM_PEERS; peer++) {
		show(sim_peer_name(peer), &theirs[peer]);
		assert_true(ours.median < theirs[peer].median);
		assert_true(ours.attempts <= theirs[peer].attempts);
	}
}

/* ---- limits ---- */

static void set_throttler(unsigned connections, unsigned an_hour, bool states, size_t n)
{
	sim_reset(connections + an_hour);
	sim()->sites[0].is = (struct sim_behaviour){.connections = connections,
		.an_hour = an_hour,
		.states_wait = states,
		.talk_ms = 400};
	sim_mail(0, n, 0, 1);
}

static void few_sessions_are_refused(void **state)
{
	static const unsigned limits[] = {1, 2, 5, 10};

	for (size_t i = 0; i < 4; i++) {
		char text[96];

		(void)snprintf(text, sizeof text,
			"421 to more than %u connections, 2,000 messages at once", limits[i]);
		title(text);
		set_throttler(limits[i], 0, false, 2000);
		sim_run_abide("", SIM_DAY);
		struct sim_figures f = sim_figures(0, 0, 2000);

		show("abide", &f);
		assert_int_equal(f.undelivered, 0);
		assert_true(limits[i] < 5 || f.refused <= 0.05);
	}
}

/* A backlog meets a site that nobody knows: its limit is found by one session, not by all that fit in. */
static void a_limit_is_found_by_one_refusal(void **state)
{
	for (unsigned limit = 1; limit <= 4; limit++) {
		sim_reset(limit);
		sim()->sites[0].is = (struct sim_behaviour){.connections = limit, .talk_ms = 400};
		sim_mail(0, 200, 0, 0);
		sim_run_abide("", SIM_DAY);
		assert_int_equal(sim_figures(0, 0, 200).undelivered, 0);
		assert_int_equal(sim()->sites[0].sessions_refused, 1);
	}
}

/* One refusal finds the limit: of the sessions of a day it is next to nothing. */
static void a_day_at_a_small_limit(void **state)
{
	for (unsigned limit = 1; limit <= 2; limit++) {
		char text[96];

		(void)snprintf(text, sizeof text,
			"421 to more than %u connections, 20,000 messages in a day", limit);
		title(text);
		sim_reset(limit);
		sim()->sites[0].is = (struct sim_behaviour){.connections = limit, .talk_ms = 400};
		sim_mail(0, 20000, 0, SIM_DAY / 20000);
		sim_run_abide("", 2 * SIM_DAY);
		struct sim_figures f = sim_figures(0, 0, 20000);

		show("abide", &f);
		assert_int_equal(f.undelivered, 0);
		assert_true(f.refused <= 0.05);
	}
}

static void a_rate_is_learned(void **state)
{
	for (int states = 1; states >= 0; states--) {
		title(states ? "600 messages an hour, 3,000 at once, the wait stated"
			     : "600 messages an hour, 3,000 at once, no wait stated");
		set_throttler(0, 600, states, 3000);
		sim_run_abide("", 2 * SIM_DAY);
		struct sim_figures f = sim_figures(0, 0, 3000);

		show("abide", &f);
		assert_int_equal(f.undelivered, 0);
		for (enum sim_peer peer = 0; peer < SIM_PEERS; peer++) {
			set_throttler(0, 600, states, 3000);
			sim_run_peer(peer, 10 * SIM_DAY);
			f = sim_figures(0, 0, 3000);
			show(sim_peer_name(peer), &f);
		}
	}
}

/* ---- outages ---- */

static void set_outage(int64_t lasts, size_t n, bool hangs, bool tempfails)
{
	sim_reset((uint64_t)lasts + n);
	sim()->sites[0].is = (struct sim_behaviour){.down_from = SIM_DAY,
		.down_to = SIM_DAY + lasts,
		.hangs_when_down = hangs,
		.tempfails_when_down = tempfails};
	sim_mail(0, n, 0, lasts / (int64_t)n);
}

static const struct outage_case {
	const char *name;
	int64_t lasts;
	size_t n;
	bool hangs, tempfails;
} outages[] = {
	{"10 min, 1,000 waiting", 10 * SIM_MINUTE, 1000, false, false},
	{"1 h, 1,000 waiting, connections time out", SIM_HOUR, 1000, true, false},
	{"1 h, 100,000 waiting", SIM_HOUR, 100000, false, false},
	{"1 h, 1,000 waiting, 451 to everybody", SIM_HOUR, 1000, false, true},
	{"6 h, 1,000 waiting", 6 * SIM_HOUR, 1000, false, false},
	{"3 d, 1,000 waiting", 3 * SIM_DAY, 1000, false, false},
};

static void show_outage(const char *who, const struct sim_figures *f)
{
	if (shows())
		printf("| %s | %.0f | %.0f | %.2f | %.1f | %u |\n", who, f->first, f->drained,
			f->attempts, f->peak, f->undelivered);
}

static void a_site_that_is_back_gets_its_mail_soon_and_no_herd(void **state)
{
	for (size_t i = 0; i < sizeof outages / sizeof outages[0]; i++) {
		const struct outage_case *c = &outages[i];
		double lasts = (double)c->lasts / 1000;

		if (shows())
			printf("\n**Outage of %s**\n\n| | first delivery s | drained s | attempts "
			       "a message | "
			       "peak messages/s | left |\n|---|---|---|---|---|---|\n",
				c->name);
		set_outage(c->lasts, c->n, c->hangs, c->tempfails);
		sim_run_abide("", c->lasts + 4 * SIM_DAY);
		struct sim_figures f = sim_figures(0, 0, c->n);
		/* Twenty connections at 150 ms a message. */
		double steady = 20 / 0.15;

		show_outage("abide", &f);
		assert_int_equal(f.undelivered, 0);
		assert_true(f.first <= (lasts / 10 > 60 ? lasts / 10 : 60));
		assert_true(f.peak <= 2 * steady);
		for (enum sim_peer peer = 0; peer < SIM_PEERS; peer++) {
			set_outage(c->lasts, c->n, c->hangs, c->tempfails);
			sim_run_peer(peer, c->lasts + 4 * SIM_DAY);
			f = sim_figures(0, 0, c->n);
			show_outage(sim_peer_name(peer), &f);
		}
	}
}

/* What waits behind a site that never comes back is given up in its time, tried or not. */
static void mail_for_a_dead_site_ends(void **state)
{
	sim_reset(10);
	sim()->sites[0].is = (struct sim_behaviour){
		.down_from = SIM_DAY, .down_to = 100 * SIM_DAY, .hangs_when_down = true};
	sim_mail(0, 300, 0, SIM_MINUTE);
	sim_run_abide("", 5 * SIM_DAY + 6 * SIM_HOUR);
	struct sim_figures f = sim_figures(0, 0, 300);

	title("A site that never comes back, 300 messages");
	show("abide", &f);
	assert_int_equal(f.undelivered, 300);
	assert_int_equal(sim()->left, 0);
	assert_true(f.attempts < 3);
}

/* A newsletter meets a server that is ill for a minute: most of it need not be tried in vain. */
static void a_list_waits_for_its_first_and_comes_when_it_may(void **state)
{
	struct sim *s = sim();

	sim_reset(9);
	s->sites[0].is = (struct sim_behaviour){
		.down_from = SIM_DAY, .down_to = SIM_DAY + SIM_MINUTE, .tempfails_when_down = true};
	sim_mail(0, 4000, 0, 10);
	for (size_t i = 0; i < s->messages_n; i++) {
		s->messages[i].sender = 7;
		s->messages[i].recipient = (uint32_t)i % 20;
	}
	sim_run_abide("", SIM_HOUR);
	struct sim_figures f = sim_figures(0, 0, 4000);

	title("4,000 messages of one sender to 20 recipients in 40 s; 451 to everybody for a "
	      "minute");
	show("abide", &f);
	assert_int_equal(f.undelivered, 0);
	assert_true(f.attempts < 1.2);
	assert_true(f.drained < 120);
}

/* ---- sources that are listed ---- */

static void a_listing_costs_few_attempts_and_no_day(void **state)
{
	title("Our address is on a list for 6 h (450), 500 messages in that time");
	for (int peer = -1; peer < SIM_PEERS; peer++) {
		sim_reset(7);
		sim()->sites[0].is = (struct sim_behaviour){.listed_to = SIM_DAY + 6 * SIM_HOUR};
		sim_mail(0, 500, 0, 6 * SIM_HOUR / 500);
		if (peer < 0)
			sim_run_abide("", 4 * SIM_DAY);
		else
			sim_run_peer((enum sim_peer)peer, 4 * SIM_DAY);
		struct sim_figures f = sim_figures(0, 0, 500);

		show(peer < 0 ? "abide" : sim_peer_name((enum sim_peer)peer), &f);
		assert_true(peer >= 0 || (f.undelivered == 0 && f.attempts < 2));
		assert_true(peer >= 0 || f.most < 6 * 3600 * 1.1 + 600);
	}
}

/* ---- fairness ---- */

static void a_tar_pit_holds_up_nobody_else(void **state)
{
	title("5,000 messages for a tar-pit (5 min each) and 300 for another site, 40 connections "
	      "in all");
	sim_reset(5);
	sim()->sites[0].is = (struct sim_behaviour){.talk_ms = 5 * SIM_MINUTE};
	sim_mail(0, 5000, 0, 1);
	sim_mail(1, 300, SIM_MINUTE, SIM_SECOND);
	sim_run_abide("limits { deliver_sessions = 40 }", 10 * SIM_MINUTE);
	struct sim_figures f = sim_figures(1, 0, 300);

	show("abide, the other site", &f);
	assert_int_equal(f.undelivered, 0);
	assert_true(f.most < 2);
}

static void a_single_message_overtakes_a_list(void **state)
{
	struct sim *s = sim();

	title("A message behind a list of 5,000 to the same site");
	sim_reset(6);
	sim_mail(0, 5000, 0, 1);
	for (size_t i = 0; i < s->messages_n; i++)
		s->messages[i].sender = 7;
	s->sites[0].is.talk_ms = SIM_SECOND;
	sim_mail(0, 1, 20 * SIM_SECOND, 1);
	sim_run_abide("", SIM_HOUR);
	struct sim_figures list = sim_figures(0, 0, 5000), single = sim_figures(0, 5000, 5001);

	show("abide, the list", &list);
	show("abide, the single message", &single);
	assert_int_equal(list.undelivered, 0);
	assert_true(list.most > 240);
	assert_true(single.most < 5);
}

static void an_urgent_sender_goes_before_all_others(void **state)
{
	struct sim *s = sim();

	title("A message of high priority behind 2,000 of 2,000 senders");
	sim_reset(8);
	s->sites[0].is.talk_ms = SIM_SECOND;
	sim_mail(0, 2000, 0, 1);
	sim_mail(0, 1, 20 * SIM_SECOND, 1);
	sim_run_abide("sender \"from2000.test\" { priority = high }", SIM_HOUR);
	struct sim_figures f = sim_figures(0, 2000, 2001);

	show("abide, the urgent one", &f);
	assert_true(f.undelivered == 0 && f.most < 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stated_wait_is_obeyed),
		cmocka_unit_test(a_learned_wait_is_as_good),
		cmocka_unit_test(an_unknown_wait_is_better_than_any_schedule),
		cmocka_unit_test(few_sessions_are_refused),
		cmocka_unit_test(a_limit_is_found_by_one_refusal),
		cmocka_unit_test(a_day_at_a_small_limit),
		cmocka_unit_test(a_rate_is_learned),
		cmocka_unit_test(a_site_that_is_back_gets_its_mail_soon_and_no_herd),
		cmocka_unit_test(mail_for_a_dead_site_ends),
		cmocka_unit_test(a_list_waits_for_its_first_and_comes_when_it_may),
		cmocka_unit_test(a_listing_costs_few_attempts_and_no_day),
		cmocka_unit_test(a_tar_pit_holds_up_nobody_else),
		cmocka_unit_test(a_single_message_overtakes_a_list),
		cmocka_unit_test(an_urgent_sender_goes_before_all_others),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	sim_done();
	return rc;
}
