/* Without these a postmaster gets the same letter all day for one broken record, or never hears that it has been mended. */
#include "diagnose/told.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct tolds *fresh(void)
{
	static struct tolds t;

	t = (struct tolds){0};
	return &t;
}

static bool see(struct tolds *t, const char *site, enum reply_cause cause, int64_t at)
{
	struct told what = {.at = at, .cause = cause};

	(void)span_copy(span_str(site), what.site, sizeof what.site);
	bool is_news = told_see(t, &what);

	if (is_news)
		told_mark(t, span_str(site), cause, TOLD_SAID);
	return is_news;
}

static void each_cause_of_a_site_is_told_once(void **state)
{
	struct tolds *t = fresh();
	struct told over;

	assert_true(see(t, "a.example", REPLY_PTR_MISSING, 1000));
	for (int64_t at = 1010; at < 50000; at += 600) {
		assert_false(see(t, "a.example", REPLY_PTR_MISSING, at));
		assert_false(told_over(t, at, &over));
	}
	assert_true(see(t, "a.example", REPLY_BLOCKLISTED, 50000));
	assert_true(see(t, "b.example", REPLY_PTR_MISSING, 50000));
	assert_int_equal(told_last(t, SPAN_LIT("a.example")), 50000);
	assert_int_equal(told_last(t, SPAN_LIT("c.example")), 0);
}

static void its_end_is_told_once(void **state)
{
	struct tolds *t = fresh();
	struct told over;

	(void)see(t, "a.example", REPLY_PTR_MISSING, 1000);
	(void)see(t, "a.example", REPLY_PTR_MISSING, 1100);
	told_ok(t, SPAN_LIT("b.example"), REPLY_PTR_MISSING, 1200);
	assert_false(told_over(t, 9000, &over));
	told_ok(t, SPAN_LIT("a.example"), REPLY_NONE, 1200);
	assert_false(told_over(t, 1201, &over));
	assert_true(told_over(t, 1100 + TOLD_QUIET + 5 * 50, &over));
	assert_string_equal(over.site, "a.example");
	assert_int_equal(over.cause, REPLY_PTR_MISSING);
	assert_int_equal(over.more, 1);
	assert_false(told_over(t, 9000, &over));
	/* and when it comes back, that is news */
	assert_true(see(t, "a.example", REPLY_PTR_MISSING, 9100));
}

/* Every second mail is refused: it would begin and end all day. */
static void what_comes_and_goes_goes_on(void **state)
{
	struct tolds *t = fresh();
	struct told over;

	(void)see(t, "a.example", REPLY_POOR_REPUTATION, 1000);
	for (int64_t at = 1000; at < 80000; at += 700) {
		assert_false(at > 1000 && see(t, "a.example", REPLY_POOR_REPUTATION, at));
		told_ok(t, SPAN_LIT("a.example"), REPLY_NONE, at + 350);
		assert_false(at > 1000 && told_over(t, at + 699, &over));
	}
}

/* That other mail is taken says nothing of a sender whose signature is broken. */
static void other_mail_is_no_end_of_one_senders_trouble(void **state)
{
	struct tolds *t = fresh();
	struct told over;

	(void)see(t, "a.example", REPLY_SENDER_AUTH_FAILED, 1000);
	told_ok(t, SPAN_LIT("a.example"), REPLY_NONE, 2000);
	assert_false(told_over(t, 3000, &over));
	told_ok(t, SPAN_LIT("a.example"), REPLY_SENDER_AUTH_FAILED, 4000);
	assert_true(told_over(t, 4000, &over));
	/* but of a site to which nothing got, it does */
	struct told whole = {
		.at = 5000, .cause = REPLY_NETWORK_FAILURE, .is_whole = true, .site = "a.example"};

	assert_true(told_see(t, &whole));
	told_mark(t, SPAN_LIT("a.example"), REPLY_NETWORK_FAILURE, TOLD_SAID);
	told_ok(t, SPAN_LIT("a.example"), REPLY_NONE, 6000);
	assert_true(told_over(t, 6000, &over));
}

/* Its mail came back long ago: who is told of it next is told anew, and nobody hears that it is over. */
static void silence_is_no_end(void **state)
{
	struct tolds *t = fresh();
	struct told over;

	(void)see(t, "a.example", REPLY_BLOCKLISTED, 1000);
	assert_false(told_over(t, 1000 + TOLD_SILENCE, &over));
	told_ok(t, SPAN_LIT("a.example"), REPLY_NONE, 2000 + TOLD_SILENCE);
	assert_false(told_over(t, 3000 + TOLD_SILENCE, &over));
	(void)see(t, "b.example", REPLY_BLOCKLISTED, 1000);
	assert_true(see(t, "b.example", REPLY_BLOCKLISTED, 1000 + TOLD_SILENCE));
}

static void more_than_there_is_room_for(void **state)
{
	struct tolds *t = fresh();
	char site[TOLD_SITE_MAX * 2];

	for (int i = 0; i <= TOLD_MOST; i++) {
		(void)snprintf(site, sizeof site, "s%d.example", i);
		assert_true(see(t, site, REPLY_BLOCKLISTED, 1000 + i));
	}
	assert_false(see(t, "s1.example", REPLY_BLOCKLISTED, 2000));
	assert_true(see(t, "s0.example", REPLY_BLOCKLISTED, 2000));
	/* what other news has said is not told a second time */
	told_mark(t, SPAN_LIT("s9.example"), REPLY_BLOCKLISTED, TOLD_SILENT);
	told_ok(t, SPAN_LIT("s9.example"), REPLY_NONE, 2000);
	struct told over;

	assert_false(told_over(t, 9000, &over));
	assert_int_equal(told_last(t, SPAN_LIT("s9.example")), 0);
	/* a name that is too long is cut, and still the same one */
	memset(site, 'x', sizeof site - 1);
	site[sizeof site - 1] = '\0';
	assert_true(see(t, site, REPLY_BLOCKLISTED, 3000));
	told_ok(t, span_str(site), REPLY_BLOCKLISTED, 3001);
	assert_int_equal(told_last(t, span_str(site)), 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_cause_of_a_site_is_told_once),
		cmocka_unit_test(its_end_is_told_once),
		cmocka_unit_test(what_comes_and_goes_goes_on),
		cmocka_unit_test(other_mail_is_no_end_of_one_senders_trouble),
		cmocka_unit_test(silence_is_no_end),
		cmocka_unit_test(more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
