#include "auth/base64.h"
#include "auth/sasl.h"
#include "auth/scram.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_base64(struct span in)
{
	struct buf bytes = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);

	/* What is taken is written in one way only. */
	if (base64_decode(in, &bytes) == 0) {
		int rc = base64_encode(buf_span(&bytes), &text);

		assert(rc == 0 && span_equal(buf_span(&text), in));
	}
	buf_done(&bytes);
	buf_done(&text);
}

static void check_plain(struct span in)
{
	struct span name, password;

	if (sasl_plain_read(in, &name, &password) < 0)
		return;
	assert(name.len > 0 && name.len <= SASL_NAME_MAX && span_find(name, 0) < 0);
	assert(password.len > 0 && password.len <= SASL_PASSWORD_MAX && span_find(password, 0) < 0);
}

static void check_prepared(struct span in)
{
	struct buf once = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);

	if (sasl_prepare(in, &once) == 0) {
		int rc = sasl_prepare(buf_span(&once), &again);

		assert(rc == 0 && span_equal(buf_span(&once), buf_span(&again)));
	}
	buf_done(&once);
	buf_done(&again);
}

static void check_scram(struct span in)
{
	struct scram_first first;
	struct scram_final final;
	struct scram_keys keys;
	struct buf out = BUF_INIT(1 << 20);

	if (scram_first_read(in, &first) == 0) {
		assert(first.gs2.len + first.bare.len == in.len);
		assert(first.nonce.len > 0 && first.nonce.len <= SCRAM_NONCE_MAX);
		(void)scram_name(first.name, &out);
		assert(out.len <= first.name.len);
	}
	if (scram_final_read(in, &final) == 0) {
		assert(span_starts(in, final.without_proof));
		(void)scram_is_bound(&final, SPAN_LIT("n,,"), (struct span){0});
	}
	if (scram_keys_read(in, &keys) == 0)
		assert(keys.salt_len > 0 && keys.salt_len <= SCRAM_SALT_MAX && keys.iterations > 0);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);

	check_base64(in);
	check_plain(in);
	check_prepared(in);
	check_scram(in);
	return 0;
}
