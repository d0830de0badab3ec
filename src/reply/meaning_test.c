/* Without these abide would do the wrong thing after a reply, or tell people the wrong reason. */
#include "reply/catalogue.h"
#include "reply/explain.h"
#include "reply/meaning.h"
#include "reply/wrapper.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static struct reply_meaning read_reply(
	struct arena *arena, enum reply_stage stage, const char *text)
{
	struct reply_meaning m;

	reply_read(&(struct reply_context){.stage = stage}, 0, (struct reply_status){0},
		span_str(text), arena, &m);
	return m;
}

static const struct {
	enum reply_stage stage;
	const char *text;
	unsigned code;
	enum reply_cause cause;
	enum reply_nature nature;
	enum reply_action action;
} cases[] = {
	{REPLY_STAGE_RCPT, "450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted", 450,
		REPLY_GREYLISTING, REPLY_TRANSIENT, REPLY_ACT_RETRY_SAME},
	{REPLY_STAGE_RCPT, "550 5.1.1 <a@b.example>... User unknown", 550, REPLY_USER_UNKNOWN,
		REPLY_PERMANENT, REPLY_ACT_GIVE_UP},
	/* Exim repeats at DATA why it refused the recipients */
	{REPLY_STAGE_DATA,
		"503-All RCPT commands were rejected with this error:\n503-relay not permitted\n"
		"503 Valid RCPT command must precede DATA",
		503, REPLY_RELAY_DENIED, REPLY_PERMANENT, REPLY_ACT_GIVE_UP},
	/* the 4 is obeyed, but a person hears of it */
	{REPLY_STAGE_RCPT, "450 4.1.1 <a@b.example>: User unknown in local table", 450,
		REPLY_USER_UNKNOWN, REPLY_PERMANENT, REPLY_ACT_RETRY_TELL},
	/* the 5 is obeyed, though it would pass */
	{REPLY_STAGE_RCPT, "552 5.2.2 Mailbox full", 552, REPLY_MAILBOX_FULL, REPLY_TRANSIENT,
		REPLY_ACT_GIVE_UP},
	{REPLY_STAGE_RCPT, "450 4.7.1 Client host rejected: cannot find your reverse hostname", 450,
		REPLY_PTR_MISSING, REPLY_NEEDS_CHANGE, REPLY_ACT_RETRY_TELL},
	{REPLY_STAGE_RCPT, "452 4.5.3 Too many recipients", 452, REPLY_TOO_MANY_RECIPIENTS,
		REPLY_TRANSIENT, REPLY_ACT_NEXT_TRANSACTION},
	{REPLY_STAGE_CONNECT, "554 No SMTP service here", 554, REPLY_REJECTED_UNSPECIFIED,
		REPLY_PERMANENT, REPLY_ACT_NEXT_HOST},
	{REPLY_STAGE_MAIL, "530 5.7.0 Must issue a STARTTLS command first", 530, REPLY_TLS_REQUIRED,
		REPLY_PERMANENT, REPLY_ACT_USE_TLS},
	{REPLY_STAGE_MAIL, "530 5.7.0 Authentication required", 530, REPLY_AUTH_REQUIRED,
		REPLY_PERMANENT, REPLY_ACT_LOG_IN},
	{REPLY_STAGE_EOD, "451 4.3.0 Requested action aborted: local error in processing", 451,
		REPLY_LOCAL_ERROR, REPLY_TRANSIENT, REPLY_ACT_NEXT_HOST},
	/* nothing but a code */
	{REPLY_STAGE_RCPT, "450", 450, REPLY_MAILBOX_BUSY, REPLY_TRANSIENT, REPLY_ACT_RETRY},
	{REPLY_STAGE_NONE, "550 ", 550, REPLY_REJECTED_UNSPECIFIED, REPLY_PERMANENT,
		REPLY_ACT_GIVE_UP},
	{REPLY_STAGE_NONE, "499 ?", 499, REPLY_DEFERRED_UNSPECIFIED, REPLY_TRANSIENT,
		REPLY_ACT_RETRY_SAME},
	{REPLY_STAGE_NONE, "550 5.7.509", 550, REPLY_SENDER_AUTH_FAILED, REPLY_NEEDS_CHANGE,
		REPLY_ACT_GIVE_UP_TELL},
	/* a status that belies the code is not believed */
	{REPLY_STAGE_NONE, "550 4.2.2 x", 550, REPLY_REJECTED_UNSPECIFIED, REPLY_PERMANENT,
		REPLY_ACT_GIVE_UP},
	/* words within words and the reason inside a wrapper */
	/* (neither "ip" nor "block" decides) */
	{REPLY_STAGE_RCPT, "550 recipient of this block is missing", 550, REPLY_USER_UNKNOWN,
		REPLY_PERMANENT, REPLY_ACT_GIVE_UP},
	{REPLY_STAGE_RCPT, "421 4.7.26 This mail has been rate limited because it has no DKIM", 421,
		REPLY_SENDER_AUTH_FAILED, REPLY_NEEDS_CHANGE, REPLY_ACT_RETRY_TELL},
	/* an address is no reason */
	{REPLY_STAGE_RCPT, "550 5.1.1 <greylisted@spamhaus.org>: User unknown", 550,
		REPLY_USER_UNKNOWN, REPLY_PERMANENT, REPLY_ACT_GIVE_UP},
	{REPLY_STAGE_RCPT, "250 2.1.5 Ok", 250, REPLY_NONE, REPLY_NATURE_NONE, REPLY_ACT_NONE},
	{REPLY_STAGE_DATA, "354 go on", 354, REPLY_NONE, REPLY_NATURE_NONE, REPLY_ACT_NONE},
};

