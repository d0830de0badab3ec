/*
 * What a user would lose if these failed: letters of his text, his attachment, a signature that was
 * right, or the message, bounced by a server that could have taken it.
 */
#include "mail/seven.h"
#include "base/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ALL                                                 \
	{                                                   \
		.body = true, .header = true, .lines = true \
	}

struct seven_case {
	const char *name;
	struct seven_wish wish;
	const char *in;
	const char *out; /* NULL: fault */
	enum seven_fault fault;
};

static const char long_line[] = "0123456789012345678901234567890123456789 ";

static const struct seven_case cases[] = {
	{"what is seven bits stays as it is", ALL, "Subject: x\r\n\r\none\r\n  two  \r\n\r\n",
		"Subject: x\r\n\r\none\r\n  two  \r\n\r\n", SEVEN_OK},
	{"text without a word about it", ALL,
		"Subject: x\r\n\r\nGr\xc3\xbc\xc3\x9f"
		"e = 1 \r\n",
		"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe =3D 1=20\r\n",
		SEVEN_OK},
	{"bytes of an unknown charset are called so", ALL, "A: x\r\n\r\nabcdefgh \xfc\r\n",
		"A: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nabcdefgh =FC\r\n",
		SEVEN_OK},
	{"much of it: base64", ALL,
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=koi8-r\r\n"
		"Content-Transfer-Encoding: 8bit\r\n\r\n\xf0\xf2\xe9\xf7\xe5\xf4\r\n",
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=koi8-r\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\n8PLp9+X0DQo=\r\n",
		SEVEN_OK},
	{"a label of eight bits over seven", ALL,
		"MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\nContent-Type: "
		"text/plain\r\n\r\nx\r\n",
		"MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: "
		"7bit\r\n\r\nx\r\n",
		SEVEN_OK},
	{"each part by itself, and the outer label", ALL,
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"a b\"\r\n"
		"Content-Transfer-Encoding: 8bit\r\n\r\npre\xc3\xbc\r\n--a b\r\n\r\nplain\r\n"
		"--a b  \r\nContent-Type: text/html; charset=utf-8\r\n\r\n\xc3\xbc "
		"mouse\r\n\r\n--a b--\r\nend\r\n",
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"a b\"\r\n"
		"Content-Transfer-Encoding: 7bit\r\n\r\npre??\r\n--a b\r\n\r\nplain\r\n"
		"--a b  \r\nContent-Type: text/html; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC mouse\r\n\r\n--a "
		"b--\r\nend\r\n",
		SEVEN_OK},
	{"a message within a message", ALL,
		"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
		"Subject: \xc3\xa9\r\n\r\nabcdefghijkl \xc3\xa9\r\n",
		"Content-Type: message/rfc822\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: "
		"7bit\r\n\r\n"
		"Subject: =?utf-8?Q?=C3=A9?=\r\nMIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nabcdefghijkl =C3=A9\r\n",
		SEVEN_OK},
	{"a digest's parts are messages", ALL,
		"Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\nSubject: "
		"\xc3\xa9\r\n\r\n\r\n--x--\r\n",
		"Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\n"
		"Subject: =?utf-8?Q?=C3=A9?=\r\n\r\n\r\n--x--\r\n",
		SEVEN_OK},
	{"signed: not one octet", ALL,
		"Content-Type: multipart/signed; "
		"boundary=x\r\n\r\n--x\r\n\r\n\xc3\xa9\r\n--x\r\n\r\ns\r\n--x--\r\n",
		NULL, SEVEN_SIGNED},
	{"signed, and beside it a part that is not", ALL,
		"Content-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n"
		"Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\ns\r\n--x--\r\n"
		"--y\r\n\r\nabcdefghijk\xc3\xa9\r\n--y--\r\n",
		"Content-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n"
		"Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\ns\r\n--x--\r\n"
		"--y\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nabcdefghijk=C3=A9\r\n--y--\r\n",
		SEVEN_OK},
	{"a part that may not be encoded", ALL,
		"Content-Type: message/delivery-status\r\n\r\nA: \xc3\xa9\r\n", NULL, SEVEN_PART},
	{"an encoding that nobody knows", ALL,
		"Content-Transfer-Encoding: x-uuencode\r\n\r\n\xc3\xa9\r\n", NULL, SEVEN_PART},
	{"a multipart without a boundary", ALL, "Content-Type: multipart/mixed\r\n\r\n\xc3\xa9\r\n",
		NULL, SEVEN_PART},
	{"quoted-printable that is none", ALL,
		"MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9 "
		"\xc3\xa9=\r\n=20\r\n",
		"MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9 "
		"=C3=A9=\r\n=20\r\n",
		SEVEN_OK},
	{"only the header, where the body may go as it is", {.header = true, .lines = true},
		"From: J\xc3\xb6 <j@x.test>\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa9\r\n",
		"From: =?utf-8?Q?J=C3=B6?= <j@x.test>\r\nContent-Transfer-Encoding: "
		"8bit\r\n\r\n\xc3\xa9\r\n",
		SEVEN_OK},
	{"an address that has no ASCII form", ALL, "From: <j\xc3\xb6@x.test>\r\n\r\nx\r\n", NULL,
		SEVEN_ADDRESS},
	{"where no encoding may stand", ALL, "Message-ID: <\xc3\xb6@x>\r\n\r\nx\r\n", NULL,
		SEVEN_FIELD},
	{"no header at all", ALL, "\r\nabcdefghijk\xc3\xa9\r\n",
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nabcdefghijk=C3=A9\r\n",
		SEVEN_OK},
	{"a line that is no field ends the header", ALL, "A: b\r\nno field, and abc \xc3\xa9\r\n",
		"A: b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nno field, and abc =C3=A9\r\n",
		SEVEN_OK},
	{"a multipart that is never closed", ALL,
		"Content-Type: multipart/mixed; "
		"boundary=x\r\n\r\n--x\r\n\r\nabcdefghijkl\xc3\xa9\r\nend",
		"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nabcdefghijkl=C3=A9\r\nend\r\n",
		SEVEN_OK},
};

