/*
 * sts_dns - what of MTA-STS stands in the DNS: the announcement of a policy, and where its server is.
 *
 * Inside resolve/ only. Asks wait for the resolver.
 */
#pragma once
#include "base/buf.h"
#include "conf/conf.h"
#include "ipc/messages/resolve.h"
#include "resolve/resolver.h"

/* As a key and a file's name: lower case, A-labels; empty: there can be no such domain. */
struct span sts_name(struct span domain, struct arena *arena);
/* What is asked for a policy's announcement, and its id: of the one record there; empty: there is none, or more. */
struct ipc_resolve_ask sts_question(struct span domain, nanos deadline, struct arena *arena);
struct span sts_id_of(const struct ipc_resolve_answer *txt, struct arena *arena);
/* The id, asked for. */
struct span sts_announced(struct resolver *r, const struct conf *conf, struct span domain,
	nanos deadline, struct arena *arena);
/* The addresses of mta-sts.DOMAIN, joined by ","; false: there are none, and why for people. */
bool sts_addresses(struct resolver *r, const struct conf *conf, struct span domain, nanos deadline,
	struct buf *out, const char **ret_why);