static void replies_are_understood(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena arena = {0};
		struct reply_meaning m = read_reply(&arena, cases[i].stage, cases[i].text);

		print_message(
			"%s: %s (%s)\n", cases[i].text, reply_cause_text(m.cause), m.evidence);
		assert_int_equal(m.code, cases[i].code);
		assert_int_equal(m.cause, cases[i].cause);
		assert_int_equal(m.nature, cases[i].nature);
		assert_int_equal(m.action, cases[i].action);
		assert_int_equal(m.wait_seconds, -1);
		arena_done(&arena);
	}
}

/* The seven 451s that people look up most: each has its own cause. */
static void the_famous_seven_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum reply_cause cause;
	} famous[] = {
		{"451 4.4.3 DNS server not available, timed out", REPLY_DNS_FAILURE},
		{"451 4.1.8 Domain of sender address a@b.example does not resolve",
			REPLY_SENDER_DOMAIN_UNRESOLVABLE},
		{"451 4.3.0 Error getting LDAP results in map virtual", REPLY_DIRECTORY_FAILURE},
		{"451 4.7.1 Greylisting in action, please come back in 00:04:59",
			REPLY_GREYLISTING},
		{"451 Message delayed: temporary local problem", REPLY_LOCAL_ERROR},
		{"451 Requested action aborted: local error in processing", REPLY_LOCAL_ERROR},
		{"451 The IP 192.0.2.1 has recently sent spam", REPLY_POOR_REPUTATION},
	};

	for (size_t i = 0; i < sizeof famous / sizeof famous[0]; i++) {
		struct arena arena = {0};

		assert_int_equal(read_reply(&arena, REPLY_STAGE_RCPT, famous[i].text).cause,
			famous[i].cause);
		arena_done(&arena);
	}
}

