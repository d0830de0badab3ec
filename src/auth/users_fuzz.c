#include "auth/users.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file that is taken has only passwords of known kinds; one that is not says why. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct users *u = NULL;
	struct users_fault fault = {0};
	struct span in = span_of(data, size), hash;

	if (users_read(in, false, &u, &fault) < 0) {
		assert(fault.line > 0 && fault.why[0] != 0);
		return 0;
	}
	enum password_kind kind = PASSWORD_WRONG;

	if (users_count(u) > 0)
		kind = password_kind(users_decoy(u), &hash);
	assert(users_count(u) == 0 || (kind != PASSWORD_WRONG && kind != PASSWORD_PLAIN));
	users_free(u);
	(void)users_may_send_as(span_slice(in, 0, size / 3), span_slice(in, size / 3, size / 3),
		span_slice(in, size / 3 * 2, size), size & 1);
	return 0;
}
