/* Without these one destination would be counted as many, or many as one. */
#include "logs/site_name.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct {
	const char *host, *recipient, *site;
} cases[] = {
	{"gmail-smtp-in.l.google.com[173.194.70.26]:25", "a@gmail.com", "google.com"},
	{"MX1.Example.co.uk[192.0.2.1]:25", "a@b.example", "example.co.uk"},
	{"co.uk", "a@b.example", "co.uk"},
	{"in.example.org. [192.0.2.1]", "", "example.org"},
	{"192.0.2.1 (in.example.org)", "", "example.org"},
	{"example.org", "", "example.org"},
	{"none", "a@sub.example.org", "example.org"},
	{"", "<a@Example.ORG", "example.org"},
	{"192.0.2.1", "a@example.org", "example.org"},
	{"192.0.2.1", "", "192.0.2.1"},
	{"local", "root", "this server"},
	{"none", "root", "unknown"},
	{"", "", "unknown"},
	{"...", "@", "unknown"},
};

static void a_host_gives_its_site(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char to[SITE_NAME_MAX];
		struct span site =
			site_name(span_str(cases[i].host), span_str(cases[i].recipient), to);

		if (!span_equal(site, span_str(cases[i].site)))
			fail_msg("%s %s: %.*s", cases[i].host, cases[i].recipient, SPAN_F(site));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_host_gives_its_site)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
