/* Strangers write macros and the values that go into them: what is called valid can be expanded, within bounds. */
#include "auth/spf_macro.h"
#include <assert.h>
#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size), value, name;
	struct buf out = BUF_INIT(4096);

	if (!span_take_until(&text, '\n', &value))
		value = SPAN_LIT("strong-bad@email.example.com");
	const struct spf_values values = {
		.client = {.is_v4 = size % 2 == 0, .bytes = {192, 0, 2, 3}},
		.sender = value,
		.local = value,
		.of = value,
		.domain = value,
		.helo = value};
	bool is_domain = spf_macro_is_domain(text);

	assert(!is_domain || spf_macro_is_text(text, false));
	assert(!spf_macro_is_text(text, false) || spf_macro_is_text(text, true));
	int rc = spf_macro_expand(text, &values, &out);

	if (spf_macro_is_text(text, true))
		assert(rc == 0 || rc == -EMSGSIZE);
	assert(out.len <= 4096);
	if (spf_macro_name(buf_span(&out), &name))
		assert(name.len > 0 && name.len <= SPF_NAME_MAX);
	(void)spf_macro_needs_name(text);
	buf_done(&out);
	return 0;
}
