/* An address that anybody made up: whatever it is, no name of the path leads out of the tree. */
#include "conf/place.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct span name)
{
	if (name.len == 0 || name.len > 255 || span_find(name, '/') >= 0 ||
		span_find(name, '\0') >= 0 || span_equal(name, SPAN_LIT(".")) ||
		span_equal(name, SPAN_LIT("..")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct span patterns[] = {SPAN_LIT("/v/{domain}/{user}/.{tag}"),
		SPAN_LIT("/v/{user}"), SPAN_LIT("/v/{tag}/{user}-{domain}/m")};
	struct span address = span_of(data, size), pattern = address;

	if (span_take_until(&pattern, '\n', &address) && !place_wrong(pattern)) {
		struct arena arena = {0};
		struct place p;

		if (place_find(pattern, address, SPAN_LIT("+"), &arena, &p) == 0)
			for (size_t i = 0; i < p.n; i++)
				check_name(p.names[i]);
		arena_done(&arena);
	}
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		struct arena arena = {0};
		struct place p;

		if (place_find(patterns[i], address, SPAN_LIT("+"), &arena, &p) == 0) {
			for (size_t k = 0; k < p.n; k++)
				check_name(p.names[k]);
			if (p.folder.len > 0)
				check_name(p.folder);
		}
		arena_done(&arena);
	}
	return 0;
}
