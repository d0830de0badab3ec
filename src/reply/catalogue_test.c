/* Without these abide would say broken, ambiguous or dangerous replies. */
#include "reply/catalogue.h"
#include "reply/reader.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct reply_words words = {
	.address = SPAN_LIT("user@example.net"),
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
	.wait = 85,
};

/* Reads what was said as a peer would. */
static void read_back(struct buf *out, struct reply_reader *r)
{
	size_t n;

	reply_reader_init(r);
	assert_int_equal(reply_reader_feed(r, buf_span(out), &n), 1);
	assert_int_equal(n, out->len);
}

static void check_lines(struct span out)
{
	struct span line;

	while (span_take_until(&out, '\n', &line)) {
		assert_true(line.len + 1 <= REPLY_LINE_MAX);
		assert_int_equal(line.at[line.len - 1], '\r');
		for (size_t i = 0; i + 1 < line.len; i++)
			assert_true(line.at[i] >= ' ' && line.at[i] < 127);
	}
	assert_int_equal(out.len, 0);
}

/* Each entry: code and status agree, it fits, it is read back as itself. */
static void entries_are_sound(void **state)
{
	struct reply_reader *r = malloc(sizeof *r);

	for (unsigned id = REPLY_ID_NONE + 1; id < REPLY_IDS; id++) {
		const struct reply_entry *e = catalogue_get(id);
		struct buf out = BUF_INIT(4096);

		print_message("%s\n", e->name);
		if (reply_status_is_set(e->status))
			assert_int_equal(e->status.class, e->code / 100);
		else
			assert_true(e->code < 400);
		assert_int_equal(e->cause == REPLY_NONE, e->code < 400);
		if (!e->is_internal) {
			assert_int_equal(catalogue_say(id, &words, &out), 0);
			assert_true(out.len <= REPLY_LINE_MAX);
		} else {
			assert_int_equal(catalogue_line(id, &words, &out), 0);
			assert_true(out.len <= REPLY_LINE_MAX);
			(void)buf_add_str(&out, "\r\n");
		}
		check_lines(buf_span(&out));
		read_back(&out, r);
		assert_int_equal(r->reply.code, e->code);
		assert_int_equal(r->reply.oddity, 0);
		assert_int_equal(
			catalogue_recognise(r->reply.code, r->reply.status, r->reply.text), id);
		buf_done(&out);
	}
	free(r);
}

/* No two entries may have one name: logs and explain would mix them up. */
static void names_are_unique(void **state)
{
	for (unsigned a = 1; a < REPLY_IDS; a++)
		for (unsigned b = a + 1; b < REPLY_IDS; b++)
			assert_true(strcmp(catalogue_get(a)->name, catalogue_get(b)->name) != 0 ||
				    catalogue_get(a)->is_internal != catalogue_get(b)->is_internal);
}

static void said(enum reply_id id, const struct reply_words *w, const char *expected)
{
	struct buf out = BUF_INIT(4096);

	assert_int_equal(catalogue_say(id, w, &out), 0);
	assert_string_equal(buf_cstr(&out), expected);
	buf_done(&out);
}

static void replies_are_said(void **state)
{
	const struct span lines[] = {SPAN_LIT("PIPELINING"), SPAN_LIT("SIZE 1000")};

	said(SAY_MAIL_OK, NULL, "250 2.1.0 Sender ok\r\n");
	said(SAY_EHLO_OK,
		&(struct reply_words){.host = SPAN_LIT("mx"),
			.domain = SPAN_LIT("c"),
			.lines = lines,
			.n_lines = 2},
		"250-mx greets c\r\n250-PIPELINING\r\n250 SIZE 1000\r\n");
	said(SAY_QUEUED, &(struct reply_words){.size = 42, .id = SPAN_LIT("01X")},
		"250 2.0.0 Ok: 42 octets queued as 01X\r\n");
	said(SAY_BDAT_OK, NULL, "250 2.0.0 Ok: 0 octets taken\r\n");
	said(SAY_SHUTTING_DOWN,
		&(struct reply_words){
			.host = SPAN_LIT("mx"), .wait = 90, .time = SPAN_LIT("00:01:30")},
		"421 4.3.2 mx is shutting down; please come back in 00:01:30 (retry=00:01:30) "
		"[SHUTTING_DOWN]\r\n");
	said(SAY_SHUTTING_DOWN, &(struct reply_words){.host = SPAN_LIT("mx")},
		"421 4.3.2 mx is shutting down [SHUTTING_DOWN]\r\n");
}

