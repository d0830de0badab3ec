#include "wire/content.h"
#include "wire/content_naive.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <cmocka.h>

#define S(s)    SPAN_LIT(s)
#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

/* All of in through DATA in pieces of so many bytes; what is not used stays in *ret_rest. */
static void decode(
	struct wire_content *c, struct span in, size_t piece, struct buf *out, size_t *ret_used)
{
	size_t at = 0;

	buf_clear(out);
	while (at < in.len && !c->is_ended) {
		struct span part = span_slice(in, at, piece), rest = part;

		while (rest.len > 0 && !c->is_ended)
			(void)buf_add(out, wire_data_take(c, &rest));
		at += part.len - rest.len;
	}
	*ret_used = at;
}

/* Anything but CRLF.CRLF that ends a message lets one sender forge another's (SMTP smuggling). */
static void data_is_decoded(void **state)
{
	static const struct {
		struct span in, content, rest;
		bool is_ended;
		enum wire_content_fault fault;
	} rows[] = {
		{S(".\r\n"), S(""), S(""), true, 0},
		{S(".\r\nQUIT\r\n"), S(""), S("QUIT\r\n"), true, 0},
		{S("a\r\n.\r\n"), S("a\r\n"), S(""), true, 0},
		{S("a\r\n.\r\n.\r\n"), S("a\r\n"), S(".\r\n"), true, 0},
		{S("..\r\n.\r\n"), S(".\r\n"), S(""), true, 0},
		{S("a\r\n..b\r\n...\r\n.\r\n"), S("a\r\n.b\r\n..\r\n"), S(""), true, 0},
		{S(".a\r\n.\r\n"), S("a\r\n"), S(""), true, 0},
		{S("a.\r\n.\r\n"), S("a.\r\n"), S(""), true, 0},
		{S("\r\n\r\n.\r\n"), S("\r\n\r\n"), S(""), true, 0},
		{S("a\r\n. \r\n.\r\n"), S("a\r\n \r\n"), S(""), true, 0},
		{S("a\r\n."), S("a\r\n"), S(""), false, 0},
		{S("a\r\n.\r"), S("a\r\n"), S(""), false, 0},
		{S("a"), S("a"), S(""), false, 0},
		{S("a\r"), S("a\r"), S(""), false, 0},
		{S("a\n.\nb\r\n.\r\n"), S(""), S(""), true, WIRE_CONTENT_BARE_LF},
		{S("a\n.\r\nMAIL\r\n.\r\nQUIT"), S(""), S("QUIT"), true, WIRE_CONTENT_BARE_LF},
		{S("a\r\n.\nMAIL\r\n.\r\nQUIT"), S(""), S("QUIT"), true, WIRE_CONTENT_BARE_LF},
		{S("a\r.\r\n.\r\n"), S(""), S(""), true, WIRE_CONTENT_BARE_CR},
		{S("a\r\n.\rb\r\n.\r\n"), S(""), S(""), true, WIRE_CONTENT_BARE_CR},
		{S("a\r\r\n.\r\n"), S(""), S(""), true, WIRE_CONTENT_BARE_CR},
		{S("a\r\n.\r\r\n.\r\n"), S(""), S(""), true, WIRE_CONTENT_BARE_CR},
		{S("a\n\r\n.\r\n"), S(""), S(""), true, WIRE_CONTENT_BARE_LF},
		{S("a\r\n\n.\r\n"), S(""), S(""), false, WIRE_CONTENT_BARE_LF},
		{S("a\0b\r\n.\r\n"), S(""), S(""), true, WIRE_CONTENT_NUL},
		{S("a\r\0\n.\r\n"), S(""), S(""), false, WIRE_CONTENT_BARE_CR},
		{S("a\nb\0\r\n.\r\n"), S(""), S(""), true, WIRE_CONTENT_BARE_LF},
		{S("a\0b\n\r\n.\r\n"), S(""), S(""), true, WIRE_CONTENT_NUL},
	};
	struct buf out = BUF_INIT(4096);

	for (size_t i = 0; i < N(rows); i++)
		for (size_t piece = 1; piece <= rows[i].in.len; piece++) {
			struct wire_content c;
			size_t used;

			wire_content_init(&c, WIRE_TEXT_LINE_MAX, 0);
			decode(&c, rows[i].in, piece, &out, &used);
			struct span rest = span_slice(rows[i].in, used, rows[i].in.len);

			if (c.fault != rows[i].fault || c.is_ended != rows[i].is_ended ||
				!span_equal(rest, rows[i].rest) ||
				(!c.fault && !span_equal(buf_span(&out), rows[i].content)))
				fail_msg("row %zu by %zu: fault %d, \"%.*s\"", i, piece, c.fault,
					SPAN_F(buf_span(&out)));
			if (!c.fault)
				assert_int_equal(c.size, rows[i].content.len);
		}
	buf_done(&out);
}

