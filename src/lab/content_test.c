/* If these fail, "byte for byte what was sent" is measured with a crooked ruler. */
#include "lab/content.h"
#include <setjmp.h>
#include <stdarg.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <cmocka.h>

static void hex_of(struct span s, char out[65])
{
	unsigned char bytes[32];
	unsigned len = 0;

	assert_int_equal(EVP_Digest(s.at, s.len, bytes, &len, EVP_sha256(), NULL), 1);
	for (unsigned i = 0; i < len; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

struct example {
	struct span sent, content, body, rest;
	unsigned bare_cr, bare_lf, nul;
};

static const struct example examples[] = {
	{SPAN_LIT(".\r\nQUIT\r\n"), SPAN_LIT(""), SPAN_LIT(""), SPAN_LIT("QUIT\r\n"), 0, 0, 0},
	{SPAN_LIT("A: b\r\n\r\nhi\r\n.\r\n"), SPAN_LIT("A: b\r\n\r\nhi\r\n"), SPAN_LIT("hi\r\n"),
		SPAN_LIT(""), 0, 0, 0},
	{SPAN_LIT("\r\n..\r\n...a\r\n.b\r\n.\r\n"), SPAN_LIT("\r\n.\r\n..a\r\nb\r\n"),
		SPAN_LIT(".\r\n..a\r\nb\r\n"), SPAN_LIT(""), 0, 0, 0},
	{SPAN_LIT("x\n.\nMAIL\r\n.\r\n"), SPAN_LIT("x\n.\nMAIL\r\n"), SPAN_LIT(""), SPAN_LIT(""), 0,
		2, 0},
	{SPAN_LIT("x\r\n.\rMAIL\r\n.\r\n"), SPAN_LIT("x\r\n\rMAIL\r\n"), SPAN_LIT(""), SPAN_LIT(""),
		1, 0, 0},
	{SPAN_LIT("x\r\n.\r\r\n.\r\n"), SPAN_LIT("x\r\n\r\r\n"), SPAN_LIT(""), SPAN_LIT(""), 1, 0,
		0},
	{SPAN_LIT("x\r\n.\n.\r\n.\r\n"), SPAN_LIT("x\r\n\n.\r\n"), SPAN_LIT(""), SPAN_LIT(""), 0, 1,
		0},
	{SPAN_LIT("a\0b\rc\r\n.\r\n"), SPAN_LIT("a\0b\rc\r\n"), SPAN_LIT(""), SPAN_LIT(""), 1, 0,
		1},
};

static void check(const struct example *e, size_t step)
{
	struct lab_content c;
	char want[65];
	size_t used = 0;

	assert_int_equal(lab_content_init(&c, NULL), 0);
	while (!c.ended) {
		assert_true(used < e->sent.len);
		used += lab_content_data(&c, span_slice(e->sent, used, step));
	}
	assert_int_equal(e->sent.len - used, e->rest.len);
	assert_int_equal(c.size, e->content.len);
	assert_int_equal(c.bare_cr, e->bare_cr);
	assert_int_equal(c.bare_lf, e->bare_lf);
	assert_int_equal(c.nul, e->nul);
	lab_content_digests(&c);
	hex_of(e->content, want);
	assert_string_equal(c.all_hex, want);
	hex_of(e->body, want);
	assert_string_equal(c.body_hex, want);
	lab_content_done(&c);
}

static void content_is_the_same_however_it_is_cut(void **state)
{
	(void)state;
	assert_true(lab_content_ready());
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
		for (size_t step = 1; step <= examples[i].sent.len; step++)
			check(&examples[i], step);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_is_the_same_however_it_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
