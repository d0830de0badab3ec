#include "resolve/sts_text.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A policy that was read has hosts that can be asked for, and a bounded life; so has a record its id. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size), id;
	struct arena arena = {0};
	struct sts_policy p;
	const char *why = NULL;

	if (sts_record_read(text, &id) == 0)
		assert(id.len > 0 && id.len <= STS_ID_MAX);
	if (sts_policy_read(text, &arena, &p, &why) < 0) {
		assert(why);
	} else {
		assert(p.n <= STS_HOSTS_MAX && p.max_age <= STS_MAX_AGE_MAX);
		assert(p.n > 0 || p.mode == STS_NONE);
		for (size_t i = 0; i < p.n; i++) {
			assert(p.hosts[i].len > 0 && p.hosts[i].len <= 255);
			(void)sts_fits(p.hosts[i], p.hosts[(i + 1) % p.n]);
		}
	}
	arena_done(&arena);
	return 0;
}
