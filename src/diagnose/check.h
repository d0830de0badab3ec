/*
 * diagnose_check - what abide looks at on its own side: the list, and what one look showed.
 *
 * Const tables and plain structs; allocates nothing. Whoever looks (look.h) fills results in; their texts are sentences
 * (sentence.h), and live as long as the arena that they were made in.
 */
#pragma once
#include "base/span.h"

enum diagnose_check {
	CHECK_PTR,       /* the source address has a name, and that leads back */
	CHECK_HELO,      /* the name that we greet with has an address, ours */
	CHECK_SPF,       /* a sender domain of ours lets the source address send */
	CHECK_DKIM,      /* the public key in the DNS is that of our private key */
	CHECK_DMARC,     /* the domain's policy can be read */
	CHECK_MX,        /* our own domains have hosts for mail */
	CHECK_BLOCKLIST, /* a public list of addresses has ours */
	CHECK_PORT25,    /* connections to port 25 of others come about */
	CHECK_IPV6,      /* there is a route for IPv6 where mail may go by it */
	CHECK_MTU,       /* large packets get through */
	CHECK_RESOLVER,  /* the DNS answers, fast, with proofs */
	CHECK_CLOCK,     /* it is as late as we think */
	CHECK_CERTIFICATE,
	CHECK_TLSA,
	CHECK_MTA_STS,
	CHECK_INTERFACE, /* errors of network cards */
	CHECK_DISK,
	CHECK_MEMORY,
	CHECK_LOAD,
	CHECK_SOURCE, /* others see us at an address of ours: found in their replies, not by a look */
	CHECKS
};

enum check_state {
	CHECK_NOT_RUN,
	CHECK_FINE,
	CHECK_WARNS,   /* not yet a trouble, or maybe none */
	CHECK_BAD,     /* a trouble of ours */
	CHECK_UNKNOWN, /* it could not be found out */
	CHECK_STATES
};

struct check_result {
	enum diagnose_check check;
	enum check_state state;
	struct span about; /* the source address, domain or list that was looked at; may be empty */
	struct span did;   /* what was done */
	struct span showed;
	struct span means;
	struct span mend; /* how to put it right; empty where nothing is to be done */
};

const char *check_name(enum diagnose_check check);    /* "ptr" */
const char *check_state_name(enum check_state state); /* "fine", "warning", "bad", "unknown" */
bool check_parse(struct span name, enum diagnose_check *ret);
