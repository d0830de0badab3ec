/*
 * diagnose_fetch - one request by HTTP (libcurl): a policy fetched, an alarm posted.
 *
 * Blocks, on a helper thread while tasks run. Follows no redirection; https is verified. Never logs.
 */
#pragma once
#include "base/buf.h"

/* 0; -EIO: no connection or no answer of 200; -EMSGSIZE: more than body may hold. */
int fetch_get(struct span url, unsigned seconds, struct buf *body)
	__attribute__((warn_unused_result));
/* The HTTP status, or -EIO. */
int fetch_post(struct span url, unsigned seconds, struct span json)
	__attribute__((warn_unused_result));
