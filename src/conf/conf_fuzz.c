#include "conf/snapshot.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any text is read or refused with a message; what was read survives its snapshot. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX), bytes = BUF_INIT(CONF_SNAPSHOT_MAX);
	static struct conf conf, again;

	if (conf_parse("f", span_of(data, size), &arena, &conf, &errors)) {
		assert(errors.len > 0);
	} else {
		assert(conf_pack(&conf, 1, &bytes) == 0);
		assert(conf_unpack(buf_span(&bytes), &arena, &again) == 0);
		(void)conf_target_for(
			&again, conf.hostname, &(struct conf_mail){.sender = again.hostname});
	}
	buf_done(&bytes);
	buf_done(&errors);
	arena_done(&arena);
	return 0;
}
