/*
 * rdata - the data of DNS records, read.
 *
 * Strangers' bytes: uncompressed, as libunbound gives them. Pure; texts are the arena's.
 */
#pragma once
#include "base/arena.h"
#include "wire/address.h"

/*
 * A name as text, without a final dot, lower case; the root is "". Labels with
 * other bytes than letters, digits, - and _ are no names of hosts: -EBADMSG.
 */
int rdata_name(struct span rdata, struct arena *arena, struct span *ret);
/* A preference and a name. 0 or -EBADMSG. */
int rdata_mx(struct span rdata, struct arena *arena, uint16_t *ret_preference, struct span *ret);
/* The strings of a TXT record, joined. 0 or -EBADMSG. */
int rdata_txt(struct span rdata, struct arena *arena, struct span *ret);
/* RFC 6698 2.1: data is the certificate's, its key's, or the hash of one; borrowed. 0 or -EBADMSG. */
struct rdata_tlsa {
	uint8_t usage, selector, matching;
	struct span data;
};
int rdata_tlsa(struct span rdata, struct rdata_tlsa *ret);
/* An A or AAAA record, by its length. 0 or -EBADMSG. */
int rdata_ip(struct span rdata, struct wire_ip *ret);
