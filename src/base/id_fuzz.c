#include "base/id.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever text is taken for an id is that id's, however it was spelt. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[ID_TEXT_LEN + 1];
	struct id id, again;

	if (size == ID_BYTES) {
		unsigned char out[ID_BYTES];

		id_to_bytes(id_from_bytes(data), out);
		assert(memcmp(out, data, ID_BYTES) == 0);
	}
	if (id_parse(span_of(data, size), &id) < 0)
		return 0;
	assert(size == ID_TEXT_LEN);
	int rc = id_parse(span_str(id_text(id, text)), &again);

	assert(rc == 0 && id_equal(id, again) && id_compare(id, again) == 0);
	return 0;
}
