/*
 * ehlo - what a server says it can do (RFC 5321 4.1.1.1, the client's side).
 *
 * One struct, filled line by line; a server may lie, repeat itself or never
 * stop: lines that mean nothing are ignored, repeated ones change nothing, and
 * memory does not grow. Nothing is allocated, logged or waited for.
 */
#pragma once
#include "base/span.h"

enum wire_auth {
	WIRE_AUTH_PLAIN = 1,
	WIRE_AUTH_LOGIN = 2,
	WIRE_AUTH_CRAM_MD5 = 4,
	WIRE_AUTH_SCRAM_SHA_1 = 8,
	WIRE_AUTH_SCRAM_SHA_256 = 16,
	WIRE_AUTH_OAUTHBEARER = 32,
	WIRE_AUTH_XOAUTH2 = 64,
	WIRE_AUTH_EXTERNAL = 128,
};

struct wire_ehlo {
	bool pipelining, eightbit, smtputf8, chunking, binarymime, dsn, starttls, enhanced;
	bool has_size;
	uint64_t size; /* bytes; 0: no fixed limit. The first SIZE line counts */
	unsigned auth; /* of enum wire_auth */
	uint32_t mail_max,
		rcpt_max; /* LIMITS (RFC 9422): in a session, in a transaction; 0: not said */
};

/* One line after the first (which is the greeting), without code and separator. Start from {0}. */
void wire_ehlo_add(struct wire_ehlo *e, struct span text);
