/* If these fail, a test that asks the lab for a nasty server gets a friendly one and proves nothing. */
#include "lab/behaviour.h"
#include "lab/rules.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* Until the next call. */
static const struct lab_behaviour *read_one(const char *spec)
{
	static struct lab_behaviour b;
	struct span bad;

	b = (struct lab_behaviour){0};

	assert_int_equal(lab_behaviour_read(span_str(spec), NULL, &b, &bad), 0);
	return &b;
}

static void each_form_sets_its_step(void **state)
{
	static const struct {
		const char *spec;
		enum lab_stage stage;
		enum lab_act act;
		unsigned code;
		bool take;
	} cases[] = {
		{"451-rcpt", LAB_RCPT, LAB_REPLY, 451, false},
		{"421-connect", LAB_CONNECT, LAB_REPLY, 421, false},
		{"reject", LAB_RCPT, LAB_REPLY, 550, false},
		{"close-eod", LAB_EOD, LAB_CLOSE, 0, false},
		{"take-close", LAB_EOD, LAB_CLOSE, 0, true},
		{"take-451", LAB_EOD, LAB_REPLY, 451, true},
		{"hang-body-1000", LAB_BODY, LAB_HANG, 0, false},
		{"reset-data", LAB_DATA, LAB_RESET, 0, false},
		{"RESET-Quit", LAB_QUIT, LAB_RESET, 0, false},
		{"tempfail-3-eod", LAB_EOD, LAB_REPLY, 451, false},
		{"tempfail-3", LAB_RCPT, LAB_REPLY, 451, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct lab_behaviour *b = read_one(cases[i].spec);

		assert_int_equal(b->at[cases[i].stage].act, cases[i].act);
		assert_int_equal(b->at[cases[i].stage].code, cases[i].code);
		assert_int_equal(b->at[cases[i].stage].take, cases[i].take);
	}
}

static void settings_are_read(void **state)
{
	const struct lab_behaviour *b =
		read_one("greylist-5-hms,no-pipelining, lie-size,size-100,slow-9");

	(void)state;
	assert_int_equal(b->greylist_s, 5);
	assert_int_equal(b->greylist_style, LAB_HMS);
	assert_int_equal(b->hidden, LAB_PIPELINING);
	assert_int_equal(b->lies, LAB_SIZE);
	assert_int_equal(b->size, 100);
	assert_int_equal(b->rate, 9);
	assert_int_equal(read_one("greylist-7")->greylist_style, LAB_POSTGREY);
	assert_int_equal(read_one("no-ehlo")->ehlo_code, 500);
	assert_int_equal(read_one("no-ehlo-502")->ehlo_code, 502);
	assert_int_equal(read_one("multiline-mail-9")->at[LAB_MAIL].shape_n, 9);
	assert_int_equal(read_one("nul")->at[LAB_QUIT].shape, LAB_NUL);
}

static void texts_keep_their_bytes(void **state)
{
	struct arena texts = {0};
	struct lab_behaviour b = {0};
	struct span bad;
	struct span spec = SPAN_LIT("451-rcpt=\"4.7.1 a, \\\"b\\\"\\x00\\r\\n\",550-mail=no way");

	(void)state;
	assert_int_equal(lab_behaviour_read(spec, &texts, &b, &bad), 0);
	assert_true(span_equal(b.at[LAB_RCPT].text, SPAN_LIT("4.7.1 a, \"b\"\0\r\n")));
	assert_true(span_equal(b.at[LAB_MAIL].text, SPAN_LIT("no way")));
	arena_done(&texts);
	b = (struct lab_behaviour){0};
	assert_int_equal(lab_behaviour_read(SPAN_LIT("451-rcpt=x"), NULL, &b, &bad), 0);
	assert_int_equal(b.at[LAB_RCPT].text.len, 0);
}

static void what_is_unknown_is_named(void **state)
{
	static const char *const bad[] = {"451-nowhere", "greylist", "greylist-x", "45-rcpt",
		"tarpit", "accept-5", "451-rcpt-", "-", "close-after-"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct lab_behaviour b = {0};
		struct span what = {0};

		assert_int_equal(lab_behaviour_read(span_str(bad[i]), NULL, &b, &what), -EINVAL);
		assert_true(span_equal(what, span_str(bad[i])));
	}
}

static void rules_choose_by_address(void **state)
{
	static const char text[] = "# first that fits\n"
				   "session no-chunking\n"
				   "  bob@*.test   451-rcpt=later\n"
				   "sender:*@spam.test 550-mail\r\n"
				   "*@*.test reject\n";
	struct lab_rules r = {0};
	struct lab_behaviour session = {0};
	unsigned line = 0;
	struct span bad;

	(void)state;
	assert_int_equal(lab_rules_read(&r, span_str(text), &session, &line, &bad), 0);
	assert_int_equal(session.hidden, LAB_CHUNKING);
	const struct lab_behaviour *b =
		lab_rules_find(&r, LAB_RULE_RECIPIENT, SPAN_LIT("Bob@a.TEST"));

	assert_int_equal(b->at[LAB_RCPT].code, 451);
	b = lab_rules_find(&r, LAB_RULE_RECIPIENT, SPAN_LIT("ann@b.a.test"));
	assert_int_equal(b->at[LAB_RCPT].code, 550);
	assert_null(lab_rules_find(&r, LAB_RULE_RECIPIENT, SPAN_LIT("ann@b.example")));
	assert_non_null(lab_rules_find(&r, LAB_RULE_SENDER, SPAN_LIT("x@spam.test")));
	assert_null(lab_rules_find(&r, LAB_RULE_SENDER, SPAN_LIT("bob@a.test")));
	lab_rules_done(&r);
	assert_int_equal(
		lab_rules_read(&r, SPAN_LIT("\n\n* what-is\n"), &session, &line, &bad), -EINVAL);
	assert_int_equal(line, 3);
	lab_rules_done(&r);
}

static void upper_wins_where_it_speaks(void **state)
{
	struct lab_behaviour b = *read_one("451-rcpt,size-5,delay-mail-7");

	(void)state;
	lab_behaviour_lay(&b, read_one("550-rcpt,twice-mail"));
	assert_int_equal(b.at[LAB_RCPT].code, 550);
	assert_int_equal(b.size, 5);
	assert_int_equal(b.at[LAB_MAIL].delay_ms, 7);
	assert_int_equal(b.at[LAB_MAIL].shape, LAB_TWICE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_sets_its_step),
		cmocka_unit_test(settings_are_read),
		cmocka_unit_test(texts_keep_their_bytes),
		cmocka_unit_test(what_is_unknown_is_named),
		cmocka_unit_test(rules_choose_by_address),
		cmocka_unit_test(upper_wins_where_it_speaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
