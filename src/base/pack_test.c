#include "base/pack_sample.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct sample_item items[] = {{SPAN_LIT("one"), 1}, {SPAN_LIT(""), 65535}};

static struct sample sample(void)
{
	return (struct sample){
		.flag = true,
		.u8 = 255,
		.u16 = 0x1234,
		.u32 = UINT32_MAX,
		.u64 = UINT64_C(0x0123456789abcdef),
		.i64 = INT64_MIN,
		.id = {UINT64_MAX, 7},
		.text = SPAN_LIT("a\0b"),
		.one = {SPAN_LIT("single"), 3},
		.items = items,
		.n_items = 2,
	};
}

/* A field that changes between two processes, or on its way through the spool, is a lost mail. */
static void objects_come_back(void **state)
{
	struct sample in = sample(), out;
	struct buf b = BUF_INIT(4096), again = BUF_INIT(4096);
	struct arena a = {0};

	assert_int_equal(pack_write(&sample_type, &in, &b), 0);
	assert_int_equal(pack_read(&sample_type, buf_span(&b), &a, &out), 0);
	assert_true(out.flag && out.u8 == 255 && out.u16 == 0x1234 && out.u32 == UINT32_MAX);
	assert_true(out.u64 == in.u64 && out.i64 == INT64_MIN && id_equal(out.id, in.id));
	assert_true(span_equal(out.text, in.text) && span_equal(out.one.name, in.one.name));
	assert_int_equal(out.n_items, 2);
	assert_true(span_equal(out.items[0].name, SPAN_LIT("one")) && out.items[1].n == 65535);
	assert_int_equal(pack_write(&sample_type, &out, &again), 0);
	assert_true(span_equal(buf_span(&b), buf_span(&again)));
	arena_done(&a);
	buf_done(&b);
	buf_done(&again);
}

/* A record cut short, or with something behind it, must be told from a whole one. */
static void wrong_lengths_are_refused(void **state)
{
	struct sample in = sample(), out = {.u8 = 99};
	struct buf b = BUF_INIT(4096);
	struct arena a = {0};

	assert_int_equal(pack_write(&sample_type, &in, &b), 0);
	for (size_t len = 0; len < b.len; len++)
		assert_int_equal(pack_read(&sample_type, span_of(b.at, len), &a, &out), -EBADMSG);
	assert_int_equal(buf_add_byte(&b, 0), 0);
	assert_int_equal(pack_read(&sample_type, buf_span(&b), &a, &out), -EBADMSG);
	assert_int_equal(out.u8, 99);
	b.at[0] = 2; /* neither true nor false */
	b.len--;
	assert_int_equal(pack_read(&sample_type, buf_span(&b), &a, &out), -EBADMSG);
	arena_done(&a);
	buf_done(&b);
}

/* A count that promises what can't be there must cost nothing. */
static void counts_are_bounded(void **state)
{
	struct sample in = {0}, out;
	struct buf b = BUF_INIT(4096);
	struct arena a = {0};

	assert_int_equal(pack_write(&sample_type, &in, &b), 0);
	memset(b.at + b.len - 4, 0xff, 4);
	assert_int_equal(pack_read(&sample_type, buf_span(&b), &a, &out), -EBADMSG);
	assert_true(a.used < 4096);
	arena_done(&a);
	buf_done(&b);
}

/* One flipped bit anywhere in a sealed record is noticed. */
static void seals_notice_damage(void **state)
{
	struct sample in = sample();
	struct buf b = BUF_INIT(4096);
	struct span payload = {0};
	uint16_t version = 0;

	assert_int_equal(buf_add_str(&b, "before"), 0); /* sealed behind other bytes */
	assert_int_equal(pack_seal(&sample_type, 7, &in, &b), 0);
	struct span sealed = span_slice(buf_span(&b), 6, b.len);

	assert_int_equal(pack_open(sealed, &version, &payload), 0);
	assert_int_equal(version, 7);
	for (size_t bit = 0; bit < sealed.len * 8; bit++) {
		b.at[6 + bit / 8] = (char)(b.at[6 + bit / 8] ^ 1 << bit % 8);
		assert_int_equal(pack_open(sealed, &version, &payload), -EBADMSG);
		b.at[6 + bit / 8] = (char)(b.at[6 + bit / 8] ^ 1 << bit % 8);
	}
	for (size_t len = 0; len < sealed.len; len++)
		assert_int_equal(
			pack_open(span_slice(sealed, 0, len), &version, &payload), -EBADMSG);
	buf_done(&b);
}

static void cursor_errors_stick(void **state)
{
	struct buf b = BUF_INIT(64);
	struct pack_cursor c;

	assert_int_equal(pack_put_u(&b, 0x030201, 3), 0);
	assert_int_equal(pack_put_u(&b, UINT64_MAX, 8), 0);
	c = (struct pack_cursor){.rest = buf_span(&b)};
	assert_int_equal(pack_get_u(&c, 3), 0x030201);
	assert_true(span_equal(pack_get_bytes(&c, 2), SPAN_LIT("\xff\xff")));
	assert_int_equal(pack_get_u(&c, 8), 0);
	assert_true(c.failed);
	assert_int_equal(pack_get_u(&c, 1), 0);
	buf_done(&b);
}

static void full_buffers_are_told(void **state)
{
	struct sample in = sample();
	struct buf b = BUF_INIT(40);

	assert_int_equal(pack_write(&sample_type, &in, &b), -EMSGSIZE);
	buf_clear(&b);
	assert_int_equal(pack_seal(&sample_type, 1, &in, &b), -EMSGSIZE);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_come_back),
		cmocka_unit_test(wrong_lengths_are_refused),
		cmocka_unit_test(counts_are_bounded),
		cmocka_unit_test(seals_notice_damage),
		cmocka_unit_test(cursor_errors_stick),
		cmocka_unit_test(full_buffers_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
