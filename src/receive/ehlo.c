#include "receive/session.h"
#include <stdio.h>

/* The name is kept for the whole session; a new EHLO has a new one. */
static void greet_again(struct session *s, struct span name, bool is_esmtp)
{
	session_end_transaction(s);
	s->bdat_failed = false;
	if (!span_equal(s->helo, name)) {
		arena_reset(&s->arena);
		s->helo = arena_copy(&s->arena, name);
	}
	s->is_esmtp = is_esmtp;
}

/*
 * ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
 * helo = "HELO" SP Domain CRLF                        ; RFC 5321 4.1.1.1
 */
static enum reply_id check_name(struct session *s, struct span name, struct reply_words *words)
{
	words->verb = wire_verb_name(s->verb);
	if (name.len == 0)
		return SAY_HELO_SYNTAX;
	return wire_helo_read(name) == WIRE_HELO_BAD ? SAY_HELO_INVALID : REPLY_ID_NONE;
}

enum reply_id verb_helo(struct session *s, struct span argument, struct reply_words *words)
{
	enum reply_id refusal = check_name(s, argument, words);

	if (refusal)
		return refusal;
	greet_again(s, argument, false);
	return SAY_HELO_OK;
}

enum reply_id verb_ehlo(struct session *s, struct span argument, struct reply_words *words)
{
	enum reply_id refusal = check_name(s, argument, words);
	char size[32];

	if (refusal)
		return refusal;
	greet_again(s, argument, true);
	int n = snprintf(size, sizeof size, "SIZE %llu",
		(unsigned long long)session_conf(s)->limits.message_size);
	const struct span offers[] = {SPAN_LIT("PIPELINING"), span_of(size, (size_t)n),
		SPAN_LIT("8BITMIME"), SPAN_LIT("ENHANCEDSTATUSCODES"), SPAN_LIT("SMTPUTF8"),
		SPAN_LIT("CHUNKING"), SPAN_LIT("HELP")};

	words->domain = s->helo;
	words->lines = offers;
	words->n_lines = sizeof offers / sizeof offers[0];
	say(s, SAY_EHLO_OK, words);
	return REPLY_ID_NONE;
}
