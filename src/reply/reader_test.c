/*
 * Without these a session would hang, mix up two replies, or be hurt by a server
 * that sends replies in odd pieces, odd forms, or without end.
 */
#include "reply/reader.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

struct reader_case {
	const char *name, *in;
	int rc;
	size_t consumed; /* 0: all */
	unsigned code, lines, oddity;
	struct reply_status status;
	const char *text;
};

static const struct reader_case cases[] = {
	{"one line", "250 Ok\r\n", 1, 0, 250, 1, 0, {0}, "Ok"},
	{"code only", "250\r\n", 1, 0, 250, 1, 0, {0}, ""},
	{"code and space", "250 \r\n", 1, 0, 250, 1, 0, {0}, ""},
	{"status only", "550 5.1.1\r\n", 1, 0, 550, 1, 0, {5, 1, 1}, ""},
	{"no space", "250Ok\r\n", 1, 0, 250, 1, REPLY_ODD_NO_SPACE, {0}, "Ok"},
	{"lines", "250-mx\r\n250-SIZE 1\r\n250 HELP\r\n", 1, 0, 250, 3, 0, {0}, "mx\nSIZE 1\nHELP"},
	{"empty lines", "250-\r\n250-x\r\n250\r\n", 1, 0, 250, 3, 0, {0}, "\nx\n"},
	{"status repeated", "550-5.7.1 a\r\n550 5.7.1 b\r\n", 1, 0, 550, 2, 0, {5, 7, 1}, "a\nb"},
	{"status in one", "550-a\r\n550 5.7.1 b\r\n", 1, 0, 550, 2, 0, {5, 7, 1}, "a\nb"},
	{"two statuses", "550-5.7.1 a\r\n550 5.1.1 b\r\n", 1, 0, 550, 2, 0, {5, 7, 1},
		"a\n5.1.1 b"},
	{"belied status", "550 4.7.1 a\r\n", 1, 0, 550, 1, REPLY_ODD_STATUS_CLASS, {0}, "4.7.1 a"},
	{"codes differ", "450-a\r\n550 b\r\n", 1, 0, 550, 2, REPLY_ODD_CODES_DIFFER, {0}, "a\nb"},
	{"status of another code", "450-4.1.1 a\r\n550 b\r\n", 1, 0, 550, 2,
		REPLY_ODD_CODES_DIFFER | REPLY_ODD_STATUS_CLASS, {0}, "a\nb"},
	{"bare LF", "250-a\n250 b\n", 1, 0, 250, 2, REPLY_ODD_BARE_LF, {0}, "a\nb"},
	{"bare CR", "250 a\rb\r\n", 1, 0, 250, 1, REPLY_ODD_BARE_CR, {0}, "a\rb"},
	{"two CR", "250 a\r\r\n", 1, 0, 250, 1, REPLY_ODD_BARE_CR, {0}, "a"},
	{"8-bit", "250 \xc3\xa9\r\n", 1, 0, 250, 1, REPLY_ODD_8BIT, {0}, "\xc3\xa9"},
	{"the next reply is left", "250 a\r\n354 b\r\n", 1, 7, 250, 1, 0, {0}, "a"},
	{"unfinished", "250-a\r\n25", 0, 0, 0, 0, 0, {0}, NULL},
	{"web server", "HTTP/1.1 400 Bad\r\n", -EBADMSG, 1, 0, 0, 0, {0}, "HTTP/1.1 400 Bad\r"},
	{"garbage in the middle", "250-a\r\nb\r\n", -EBADMSG, 8, 0, 0, 0, {0}, "b\r"},
	{"empty line", "\r\n", -EBADMSG, 2, 0, 0, 0, {0}, ""},
	{"short code", "25 x\r\n", -EBADMSG, 3, 0, 0, 0, {0}, "25 x\r"},
	{"long code", "2500\r\n", -EBADMSG, 4, 0, 0, 0, {0}, "2500\r"},
	{"code 199", "199 x\r\n", -EBADMSG, 1, 0, 0, 0, {0}, "199 x\r"},
};

static void check(const struct reader_case *c, const struct reply_reader *r, int rc,
	size_t consumed, bool is_whole)
{
	assert_int_equal(rc, c->rc);
	assert_int_equal(consumed, c->consumed ? c->consumed : strlen(c->in));
	if (rc == -EBADMSG && is_whole)
		assert_true(span_equal(reply_reader_garbage(r), span_str(c->text)));
	if (rc != 1)
		return;
	assert_int_equal(r->reply.code, c->code);
	assert_int_equal(r->reply.lines, c->lines);
	assert_int_equal(r->reply.oddity, c->oddity);
	assert_int_equal(r->reply.status.class, c->status.class);
	assert_int_equal(r->reply.status.subject, c->status.subject);
	assert_int_equal(r->reply.status.detail, c->status.detail);
	assert_true(span_equal(r->reply.text, span_str(c->text)));
}

