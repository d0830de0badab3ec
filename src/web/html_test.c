#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "web/metrics.h"
#include "web/status.h"

static void strangers_bytes_are_no_markup(void **state)
{
	static const struct {
		struct span in;
		const char *out;
	} rows[] = {
		{SPAN_LIT("plain text"), "plain text"},
		{SPAN_LIT("<b>&\"'"), "&lt;b&gt;&amp;&quot;&#39;"},
		{SPAN_LIT("a\0b\nc\x7f"), "a b c "},
		{SPAN_LIT("\xc3\xa4\xe2\x82\xac"), "\xc3\xa4\xe2\x82\xac"},
		{SPAN_LIT("\xc3"), "\xef\xbf\xbd"},
		{SPAN_LIT("\xc0\xbc"
			  "script"),
			"\xef\xbf\xbd\xef\xbf\xbdscript"},
		{SPAN_LIT("\xc2\x9b"), "\xef\xbf\xbd\xef\xbf\xbd"}, /* a control of its own: CSI */
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf out = BUF_INIT(256);
		struct html h = {.out = &out};

		html_text(&h, rows[i].in);
		if (!span_equal(buf_span(&out), span_str(rows[i].out))) {
			print_error("row %zu: %.*s\n", i, SPAN_F(buf_span(&out)));
			fail();
		}
		buf_done(&out);
	}
}

static void moments_are_told_from_now(void **state)
{
	static const struct {
		int64_t seconds;
		enum reply_lang lang;
		const char *out;
	} rows[] = {{0, REPLY_LANG_EN, "now"}, {90, REPLY_LANG_EN, "in 1 minute 30 seconds"},
		{-90, REPLY_LANG_EN, "1 minute 30 seconds ago"},
		{629, REPLY_LANG_EN, "in 10 minutes"},
		{7800, REPLY_LANG_EN, "in 2 hours 10 minutes"},
		{-60, REPLY_LANG_DE, "1 Minute her"}, {60, REPLY_LANG_DE, "noch 1 Minute"}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf out = BUF_INIT(256);
		struct html h = {.lang = rows[i].lang, .out = &out};

		html_from_now(&h, 5000000 + rows[i].seconds * 1000, 5000000);
		if (!span_equal(buf_span(&out), span_str(rows[i].out))) {
			print_error("row %zu: %.*s\n", i, SPAN_F(buf_span(&out)));
			fail();
		}
		buf_done(&out);
	}
}

