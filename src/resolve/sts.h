/*
 * sts - MTA-STS policies (RFC 8461): found, fetched, kept and asked for.
 *
 * Owns them: in memory and, given a folder, in a file each, so that what was
 * learnt before stays true after a restart (5.1: who takes the announcement away
 * wins nothing). Bounded in number and size; over that the oldest go. A policy
 * that is older than a day, or half its time, is fetched again, used or not (10.2); a fetch that
 * failed is not tried again for five minutes. Logs what it fetched, and why not.
 */
#pragma once
#include "conf/conf.h"
#include "ipc/messages/resolve.h"
#include "resolve/resolver.h"

struct sts;

/* folder: its files, or -1; stays the caller's. Reads what is there (waits). */
struct sts *sts_new(struct resolver *r, int folder) __attribute__((returns_nonnull));
void sts_free(struct sts *s); /* nobody asks any more; waits for fetches that run */
/*
 * What is known of a domain's policy by the deadline: the answer to RESOLVE_STS (resolve/ops.h).
 * conf must live until the answer; a fetch that takes longer goes on without it.
 */
void sts_ask(struct sts *s, const struct conf *conf, struct span domain, nanos deadline,
	struct arena *arena, struct ipc_resolve_answer *ret);
/* A policy of it is kept, or being fetched, or could not be of late: of all others it is enough to ask the DNS. */
bool sts_knows(const struct sts *s, struct span name);
/* Fetches one policy again that has grown old, if there is one; false: none. Waits for the DNS, not for it. */
bool sts_renew(struct sts *s, const struct conf *conf, nanos deadline);
