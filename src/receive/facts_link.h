/*
 * facts_link - asks the facts process, and tells it (receive/facts.h).
 *
 * While facts is away everybody is let in, which is said once; when it is back
 * it is told of all sessions that are there. Right after the start it is not
 * away but not yet there: then clients wait for it, a little.
 */
#pragma once
#include "ipc/link.h"
#include "receive/server.h"

struct facts_link {
	struct link link;
	struct server *server;
	bool said_away;
	bool is_watching; /* somebody was deferred and is not back: tell what is accepted */
	nanos begun;
	nanos told_from; /* this second, in which */
	unsigned told;   /* so many deferrals were told */
};

void facts_link_init(struct facts_link *f, struct role *role, struct server *server);
void facts_link_done(struct facts_link *f);
extern const struct facts_ops facts_link_ops; /* self is the struct facts_link */

/* ---- inside of the link ---- */

/* Longer than a healthy facts ever needs. */
#define FACTS_PATIENCE (2 * NANOS_S)

struct facts_keys { /* an address and its network, IPv4 as ::ffff:a.b.c.d */
	unsigned char client[16], network[16];
};
void facts_keys_of(const struct session *s, struct facts_keys *k);
/* A number of the network alone, never 0. */
uint64_t facts_network(const struct server *v, const struct wire_ip *client);
/* May it relay by its address? */
bool facts_is_trusted(const struct session *s);

/* facts_ask.c */
enum reply_id facts_ask_rate(void *self, struct session *s, enum conf_rate_what what,
	const struct facts_mail *mail, struct reply_words *words);
/* Bits of the rates that do not count it. */
uint32_t facts_skipped(const struct session *s, const struct facts_mail *mail);
enum reply_id facts_ask_try(void *self, struct session *s, struct span login, nanos *ret_pause,
	struct reply_words *words);
void facts_tell_tried(void *self, struct session *s, struct span login, bool is_right);
int facts_ask_touch(
	void *self, struct session *s, const struct grey_question *q, struct grey_answer *ret);
void facts_tell_passed(void *self, struct session *s, const struct grey_question *q);
void facts_tell_deferred(void *self, struct session *s, enum reply_id id, struct span recipient);
void facts_tell_accepted(void *self, struct session *s);