static void health_says_what_is_wrong(void **state)
{
	static const struct ipc_web_seen good = {.is_handing_out = true, .roles = {1, 1}},
					 early = {.roles = {1, 1}},
					 deaf = {.is_handing_out = true, .roles = {0, 1}},
					 mute = {.is_handing_out = true, .roles = {1, 0}};
	static const struct ipc_web_metered calm,
		busy = {.load = {.stage = 1, .why = SPAN_LIT("lag")}},
		low = {.load = {.is_disk_low = true}};
	static const struct {
		struct view_now now;
		enum status_health health;
		const char *why;
	} rows[] = {
		{{&good, &calm, 0, 0}, STATUS_READY, ""},
		{{&good, NULL, 0, 0}, STATUS_READY, ""},
		{{NULL, &calm, 0, 0}, STATUS_NOT_READY, "the queue does not answer"},
		{{&early, &calm, 0, 0}, STATUS_NOT_READY,
			"the queue waits for the processes that deliver to say what runs in them"},
		{{&deaf, &calm, 0, 0}, STATUS_NOT_READY, "no process takes mail"},
		{{&mute, &calm, 0, 0}, STATUS_NOT_READY, "no process delivers mail"},
		{{&good, &busy, 0, 0}, STATUS_OVERLOADED, "sessions wait for the processor"},
		{{&good, &low, 0, 0}, STATUS_OVERLOADED,
			"the spool's disk is nearly full: no new mail is taken"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *why;

		assert_int_equal(status_health(&rows[i].now, &why), rows[i].health);
		assert_string_equal(why, rows[i].why);
	}
}

/* A name that did not come from our tables is never a label. */
static void labels_are_ours(void **state)
{
	struct ipc_control_meter meters[] = {
		{.reply = SPAN_LIT("GREYLISTED"), .told = 3, .p50_ms = 1500, .p95_ms = -1},
		{.reply = SPAN_LIT("x\"} 1\nevil 1"), .told = 4}};
	struct ipc_web_cause causes[] = {{.cause = SPAN_LIT("greylisting"), .recipients = 7},
		{.cause = SPAN_LIT("evil\"} 1\n"), .recipients = 8}};
	const struct ipc_web_metered facts = {.meters = meters, .meters_n = 2};
	const struct ipc_web_seen queue = {.causes = causes, .causes_n = 2};
	const struct view_now now = {.queue = &queue, .facts = &facts};
	struct buf out = BUF_INIT(1U << 20);

	metrics_write(&now, &out);
	struct span all = buf_span(&out);

	assert_int_equal(out.error, 0);
	assert_true(span_find_span(all,
			    SPAN_LIT("abide_own_deferrals_total{reply=\"GREYLISTED\"} 3\n")) > 0);
	assert_true(
		span_find_span(all, SPAN_LIT("_p50_seconds{reply=\"GREYLISTED\"} 1.500\n")) > 0);
	assert_true(span_find_span(all, SPAN_LIT("_p95_seconds{reply=")) < 0);
	assert_true(span_find_span(all, SPAN_LIT("by_cause{cause=\"greylisting\"} 7\n")) > 0);
	assert_true(span_find_span(all, SPAN_LIT("by_cause{cause=\"mailbox_full\"} 0\n")) > 0);
	assert_true(span_find_span(all, SPAN_LIT("evil")) < 0);
	buf_done(&out);
}

/* An alarm outlives what is seen in the mail: it is shown until it is over, with what to do. */
static void alarms_are_shown(void **state)
{
	struct ipc_web_alarm alarms[] = {{.whose = 1,
		.family = 3,
		.scope = 5,
		.cause = SPAN_LIT("ptr_missing"),
		.who = SPAN_LIT("<192.0.2.7>"),
		.told_at = 1796000000}};
	struct ipc_control_verdict verdicts[] = {{.whose = 1,
							 .family = 3,
							 .scope = 5,
							 .who = SPAN_LIT("<192.0.2.7>"),
							 .confidence = 900},
		{.whose = 200, .who = SPAN_LIT("none of ours")}};
	struct ipc_web_seen seen = {.alarms = alarms, .alarms_n = 1};
	struct buf out = BUF_INIT(1U << 16);
	struct html h = {.out = &out};

	for (seen.verdicts_n = 0; seen.verdicts_n <= 2; seen.verdicts_n += 2) {
		seen.verdicts = verdicts;
		buf_clear(&out);
		status_trouble(&h, &seen);
		struct span all = buf_span(&out);

		assert_true(span_find_span(all, SPAN_LIT("Alarm given: 2026-11-30 00:53 UTC")) > 0);
		assert_true(span_find_span(all, SPAN_LIT("&lt;192.0.2.7&gt;")) > 0);
		assert_true(span_find_span(all, SPAN_LIT("none of ours")) < 0);
		assert_true((span_find_span(all, SPAN_LIT("<h3>Alarm: ")) > 0) ==
			    (seen.verdicts_n == 0));
	}
	seen.alarms_n = seen.verdicts_n = 0;
	buf_clear(&out);
	status_trouble(&h, &seen);
	assert_true(span_find_span(buf_span(&out), SPAN_LIT("Nothing points to any trouble.")) > 0);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_bytes_are_no_markup),
		cmocka_unit_test(moments_are_told_from_now),
		cmocka_unit_test(health_says_what_is_wrong),
		cmocka_unit_test(labels_are_ours),
		cmocka_unit_test(alarms_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
