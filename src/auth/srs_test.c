/* If these fail, bounces are lost, or our forwarding is a relay for anybody. */
#include "auth/srs.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define DAY 86400

static const struct srs ours = {
	.secrets = {{"a secret of sixteen", 19}, {"the one before this", 19}},
	.n = 2,
	.domain = {"fwd.example", 11},
	.max_age = 21,
	.hash_len = 6};

static void test_there_and_back(void **state)
{
	static const struct {
		const char *sender;
		int rc;
	} cases[] = {
		{"anna@example.org", 0},
		{"A.b+tag=x@Sub.Example.ORG", 0},
		{"\xc3\xa9@example.org", 0},
		{"SRS0x@example.org", 0},
		{"SRS0-@example.org", 0},
		{"SRS1-@example.org", 0},
		{"SRS0=abcd=ef=far.example=anna@other.example", 0},
		{"srs0+abcd=ef=far.example=anna@other.example", 0},
		{"\"a b\"@example.org", -EINVAL},
		{"anna@[192.0.2.1]", -EINVAL},
		{"anna@ex=ample.org", -EINVAL},
		{"anna", -EINVAL},
		{"@example.org", -EINVAL},
		{"anna@", -EINVAL},
		{"a-very-long-local-part-of-a-mailing-list-0123456789@lists.example.org",
			-EMSGSIZE},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf wrapped = BUF_INIT(1024), back = BUF_INIT(1024);
		struct span sender = span_str(cases[i].sender);

		assert_int_equal(
			srs_wrap(&ours, sender, 20000 * (int64_t)DAY, &wrapped), cases[i].rc);
		if (cases[i].rc == 0) {
			ptrdiff_t at = span_find(buf_span(&wrapped), '@');

			assert_true(at > 0 && at <= 64);
			assert_int_equal(
				srs_unwrap(&ours, span_slice(buf_span(&wrapped), 0, (size_t)at),
					20003 * (int64_t)DAY, &back),
				SRS_RIGHT);
			assert_true(span_equal_nocase(buf_span(&back), sender));
		} else {
			assert_int_equal(wrapped.len, 0);
		}
		buf_done(&wrapped);
		buf_done(&back);
	}
}

/* What comes to another forwarder's address does not grow, and finds its way back through both. */
static void test_forwarders_in_a_row(void **state)
{
	struct srs next = ours;
	struct buf a = BUF_INIT(512), b = BUF_INIT(512), c = BUF_INIT(512), back = BUF_INIT(512);

	next.domain = SPAN_LIT("third.example");
	assert_int_equal(srs_wrap(&ours, SPAN_LIT("al@far.example"), 0, &a), 0);
	assert_int_equal(srs_wrap(&next, buf_span(&a), 0, &b), 0);
	assert_true(span_starts(buf_span(&b), SPAN_LIT("SRS1=")));
	next.domain = SPAN_LIT("nth.example");
	assert_int_equal(srs_wrap(&next, buf_span(&b), 0, &c), 0);
	assert_true(c.len <= b.len);
	ptrdiff_t at = span_find(buf_span(&c), '@');

	assert_int_equal(
		srs_unwrap(&next, span_slice(buf_span(&c), 0, (size_t)at), 0, &back), SRS_RIGHT);
	assert_true(span_equal(buf_span(&back), buf_span(&a)));
	buf_done(&a);
	buf_done(&b);
	buf_done(&c);
	buf_done(&back);
}