/* In pieces of n octets. */
static enum seven_fault convert(struct seven_wish wish, struct span in, size_t n, struct buf *out)
{
	struct seven_plan plan = {.wish = wish};
	enum seven_fault fault = SEVEN_OK;

	for (int writes = 0; writes < 2 && fault == SEVEN_OK; writes++) {
		struct seven s;
		bool ok = true;

		seven_init(&s, &plan, !writes);
		for (size_t i = 0; i < in.len && ok; i += n)
			ok = seven_add(&s, span_slice(in, i, n), out);
		(void)(ok && seven_end(&s, out));
		fault = s.fault;
		seven_done(&s);
	}
	seven_plan_done(&plan);
	return fault;
}

static void check(const struct seven_case *c, size_t n)
{
	struct buf out = BUF_INIT(1 << 20);
	enum seven_fault fault = convert(c->wish, span_str(c->in), n, &out);

	if (fault != c->fault || (c->out && !span_equal(buf_span(&out), span_str(c->out)))) {
		print_error("%s (pieces of %zu): fault %d\n%.*s\n---- want %d\n%s\n", c->name, n,
			fault, SPAN_F(buf_span(&out)), c->fault, c->out ? c->out : "");
		fail();
	}
	assert_true(seven_fault_text(fault) != NULL);
	buf_done(&out);
}

static void test_cases_in_any_pieces(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t n = 1; n < 80; n = n * 2 + 1)
			check(&cases[i], n);
}

static void check_lines(struct span s)
{
	struct span line;

	assert_true(utf8_is_ascii(s));
	while (span_take_until(&s, '\n', &line))
		assert_in_range(line.len, 0, 999);
}

/* Long lines of text, of a header and outside of the parts: none is left, and no word is lost. */
static void test_long_lines(void **state)
{
	static const char *const before[] = {"Subject: ", "To: a@b.test,", "A: b\r\n\r\n",
		"Content-Transfer-Encoding: base64\r\nMIME-Version: 1.0\r\n\r\n",
		"Content-Type: multipart/mixed; boundary=x\r\n\r\n"};

	for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
		struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);

		(void)buf_add_str(&in, before[i]);
		for (int k = 0; k < 100; k++)
			(void)buf_add_str(&in, long_line);
		(void)buf_add_str(&in, "\r\n\r\nend\r\n");
		assert_int_equal(
			convert((struct seven_wish){.lines = true}, buf_span(&in), 333, &out),
			SEVEN_OK);
		check_lines(buf_span(&out));
		assert_true(span_find_span(buf_span(&out), SPAN_LIT("end\r\n")) > 0);
		buf_done(&in);
		buf_done(&out);
	}
}

/* A stranger's header may be as long as he likes: memory stays bounded. */
static void test_bounded(void **state)
{
	struct buf in = BUF_INIT(4 << 20), out = BUF_INIT(8 << 20);

	while (in.len < 1000000)
		(void)buf_add_str(&in, "A: b\xc3\xa9\r\n");
	assert_int_equal(convert((struct seven_wish)ALL, buf_span(&in), 65536, &out), SEVEN_BIG);
	buf_clear(&in);
	buf_clear(&out);
	(void)buf_add_str(&in, "Content-Type: multipart/mixed; boundary=x\r\n\r\n");
	for (int i = 0; i < 20000; i++)
		(void)buf_add_str(&in, "--x\r\n\r\n\xc3\xa9\r\n");
	assert_int_equal(convert((struct seven_wish)ALL, buf_span(&in), 65536, &out), SEVEN_BIG);
	buf_done(&in);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases_in_any_pieces),
		cmocka_unit_test(test_long_lines), cmocka_unit_test(test_bounded)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
