#include "main/listener.h"

#define V4 UINT64_C(0xffff00000000) /* ::ffff:0.0.0.0 */

void listener_of(const struct conf *conf, struct conf_address *ret)
{
	struct conf_address a = conf->listeners[0].address;

	for (size_t i = conf->n_listeners; i-- > 0;)
		if (conf->listeners[i].protocol == CONF_SMTP)
			a = conf->listeners[i].address;
	if (a.high == 0 && a.low == 0)
		a.low = 1; /* :: becomes ::1 */
	else if (a.high == 0 && a.low == V4)
		a.low = V4 | 0x7f000001; /* 0.0.0.0 becomes 127.0.0.1 */
	*ret = a;
}
