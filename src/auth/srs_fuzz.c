/* Strangers write the local part of a recipient: whatever it is, only what we made is taken. */
#include "auth/srs.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct srs ours = {.secrets = {{"a secret of sixteen", 19}},
		.n = 1,
		.domain = {"fwd.example", 11},
		.max_age = 21,
		.hash_len = 6};
	struct span text = span_of(data, size);
	struct buf out = BUF_INIT(4096), back = BUF_INIT(4096);

	if (srs_unwrap(&ours, text, 1700000000, &back) != SRS_RIGHT)
		assert(back.len == 0);
	buf_clear(&back);
	if (srs_wrap(&ours, text, 1700000000, &out) == 0) {
		ptrdiff_t at = -1;

		for (size_t i = 0; i < out.len; i++)
			at = out.at[i] == '@' ? (ptrdiff_t)i : at;
		assert(at > 0 && at <= 64);
		assert(srs_unwrap(&ours, span_of(out.at, (size_t)at), 1700000000, &back) ==
			SRS_RIGHT);
	}
	buf_done(&out);
	buf_done(&back);
	return 0;
}
