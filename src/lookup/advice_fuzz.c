/* A policy service's answer, any bytes: what is read of it stays within it and is fit to be said. */
#include "lookup/advice.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct span part, const uint8_t *data, size_t size)
{
	const char *from = (const char *)data;

	return part.len == 0 || (part.at >= from && part.at + part.len <= from + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span answer = span_of(data, size);
	struct advice a;

	assert(advice_find_end(answer) <= size);
	if (advice_read(answer, &a) < 0)
		return 0;
	assert(is_inside(a.text, data, size) && is_inside(a.word, data, size));
	assert(a.code == 0 || (a.code >= 400 && a.code <= 599));
	assert(a.code == 0 || (a.action == ADVICE_REFUSE) == (a.code >= 500));
	assert(a.class == 0 || (a.class == 5) == (a.action == ADVICE_REFUSE));
	assert(a.class < 6 && a.subject < 1000 && a.detail < 1000);
	if (a.action == ADVICE_PREPEND)
		for (size_t i = 0; i < a.text.len; i++)
			assert(a.text.at[i] != '\r' && a.text.at[i] != '\n' &&
				a.text.at[i] != '\0');
	return 0;
}
