/* If these fail, abide does not see what harm its own "come back later" does. */
#include "facts/meter.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)

static const struct meter_times times = {.lost_after = 8 * HOUR, .listed = 7 * 24 * HOUR};

static struct keep *new_keep(size_t most)
{
	struct keep *k = NULL;
	bool was_bad;

	assert_int_equal(keep_open(NULL, most, &k, &was_bad), 0);
	return k;
}

static struct meter_event event(const char *reply, const char *network, const char *recipient)
{
	return (struct meter_event){.reply = span_str(reply),
		.client = span_str(network),
		.network = span_str(network),
		.sender = SPAN_LIT("a@b.example"),
		.has_sender = true,
		.recipient = span_str(recipient),
		.has_recipient = recipient != NULL};
}

struct seen {
	struct meter_figures figures[4];
	char names[4][32];
	size_t kinds, lost;
	uint64_t lost_id;
};

static void on_kind(void *arg, const struct meter_figures *f)
{
	struct seen *s = arg;

	(void)snprintf(s->names[s->kinds], 32, "%.*s", SPAN_F(f->reply));
	s->figures[s->kinds++] = *f;
}

static void on_lost(void *arg, const struct meter_lost *l)
{
	struct seen *s = arg;

	s->lost++;
	s->lost_id = l->id;
}

static const struct seen *look(const struct keep *k, int64_t now)
{
	static struct seen s;

	memset(&s, 0, sizeof s);
	meter_walk(k, &times, now, on_kind, on_lost, &s);
	return &s;
}

static void test_story(void **state)
{
	struct keep *k = new_keep(1000);
	struct meter_event r1 = event("greylisted", "n1", "r1@example.org");
	struct meter_event r2 = event("greylisted", "n1", "r2@example.org");
	struct meter_event r3 = event("greylisted", "n1", "r3@example.org");
	struct meter_event r1_elsewhere = event("queued", "n2", "r1@example.org");

	assert_true(meter_deferred(k, &r1, &times, HOUR));
	assert_false(meter_deferred(k, &r1, &times, HOUR + 10000));
	assert_true(meter_deferred(k, &r2, &times, HOUR));
	assert_true(meter_deferred(k, &r3, &times, HOUR));
	assert_false(meter_deferred(k, &r3, &times, HOUR + MINUTE));
	assert_int_equal(meter_accepted(k, &r1_elsewhere, HOUR + 2 * MINUTE), 1);
	assert_int_equal(meter_accepted(k, &r1_elsewhere, HOUR + 3 * MINUTE), 0);
	const struct seen *s = look(k, HOUR + 3 * MINUTE);

	assert_int_equal(s->kinds, 1);
	assert_string_equal(s->names[0], "greylisted");
	assert_int_equal(s->figures[0].told, 5);
	assert_int_equal(s->figures[0].first, 3);
	assert_int_equal(s->figures[0].back, 1);
	assert_int_equal(s->figures[0].elsewhere, 1);
	assert_int_equal(s->figures[0].open, 2);
	assert_in_range(s->figures[0].p95_ms, 2 * MINUTE, 2 * MINUTE * 12 / 10);
	assert_int_equal(k->ops->count(k, KEEP_DEFERRAL), 2);
	assert_int_equal(s->lost, 0);
	s = look(k, 10 * HOUR);
	assert_int_equal(s->figures[0].open, 0);
	assert_int_equal(s->figures[0].never, 1);
	assert_int_equal(s->figures[0].tried, 1);
	assert_int_equal(s->lost, 2);
	struct meter_lost one;

	assert_true(meter_find(k, s->lost_id, &one));
	assert_true(one.has_recipient);
	assert_true(span_equal(one.sender, SPAN_LIT("a@b.example")));
	assert_false(meter_find(k, s->lost_id + 1, &one));
	/* Forgotten in the end, and still counted; it does not come back after that. */
	struct span key, value;
	unsigned lost = 0;

	while (k->ops->expire(k, 8 * 24 * HOUR, &key, &value))
		lost += meter_expired(k, key, value);
	assert_int_equal(lost, 2);
	s = look(k, 8 * 24 * HOUR);
	assert_int_equal(s->figures[0].never, 1);
	assert_int_equal(s->figures[0].tried, 1);
	assert_int_equal(s->figures[0].p50_ms, -1); /* that was days ago */
	assert_int_equal(s->lost, 0);
	k->ops->free(k);
}

/* What was said before there was a recipient ends with any mail of that client or sender. */
static void test_depths(void **state)
{
	struct keep *k = new_keep(1000);
	struct meter_event connect = event("too_many_sessions", "n1", NULL);
	struct meter_event mail = event("queue_unreachable", "n1", NULL);
	struct meter_event taken = event("", "n1", "r1@example.org");
	struct meter_event other = event("", "n3", "r1@example.org");

	connect.has_sender = false;
	(void)meter_deferred(k, &connect, &times, HOUR);
	(void)meter_deferred(k, &mail, &times, HOUR);
	assert_int_equal(k->ops->count(k, KEEP_DEFERRAL), 2);
	assert_int_equal(meter_accepted(k, &other, HOUR), 0);
	assert_int_equal(meter_accepted(k, &taken, HOUR + 1000), 2);
	assert_int_equal(k->ops->count(k, KEEP_DEFERRAL), 0);
	assert_int_equal(look(k, HOUR)->kinds, 2);
	k->ops->free(k);
}

static void test_quantiles(void **state)
{
	struct keep *k = new_keep(5000);
	char recipient[32];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(recipient, sizeof recipient, "r%d@example.org", i);
		struct meter_event e = event("greylisted", "n1", recipient);

		(void)meter_deferred(k, &e, &times, 0);
		(void)meter_accepted(k, &e, i < 900 ? MINUTE : i < 960 ? 5 * MINUTE : 3 * HOUR);
	}
	const struct seen *s = look(k, HOUR);

	assert_in_range(s->figures[0].p50_ms, MINUTE, MINUTE * 12 / 10);
	assert_in_range(s->figures[0].p95_ms, 5 * MINUTE, 5 * MINUTE * 12 / 10);
	assert_int_equal(s->figures[0].recent, 1000);
	k->ops->free(k);
}

/* A flood of strangers who never come back takes only the room that there is. */
static void test_flood(void **state)
{
	struct keep *k = new_keep(100);
	char recipient[32];

	for (int i = 0; i < 10000; i++) {
		(void)snprintf(recipient, sizeof recipient, "r%d@example.org", i);
		struct meter_event e = event("greylisted", "n1", recipient);

		assert_true(meter_deferred(k, &e, &times, i));
	}
	const struct seen *s = look(k, 10000);

	assert_int_equal(s->figures[0].told, 10000);
	assert_int_equal(k->ops->count(k, KEEP_DEFERRAL), 99);
	k->ops->free(k);
}

static void test_strange_records(void **state)
{
	struct keep *k = new_keep(100);
	struct meter_event e = event("greylisted", "n1", "r@example.org");

	k->ops->put(k, SPAN_LIT("mgreylisted"), SPAN_LIT("\1x"), (struct keep_life){HOUR, 1});
	k->ops->put(k, SPAN_LIT("fpa@b.example\0r@example.org"), SPAN_LIT("\1\1\1"),
		(struct keep_life){HOUR, 1});
	assert_int_equal(look(k, HOUR)->kinds, 0);
	assert_true(meter_deferred(k, &e, &times, 0));
	assert_int_equal(meter_accepted(k, &e, 0), 1);
	assert_int_equal(look(k, HOUR)->figures[0].told, 1);
	k->ops->free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_story),
		cmocka_unit_test(test_depths),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_strange_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