/* What Mail::SRS 0.31, the reference, makes of these on day 20,000: who changes from or to it loses no bounce. */
static void test_as_others_do(void **state)
{
	static const struct {
		const char *sender;
		unsigned hash_len;
		const char *wrapped;
	} cases[] = {
		{"anna@example.org", 4, "SRS0=0MRT=RA=example.org=anna@fwd.example"},
		{"A.b+tag=x@Sub.Example.ORG", 4,
			"SRS0=9Cq2=RA=Sub.Example.ORG=A.b+tag=x@fwd.example"},
		{"SRS0=abcd=EF=far.example=anna@other.example", 4,
			"SRS1=xtI1=other.example==abcd=EF=far.example=anna@fwd.example"},
		{"srs0+abcd=EF=far.example=anna@other.example", 4,
			"SRS1=Znht=other.example=+abcd=EF=far.example=anna@fwd.example"},
		{"SRS1=wxyz=first.example==abcd=EF=far.example=anna@other.example", 4,
			"SRS1=wWar=first.example==abcd=EF=far.example=anna@fwd.example"},
		{"anna@example.org", 6, "SRS0=0MRTwP=RA=example.org=anna@fwd.example"},
		{"SRS0=abcd=EF=far.example=anna@other.example", 6,
			"SRS1=xtI1tu=other.example==abcd=EF=far.example=anna@fwd.example"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct srs s = ours;
		struct buf wrapped = BUF_INIT(512);

		s.hash_len = cases[i].hash_len;
		assert_int_equal(
			srs_wrap(&s, span_str(cases[i].sender), 20000 * (int64_t)DAY, &wrapped), 0);
		assert_string_equal(buf_cstr(&wrapped), cases[i].wrapped);
		buf_done(&wrapped);
	}
}

static enum srs_verdict unwrap_at(const struct srs *s, struct span address, int64_t now)
{
	struct buf back = BUF_INIT(1024);
	ptrdiff_t at = span_find(address, '@');
	enum srs_verdict v = srs_unwrap(s, span_slice(address, 0, (size_t)at), now, &back);

	if (v != SRS_RIGHT)
		assert_int_equal(back.len, 0);
	buf_done(&back);
	return v;
}

static void test_age_and_secrets(void **state)
{
	struct srs other = ours, older = ours;
	struct buf a = BUF_INIT(512);
	int64_t made = 1023 * (int64_t)DAY + 5; /* just before the days begin anew */

	assert_int_equal(srs_wrap(&ours, SPAN_LIT("al@far.example"), made, &a), 0);
	struct span w = buf_span(&a);

	assert_int_equal(unwrap_at(&ours, w, made), SRS_RIGHT);
	assert_int_equal(unwrap_at(&ours, w, made - DAY), SRS_RIGHT);
	assert_int_equal(unwrap_at(&ours, w, made - 2 * DAY), SRS_EXPIRED);
	assert_int_equal(unwrap_at(&ours, w, made + 21 * DAY), SRS_RIGHT);
	assert_int_equal(unwrap_at(&ours, w, made + 22 * DAY), SRS_EXPIRED);
	/* The secret has changed, and the old one still stands behind the new one. */
	older.secrets[1] = ours.secrets[0];
	older.secrets[0] = SPAN_LIT("a new secret, long enough");
	assert_int_equal(unwrap_at(&older, w, made), SRS_RIGHT);
	other.secrets[0] = other.secrets[1] = SPAN_LIT("somebody else's secret");
	assert_int_equal(unwrap_at(&other, w, made), SRS_WRONG);
	buf_done(&a);
}

/* A longer hash is as good; a shorter one is guessed too soon, and none but a whole one is right. */
static void test_how_much_must_be_signed(void **state)
{
	static const struct {
		const char *address;
		enum srs_verdict verdict;
	} cases[] = {
		{"SRS0=0MRTwP=RA=example.org=anna@fwd.example", SRS_RIGHT},
		{"srs0=0mrtwp=ra=EXAMPLE.org=ANNA@fwd.example", SRS_RIGHT},
		{"SRS0=0MRTw=RA=example.org=anna@fwd.example", SRS_WRONG},
		{"SRS0==RA=example.org=anna@fwd.example", SRS_WRONG},
		{"SRS0=0MRTwPA=RA=example.org=anna@fwd.example", SRS_WRONG},
	};
	struct srs longer = ours;
	struct buf a = BUF_INIT(512);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(unwrap_at(&ours, span_str(cases[i].address), 20000 * (int64_t)DAY),
			cases[i].verdict);
	longer.hash_len = 20;
	assert_int_equal(srs_wrap(&longer, SPAN_LIT("al@far.example"), 0, &a), 0);
	assert_int_equal(unwrap_at(&ours, buf_span(&a), 0), SRS_RIGHT);
	buf_done(&a);
}

/* One changed byte anywhere, but for small and capital letters, is another address. */
static void test_forgery(void **state)
{
	struct buf a = BUF_INIT(512);

	assert_int_equal(srs_wrap(&ours, SPAN_LIT("al@far.example"), 0, &a), 0);
	size_t end = (size_t)span_find(buf_span(&a), '@');

	for (size_t i = 4; i < end; i++)
		for (unsigned c = 33; c < 127; c++) {
			char was = a.at[i];

			if (byte_lower((char)c) == byte_lower(was) || c == '@' ||
				(i == 4 && (c == '+' || c == '-')))
				continue;
			a.at[i] = (char)c;
			assert_int_not_equal(unwrap_at(&ours, buf_span(&a), 0), SRS_RIGHT);
			a.at[i] = was;
		}
	for (size_t len = 0; len < end; len++) {
		struct buf back = BUF_INIT(512);

		assert_int_not_equal(srs_unwrap(&ours, span_of(a.at, len), 0, &back), SRS_RIGHT);
		buf_done(&back);
	}
	buf_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_forwarders_in_a_row),
		cmocka_unit_test(test_as_others_do),
		cmocka_unit_test(test_how_much_must_be_signed),
		cmocka_unit_test(test_age_and_secrets),
		cmocka_unit_test(test_forgery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
