/* What strangers write and the checks read: greetings, policies by HTTPS, records of DKIM and DMARC. */
#include "diagnose/look_in.h"
#include "diagnose/novelty.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct novelty *novelty;
	struct span text = span_of(data, size);
	struct arena arena = {0};
	bool enforces;
	int64_t at;

	if (!novelty)
		novelty = novelty_new();
	(void)look_date(text, &at);
	(void)look_policy_has(text, SPAN_LIT("mx.example.org"), &enforces);
	struct span value = look_tag(text, 'p', &arena);

	assert(value.len <= size);
	for (size_t i = 0; i < value.len; i++)
		assert(value.at[i] > ' ' || value.at[i] < 0);
	(void)novelty_see(novelty, span_slice(text, 0, 8), text, 1000);
	arena_done(&arena);
	return 0;
}
