/*
 * The greylisting lab: 2,000 senders of the kinds that are out there, against abide's own policy and the
 * rules of three others by model. If it fails, abide delays people as those do, or lets more spam in.
 */
#include "base/alloc.h"
#include "base/table.h"
#include "policy/greylist.h"
#include "policy/greylist_sim.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* ---- abide ---- */

static void *abide_begin(void)
{
	struct keep *k = NULL;
	bool was_bad;

	assert_int_equal(keep_open(NULL, 200000, &k, &was_bad), 0);
	return k;
}

static int64_t meet_with(const struct conf_greylist *conf, void *state, const struct sim_attempt *a)
{
	static const struct grey_times times = {
		.delay = 60000, .window = 2 * SIM_DAY, .remember = 36 * SIM_DAY};
	const struct greylist_client client = {
		.spf = a->from->has_spf ? GREYLIST_SPF_PASS : GREYLIST_SPF_NONE};
	struct keep *k = state;
	char network[16], near[16];
	int n = snprintf(network, sizeof network, "%x", a->address >> 8);
	int n_near = snprintf(near, sizeof near, "%x", a->address >> 16);
	struct grey_question q = {.network = span_of(network, (size_t)n),
		.near = span_of(near, (size_t)n_near),
		.sender = span_str(a->sender),
		.recipient = span_str(a->recipient),
		.domain = span_str(a->from->domain),
		.proved = a->from->has_spf ? span_str(a->from->domain) : (struct span){0}};
	struct span key, value;
	struct grey_answer seen;

	while (k->ops->expire(k, a->now, &key, &value))
		;
	grey_touch(k, &q, &times, a->now, &seen);
	struct greylist_verdict v = greylist_decide(conf, &client, &seen);

	if (v.wait_s == 0 && !seen.has_passed)
		grey_pass(k, &q, &times, a->now);
	return v.wait_s * 1000;
}

static const struct conf_greylist presets = {.mode = CONF_GREYLIST_ALL,
	.delay = 60 * NANOS_S,
	.proven = 3,
	.pool_places = 2,
	.hasty = 5};

static int64_t abide_meet(void *state, const struct sim_attempt *a)
{
	return meet_with(&presets, state, a);
}

static int64_t calm_meet(void *state, const struct sim_attempt *a)
{
	struct conf_greylist conf = presets;

	conf.hasty = 0;
	return meet_with(&conf, state, a);
}

static void abide_end(void *state)
{
	struct keep *k = state;

	k->ops->free(k);
}

/* ---- the others, by model ---- */

struct tuple {
	int64_t first, last, counted;
	unsigned passes;
};

static void *others_begin(void)
{
	return alloc_zero(sizeof(struct table));
}

static void others_end(void *state)
{
	struct table *t = state;
	struct span key;
	void *value;

	for (size_t i = 0; table_next(t, &i, &key, &value);)
		free(value);
	table_done(t);
	free(t);
}

/* One that was not seen for so long is new. */
static struct tuple *find(struct table *t, const char *key, int64_t now, int64_t expires)
{
	struct tuple *x = table_get(t, span_str(key));

	if (x && now - x->last <= expires)
		return x;
	if (!x) {
		x = alloc_zero(sizeof *x);
		(void)table_set(t, span_str(key), x);
	}
	*x = (struct tuple){.first = now, .last = now};
	return x;
}

/* postgrey 1.37: 300 s for /24, sender and recipient; a client that passed 5 times (an hour apart) is let through. */
static int64_t postgrey_meet(void *state, const struct sim_attempt *a)
{
	char key[200];

	(void)snprintf(key, sizeof key, "c%x", a->address >> 8);
	struct tuple *client = find(state, key, a->now, 35 * SIM_DAY);

	if (client->passes >= 5) {
		client->last = a->now;
		return 0;
	}
	(void)snprintf(key, sizeof key, "t%x/%s/%s", a->address >> 8, a->sender, a->recipient);
	struct tuple *t = find(state, key, a->now, 35 * SIM_DAY);

	if (!t->passes && a->now - t->first > 2 * SIM_DAY) /* --retry-window */
		t->first = a->now;
	t->last = a->now;
	if (!t->passes && a->now - t->first < 300000)
		return -1;
	t->passes++;
	if (client->passes == 0 || a->now - client->counted >= SIM_HOUR) {
		client->passes++;
		client->counted = a->now;
	}
	client->last = a->now;
	return 0;
}

