/* What the DNS says, as a packet: mail would go to the wrong host, or a stranger's packet would end the process. */
#include "resolve/packet.h"
#include "resolve/ops.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define S SPAN_LIT

/* Offsets: the question's name is at 12, its domain "test" where it says \300\16 (of a.test: 14). */
#define Q_A     "\1a\4test\0\0\1\0\1"
#define Q_MX    "\1a\4test\0\0\17\0\1"
#define Q_CNAME "\1a\4test\0\0\5\0\1"
#define Q_TXT   "\1a\4test\0\0\20\0\1"
#define OWN     "\300\14" /* a.test */
#define TTL(n)  "\0\0\0" n
#define A(n)    "\0\1\0\1" TTL("\74") "\0\4\300\0\2" n /* of 60 s */
#define SOA(ttl, least)                                                                \
	"\300\16\0\6\0\1" TTL(ttl) "\0\34\1n\300\16\1h\300\16\0\0\0\1\0\0\0\1\0\0\0\1" \
				   "\0\0\0\1" TTL(least)
#define OPT "\0\0\51\20\0\0\0\200\0\0\0"

static const struct row {
	const char *what;
	unsigned rcode, counts[4]; /* 4.1.1 */
	struct span rest;
	int rc;
	enum resolve_state state;
	uint32_t ttl;
	struct span canonical;
	struct span records[3];
} rows[] = {
	{"an address", 0, {1, 1, 0, 1}, S(Q_A OWN A("\1") OPT), 0, RESOLVE_FOUND, 60, {0},
		{S("\300\0\2\1")}},
	{"two, and what belongs to others", 0, {1, 4, 0, 0},
		S(Q_A OWN A("\1") "\1b\300\16" A("\2") OWN
			"\0\34\0\1" TTL("\5") "\0\1x" OWN A("\3")),
		0, RESOLVE_FOUND, 5, {0}, {S("\300\0\2\1"), S("\300\0\2\3")}},
	{"upper and lower case are the same name", 0, {1, 1, 0, 0}, S(Q_A "\1A\4Test\0" A("\1")), 0,
		RESOLVE_FOUND, 60, {0}, {S("\300\0\2\1")}},
	{"another class is another record", 0, {1, 1, 0, 0},
		S(Q_A OWN "\0\1\0\3" TTL("\74") "\0\4\300\0\2\1"), 0, RESOLVE_NODATA, 60, {0},
		{{0}}},
	{"the name of a host is written out", 0, {1, 2, 0, 0},
		S(Q_MX OWN "\0\17\0\1" TTL("\74") "\0\7\0\12\2MX\300\16" OWN
						  "\0\17\0\1" TTL("\74") "\0\3\0\0\0"),
		0, RESOLVE_FOUND, 60, {0}, {S("\0\12\2MX\4test\0"), S("\0\0\0")}},
	{"an alias, and its TTL", 0, {1, 2, 0, 0},
		S(Q_A OWN "\0\5\0\1" TTL("\12") "\0\4\1B\300\16"
						"\1b\300\16" A("\1")),
		0, RESOLVE_FOUND, 10, S("b.test"), {S("\300\0\2\1")}},
	{"an alias of nothing", 0, {1, 1, 1, 0},
		S(Q_A OWN "\0\5\0\1" TTL("\74") "\0\4\1b\300\16" SOA("\7", "\36")), 0,
		RESOLVE_NODATA, 7, S("b.test"), {{0}}},
	{"an alias of a name that nobody has", 3, {1, 1, 1, 0},
		S(Q_A OWN "\0\5\0\1" TTL("\74") "\0\4\1b\300\16" SOA("\36", "\7")), 0,
		RESOLVE_NXDOMAIN, 7, S("b.test"), {{0}}},
	{"an alias that no host can be", 0, {1, 2, 0, 0},
		S(Q_A OWN "\0\5\0\1" TTL("\12") "\0\4\1*\300\16"
						"\1*\300\16" A("\1")),
		0, RESOLVE_FOUND, 10, {0}, {S("\300\0\2\1")}},
	{"an alias in a circle", 0, {1, 1, 0, 0}, S(Q_A OWN "\0\5\0\1" TTL("\12") "\0\2" OWN), 0,
		RESOLVE_NODATA, 10, {0}, {{0}}},
	{"an alias that was asked for", 0, {1, 1, 0, 0},
		S(Q_CNAME OWN "\0\5\0\1" TTL("\12") "\0\4\1b\300\16"), 0, RESOLVE_FOUND, 10, {0},
		{S("\1b\4test\0")}},
	{"what is no name is not written out", 0, {1, 1, 0, 0},
		S(Q_TXT OWN "\0\20\0\1" TTL("\12") "\0\3\2\300\14"), 0, RESOLVE_FOUND, 10, {0},
		{S("\2\300\14")}},
	{"nothing, for as long as the zone says", 0, {1, 0, 1, 1}, S(Q_A SOA("\74", "\5") OPT), 0,
		RESOLVE_NODATA, 5, {0}, {{0}}},
	{"nothing, for no time that anybody says", 0, {1, 0, 0, 1}, S(Q_A OPT), 0, RESOLVE_NODATA,
		0, {0}, {{0}}},
	{"no such name", 3, {1, 0, 1, 0}, S(Q_A SOA("\5", "\74")), 0, RESOLVE_NXDOMAIN, 5, {0},
		{{0}}},
	{"a server that fails", 2, {1, 0, 0, 0}, S(Q_A), 0, RESOLVE_FAILED, 0, {0}, {{0}}},
	{"a TTL that is none", 0, {1, 1, 0, 0}, S(Q_A OWN "\0\1\0\1\200\0\0\1\0\4\300\0\2\1"), 0,
		RESOLVE_FOUND, 0, {0}, {S("\300\0\2\1")}},
	{"no question", 0, {0, 0, 0, 0}, S(""), -EBADMSG, 0, 0, {0}, {{0}}},
	{"two questions", 0, {2, 0, 0, 0}, S(Q_A Q_A), -EBADMSG, 0, 0, {0}, {{0}}},
	{"a record too few", 0, {1, 2, 0, 0}, S(Q_A OWN A("\1")), -EBADMSG, 0, 0, {0}, {{0}}},
	{"data longer than the packet", 0, {1, 1, 0, 0},
		S(Q_A OWN "\0\1\0\1" TTL("\74") "\0\5\300\0\2\1"), -EBADMSG, 0, 0, {0}, {{0}}},
	{"a host's name longer than its record", 0, {1, 1, 0, 0},
		S(Q_MX OWN "\0\17\0\1" TTL("\74") "\0\4\0\12\2MX\300\16"), -EBADMSG, 0, 0, {0},
		{{0}}},
	{"a host's name shorter than its record", 0, {1, 1, 0, 0},
		S(Q_MX OWN "\0\17\0\1" TTL("\74") "\0\10\0\12\2MX\300\16x"), -EBADMSG, 0, 0, {0},
		{{0}}},
	{"a record without room for a preference", 0, {1, 1, 0, 0},
		S(Q_MX OWN "\0\17\0\1" TTL("\74") "\0\1\0"), -EBADMSG, 0, 0, {0}, {{0}}},
	{"a name that points at itself", 0, {1, 1, 0, 0}, S(Q_A "\300\34" A("\1")), -EBADMSG, 0, 0,
		{0}, {{0}}},
	{"a name that points forward", 0, {1, 1, 0, 0}, S(Q_A "\300\100" A("\1")), -EBADMSG, 0, 0,
		{0}, {{0}}},
	{"a name that points at its own beginning", 0, {1, 1, 0, 0}, S(Q_A "\1x\300\34" A("\1")),
		-EBADMSG, 0, 0, {0}, {{0}}},
	{"half of a pointer", 0, {1, 1, 0, 0}, S(Q_A "\300"), -EBADMSG, 0, 0, {0}, {{0}}},
	{"a label of a kind that there is not", 0, {1, 1, 0, 0}, S(Q_A "\100a\0" A("\1")), -EBADMSG,
		0, 0, {0}, {{0}}},
	{"a label longer than the packet", 0, {1, 0, 0, 0}, S("\5a"), -EBADMSG, 0, 0, {0}, {{0}}},
};

