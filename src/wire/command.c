#include "wire/command.h"
#include "wire/path.h"
#include <errno.h>

static const struct span names[WIRE_VERBS] = {
	[WIRE_UNKNOWN] = SPAN_LIT(""),
	[WIRE_EHLO] = SPAN_LIT("EHLO"),
	[WIRE_HELO] = SPAN_LIT("HELO"),
	[WIRE_LHLO] = SPAN_LIT("LHLO"),
	[WIRE_MAIL] = SPAN_LIT("MAIL"),
	[WIRE_RCPT] = SPAN_LIT("RCPT"),
	[WIRE_DATA] = SPAN_LIT("DATA"),
	[WIRE_BDAT] = SPAN_LIT("BDAT"),
	[WIRE_RSET] = SPAN_LIT("RSET"),
	[WIRE_NOOP] = SPAN_LIT("NOOP"),
	[WIRE_VRFY] = SPAN_LIT("VRFY"),
	[WIRE_EXPN] = SPAN_LIT("EXPN"),
	[WIRE_HELP] = SPAN_LIT("HELP"),
	[WIRE_QUIT] = SPAN_LIT("QUIT"),
	[WIRE_STARTTLS] = SPAN_LIT("STARTTLS"),
	[WIRE_AUTH] = SPAN_LIT("AUTH"),
	[WIRE_ETRN] = SPAN_LIT("ETRN"),
	[WIRE_XCLIENT] = SPAN_LIT("XCLIENT"),
};

static enum wire_line_fault line_fault(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		switch (line.at[i]) {
		case '\0':
			return WIRE_LINE_NUL;
		case '\r':
			return WIRE_LINE_BARE_CR;
		case '\n':
			return WIRE_LINE_BARE_LF;
		}
	return WIRE_LINE_OK;
}

static enum wire_verb verb_of(struct span name)
{
	for (unsigned i = WIRE_UNKNOWN + 1; i < WIRE_VERBS; i++)
		if (span_equal_nocase(name, names[i]))
			return (enum wire_verb)i;
	return WIRE_UNKNOWN;
}

struct wire_command wire_command_read(struct span line)
{
	struct wire_command c = {.fault = line_fault(line)};

	while (line.len > 0 && (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\t'))
		line.len--;
	if (!span_take_until(&line, ' ', &c.name)) {
		c.name = line;
		line = span_slice(line, line.len, 0);
	}
	while (span_take(&line, ' '))
		;
	c.argument = line;
	c.verb = c.fault == WIRE_LINE_OK ? verb_of(c.name) : WIRE_UNKNOWN;
	return c;
}

struct span wire_verb_name(enum wire_verb verb)
{
	return verb < WIRE_VERBS ? names[verb] : names[WIRE_UNKNOWN];
}

/* Letters, digits, UTF-8, and the marks of names that real clients send. */
static bool is_loose(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is_alpha(s.at[i]) && !byte_is_digit(s.at[i]) && s.at[i] != '.' &&
			s.at[i] != '-' && s.at[i] != '_')
			return false;
	return s.len > 0 && s.len <= WIRE_DOMAIN_MAX;
}

/*
 * ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
 * An address without its brackets is digits and dots, or has colons: loose or bad.
 */
enum wire_helo wire_helo_read(struct span argument)
{
	struct wire_ip ip;

	if (argument.len > 0 && argument.at[0] == '[')
		return wire_literal_read(argument, &ip) == -EBADMSG ? WIRE_HELO_BAD
								    : WIRE_HELO_LITERAL;
	if (span_find(argument, '_') < 0 && wire_domain_read(argument) == WIRE_PATH_OK &&
		wire_ip_read(argument, &ip) < 0)
		return WIRE_HELO_DOMAIN;
	return is_loose(argument) ? WIRE_HELO_LOOSE : WIRE_HELO_BAD;
}

/*
 * RFC 3030 2:
 *   bdat-cmd   ::= "BDAT" SP chunk-size [ SP end-marker ] CR LF
 *   chunk-size ::= 1*DIGIT
 *   end-marker ::= "LAST"
 */
int wire_bdat_read(struct span argument, uint64_t *ret_size, bool *ret_is_last)
{
	uint64_t size;

	if (!span_take_u64(&argument, &size))
		return -EBADMSG;
	bool is_last = argument.len > 0;

	if (is_last) {
		if (!span_take(&argument, ' '))
			return -EBADMSG;
		while (span_take(&argument, ' '))
			;
		if (!span_equal_nocase(argument, SPAN_LIT("LAST")))
			return -EBADMSG;
	}
	*ret_size = size;
	*ret_is_last = is_last;
	return 0;
}
