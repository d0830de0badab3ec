/*
 * select - messages that a person asked for, page by page: the running queue's and abide queue's walk.
 *
 * A walk reads a bounded part of the spool in each step and can go on after
 * any change. By site it reads the due and held rows of the site's lanes, so
 * that one site's messages are found without looking at all others; else it
 * reads the messages in the order of their ids. Reads only, never waits.
 */
#pragma once
#include "ipc/messages/control.h"
#include "queue/describe.h"

struct select_source {
	struct describe_source from;
	/* The least lane number of the site from `least` on; false: there is none. */
	bool (*lane_of_site)(struct span site, uint32_t least, uint32_t *ret, void *arg);
};

/* fn is told each message that matches, and how many of its recipients do; false: stop behind it. */
typedef bool select_fn(const struct ipc_control_message *m, size_t matching, void *arg);

/*
 * One step from filter->after on: at most `most` messages are looked at. 0, and where to go on, or
 * -errno.
 */
int select_step(const struct select_source *s, const struct ipc_control_list *filter, size_t most,
	select_fn *fn, void *arg, struct ipc_control_end *ret);