/*
 * rspamd's greylist module, as if all mail had its score: 300 s for the body, or for /19, sender and
 * recipient; a day.
 */
static int64_t rspamd_meet(void *state, const struct sim_attempt *a)
{
	char key[200];

	(void)snprintf(key, sizeof key, "b%u", a->mail);
	struct tuple *body = find(state, key, a->now, SIM_DAY);

	(void)snprintf(key, sizeof key, "m%x/%s/%s", a->address >> 13, a->sender, a->recipient);
	struct tuple *meta = find(state, key, a->now, SIM_DAY);

	body->last = meta->last = a->now;
	return a->now - body->first >= 300000 || a->now - meta->first >= 300000 ? 0 : -1;
}

/* spamd: 25 minutes for address, sender and recipient, within 4 hours; then the address is let through for 36 days. */
static int64_t spamd_meet(void *state, const struct sim_attempt *a)
{
	char key[200];

	(void)snprintf(key, sizeof key, "w%x", a->address);
	struct tuple *white = find(state, key, a->now, 36 * SIM_DAY);

	if (white->passes > 0) {
		white->last = a->now;
		return 0;
	}
	(void)snprintf(key, sizeof key, "g%x/%s/%s", a->address, a->sender, a->recipient);
	struct tuple *t = find(state, key, a->now, 4 * SIM_HOUR);

	if (a->now - t->first > 4 * SIM_HOUR)
		t->first = a->now;
	t->last = a->now;
	if (a->now - t->first < 25 * SIM_MINUTE)
		return -1;
	white->passes++;
	white->last = a->now;
	return 0;
}

/* ---- the table ---- */

static void print_time(int64_t ms)
{
	print_message(" %3d:%02d:%02d |", (int)(ms / SIM_HOUR), (int)(ms / SIM_MINUTE % 60),
		(int)(ms / 1000 % 60));
}

static void print_row(const char *name, const struct sim_result *r)
{
	print_message("| %-9s |", name);
	print_time(r->first_p50);
	print_time(r->first_p95);
	print_time(r->p50);
	print_time(r->p95);
	print_message(" %4u of %u |", r->lost, r->mails);
	for (unsigned kind = SIM_ONCE; kind < SIM_KINDS; kind++)
		print_message(" %3u of %u |", r->let_in[kind], r->spam[kind]);
	print_message("\n");
}

static void test_lab(void **state)
{
	static const struct sim_rule rules[] = {
		{"abide", abide_begin, abide_meet, abide_end},
		{"hasty = 0", abide_begin, calm_meet, abide_end},
		{"postgrey", others_begin, postgrey_meet, others_end},
		{"rspamd", others_begin, rspamd_meet, others_end},
		{"spamd", others_begin, spamd_meet, others_end},
	};
	enum { N = sizeof rules / sizeof rules[0] };
	static struct sim_result results[N];

	print_message(
		"| rule | first p50 | first p95 | all p50 | all p95 | never taken | spam: once | "
		"campaign | snowshoe | hammer | retry |\n");
	for (size_t i = 0; i < N; i++) {
		sim_run(&rules[i], &results[i]);
		print_row(rules[i].name, &results[i]);
	}
	const struct sim_result *abide = &results[0], *postgrey = &results[2];

	assert_true(abide->first_p95 * 4 <= postgrey->first_p95);
	assert_true(abide->p95 * 4 <= postgrey->p95);
	assert_true(abide->p50 <= postgrey->p50);
	assert_int_equal(abide->lost, 0);
	assert_true(abide->spam[SIM_ONCE] >= 1000);
	for (unsigned kind = SIM_ONCE; kind < SIM_KINDS; kind++)
		assert_true(abide->let_in[kind] <= postgrey->let_in[kind]);
	/* Who retries as a mail server does gets through everywhere; that is not what greylisting is for. */
	assert_true(postgrey->let_in[SIM_RETRY] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_lab)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
