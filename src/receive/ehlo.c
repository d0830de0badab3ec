#include "receive/advice.h"
#include "receive/login.h"
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
static enum reply_id take_name(
	struct session *s, struct span name, bool is_esmtp, struct reply_words *words)
{
	words->verb = wire_verb_name(s->verb);
	if (name.len == 0)
		return SAY_HELO_SYNTAX;
	if (wire_helo_read(name) == WIRE_HELO_BAD)
		return SAY_HELO_INVALID;
	greet_again(s, name, is_esmtp);
	enum reply_id refusal = advice_at(s, CONF_STAGE_HELO, words);

	if (refusal)
		s->helo = (struct span){0}; /* it has not been greeted */
	return refusal;
}

enum reply_id verb_helo(struct session *s, struct span argument, struct reply_words *words)
{
	enum reply_id refusal = take_name(s, argument, false, words);

	return refusal ? refusal : SAY_HELO_OK;
}

/*
 * LIMITS: what is kept anyway, told before it is met (RFC 9422). A number there has at most six
 * digits; what is more is no limit that a client would meet.
 */
static struct span limits_of(const struct conf_limits *limits, char *out, size_t room)
{
	enum { MOST = 999999 };
	int n = snprintf(out, room, "LIMITS");

	if (limits->messages_per_session <= MOST)
		n += snprintf(out + n, room - (size_t)n, " MAILMAX=%llu",
			(unsigned long long)limits->messages_per_session);
	if (limits->recipients <= MOST)
		n += snprintf(out + n, room - (size_t)n, " RCPTMAX=%llu",
			(unsigned long long)limits->recipients);
	return span_of(out, (size_t)n);
}

enum reply_id verb_ehlo(struct session *s, struct span argument, struct reply_words *words)
{
	enum reply_id refusal = take_name(s, argument, true, words);
	char size[32], limits[64], auth[LOGIN_OFFER_MAX];

	if (refusal)
		return refusal;
	int n = snprintf(size, sizeof size, "SIZE %llu",
		(unsigned long long)session_conf(s)->limits.message_size);
	struct span offers[] = {SPAN_LIT("PIPELINING"), span_of(size, (size_t)n),
		SPAN_LIT("8BITMIME"), SPAN_LIT("ENHANCEDSTATUSCODES"), SPAN_LIT("SMTPUTF8"),
		SPAN_LIT("CHUNKING"), SPAN_LIT("DSN"), SPAN_LIT("HELP"),
		limits_of(&session_conf(s)->limits, limits, sizeof limits), {0}, {0}, {0}, {0}};

	words->domain = s->helo;
	words->lines = offers;
	words->n_lines = sizeof offers / sizeof offers[0] - 4;
	if (encrypt_is_offered(s))
		offers[words->n_lines++] = SPAN_LIT("STARTTLS");
	struct span login = login_offer(s, auth);

	if (login.len > 0)
		offers[words->n_lines++] = login;
	/* draft-santos-smtpgrey: our 4xx say when to come back, as retry= */
	if (session_conf(s)->greylist.mode != CONF_GREYLIST_OFF)
		offers[words->n_lines++] = SPAN_LIT("GREYLIST");
	if (s->door.may_xclient)
		offers[words->n_lines++] = SPAN_LIT("XCLIENT NAME ADDR PORT PROTO HELO");
	say(s, SAY_EHLO_OK, words);
	return REPLY_ID_NONE;
}
