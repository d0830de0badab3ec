/*
 * connection - one SMTP session as a client: from connect to QUIT.
 *
 * Owns the stream and what the peer said it can do. Every wait has a deadline
 * from the configuration's timeouts (RFC 5321 4.5.3.2). Reads what the peer
 * said before it reports that writing failed: a 421 that explains a closed
 * connection is not lost.
 */
#pragma once
#include "conf/conf.h"
#include "deliver/fate.h"
#include "deliver/security.h"
#include "task/stream.h"
#include "wire/ehlo.h"

struct deliver;

struct login {
	struct span user, password;
};

/* Whether it is encrypted: by the route, or because a reply asked for it. */
enum connection_tls {
	CONNECTION_PLAIN,
	CONNECTION_MAY_TLS, /* where it is offered and works */
	CONNECTION_MUST_TLS,
	CONNECTION_VERIFIED, /* and the peer must prove that it is the host, */
	CONNECTION_DANE,     /* by what the DNS says of it, and by nothing else */
};

/* How a connection should be made, where replies before it said so. */
struct connection_wish {
	struct span first; /* ADDRESS:PORT to try before the others; empty: in their order */
	size_t skip;       /* so many of that order have been tried */
	bool plain;        /* without PIPELINING and SIZE, whatever is offered */
	bool unpipelined;
	enum connection_tls tls;
	const struct security
		*security;       /* of the target's hosts, in their order; NULL: nothing is said */
	struct deliver *deliver; /* what TLS is verified with; may be NULL with CONNECTION_PLAIN */
	struct id id;            /* of the message that it is opened for: for the log */
	const struct conf_source *source; /* NULL: as the system chooses */
	struct span auth;                 /* the map to log in with; empty: not at all */
	uint32_t dice;                    /* orders hosts that have weights */
	struct span sender;               /* whose mail it is for: he may have a login of his own */
};

struct connection {
	struct stream *stream;
	struct reply_reader reader;
	struct wire_ehlo ehlo;
	struct span target; /* the conf_target it belongs to, by text; in own memory */
	struct span host;   /* HOST of the next hop */
	struct span ip;     /* its address */
	struct span peer;   /* ADDRESS:PORT */
	struct arena arena;
	size_t place;  /* of its address in the order of the target's addresses */
	uint32_t dice; /* that this order was made with */
	bool is_plain, is_unpipelined;
	bool tls_first; /* before the greeting (RFC 8314) */
	bool is_lmtp; /* RFC 2033: LHLO, and after the dot a reply for each recipient that was taken */
	enum connection_tls tls;  /* as it was wished */
	struct security security; /* its spans and pointers live while it is being made */
	struct span tls_text;     /* what was negotiated, in words; empty: it is not encrypted */
	struct deliver *deliver;
	struct id id;       /* of the message that it was opened for */
	struct span source; /* our address, as configured; empty: as the system chose */
	struct span helo;
	struct span auth, sender; /* as they were wished */
	struct span user;         /* that is logged in; empty: nobody */
	unsigned messages;        /* begun on it */
	bool is_lost;
};

/*
 * Tries the addresses of a target in order. NULL, and why in *ret_trouble (spans live in arena).
 * wish may be NULL.
 */
struct connection *connection_open(const struct conf *conf, const struct conf_target *target,
	const struct connection_wish *wish, struct arena *arena, struct trouble *ret_trouble);
/* connect.c: source and d may be NULL. Waits. 0 or -errno. */
int connection_connect(const struct deliver *d, const struct conf *conf,
	const struct conf_address *a, const struct conf_source *source, struct stream **ret);
/* How many addresses a target has. */
size_t connection_places(const struct conf_target *target);
/* The greeting and EHLO, over c->stream. False: the trouble says why. */
bool connection_greet(struct connection *c, const struct conf *conf, struct trouble *ret);
/* The handshake alone, as c->tls says. False: the trouble says why. */
bool connection_shake_hands(struct connection *c, const struct conf *conf, struct trouble *ret);
/* Begins the session anew under TLS, as c->tls says. False: the trouble says why. */
bool connection_encrypt(struct connection *c, const struct conf *conf, struct trouble *ret);
/* May it be spoken to at all, by what is said about it? False: the trouble says why not. */
bool connection_may(struct connection *c, struct trouble *ret);
/* Where TLS fails that is only wished for: may it go on without? */
bool connection_may_be_plain(const struct security *s);
/* login.c: logs in, where that was wished. False: the trouble says why. */
bool connection_log_in(struct connection *c, const struct conf *conf, struct trouble *ret);
/* Is who would be logged in for that sender with this map logged in? Waits for lookup. */
bool connection_is_for(struct connection *c, struct span map, struct span sender);
/* EHLO, or HELO where that is all. */
bool connection_introduce(struct connection *c, const struct conf *conf, struct trouble *ret);
/* QUIT where the session is alive, then closes and frees. NULL is fine. */
void connection_close(struct connection *c, nanos deadline);
/* False where the peer has closed or said something while nothing was asked. */
bool connection_is_usable(struct connection *c);

/*
 * The next reply into c->reader.reply. False: the trouble says why, and the connection is lost.
 * A 421 is returned as a reply, and marks the connection lost.
 */
bool connection_reply(
	struct connection *c, enum reply_stage stage, nanos deadline, struct trouble *ret);
/* Adds a command line to the output (CRLF is added). False as above. */
bool connection_say(struct connection *c, struct span line, nanos deadline);
/* The words that name this peer, for events. */
struct reply_words connection_words(const struct connection *c);
