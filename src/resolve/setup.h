/*
 * setup - one of libunbound's contexts, made as the configuration says.
 *
 * Inside resolve/ only. Both wait for a helper thread: the library's files are read on it. Logs what failed.
 */
#pragma once
#include "conf/route.h"
#include <unbound-event.h>

/* It has answered one question, of its own knowledge. 0 or -errno. */
int setup_make(const struct conf_resolver *conf, struct ub_event_base *base, struct ub_ctx **ret);
/* Nobody is called back any more but for questions that it has not answered: as failed, on that thread. */
void setup_end(struct ub_ctx *ub);