/* Limits to the byte: one more is refused, one less is not. */
static void limits_are_exact(void **state)
{
	static const struct {
		size_t text; /* bytes on the line, then CRLF */
		enum wire_content_fault fault;
	} rows[] = {{998, WIRE_CONTENT_OK}, {999, WIRE_CONTENT_LINE_LONG},
		{5000, WIRE_CONTENT_LINE_LONG}};
	struct buf in = BUF_INIT(1 << 16), out = BUF_INIT(1 << 16);

	for (size_t i = 0; i < N(rows); i++)
		for (size_t before = 0; before < 130; before += 13) {
			struct wire_content c;
			size_t used;

			buf_clear(&in);
			for (size_t k = 0; k < before; k++)
				(void)buf_add_byte(&in, 'b');
			(void)buf_add_str(&in, "\r\n..");
			for (size_t k = 1; k < rows[i].text; k++)
				(void)buf_add_byte(&in, 'a');
			(void)buf_add_str(&in, "\r\n.\r\n");
			wire_content_init(&c, WIRE_TEXT_LINE_MAX, 0);
			decode(&c, buf_span(&in), 1 + before * 7, &out, &used);
			assert_int_equal(c.fault, rows[i].fault);
			assert_true(c.is_ended);
		}
	for (uint64_t max = 99; max <= 101; max++) {
		struct wire_content c;

		wire_content_init(&c, 0, max);
		for (size_t k = 0; k < 100; k++)
			(void)wire_chunk_take(&c, S("x"));
		assert_int_equal(c.fault, max < 100 ? WIRE_CONTENT_SIZE : WIRE_CONTENT_OK);
	}
	buf_done(&in);
	buf_done(&out);
}

/* 8-bit content needs 8BITMIME at the next hop; to overlook it would damage it there. */
static void eight_bit_is_seen(void **state)
{
	static const struct {
		struct span in;
		bool has_8bit;
	} rows[] = {{S("abc\r\n.\r\n"), false}, {S("\x80\r\n.\r\n"), true},
		{S(".\xff\r\n.\r\n"), true}, {S("a\r\n.\r\n\xff"), false},
		{S("a\x7f\r\n..\r\n.\r\n"), false}};

	for (size_t i = 0; i < N(rows); i++) {
		struct wire_content c;
		struct span in = rows[i].in;

		wire_content_init(&c, 1000, 0);
		while (in.len > 0 && !c.is_ended)
			(void)wire_data_take(&c, &in);
		assert_int_equal(c.has_8bit, rows[i].has_8bit);
	}
}

/* After our own error (the spool is full) the end must still be found, or commands become mail. */
static void draining_finds_the_end(void **state)
{
	struct span in = S("a\r\n..b\r\n.\r\nRSET\r\n");
	struct wire_content c;

	wire_content_init(&c, 1000, 0);
	wire_data_drain(&c);
	while (in.len > 0 && !c.is_ended)
		assert_int_equal(wire_data_take(&c, &in).len, 0);
	assert_true(c.is_ended && span_equal(in, S("RSET\r\n")));
	assert_int_equal(c.fault, WIRE_CONTENT_OK);
}

static void chunks_are_checked(void **state)
{
	static const struct {
		struct span parts[3];
		enum wire_content_fault fault;
		bool ends_in_crlf;
	} rows[] = {
		{{S(""), S(""), S("")}, 0, true},
		{{S("a\r"), S("\nb"), S("\r\n")}, 0, true},
		{{S("a\r\n"), S(".\r\n"), S("b")}, 0, false},
		{{S("a"), S(""), S("b\r\n")}, 0, true},
		{{S("a\r"), S(""), S("")}, WIRE_CONTENT_BARE_CR, false},
		{{S("a\r"), S("b"), S("")}, WIRE_CONTENT_BARE_CR, false},
		{{S("a"), S("\nb"), S("")}, WIRE_CONTENT_BARE_LF, false},
		{{S("\n"), S(""), S("")}, WIRE_CONTENT_BARE_LF, false},
		{{S("a\r"), S("\0"), S("")}, WIRE_CONTENT_BARE_CR, false},
		{{S("a\0"), S("\n"), S("")}, WIRE_CONTENT_NUL, false},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct wire_content c;

		wire_content_init(&c, 1000, 0);
		for (size_t k = 0; k < 3; k++)
			(void)wire_chunk_take(&c, rows[i].parts[k]);
		assert_int_equal(wire_chunk_end(&c), rows[i].fault == WIRE_CONTENT_OK);
		assert_int_equal(c.fault, rows[i].fault);
		if (!c.fault)
			assert_int_equal(c.is_at_line_start, rows[i].ends_in_crlf);
	}
}

