#include "conf/place.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* "base|names/of/folders|folder", or "-" where the address can be no folder. */
struct finding {
	const char *pattern, *address, *subaddress, *place;
};

static const struct finding findings[] = {
	{"/v/{domain}/{user}", "Alice@Example.org", "", "/v|example.org/alice|"},
	{"/v/{user}", "a@b", "", "/v|a|"},
	{"/v//{user}/", "a@b", "", "/v|a|"},
	{"/v/all", "a@b", "", "/v/all||"},
	{"/{user}", "a@b", "", "/|a|"},
	{"/v/{domain}-{user}/Maildir", "a@b", "", "/v|b-a/Maildir|"},
	{"/v/{user}/Maildir", "a.b-c_d@b", "", "/v|a.b-c_d/Maildir|"},
	/* Tags: a folder in the Maildir, a folder above it, or nothing. */
	{"/v/{user}/.{tag}", "a+lists@b", "+", "/v|a|.lists"},
	{"/v/{user}/.{tag}", "a@b", "+", "/v|a|"},
	{"/v/{user}/.{tag}", "a+@b", "+", "/v|a|"},
	{"/v/{user}/{tag}/m", "a+x@b", "+", "/v|a/x/m|"},
	{"/v/{user}/{tag}/m", "a@b", "+", "/v|a/m|"},
	{"/v/{user}/.{tag}", "a+x@b", "", "/v|a+x|"},
	{"/v/{user}/.{tag}", "a+../x@b", "+", "/v|a|"},
	{"/v/{user}/.{tag}", "a+.x@b", "+", "/v|a|"},
	{"/v/{user}/.{tag}", "a+x.y@b", "+", "/v|a|"},
	{"/v/{user}", "+x@b", "+", "/v|+x|"},
	/* Quotes are about SMTP, not part of the name. */
	{"/v/{user}", "\"a b\"@c", "", "/v|a b|"},
	{"/v/{user}", "\"a\\\"b\"@c", "", "/v|a\"b|"},
	{"/v/{user}", "\"a@b\"@c", "", "/v|a@b|"},
	{"/v/{user}", "m\xc3\xbcller@b", "", "/v|m\xc3\xbcller|"},
	/* No way out. */
	{"/v/{user}", "..@b", "", "-"},
	{"/v/{user}", "\"..\"@b", "", "-"},
	{"/v/{user}", "\".\"@b", "", "-"},
	{"/v/{user}", "\"../x\"@b", "", "-"},
	{"/v/{user}", "\"a/../../etc\"@b", "", "-"},
	{"/v/{user}", "\"\\.\\./x\"@b", "", "-"},
	{"/v/{user}", "a/b@b", "", "-"},
	{"/v/{user}", ".hidden@b", "", "-"},
	{"/v/{user}", "\"\"@b", "", "-"},
	{"/v/{user}", "@b", "", "-"},
	{"/v/{user}", "a@", "", "-"},
	{"/v/{user}", "a", "", "-"},
	{"/v/{user}", "", "", "-"},
	{"/v/{user}", "a\tb@b", "", "-"},
	{"/v/{user}", "a\xff@b", "", "-"},
	{"/v/{domain}/{user}", "a@../x", "", "-"},
	{"/v/{domain}/{user}", "a@..", "", "-"},
};

static void each_address_has_its_place(void **state)
{
	for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++) {
		const struct finding *f = &findings[i];
		struct arena arena = {0};
		struct place p = {0};
		struct span got = SPAN_LIT("-"), names = {0};
		int rc = place_find(span_str(f->pattern), span_str(f->address),
			span_str(f->subaddress), &arena, &p);

		for (size_t k = 0; rc == 0 && k < p.n; k++)
			names = arena_printf(&arena, "%.*s%s%.*s", SPAN_F(names), k ? "/" : "",
				SPAN_F(p.names[k]));
		if (rc == 0)
			got = arena_printf(&arena, "%.*s|%.*s|%.*s", SPAN_F(p.base), SPAN_F(names),
				SPAN_F(p.folder));
		else
			assert_int_equal(rc, -EINVAL);
		if (!span_equal(got, span_str(f->place)))
			fail_msg("%s with %s: %.*s", f->pattern, f->address, SPAN_F(got));
		arena_done(&arena);
	}
}

static void long_names_are_refused(void **state)
{
	struct arena arena = {0};
	struct place p;
	char address[400];

	memset(address, 'a', sizeof address);
	memcpy(address + 300, "@b", 3);
	assert_int_equal(
		place_find(SPAN_LIT("/v/{user}"), span_str(address), (struct span){0}, &arena, &p),
		-EINVAL);
	memcpy(address + 250, "@b", 3);
	assert_int_equal(place_find(SPAN_LIT("/v/x{user}-long"), span_str(address),
				 (struct span){0}, &arena, &p),
		-EINVAL);
	arena_done(&arena);
}

static void patterns(void **state)
{
	static const char *const good[] = {"/v/{user}", "/v/{domain}/{user}/Maildir", "/v/a",
		"/{user}", "/v/{user}/.{tag}", "/v/..a/{user}."};
	static const char *const bad[] = {"", "/", "//", "v/{user}", "/v/../{user}", "/v/./{user}",
		"/v/{users}", "/v/{user", "/v/user}", "/v/{}", "/v/a b", "/v/a@b", "/v/a#b",
		"/v/a,b", "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (place_wrong(span_str(good[i])))
			fail_msg("%s %s", good[i], place_wrong(span_str(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!place_wrong(span_str(bad[i])))
			fail_msg("%s was taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_address_has_its_place),
		cmocka_unit_test(long_names_are_refused), cmocka_unit_test(patterns)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