/* Our own side, as a client, must know how long it was asked to wait. */
static void waits_are_read_back(void **state)
{
	static const enum reply_id ids[] = {SAY_GREYLISTED, SAY_RATE_CONNECTIONS, SAY_RATE_MESSAGES,
		SAY_RATE_RECIPIENTS, SAY_RATE_HELD, SAY_SHED, SAY_DISK_LOW, SAY_AUTH_NOT_NOW,
		SAY_AUTH_TOO_MANY, SAY_STARTTLS_NOT_NOW, SAY_SHUTTING_DOWN, SAY_TOO_MANY_SESSIONS,
		SAY_TOO_MANY_FROM_NETWORK, SAY_QUEUE_UNREACHABLE, SAY_SPOOL_DAMAGED,
		SAY_SYNC_FAILED, SAY_INTERNAL_ERROR, SAY_SPOOL_FULL, SAY_OVERLOADED,
		SAY_MAILBOX_FULL};
	static const int64_t waits[] = {
		1, 59, 60, 90, 120, 300, 3599, 3600, 4711, 38700, 86399, 86400, 90061, 359999};
	struct reply_reader *r = malloc(sizeof *r);

	for (size_t i = 0; i < sizeof ids / sizeof ids[0] * (sizeof waits / sizeof waits[0]); i++) {
		enum reply_id id = ids[i % (sizeof ids / sizeof ids[0])];
		int64_t wait = waits[i / (sizeof ids / sizeof ids[0])];
		struct reply_words w = {.host = SPAN_LIT("mx.example.org")};
		struct buf out = BUF_INIT(4096);
		char room[REPLY_WAIT_ROOM];
		struct reply_meaning m;
		struct arena arena = {0};

		reply_words_set_wait(&w, wait, room);
		assert_int_equal(catalogue_say(id, &w, &out), 0);
		read_back(&out, r);
		struct reply_context context = {.stage = REPLY_STAGE_RCPT};

		reply_read(&context, r->reply.code, r->reply.status, r->reply.text, &arena, &m);
		assert_int_equal(m.cause, catalogue_get(id)->cause);
		assert_int_equal(m.wait_seconds, wait);
		assert_true(m.confidence >= 1);
		arena_done(&arena);
		buf_done(&out);
	}
	free(r);
}

/* A peer's own words can't add lines to a reply, or control a terminal that shows it. */
static void words_are_sanitised(void **state)
{
	said(SAY_VERB_UNKNOWN,
		&(struct reply_words){.verb = SPAN_LIT("A\r\n250 \x1b[2J\0\x7f\xc3\xa9")},
		"500 5.5.2 Command not recognised: A  250 ?[2J??? [VERB_UNKNOWN]\r\n");
	said(SAY_VERB_UNKNOWN,
		&(struct reply_words){
			.verb = SPAN_LIT("\xc3\xa9\xc3\xff\xc2\x85"), .is_utf8 = true},
		"500 5.5.2 Command not recognised: \xc3\xa9??? [VERB_UNKNOWN]\r\n");
}

/* Words of a peer's making that are long don't make a line too long. */
static void long_replies_are_wrapped(void **state)
{
	static char long_word[5000];
	struct reply_reader *r = malloc(sizeof *r);
	struct buf out = BUF_INIT(8192);

	memset(long_word, 'a', sizeof long_word);
	struct reply_words w = {.ip = span_of(long_word, sizeof long_word),
		.domain = span_of(long_word, sizeof long_word)};

	assert_int_equal(catalogue_say(SAY_RELAY_DENIED, &w, &out), 0);
	check_lines(buf_span(&out));
	read_back(&out, r);
	assert_int_equal(r->reply.lines, 2);
	assert_int_equal(
		catalogue_recognise(550, r->reply.status, r->reply.text), SAY_RELAY_DENIED);
	buf_done(&out);
	free(r);
}