/* The example of the design: everything in one object. */
static void the_object_is_whole(void **state)
{
	struct arena arena = {0};
	struct reply_meaning m = read_reply(&arena, REPLY_STAGE_RCPT,
		"451 4.7.1 Greylisting in action, please come back in 00:02:00");

	assert_int_equal(m.status.detail, 1);
	assert_int_equal(m.side, REPLY_NOBODY_WAIT);
	assert_int_equal(m.scope, REPLY_SCOPE_TRIPLE);
	assert_int_equal(m.wait_seconds, 120);
	assert_int_equal(m.wait_source, REPLY_WAIT_STATED);
	assert_true(m.confidence >= 0.9);
	assert_true(span_equal(
		m.template, SPAN_LIT("Greylisting in action, please come back in <wait>")));
	assert_int_equal(m.n_words, 1);
	assert_int_equal(m.words[0].number, 120);
	arena_done(&arena);
}

/* Words that nobody has taught it must not tell a person that mail is lost which the other side only puts off. */
static void who_names_a_time_will_take_it(void **state)
{
	static const char *const texts[] = {"421 Try again after 2 hours",
		"450 Come back in 10 minutes", "451 zkuste to za 5 minut", "450 4.7.1 wait 1 hour",
		"452 5 minuten te wachten", "421 see you in 30 seconds, wait 30 seconds"};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct arena arena = {0};
		struct reply_meaning m = read_reply(&arena, REPLY_STAGE_RCPT, texts[i]);

		print_message("%s\n", texts[i]);
		assert_true(m.wait_seconds > 0);
		assert_true(m.nature == REPLY_TRANSIENT || m.confidence >= 0.5);
		assert_false(reply_is_final(&m));
		arena_done(&arena);
	}
}

/* Who needs no template gets all the rest. */
static void a_template_can_be_spared(void **state)
{
	struct arena arena = {0};
	struct span text = SPAN_LIT("451 4.7.1 <a@b.example>: Greylisted, come back in 00:02:00");
	struct reply_meaning whole, brief;

	reply_read(&(struct reply_context){0}, 0, (struct reply_status){0}, text, &arena, &whole);
	reply_read(&(struct reply_context){.needs_no_template = true}, 0, (struct reply_status){0},
		text, &arena, &brief);
	assert_true(whole.has_template && whole.template.len > 0);
	assert_true(!brief.has_template && brief.template.len == 0);
	assert_int_equal(brief.cause, whole.cause);
	assert_int_equal(brief.wait_seconds, 120);
	assert_int_equal(brief.n_words, whole.n_words);
	for (size_t i = 0; i < whole.n_words; i++)
		assert_true(span_equal(brief.words[i].value, whole.words[i].value));
	arena_done(&arena);
}

/* The same event for another user on another day has the same template. */
static void templates_are_stable(void **state)
{
	static const char *const pairs[][2] = {
		{"550 5.1.1 <a@b.example>: User unknown", "550 5.1.1 <cd@e.example>: User unknown"},
		{"550-5.1.1 No [192.0.2.1]\n550 5.1.1 see https://x.example/a1",
			"550 5.1.1 No [::1] see "
			"https://y.example/b"},
	};

	for (size_t i = 0; i < 2; i++) {
		struct arena arena = {0};
		struct reply_meaning a = read_reply(&arena, REPLY_STAGE_RCPT, pairs[i][0]);
		struct reply_meaning b = read_reply(&arena, REPLY_STAGE_RCPT, pairs[i][1]);

		print_message("%.*s\n", SPAN_F(a.template));
		assert_true(span_equal(a.template, b.template));
		arena_done(&arena);
	}
}

