/*
 * hands - an operator's hands on many messages: hold, release, retry, drop, bounce.
 *
 * All changes of one request go into one batch of the spool; what is being
 * delivered is left alone. Waits for the batch. Internal to queue/.
 */
#pragma once
#include "ipc/messages/control.h"
#include "queue/describe.h"
#include "queue/queue.h"

/*
 * Changes those recipients of the named messages that match; from describes them. ret says how many,
 * and of the rest why not; ret->error is -EINVAL for an unknown verb or too many ids.
 */
void hands_change(struct queue *q, const struct describe_source *from,
	const struct ipc_control_change *change, struct ipc_control_end *ret);