/* Whole, and in two pieces cut at every byte, and byte by byte: the same. */
static void replies_are_read_in_any_pieces(void **state)
{
	struct reply_reader *r = malloc(sizeof *r);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct reader_case *c = &cases[i];
		size_t len = strlen(c->in), n, total;
		int rc;

		print_message("%s\n", c->name);
		reply_reader_init(r);
		rc = reply_reader_feed(r, span_str(c->in), &n);
		check(c, r, rc, n, true);
		for (size_t cut = 0; cut <= len; cut++) {
			reply_reader_init(r);
			rc = reply_reader_feed(r, span_of(c->in, cut), &total);
			if (rc == 0) {
				rc = reply_reader_feed(r, span_of(c->in + cut, len - cut), &n);
				total += n;
			}
			check(c, r, rc, total, false);
		}
		reply_reader_init(r);
		for (total = 0, rc = 0; rc == 0 && total < len; total++)
			rc = reply_reader_feed(r, span_of(c->in + total, 1), &n);
		check(c, r, rc, total, false);
	}
	free(r);
}

/* Pipelined replies: each is read by itself, nothing of one shows in the next. */
static void replies_follow_each_other(void **state)
{
	static const char in[] = "250-2.1.0 a\r\n250 2.1.0 b\r\n550 5.1.1 c\r\n354 d\r\n";
	struct reply_reader *r = malloc(sizeof *r);
	struct span rest = span_str(in);
	static const unsigned codes[] = {250, 550, 354};
	static const char *const texts[] = {"a\nb", "c", "d"};

	reply_reader_init(r);
	for (size_t i = 0; i < 3; i++) {
		size_t n;

		assert_int_equal(reply_reader_feed(r, rest, &n), 1);
		assert_int_equal(r->reply.code, codes[i]);
		assert_true(span_equal(r->reply.text, span_str(texts[i])));
		assert_false(reply_reader_is_inside(r));
		rest = span_slice(rest, n, rest.len);
	}
	assert_int_equal(rest.len, 0);
	assert_int_equal(r->reply.status.class, 0);
	free(r);
}

/* A server that sends lines or a line without end costs 64 KiB of reading and no memory. */
static void endless_replies_end(void **state)
{
	static const char *const pieces[] = {
		"250-\r\n", "250-2.0.0 some text\r\n", "250-aaaaaaaaaaaa"};
	struct reply_reader *r = malloc(sizeof *r);

	for (size_t i = 0; i < 3; i++) {
		size_t total = 0, n;
		int rc = 0;
		struct span piece = span_str(pieces[i]);

		reply_reader_init(r);
		while (rc == 0) {
			rc = reply_reader_feed(r, piece, &n);
			total += n;
			assert_true(total <= REPLY_BYTES_MAX);
			if (i == 2)
				piece = SPAN_LIT("bbbbbbbbbbbbbbbbbbbbbbbb");
		}
		assert_int_equal(rc, -EMSGSIZE);
		assert_int_equal(total, REPLY_BYTES_MAX);
		assert_true(r->len <= REPLY_TEXT_MAX);
	}
	free(r);
}

/* A long reply is cut, noted, and its code still counts. */
static void long_replies_are_cut(void **state)
{
	struct reply_reader *r = malloc(sizeof *r);
	size_t n;

	reply_reader_init(r);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(reply_reader_feed(r, SPAN_LIT("550-0123456789\r\n"), &n), 0);
	assert_int_equal(reply_reader_feed(r, SPAN_LIT("550 5.1.1 end\r\n"), &n), 1);
	assert_int_equal(r->reply.lines, 201);
	assert_int_equal(r->reply.text.len, REPLY_LINES_MAX * 11 - 1);
	assert_int_equal(r->reply.oddity, REPLY_ODD_CUT);

	assert_int_equal(reply_reader_feed(r, SPAN_LIT("451 "), &n), 0);
	for (unsigned i = 0; i < 6000; i++)
		assert_int_equal(reply_reader_feed(r, SPAN_LIT("01234567"), &n), 0);
	assert_true(reply_reader_is_inside(r));
	assert_int_equal(reply_reader_feed(r, SPAN_LIT("\r\n"), &n), 1);
	assert_int_equal(r->reply.code, 451);
	assert_int_equal(r->reply.text.len, REPLY_TEXT_MAX);
	assert_int_equal(r->reply.oddity, REPLY_ODD_CUT | REPLY_ODD_LONG_LINE);
	free(r);
}

/* EHLO keywords come line by line, and a copy outlives the reader. */
static void lines_and_copies(void **state)
{
	struct reply_reader *r = malloc(sizeof *r);
	struct arena arena = {0};
	struct span rest, line;
	size_t n;

	reply_reader_init(r);
	assert_int_equal(reply_reader_feed(r, SPAN_LIT("250-mx\r\n250-A\0b\r\n250 C\r\n"), &n), 1);
	assert_int_equal(r->reply.oddity, REPLY_ODD_NUL);
	struct reply copy = reply_copy(&arena, &r->reply);

	assert_int_equal(reply_reader_feed(r, SPAN_LIT("500 overwrites the text\r\n"), &n), 1);
	rest = copy.text;
	assert_true(reply_next_line(&rest, &line) && span_equal(line, SPAN_LIT("mx")));
	assert_true(reply_next_line(&rest, &line) && span_equal(line, SPAN_LIT("A\0b")));
	assert_true(reply_next_line(&rest, &line) && span_equal(line, SPAN_LIT("C")));
	assert_false(reply_next_line(&rest, &line));
	arena_done(&arena);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_read_in_any_pieces),
		cmocka_unit_test(replies_follow_each_other),
		cmocka_unit_test(endless_replies_end),
		cmocka_unit_test(long_replies_are_cut),
		cmocka_unit_test(lines_and_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
