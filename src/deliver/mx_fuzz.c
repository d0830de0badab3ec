#include "deliver/mx.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Records as a stranger's server made them: each begins with its length. */
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

/* First byte: what became of it. The hosts are sorted, named, bounded, and no null host is among them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipc_resolve_record records[200];
	struct arena arena = {0};
	struct mx_host *hosts = NULL;
	size_t n = 0;
	bool ours[MX_HOSTS_MAX] = {false};

	if (size < 2)
		return 0;
	const struct ipc_resolve_answer a = {.state = data[0] % 6,
		.records = records,
		.records_n = cut(span_of(data + 2, size - 2), records, 200)};

	if (mx_read(&a, SPAN_LIT("a.test"), data[1], &arena, &hosts, &n) == MX_HOSTS) {
		assert(n > 0 && n <= MX_HOSTS_MAX);
		for (size_t i = 0; i < n; i++) {
			assert(hosts[i].name.len > 0 && hosts[i].name.len < 256);
			assert(i == 0 || hosts[i - 1].preference <= hosts[i].preference);
			(void)mx_addresses(&a, &a, &arena, &hosts[i]);
			assert(hosts[i].n <= MX_ADDRESSES_MAX);
		}
		assert(mx_site(hosts, n, &arena).len < 300);
		ours[data[1] % n] = true;
		size_t left = mx_before_ours(hosts, ours, n);

		assert(left < n);
	}
	arena_done(&arena);
	return 0;
}