static void stuffed(struct span content, size_t piece, size_t max, struct buf *out)
{
	struct wire_content c;

	buf_clear(out);
	wire_stuff_init(&c);
	for (size_t at = 0; at < content.len; at += piece) {
		struct span part = span_slice(content, at, piece);

		while (part.len > 0) {
			struct iovec iov[8];
			size_t n = wire_stuff_iov(&c, &part, iov, max);

			for (size_t i = 0; i < n; i++)
				(void)buf_add(out, span_of(iov[i].iov_base, iov[i].iov_len));
		}
	}
	(void)buf_add(out, wire_stuff_end(&c));
}

/* A dot lost or doubled on the way out changes the message, or cuts it. */
static void content_is_stuffed(void **state)
{
	static const struct {
		struct span content, wire;
	} rows[] = {
		{S(""), S(".\r\n")},
		{S("a"), S("a\r\n.\r\n")},
		{S("a\r\n"), S("a\r\n.\r\n")},
		{S("."), S("..\r\n.\r\n")},
		{S(".\r\n"), S("..\r\n.\r\n")},
		{S("..\r\n.a\r\nb.\r\n"), S("...\r\n..a\r\nb.\r\n.\r\n")},
		{S("\r\n.\r\nQUIT\r\n"), S("\r\n..\r\nQUIT\r\n.\r\n")},
	};
	struct buf out = BUF_INIT(4096);

	for (size_t i = 0; i < N(rows); i++)
		for (size_t piece = 1; piece <= rows[i].content.len + 1; piece++)
			for (size_t max = 2; max <= 8; max += 3) {
				struct wire_content c;

				stuffed(rows[i].content, piece, max, &out);
				assert_true(span_equal(buf_span(&out), rows[i].wire));
				buf_clear(&out);
				wire_stuff_init(&c);
				assert_int_equal(wire_stuff_buf(&c, rows[i].content, &out), 0);
				(void)buf_add(&out, wire_stuff_end(&c));
				assert_true(span_equal(buf_span(&out), rows[i].wire));
				assert_int_equal(c.fault, WIRE_CONTENT_OK);
			}
	buf_done(&out);
}

/* A damaged spool must not let us smuggle: what is not canonical is noticed while it is sent. */
static void stuffing_notices_damage(void **state)
{
	static const struct {
		struct span content;
		enum wire_content_fault fault;
	} rows[] = {{S("a\n.\r\n"), WIRE_CONTENT_BARE_LF}, {S("a\r.\r\n"), WIRE_CONTENT_BARE_CR},
		{S("a\r"), WIRE_CONTENT_BARE_CR}, {S("a\0"), WIRE_CONTENT_NUL}};
	struct buf out = BUF_INIT(4096);

	for (size_t i = 0; i < N(rows); i++) {
		struct wire_content c;

		wire_stuff_init(&c);
		assert_int_equal(wire_stuff_buf(&c, rows[i].content, &out), 0);
		(void)wire_stuff_end(&c);
		assert_int_equal(c.fault, rows[i].fault);
	}
	buf_done(&out);
}

/* Long random streams of the bytes that matter, in random pieces, against the naive reader. */
static void agrees_with_the_naive_reader(void **state)
{
	static const char alphabet[] = "\r\n\r\n\r\n..abcdefghijklmnopqrstuvwxyzABCDEFGH\xff";
	char in[700], naive_out[700];
	struct buf out = BUF_INIT(4096);
	unsigned seed = 7;

	for (int round = 0; round < 20000; round++) {
		size_t len = 0, used;

		while (len < sizeof in - 2) {
			char c = alphabet[(unsigned)rand_r(&seed) % (sizeof alphabet - 1)];

			/* mostly whole line ends, else no stream would live long */
			if ((c == '\r' || c == '\n') && rand_r(&seed) % 64 != 0) {
				in[len++] = '\r';
				c = '\n';
			}
			in[len++] = rand_r(&seed) % 4096 ? c : '\0';
		}
		struct wire_content c;
		size_t max_line = 64 + (unsigned)round % 64;
		struct span all = span_of(in, len);
		struct naive n = naive_read(all, true, max_line, 600, naive_out);

		wire_content_init(&c, max_line, 600);
		decode(&c, all, 1 + (unsigned)rand_r(&seed) % 200, &out, &used);
		assert_int_equal(c.fault, n.fault);
		assert_int_equal(c.is_ended, n.is_ended);
		assert_int_equal(used, n.used);
		if (!c.fault) {
			assert_true(span_equal(buf_span(&out), span_of(naive_out, n.len)));
			assert_int_equal(c.has_8bit, n.has_8bit);
		}
	}
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_is_decoded),
		cmocka_unit_test(limits_are_exact),
		cmocka_unit_test(eight_bit_is_seen),
		cmocka_unit_test(draining_finds_the_end),
		cmocka_unit_test(chunks_are_checked),
		cmocka_unit_test(content_is_stuffed),
		cmocka_unit_test(stuffing_notices_damage),
		cmocka_unit_test(agrees_with_the_naive_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
