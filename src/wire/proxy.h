/*
 * proxy - the PROXY header, by which a load balancer says who the client is.
 *
 * Versions 1 and 2 (HAProxy, doc/proxy-protocol.txt). Pure: borrows, allocates
 * nothing, never logs or waits. Whether the peer may say such a thing is for
 * the caller.
 */
#pragma once
#include "wire/address.h"

#define WIRE_PROXY_MAX 4096U /* bytes of a header that are read; one with all usual TLVs has 600 */

enum wire_proxy_found {
	WIRE_PROXY_MORE, /* it is none yet: more bytes are needed */
	WIRE_PROXY_HEADER,
	WIRE_PROXY_WRONG, /* and will never be one */
};

struct wire_proxy {
	size_t len;      /* of the header: what follows is the client's */
	bool has_client; /* else the balancer speaks for itself (a health check), or can't say */
	struct wire_ip client;
	uint16_t port;
};

/* On WIRE_PROXY_WRONG, *ret_why says what is wrong. */
enum wire_proxy_found wire_proxy_read(struct span in, struct wire_proxy *ret, const char **ret_why);
