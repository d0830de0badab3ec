#include "policy/names.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t cut(struct span in, struct ipc_resolve_record *out, size_t most)
{
	size_t n = 0;

	while (in.len > 0 && n < most) {
		size_t len = (unsigned char)in.at[0];

		in = span_slice(in, 1, in.len);
		out[n++].data = span_slice(in, 0, len);
		in = span_slice(in, len, in.len);
	}
	return n;
}

/* Only what was found says yes, whatever is in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct wire_ip client = {.bytes = {192, 0, 2, 1}, .is_v4 = true};
	struct ipc_resolve_record records[100];
	const struct ipc_resolve_answer *failed = NULL;
	struct arena arena = {0};
	struct span names[NAMES_MOST];
	const char *why;
	size_t n;

	if (size < 1)
		return 0;
	const struct ipc_resolve_answer a = {.state = data[0] % 6,
		.records = records,
		.records_n = cut(span_of(data + 1, size - 1), records, 100)};
	bool is_found = a.state == RESOLVE_FOUND;

	(void)names_read(&a, &arena, names, &n);
	assert(n <= NAMES_MOST && (is_found || n == 0));
	for (size_t i = 0; i < n; i++)
		assert(names[i].len > 0 && names[i].len < 256);
	assert(is_found || !names_lead_back(&a, &client));
	assert(is_found || names_list_read(&a, NULL, 0, &why) != NAMES_LISTED);
	if (names_domain_read(&a, &a, &a, &arena, &failed) == NAMES_DOMAIN_LATER)
		assert(failed == &a);
	arena_done(&arena);
	return 0;
}
