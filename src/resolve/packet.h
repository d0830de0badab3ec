/*
 * packet - an answer of the DNS in wire form (RFC 1035 4.1), as libunbound's event interface hands it over, read.
 *
 * Strangers' bytes, though the library has written them anew. Pure; what is read lives in the arena. Bounded:
 * the 200 first records, 65,535 bytes of their data, names of 255.
 */
#pragma once
#include "base/arena.h"
#include "ipc/messages/resolve.h"

/*
 * State by the response code and by what is there for the question that stands in the packet: records of the name
 * that was asked, or at the end of its aliases, with no compressed names in them; the name at that end as canonical, where
 * it is another one and a host could have it; the least TTL of what the answer rests on. 0; or -EBADMSG, and *ret untouched.
 */
int packet_read(struct span packet, struct arena *arena, struct ipc_resolve_answer *ret);
/* Of a response code without a packet. */
struct ipc_resolve_answer packet_failure(unsigned rcode);