static struct span packet_of(const struct row *r)
{
	char *at = calloc(1, 12 + r->rest.len);

	assert_non_null(at);
	at[2] = (char)0x81;
	at[3] = (char)(0x80 | r->rcode);
	for (size_t i = 0; i < 4; i++)
		at[5 + 2 * i] = (char)r->counts[i];
	memcpy(at + 12, r->rest.at, r->rest.len);
	return span_of(at, 12 + r->rest.len);
}

static void check_answer(const struct row *r, const struct ipc_resolve_answer *a)
{
	size_t n = 0;

	assert_int_equal(a->state, r->state);
	assert_int_equal(a->ttl, r->ttl);
	assert_true(span_equal(a->canonical, r->canonical));
	while (n < 3 && r->records[n].len > 0)
		n++;
	assert_int_equal(a->records_n, n);
	for (size_t i = 0; i < n; i++)
		assert_true(span_equal(a->records[i].data, r->records[i]));
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct arena arena = {0};
		struct ipc_resolve_answer a = {.ttl = 4711};
		struct span packet = packet_of(&rows[i]);

		print_message("%s\n", rows[i].what);
		assert_int_equal(packet_read(packet, &arena, &a), rows[i].rc);
		if (rows[i].rc == 0)
			check_answer(&rows[i], &a);
		else
			assert_int_equal(a.ttl, 4711);
		arena_done(&arena);
		free((void *)(uintptr_t)packet.at);
	}
}

