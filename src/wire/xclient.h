/*
 * xclient - the argument of XCLIENT (Postfix, XCLIENT_README): for whom a trusted client speaks.
 *
 * Pure: borrows, allocates nothing, never logs or waits. Whether the client
 * may say such a thing is for the caller.
 */
#pragma once
#include "base/buf.h"
#include "wire/address.h"

#define WIRE_XCLIENT_NAME_MAX 255U

struct wire_xclient {
	bool has_addr, has_port, has_helo, has_proto;
	bool is_addr_known, is_helo_known; /* else it said [UNAVAILABLE] or [TEMPUNAVAIL] */
	struct wire_ip addr;
	uint16_t port;
	struct span helo; /* still in xtext, no more than WIRE_XCLIENT_NAME_MAX decoded bytes */
	bool is_esmtp;    /* PROTO */
};

/*
 * xclient = "XCLIENT" 1*( SP name "=" value )    values are xtext
 * 0, or -EBADMSG and *ret_bad is the attribute that is wrong or not known.
 */
int wire_xclient_read(struct span argument, struct wire_xclient *ret, struct span *ret_bad)
	__attribute__((warn_unused_result));
