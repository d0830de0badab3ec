/*
 * mx - which hosts take a domain's mail (RFC 5321 5.1, RFC 7505), by answers of the DNS.
 *
 * Pure but for memory. The answers come from strangers: what can't be read is
 * left out, and counts are bounded.
 */
#pragma once
#include "base/arena.h"
#include "ipc/messages/resolve.h"
#include "resolve/ops.h"
#include "wire/address.h"

#define MX_HOSTS_MAX     12U /* of a domain; more are not tried */
#define MX_ADDRESSES_MAX 8U  /* of a host */

struct mx_host {
	struct span name; /* lower case, without a final dot */
	uint16_t preference;
	size_t number;             /* its place before some were left out */
	struct wire_ip *addresses; /* in the order to try them */
	size_t n;
};

enum mx_verdict {
	MX_HOSTS,       /* there are some */
	MX_NONE_WANTED, /* null MX: the domain takes no mail */
	MX_NO_DOMAIN,   /* it does not exist */
	MX_LATER,       /* it can't be known now */
	MX_LOOP,        /* it is our own */
	MX_NO_ADDRESS,  /* none of the hosts has one */
};

/*
 * The hosts of an answer, best first, equals in an order by dice. Without MX records, and only
 * then, the domain itself. MX_HOSTS, _NONE_WANTED, _NO_DOMAIN or _LATER.
 */
enum mx_verdict mx_read(const struct ipc_resolve_answer *mx, struct span domain, uint32_t dice,
	struct arena *arena, struct mx_host **ret, size_t *ret_n);

/*
 * The addresses of a host by what was answered for AAAA and A: both families in turn, IPv6 first.
 * False: one of the answers failed, so that there may be more.
 */
bool mx_addresses(const struct ipc_resolve_answer *aaaa, const struct ipc_resolve_answer *a,
	struct arena *arena, struct mx_host *host);

/*
 * Leaves out ours (is_ours: of the same order) and all that stand not before it: mail for those
 * goes from here to a better one, and never back. Returns how many are left.
 */
size_t mx_before_ours(struct mx_host *hosts, const bool *is_ours, size_t n);

/* The hosts by which a site is known: their names, sorted. */
struct span mx_site(const struct mx_host *hosts, size_t n, struct arena *arena);
