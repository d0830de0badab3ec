#include "conf/snapshot.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any bytes are refused, or are a configuration whose look-ups are safe and which packs again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct buf bytes = BUF_INIT(CONF_SNAPSHOT_MAX);
	struct conf conf;

	if (conf_unpack(span_of(data, size), &arena, &conf) == 0) {
		(void)conf_target_for(&conf, conf.hostname,
			&(struct conf_mail){.sender = conf.hostname, .login = conf.hostname});
		assert(conf_retry_for(&conf, conf.user));
		assert(conf_pack(&conf, conf.number, &bytes) == 0);
		assert(bytes.len == size);
	}
	buf_done(&bytes);
	arena_done(&arena);
	return 0;
}
