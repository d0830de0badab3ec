/*
 * Whatever a message is: what is converted is ASCII in lines of 998 octets, in any pieces the same,
 * and a second time nothing is left to do. The first byte says what is wished and how it is cut.
 */
#include "mail/seven.h"
#include "base/utf8.h"
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_canonical(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		bool is_lf = s.at[i] == '\n', was_cr = i > 0 && s.at[i - 1] == '\r';

		if (is_lf != was_cr || s.at[i] == 0)
			return false;
	}
	return s.len == 0 || s.at[s.len - 1] != '\r';
}

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

static void check(struct span s)
{
	struct span line;

	assert(utf8_is_ascii(s));
	while (span_take_until(&s, '\n', &line))
		assert(line.len <= 999);
	assert(s.len <= 998);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 65536)
		return 0;
	struct span in = span_of(data + 1, size - 1);
	struct seven_wish wish = {
		.body = data[0] & 1, .header = (data[0] & 2) != 0, .lines = (data[0] & 4) != 0};
	struct buf once = BUF_INIT(1 << 22), again = BUF_INIT(1 << 22), cut = BUF_INIT(1 << 22);
	enum seven_fault fault = convert(wish, in, 65536, &once);
	enum seven_fault other = convert(wish, in, 1 + data[0] / 8, &cut);

	assert(fault == other);
	if (fault == SEVEN_OK && is_canonical(in)) {
		assert(span_equal(buf_span(&once), buf_span(&cut)));
		if (wish.body && wish.header && wish.lines)
			check(buf_span(&once));
		other = convert(wish, buf_span(&once), 65536, &again);
		assert(other == SEVEN_OK && span_equal(buf_span(&once), buf_span(&again)));
	}
	buf_done(&once);
	buf_done(&again);
	buf_done(&cut);
	return 0;
}