/* Cut off anywhere, a packet is refused; bytes behind its end say nothing. */
static void test_cuts(void **state)
{
	struct span whole = packet_of(&rows[0]);

	for (size_t len = 0; len < whole.len; len++) {
		struct arena arena = {0};
		struct ipc_resolve_answer a;
		char *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, whole.at, len);
		assert_int_equal(packet_read(span_of(cut, len), &arena, &a), -EBADMSG);
		free(cut);
		arena_done(&arena);
	}
	free((void *)(uintptr_t)whole.at);
}

/* A name of 256 octets, and one of pointers to pointers: each a little further back. */
static void test_long_names(void **state)
{
	char at[600] = {[2] = (char)0x81, [3] = (char)0x80, [5] = 1};
	struct arena arena = {0};
	struct ipc_resolve_answer a;
	size_t len = 12;

	for (unsigned i = 0; i < 4; i++, len += 64)
		at[len] = i == 3 ? 62 : 63; /* 3 * 64 + 63 + 1: none too many */
	len = 12 + 3 * 64 + 63;
	memcpy(at + len, "\0\0\1\0\1", 5);
	assert_int_equal(packet_read(span_of(at, len + 5), &arena, &a), -EBADMSG); /* 256 */
	at[12 + 3 * 64] = 61;
	memcpy(at + len - 1, "\0\0\1\0\1", 5);
	assert_int_equal(packet_read(span_of(at, len + 4), &arena, &a), 0); /* 255 */
	assert_int_equal(a.state, RESOLVE_NODATA);
	arena_done(&arena);
}

/* As many records as fit: the first 200 are kept. */
static void test_many_records(void **state)
{
	enum { N = 300, LEN = 16 };
	static char at[12 + 12 + N * LEN] = {
		[2] = (char)0x81, [3] = (char)0x80, [5] = 1, [6] = 1, [7] = N - 256};
	struct arena arena = {0};
	struct ipc_resolve_answer a;

	memcpy(at + 12, Q_A, 12);
	for (size_t i = 0; i < N; i++)
		memcpy(at + 24 + i * LEN, OWN A("\1"), LEN);
	assert_int_equal(packet_read(span_of(at, sizeof at), &arena, &a), 0);
	assert_int_equal(a.records_n, 200);
	arena_done(&arena);
}

static void test_codes(void **state)
{
	assert_int_equal(packet_failure(3).state, RESOLVE_NXDOMAIN);
	assert_int_equal(packet_failure(5).trouble, RESOLVE_REFUSED);
	assert_int_equal(packet_failure(2).trouble, RESOLVE_SERVFAIL);
	assert_int_equal(packet_failure(4).state, RESOLVE_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_long_names), cmocka_unit_test(test_many_records),
		cmocka_unit_test(test_codes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
