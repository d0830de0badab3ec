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
#include "task/stream.h"
#include "wire/ehlo.h"

/* How a connection should be made, where replies before it said so. */
struct connection_wish {
	struct span first; /* ADDRESS:PORT to try before the others; empty: in their order */
	size_t skip;       /* so many of that order have been tried */
	bool plain;        /* without PIPELINING and SIZE, whatever is offered */
	bool unpipelined;
	const struct conf_source *source; /* NULL: as the system chooses */
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
	size_t place; /* of its address in the order of the target's addresses */
	bool is_plain, is_unpipelined;
	struct span source; /* our address, as configured; empty: as the system chose */
	struct span helo;
	unsigned messages; /* begun on it */
	bool is_lost;
};

/*
 * Tries the addresses of a target in order. NULL, and why in *ret_trouble (spans live in arena).
 * wish may be NULL.
 */
struct connection *connection_open(const struct conf *conf, const struct conf_target *target,
	const struct connection_wish *wish, struct arena *arena, struct trouble *ret_trouble);
/* How many addresses a target has. */
size_t connection_places(const struct conf_target *target);
/* The greeting and EHLO, over c->stream. False: the trouble says why. */
bool connection_greet(struct connection *c, const struct conf *conf, struct trouble *ret);
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
