/*
 * security - what a domain says about TLS of its mail servers: by DANE (RFC 7672), else by
 * MTA-STS (RFC 8461).
 *
 * DANE counts only where the DNS proved all that led to a host: its MX records,
 * its address, its TLSA records. Then it is the rule for that host, and no
 * policy is; records that could not be looked up are never taken for none.
 * security_find waits for the resolver; all is the arena's.
 */
#pragma once
#include "deliver/mx.h"
#include "ipc/messages/resolve.h"
#include "task/tls.h"

#define SECURITY_RECORDS_MAX 32U /* TLSA records of a host; more are not looked at */

enum security_kind {
	SECURITY_NONE,
	SECURITY_TLSA, /* TLS, to a certificate that fits; where no record can be used: to any */
	SECURITY_TLSA_FAILED, /* nothing goes there now */
	SECURITY_STS,         /* TLS, to a certificate that authorities vouch for */
	SECURITY_STS_OTHER,   /* nothing goes there: the policy does not name it */
	SECURITY_STS_TESTING, /* as SECURITY_STS, but a failure is only noted; */
	SECURITY_STS_OTHER_TESTING,
};

struct security { /* of one host */
	enum security_kind kind;
	const char *base; /* name that the records are of: sent as SNI; NULL: the host's */
	const struct tls_tlsa *tlsa;
	size_t n_tlsa;
	const char *const *names; /* that its certificate may have besides */
	size_t n_names;
	struct span why; /* what of the look-up failed */
	uint32_t digest; /* of what it says: sessions and connections of another one are not used */
};

struct security_question {
	const struct resolve_ops *resolve;
	void *resolve_self;
	nanos deadline;
	uint16_t port;
	struct span domain;    /* next-hop domain; empty: there is none but the hosts */
	struct span canonical; /* where its CNAMEs led; empty: there were none */
	bool is_secure;        /* the DNS proved that these are the hosts */
	const struct ipc_resolve_answer *sts; /* to RESOLVE_STS; NULL: nobody asked */
};

/* What was answered for AAAA and A of a host, as far as it matters here. */
struct security_address {
	bool is_secure;        /* an address was proved */
	struct span canonical; /* where CNAMEs led; empty: there were none */
};
struct security_address security_address(
	const struct ipc_resolve_answer *aaaa, const struct ipc_resolve_answer *a);

/* For each of n hosts; addresses is of the same order. */
const struct security *security_find(const struct security_question *q, const struct span *hosts,
	const struct security_address *addresses, size_t n, struct arena *arena);

bool security_is_same(const struct security *a, const struct security *b);
/* Must the connection be encrypted? */
bool security_needs_tls(enum security_kind kind);
/* "dane", for logs; "" where nothing is said. */
const char *security_name(enum security_kind kind);
