#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "mail/mask.h"

static void local_parts_are_hidden(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", ""},
		{"nothing to hide", "nothing to hide"},
		{"bob@example.org", "*@example.org"},
		{"<bob@example.org>: user unknown", "<*@example.org>: user unknown"},
		{"550 5.1.1 <a.b+c@x.test>, (d@y.test) e@z.test",
			"550 5.1.1 <*@x.test>, (*@y.test) *@z.test"},
		{"o'brien@example.org", "*@example.org"},
		{"SRS0=HH=TT=x.test=bob@our.test", "*@our.test"},
		{"mailto:bob@x.test?a=b@c.test", "mailto:*@*@c.test"},
		{"\"john smith\"@x.test", "*@x.test"},
		{"said \"john smith\"@x.test", "said *@x.test"},
		{"smith\"@x.test", "*@x.test"},
		{"\xc3\xa4@x.test", "*@x.test"},
		{"@x.test @", "@x.test @"},
		{"a@b@c", "*@*@c"},
		{"\"a@b\"@c", "\"*@*@c"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf out = BUF_INIT(256);

		assert_int_equal(mail_mask(span_str(rows[i].in), &out), 0);
		if (!span_equal(buf_span(&out), span_str(rows[i].out))) {
			print_error("%s -> %.*s\n", rows[i].in, SPAN_F(buf_span(&out)));
			fail();
		}
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(local_parts_are_hidden)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