/* Whatever abide says, abide explains with certainty. */
static void own_replies_are_certain(void **state)
{
	const struct reply_words words = {.address = SPAN_LIT("user@example.net"),
		.domain = SPAN_LIT("example.net"),
		.host = SPAN_LIT("mx.example.org"),
		.ip = SPAN_LIT("192.0.2.1"),
		.id = SPAN_LIT("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
		.verb = SPAN_LIT("EXPN"),
		.parameter = SPAN_LIT("BODY=X"),
		.rule = SPAN_LIT("the local part is empty"),
		.stage = SPAN_LIT("RCPT"),
		.text = SPAN_LIT("some words"),
		.number = 101,
		.limit = 100,
		.size = 1234,
		.time = SPAN_LIT("00:01:25"),
		.wait = 85};

	for (unsigned id = REPLY_ID_NONE + 1; id < REPLY_IDS; id++) {
		struct arena arena = {0};
		struct buf line = BUF_INIT(4096), text = BUF_INIT(8192);
		const struct reply_entry *e = catalogue_get(id);

		assert_int_equal(catalogue_line(id, &words, &line), 0);
		struct reply_meaning m = read_reply(&arena, REPLY_STAGE_NONE, buf_cstr(&line));

		print_message("%s\n", buf_cstr(&line));
		assert_int_equal(m.code, e->code);
		assert_int_equal(m.cause, e->cause);
		assert_true(m.confidence == 1);
		if (e->code >= 400) {
			assert_int_equal(m.entry, id);
			assert_int_equal(
				m.wait_seconds, strstr(e->template, "retry=<time>") ? 85 : -1);
		}
		assert_int_equal(reply_explain(&m, &text), 0);
		assert_int_equal(reply_advise(&m, &text), 0);
		assert_true(text.len > 20);
		buf_done(&text);
		buf_done(&line);
		arena_done(&arena);
	}
}

/* Each cause has a name, sentences, and a schedule that makes sense. */
static void causes_are_complete(void **state)
{
	assert_int_equal(REPLY_CAUSES - 1, 45);
	for (unsigned c = REPLY_NONE + 1; c < REPLY_CAUSES; c++) {
		const struct reply_cause_info *info = reply_cause_info(c);
		enum reply_cause parsed;

		assert_true(reply_cause_parse(span_str(info->id), &parsed));
		assert_int_equal(parsed, c);
		for (unsigned lang = 0; lang < REPLY_LANGS; lang++)
			for (unsigned part = 0; part < REPLY_PARTS; part++)
				assert_true(strlen(reply_cause_words(lang, c, part)) > 5);
		assert_true(info->first_seconds >= 5 && info->first_seconds <= info->max_seconds);
		assert_true(info->max_seconds <= 6 * 3600);
		assert_true(info->side && info->nature && info->scope && info->action);
	}
}

static void wrappers_are_opened(void **state)
{
	static const struct {
		const char *in, *out;
		enum reply_stage stage;
	} wrapped[] = {
		{"450 4.2.0 Greylisted", "450 4.2.0 Greylisted", REPLY_STAGE_NONE},
		{"Nov 23 10:00:00 mx postfix/smtp[1]: 4F: to=<a@b.example>, "
		 "relay=mx.b.example[192.0.2.1]:25,"
		 " delay=1, dsn=4.2.0, status=deferred (host mx.b.example[192.0.2.1] said: 450 "
		 "4.2.0 "
		 "<a@b.example>: Greylisted for 60 seconds (in reply to RCPT TO command))",
			"450 4.2.0 <a@b.example>: Greylisted for 60 seconds", REPLY_STAGE_RCPT},
		{"SMTP error from remote mail server after RCPT TO:<a@b.example>: host mx "
		 "[192.0.2.1]: "
		 "550 5.1.1 no",
			"550 5.1.1 no", REPLY_STAGE_RCPT},
		{"connect to mx[192.0.2.1]:25: Connection timed out",
			"connect to mx[192.0.2.1]:25: Connection timed out", REPLY_STAGE_NONE},
		{"", "", REPLY_STAGE_NONE},
	};

	for (size_t i = 0; i < sizeof wrapped / sizeof wrapped[0]; i++) {
		struct reply_inner inner = reply_unwrap(span_str(wrapped[i].in));

		print_message("%.*s\n", SPAN_F(inner.text));
		assert_true(span_equal(inner.text, span_str(wrapped[i].out)));
		assert_int_equal(inner.stage, wrapped[i].stage);
	}
}

/* Behind "the callout failed" stands the reason, in a further server's words. */
static void nested_replies_are_found(void **state)
{
	static const struct {
		const char *in, *out; /* NULL: none */
	} nests[] = {
		{"451 Could not complete sender verify callout: host mx.b.example [192.0.2.1] "
		 "said: "
		 "550 5.1.1 no such user",
			"550 5.1.1 no such user"},
		{"550-Verification failed for <a@b.example>\n550-Called:   192.0.2.1\n550-Sent:    "
		 " "
		 "RCPT TO:<a@b.example>\n550-Response: 550 5.7.1 greylisted\n550 Sender verify "
		 "failed",
			"550 5.7.1 greylisted\n550 Sender verify failed"},
		{"451 4.4.7 Not delivered in time; the last reply was: 452 4.2.2 Mailbox full",
			"452 4.2.2 Mailbox full"},
		{"554 5.0.0 Service unavailable: host mx said: 450 4.2.0 Greylisted (in reply to "
		 "RCPT "
		 "TO command)",
			"450 4.2.0 Greylisted"},
		{"550 relay said \"551 not here\"", "551 not here"},
		{"552 message size 500 exceeds the limit of 400 bytes", NULL},
		{"450 4.7.1 try again in 450 seconds", NULL},
		{"550-5.1.1 no\n550 5.1.1 such user", NULL},
		{"host mx said: 550 no", NULL},
		{"550", NULL},
	};

	for (size_t i = 0; i < sizeof nests / sizeof nests[0]; i++) {
		struct reply_inner inner;
		bool is_nested = reply_nested(span_str(nests[i].in), &inner);

		print_message("%s\n", nests[i].in);
		assert_int_equal(is_nested, nests[i].out != NULL);
		if (is_nested)
			assert_true(span_equal(inner.text, span_str(nests[i].out)));
	}
}

static void explanations_carry_the_words(void **state)
{
	struct arena arena = {0};
	struct buf out = BUF_INIT(4096);
	struct reply_meaning m = read_reply(
		&arena, REPLY_STAGE_RCPT, "450 4.2.0 Greylisted, try again in 75 seconds");

	assert_int_equal(reply_explain(&m, &out), 0);
	assert_non_null(strstr(buf_cstr(&out), "a second attempt in 1 minute 15 seconds"));
	buf_clear(&out);
	m = read_reply(&arena, REPLY_STAGE_RCPT, "552 5.2.2 Mailbox of <a@b.example> is full");
	assert_int_equal(reply_explain(&m, &out), 0);
	assert_non_null(strstr(buf_cstr(&out), "The mailbox of a@b.example is full"));
	buf_done(&out);
	arena_done(&arena);
}

/* A megabyte of anything costs no more than its first 4 KiB. */
static void huge_texts_are_bounded(void **state)
{
	size_t len = 1 << 20;
	char *text = malloc(len);
	static const char *const fillings[] = {
		"a", "1 ", "1.", "in 5 ", "<a@", "http://", ":::", "\n"};

	for (size_t f = 0; f < sizeof fillings / sizeof fillings[0]; f++) {
		struct arena arena = {0};
		struct reply_meaning m;

		for (size_t i = 0; i < len; i++)
			text[i] = fillings[f][i % strlen(fillings[f])];
		reply_read(&(struct reply_context){0}, 451, (struct reply_status){0},
			span_of(text, len), &arena, &m);
		assert_true(arena.used < 1024 * 1024);
		assert_true(m.template.len <= (size_t)REPLY_READ_MAX * 8);
		arena_done(&arena);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_understood),
		cmocka_unit_test(the_famous_seven_are_told_apart),
		cmocka_unit_test(the_object_is_whole),
		cmocka_unit_test(who_names_a_time_will_take_it),
		cmocka_unit_test(a_template_can_be_spared),
		cmocka_unit_test(templates_are_stable),
		cmocka_unit_test(own_replies_are_certain),
		cmocka_unit_test(causes_are_complete),
		cmocka_unit_test(wrappers_are_opened),
		cmocka_unit_test(nested_replies_are_found),
		cmocka_unit_test(explanations_carry_the_words),
		cmocka_unit_test(huge_texts_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
