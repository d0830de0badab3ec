#include "wire/ehlo.h"

static const struct {
	struct span name;
	unsigned bit;
} mechanisms[] = {
	{SPAN_LIT("PLAIN"), WIRE_AUTH_PLAIN},
	{SPAN_LIT("LOGIN"), WIRE_AUTH_LOGIN},
	{SPAN_LIT("CRAM-MD5"), WIRE_AUTH_CRAM_MD5},
	{SPAN_LIT("SCRAM-SHA-1"), WIRE_AUTH_SCRAM_SHA_1},
	{SPAN_LIT("SCRAM-SHA-256"), WIRE_AUTH_SCRAM_SHA_256},
	{SPAN_LIT("OAUTHBEARER"), WIRE_AUTH_OAUTHBEARER},
	{SPAN_LIT("XOAUTH2"), WIRE_AUTH_XOAUTH2},
	{SPAN_LIT("EXTERNAL"), WIRE_AUTH_EXTERNAL},
};

static const struct {
	struct span name;
	size_t offset; /* of the bool */
} keywords[] = {
	{SPAN_LIT("PIPELINING"), offsetof(struct wire_ehlo, pipelining)},
	{SPAN_LIT("8BITMIME"), offsetof(struct wire_ehlo, eightbit)},
	{SPAN_LIT("SMTPUTF8"), offsetof(struct wire_ehlo, smtputf8)},
	{SPAN_LIT("CHUNKING"), offsetof(struct wire_ehlo, chunking)},
	{SPAN_LIT("BINARYMIME"), offsetof(struct wire_ehlo, binarymime)},
	{SPAN_LIT("DSN"), offsetof(struct wire_ehlo, dsn)},
	{SPAN_LIT("STARTTLS"), offsetof(struct wire_ehlo, starttls)},
	{SPAN_LIT("ENHANCEDSTATUSCODES"), offsetof(struct wire_ehlo, enhanced)},
};

/* The next word; empty at the end. */
static struct span take_word(struct span *s)
{
	struct span word;

	*s = span_trim(*s);
	if (!span_take_until(s, ' ', &word)) {
		word = *s;
		*s = span_slice(*s, s->len, 0);
	}
	return word;
}

static unsigned auth_of(struct span rest)
{
	unsigned auth = 0;

	for (struct span word = take_word(&rest); word.len > 0; word = take_word(&rest))
		for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++)
			if (span_equal_nocase(word, mechanisms[i].name))
				auth |= mechanisms[i].bit;
	return auth;
}

/* A size that is no number says only that SIZE is known: no fixed limit. */
static void add_size(struct wire_ehlo *e, struct span rest)
{
	struct span word = take_word(&rest);
	uint64_t size;

	if (e->has_size)
		return;
	e->has_size = true;
	if (span_take_u64(&word, &size) && word.len == 0)
		e->size = size;
}

/* limit = name "=" value; one that can't be read, or is 0, says nothing (RFC 9422 3). */
static void add_limits(struct wire_ehlo *e, struct span rest)
{
	for (struct span word = take_word(&rest); word.len > 0; word = take_word(&rest)) {
		uint32_t *to = span_take_nocase(&word, SPAN_LIT("MAILMAX="))   ? &e->mail_max
			       : span_take_nocase(&word, SPAN_LIT("RCPTMAX=")) ? &e->rcpt_max
									       : NULL;
		unsigned n;

		if (to && span_take_number(&word, 1, 6, &n) && word.len == 0)
			*to = n;
	}
}

/*
 * ehlo-line    = ehlo-keyword *( SP ehlo-param )
 * ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
 * Old servers write "AUTH=LOGIN PLAIN".
 */
void wire_ehlo_add(struct wire_ehlo *e, struct span text)
{
	struct span keyword = take_word(&text);

	if (span_equal_nocase(keyword, SPAN_LIT("SIZE")))
		add_size(e, text);
	else if (span_equal_nocase(keyword, SPAN_LIT("LIMITS")))
		add_limits(e, text);
	else if (span_equal_nocase(keyword, SPAN_LIT("AUTH")))
		e->auth |= auth_of(text);
	else if (span_take_nocase(&keyword, SPAN_LIT("AUTH=")))
		e->auth |= auth_of(keyword) | auth_of(text);
	else
		for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
			if (span_equal_nocase(keyword, keywords[i].name))
				*(bool *)((char *)e + keywords[i].offset) = true;
}
