#include "wire/params.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Kept values decode, and nothing that could break a header field comes out. */
static void check_xtext(struct span text)
{
	struct buf b = BUF_INIT(1 << 16);
	int rc = wire_xtext_decode(text, &b);

	assert(rc == 0);
	for (size_t i = 0; i < b.len; i++)
		assert((unsigned char)b.at[i] >= ' ' && b.at[i] != 0x7f);
	buf_done(&b);
}

static void check_round_trip(struct span bytes)
{
	struct buf coded = BUF_INIT(1 << 16), plain = BUF_INIT(1 << 16);

	if (wire_xtext_encode(bytes, &coded) == 0) {
		int rc = wire_xtext_decode(buf_span(&coded), &plain);

		assert(rc == 0 && span_equal(buf_span(&plain), bytes));
	}
	buf_done(&coded);
	buf_done(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size), bad = {0};
	struct wire_mail_params m;
	struct wire_rcpt_params r;

	if (wire_mail_params_read(text, &m, &bad) == WIRE_PARAM_OK) {
		check_xtext(m.envid);
		check_xtext(m.auth);
	} else {
		assert(bad.len > 0 && bad.len <= size);
	}
	if (wire_rcpt_params_read(text, &r, &bad) == WIRE_PARAM_OK && r.has_orcpt) {
		assert(r.orcpt_type.len > 0 && r.orcpt_address.len > 0 &&
			r.orcpt.len <= WIRE_ORCPT_MAX);
		if (wire_xtext_is_valid(r.orcpt_address) && !r.orcpt_is_utf8 &&
			!span_equal_nocase(r.orcpt_type, SPAN_LIT("utf-8")))
			check_xtext(r.orcpt_address);
	}
	check_round_trip(text);
	return 0;
}
