/*
 * route - the sections about how mail goes on: route, source, sender, retry, rule, resolver, mta_sts.
 *
 * Parts of struct conf (conf/conf.h); their rows are in schema_route.c.
 */
#pragma once
#include "base/clock.h"
#include "conf/address.h"

enum conf_tls { CONF_TLS_NONE, CONF_TLS_OPPORTUNISTIC, CONF_TLS_REQUIRED, CONF_TLS_DANE };

struct conf_route {
	struct span pattern; /* lower case: "example.test", ".corp.test" (what is below it), "*" */
	struct conf_text *from; /* whose mail; none: everybody's */
	size_t n_from;
	struct conf_text *sources; /* the addresses of ours that it goes out from; none: any */
	size_t n_sources;
	struct conf_target to;
	struct span auth; /* "map:NAME" with the credentials; empty: it is not logged in */
	uint8_t tls;      /* enum conf_tls */
};

/* Whose mail it is that a way is looked for. */
struct conf_mail {
	struct span sender; /* of the envelope; empty: the null sender */
	struct span login;  /* who had logged in; empty: nobody */
};

/* One of our own addresses that mail goes out from. */
struct conf_source {
	struct span address; /* text */
	struct span ipv6;    /* its partner of the other family; empty: none */
	struct span helo;    /* empty: hostname */
	uint32_t weight;     /* its share of the mail */
};

/* Whose mail goes first where there is not room for all. */
enum conf_priority { CONF_PRIORITY_NORMAL, CONF_PRIORITY_HIGH, CONF_PRIORITY_LOW };

struct conf_sender {
	struct span who;  /* an address, a domain, ".example.org", "<>" or "*" */
	uint8_t priority; /* enum conf_priority */
};

/* When to try again: first, first*factor, ... up to max, until give_up after arrival. */
struct conf_retry {
	struct span name; /* "default", or a cause of the taxonomy */
	nanos first, max, give_up, notice_after;
	uint32_t factor; /* thousandths: 2000 doubles */
};

/* What an operator says about a reply; the first rule that fits decides (reply/own.h). */
struct conf_rule {
	struct span name;
	struct span text; /* phrases, as in reply/pattern.h; empty: any text */
	struct span host; /* lower case: "mx.example.org", ".example.org" (below it); empty: any */
	struct span status; /* "4.7.1"; empty: any */
	struct span cause;
	struct span explanation, advice, writer; /* for people; empty: those of the cause */
	nanos wait;                              /* 0: none */
	uint32_t code;                           /* 451; 45 or 4: all that begin so; 0: any */
	uint32_t confidence;                     /* thousandths */
	uint8_t stage;                           /* enum reply_stage; NONE: any */
};

/* Whom resolve asks, and what it believes. */
struct conf_resolver {
	struct conf_who *servers; /* none: those of the system; "root": none at all */
	size_t n_servers;
	struct span system; /* its resolv.conf */
	struct span anchor; /* file of the root's keys */
	uint8_t dnssec;     /* 0 or 1 */
	nanos deadline;     /* of what one check asks */
};

/* What domains say about TLS of their hosts by HTTPS (RFC 8461). */
struct conf_mta_sts {
	uint8_t use;   /* 0 or 1 */
	uint32_t port; /* of the servers that have the policies */
};
