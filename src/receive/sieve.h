/*
 * sieve - when more strangers knock than can be told politely to come later: the kernel leaves some of them unheard.
 *
 * To accept a client, to say 421 and to close costs the kernel a fifteenth of what it costs to take a message. So a
 * crowd that is many times what is served would leave nothing for those who are let in. A filter on the listening
 * socket (classic BPF; the supervisor sets it, for Linux asks for a privilege) then lets a share of strangers' first packets through; for
 * the others it is as if the packet was lost. The lot is drawn from the sequence number that the packet begins with, which is the
 * same when their kernel sends it again: whoever is not heard is not heard a second later either, until there is more room, and is
 * not paid for again; a new connection is a new lot. Those who may relay, and networks that are known, are always heard, and nothing but
 * the first packet of a connection is looked at.
 *
 * A filter stays with the socket, which outlives this process in the supervisor: the supervisor takes it away
 * before it starts another, and we do when the doors change. Pure.
 */
#pragma once
#include "conf/conf.h"
#include "policy/load.h"
#include "wire/address.h"
#include <linux/filter.h>

#define SIEVE_WHOLE      LOAD_PART_WHOLE /* parts: all are let through */
#define SIEVE_KNOWN_MOST 128U
#define SIEVE_MOST       2048U /* instructions */

/* Networks that are always let through: the newest that were known, each once. */
struct sieve_known {
	struct wire_network networks[SIEVE_KNOWN_MOST];
	unsigned n, next;
};

struct sieve {
	struct sock_filter code[SIEVE_MOST];
	unsigned n;
	bool is_full; /* it did not fit: not to be used */
};

void sieve_note_known(struct sieve_known *known, const struct wire_ip *client);
/* part: of strangers, in SIEVE_WHOLE. salt: any number, the same for as long as there is a crowd. False: so many networks are always let through that it does not fit. */
bool sieve_build(struct sieve *s, const struct conf *conf, const struct conf_listener *listener,
	const struct sieve_known *known, unsigned part, uint32_t salt);
struct span sieve_code(const struct sieve *s);
