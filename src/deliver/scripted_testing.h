/*
 * scripted - for tests: jobs delivered to a peer by script, and what became of them.
 *
 * The peer says replies in order, parted by '|'; connections are parted by '/'. "#close" closes
 * instead of a reply, "#hang" says nothing; a reply that begins with '!' is said and then closed.
 * QUIT is always answered, and its connection closed.
 */
#pragma once
#include "base/span.h"
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define HELLO "220 peer|250-peer\r\n250 PIPELINING|"
#define PLAIN "220 peer|250 peer|"
#define OK    "250 2.0.0 Ok|"

struct scripted {
	const char *name;
	const char *script;
	unsigned recipients; /* a@one.test, b@one.test ... of each job */
	unsigned jobs;       /* over one slot; 0: one */
	bool body_8bit;
	const char *conf;  /* in limits; NULL: the usual */
	const char *fates; /* R relayed D deferred F failed M maybe, code, stage */
	const char *heard;
	bool fresh;
	unsigned recipients_most;
	bool lmtp;
	const char *content; /* NULL: the usual */
	const char *address; /* of the first recipient; NULL: the usual */
};

/* Plays each: its fates and the commands that the peer heard must be as it says. */
void scripted_check(const struct scripted *cases, size_t n);
/* Plays one: what the peer got of the last content must be want, with the dot. */
void scripted_check_content(const struct scripted *c, const char *want);
