/*
 * name - a name as people write it, as the DNS is asked for it.
 *
 * Pure but for memory. U-labels become A-labels (IDNA 2008, not transitional);
 * other bytes than those of host names are escaped, so that a name is always
 * the labels that it shows.
 */
#pragma once
#include "base/arena.h"
#include "wire/address.h"

/* For the library, with a NUL behind it. 0; -EINVAL: there can be no such name. */
int resolve_name(struct span name, struct arena *arena, const char **ret);

/*
 * The address backwards below a zone: 1.2.0.192.ZONE, or 32 nibbles for IPv6. For PTR records the
 * zone is resolve_arpa's. Empty where that is longer than a name may be.
 */
#define RESOLVE_REVERSED_MAX 320
struct span resolve_reversed(
	const struct wire_ip *ip, struct span zone, char out[RESOLVE_REVERSED_MAX]);
struct span resolve_arpa(const struct wire_ip *ip);
