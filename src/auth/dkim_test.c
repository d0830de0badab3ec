/* What a receiver would compute: forms of header and body, names of fields, whose mail it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "auth/dkim.h"
#include <openssl/sha.h>
#include <string.h>

static void keep(void *arg, struct span bytes)
{
	(void)buf_add(arg, bytes);
}

/* RFC 6376 3.4.5, and what mail of all kinds ends with. */
static void bodies_are_relaxed_however_they_are_cut(void **state)
{
	static const struct {
		struct span in;
		const char *out;
	} cases[] = {
		{SPAN_LIT(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n"},
		{SPAN_LIT(""), ""},
		{SPAN_LIT("\r\n"), ""},
		{SPAN_LIT("\r\n \r\n\t\r\n"), ""},
		{SPAN_LIT("a"), "a\r\n"},
		{SPAN_LIT("a\r\n\r\nb  \r\n"), "a\r\n\r\nb\r\n"},
		{SPAN_LIT("\r\n\r\na\r\n"), "\r\n\r\na\r\n"},
		{SPAN_LIT(" \t x\t\ty \t\r\n"), " x y\r\n"},
		{SPAN_LIT("a\r\n "), "a\r\n"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t step = 1; step <= cases[i].in.len + 1; step++) {
			struct buf out = BUF_INIT(1024);
			unsigned char ignored[DKIM_DIGEST];
			struct dkim_body b;

			assert_int_equal(dkim_body_init(&b), 0);
			b.emit = keep;
			b.arg = &out;
			for (size_t at = 0; at < cases[i].in.len; at += step)
				dkim_body_add(&b, span_slice(cases[i].in, at, step));
			assert_true(dkim_body_end(&b, ignored));
			assert_string_equal(buf_cstr(&out), cases[i].out);
			dkim_body_done(&b);
			buf_done(&out);
		}
}

static void fields_are_relaxed(void **state)
{
	static const char *const cases[][3] = {{"A", " X", "a:X\r\n"},
		{"B ", " Y\t\r\n\tZ  ", "b:Y Z\r\n"}, {"Subject", "", "subject:\r\n"},
		{"SUBJect", "  a  b \r\n  c", "subject:a b c\r\n"}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out = BUF_INIT(256);

		assert_int_equal(
			dkim_relax_field(span_str(cases[i][0]), span_str(cases[i][1]), &out), 0);
		assert_string_equal(buf_cstr(&out), cases[i][2]);
		buf_done(&out);
	}
}

/* Whose domain signs: never one that only a name or a comment mentions. */
static void the_author_is_found(void **state)
{
	static const char *const cases[][2] = {{"From: a@one.test\r\n", "one.test"},
		{"From: \"x@two.test\" <a@one.test>\r\n", "one.test"},
		{"From: (x@two.test (y@three.test)) a@one.test\r\n", "one.test"},
		{"From: A <a@one.test>, b@two.test\r\n", "one.test"},
		{"From: \"q\\\"@two.test\" <\"l@z\"@one.test>\r\n", "one.test"},
		{"Subject: b@two.test\r\nfrom:\r\n a@one.test\r\n", "one.test"},
		{"From: nobody\r\n", NULL}, {"From: a@\r\n", NULL}, {"From: (\r\n", NULL},
		{"From: \"\\\r\n", NULL}, {"\r\nFrom: a@one.test\r\n", NULL}, {"", NULL}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct span domain;
		bool found = dkim_from(span_str(cases[i][0]), &domain);

		assert_int_equal(found, cases[i][1] != NULL);
		if (found)
			assert_true(span_equal(domain, span_str(cases[i][1])));
	}
}

static void no_field_can_be_added(void **state)
{
	static const char header[] = "From: a@one.test\r\nSubject: x\r\nTo: b@two.test\r\n"
				     "To: c@two.test\r\nX-Other: y\r\n\r\nFrom: in the body\r\n";
	const struct dkim_signer s = {
		.domain = SPAN_LIT("one.test"), .selector = SPAN_LIT("sel"), .at_s = 1700000000};
	unsigned char body[DKIM_DIGEST] = {0}, digest[DKIM_DIGEST], other[DKIM_DIGEST];
	struct buf field = BUF_INIT(DKIM_FIELD_MAX), again = BUF_INIT(DKIM_FIELD_MAX);
	struct buf want = BUF_INIT(DKIM_FIELD_MAX);
	struct span name, value;

	assert_int_equal(dkim_begin(&s, body, span_str(header), &field, digest), 0);
	assert_string_equal(buf_cstr(&field),
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
		"\td=one.test; s=sel;\r\n"
		"\tt=1700000000; h=From:From:Sender:Reply-To:To:To:To:Cc:Subject:Subject:Date:\r\n"
		"\tMessage-ID:In-Reply-To:References:MIME-Version:Content-Type:\r\n"
		"\tContent-Transfer-Encoding;\r\n"
		"\tbh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;\r\n\tb=");
	/* The lowest of two comes first (5.4.2); the field itself last, without CRLF. */
	value = buf_span(&field);
	(void)span_take_until(&value, ':', &name);
	(void)buf_add_str(
		&want, "from:a@one.test\r\nto:c@two.test\r\nto:b@two.test\r\nsubject:x\r\n");
	assert_int_equal(dkim_relax_field(name, value, &want), 0);
	(void)SHA256((const unsigned char *)want.at, want.len - 2, other);
	assert_memory_equal(digest, other, DKIM_DIGEST);
	assert_int_equal(
		dkim_begin(&s, body, SPAN_LIT("From: a@one.test\r\n\r\n"), &again, other), 0);
	assert_memory_not_equal(digest, other, DKIM_DIGEST);
	assert_int_equal(dkim_finish(SPAN_LIT("signature"), &field), 0);
	assert_true(span_ends_nocase(buf_span(&field), SPAN_LIT("\tb=c2lnbmF0dXJl\r\n")));
	buf_done(&field);
	buf_done(&again);
	buf_done(&want);
}

/* A verifier takes each name in h= for one more of them from the bottom: the ninth would be one that was not hashed. */
static void more_of_one_than_are_signed_do_no_harm(void **state)
{
	const struct dkim_signer s = {
		.domain = SPAN_LIT("one.test"), .selector = SPAN_LIT("sel"), .at_s = 1700000000};
	unsigned char body[DKIM_DIGEST] = {0}, digest[DKIM_DIGEST];

	for (size_t n = 7; n <= 12; n++) {
		struct buf header = BUF_INIT(4096), field = BUF_INIT(DKIM_FIELD_MAX);
		size_t named = 0;

		(void)buf_add_str(&header, "From: a@one.test\r\n");
		for (size_t i = 0; i < n; i++)
			(void)buf_printf(&header, "To: r%zu@two.test\r\n", i);
		assert_int_equal(dkim_begin(&s, body, buf_span(&header), &field, digest), 0);
		for (const char *at = buf_cstr(&field); (at = strstr(at, ":To")); at++)
			named += at[3] == ':';
		assert_int_equal(named, n == 7 ? 8 : n == 8 ? 9 : 8);
		buf_done(&header);
		buf_done(&field);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_relaxed_however_they_are_cut),
		cmocka_unit_test(fields_are_relaxed),
		cmocka_unit_test(the_author_is_found),
		cmocka_unit_test(no_field_can_be_added),
		cmocka_unit_test(more_of_one_than_are_signed_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