/* Whoever asks by the name in a reply must get what that reply means, and no other's. */
static void names_lead_to_replies(void **state)
{
	struct span name;

	for (unsigned id = REPLY_ID_NONE + 1; id < REPLY_IDS; id++)
		assert_int_equal(catalogue_find(span_str(catalogue_get(id)->name)),
			catalogue_get(id)->is_internal ? REPLY_ID_NONE : id);
	assert_int_equal(catalogue_find(SPAN_LIT("greylisted")), SAY_GREYLISTED);
	assert_int_equal(catalogue_find(SPAN_LIT("")), REPLY_ID_NONE);
	assert_int_equal(catalogue_find(SPAN_LIT("GREYLISTE")), REPLY_ID_NONE);
	assert_int_equal(catalogue_bare(SPAN_LIT("Text [A_B]"), &name).len, 4);
	assert_true(span_equal(name, SPAN_LIT("A_B")));
	assert_int_equal(catalogue_bare(SPAN_LIT("Text\n[A]"), &name).len, 4);
	static const char *const none[] = {"", "]", "[]", "[A]", "Text []", "Text[A]", "Text [a]",
		"Text [A] ", "Text A]", "Text [A B]"};

	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		assert_int_equal(catalogue_bare(span_str(none[i]), &name).len, strlen(none[i]));
		assert_int_equal(name.len, 0);
	}
}

/* An older abide says no name, and another server's name proves nothing. */
static void names_are_no_condition(void **state)
{
	const struct reply_status spool = {4, 3, 1};

	assert_int_equal(
		catalogue_recognise(452, spool, SPAN_LIT("Storage is full")), SAY_SPOOL_FULL);
	assert_int_equal(catalogue_recognise(452, spool, SPAN_LIT("Storage is full [SPOOL_FULL]")),
		SAY_SPOOL_FULL);
	assert_int_equal(catalogue_recognise(452, spool, SPAN_LIT("Storage is full [DISK_LOW]")),
		REPLY_ID_NONE);
	assert_int_equal(
		catalogue_recognise(452, spool, SPAN_LIT("No room [SPOOL_FULL]")), REPLY_ID_NONE);
}

/* What the queue does about an own event follows the entry. */
static void meanings_follow_the_entry(void **state)
{
	struct reply_meaning m;

	catalogue_meaning(EVENT_REFUSED, NULL, REPLY_STAGE_CONNECT, &m);
	assert_int_equal(m.cause, REPLY_NETWORK_FAILURE);
	assert_int_equal(m.action, REPLY_ACT_NEXT_HOST);
	assert_int_equal(m.wait_seconds, -1);
	assert_false(reply_is_final(&m));
	catalogue_meaning(EVENT_NEXT_TOO_BIG, NULL, REPLY_STAGE_MAIL, &m);
	assert_true(reply_is_final(&m));
	catalogue_meaning(EVENT_EXPIRED, NULL, REPLY_STAGE_NONE, &m);
	assert_true(reply_is_final(&m));
	catalogue_meaning(EVENT_WORKER_DIED, NULL, REPLY_STAGE_NONE, &m);
	assert_int_equal(m.side, REPLY_SENDER_SERVER);
	catalogue_meaning(
		SAY_SHUTTING_DOWN, &(struct reply_words){.wait = 30}, REPLY_STAGE_NONE, &m);
	assert_int_equal(m.wait_seconds, 30);
	assert_int_equal(m.wait_source, REPLY_WAIT_STATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_sound),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(replies_are_said),
		cmocka_unit_test(waits_are_read_back),
		cmocka_unit_test(words_are_sanitised),
		cmocka_unit_test(long_replies_are_wrapped),
		cmocka_unit_test(names_lead_to_replies),
		cmocka_unit_test(names_are_no_condition),
		cmocka_unit_test(meanings_follow_the_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
