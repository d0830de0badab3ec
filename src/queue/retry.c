#include "queue/retry.h"

int64_t retry_expires(const struct conf *conf, int64_t arrived)
{
	return arrived + conf_retry_for(conf, SPAN_LIT("default"))->give_up / NANOS_MS;
}
