/*
 * command - one SMTP command line to a verb and its argument (RFC 5321 4.1.1, 2033, 3030).
 *
 * Owns nothing, allocates nothing, never logs or waits: spans borrow from the
 * line. Verbs are read without regard to case; spaces at the end of a line are
 * forgiven. What stands in the argument is the business of wire/path.h,
 * wire/params.h and of the functions below.
 */
#pragma once
#include "base/span.h"

enum wire_verb {
	WIRE_UNKNOWN,
	WIRE_EHLO,
	WIRE_HELO,
	WIRE_LHLO,
	WIRE_MAIL,
	WIRE_RCPT,
	WIRE_DATA,
	WIRE_BDAT,
	WIRE_RSET,
	WIRE_NOOP,
	WIRE_VRFY,
	WIRE_EXPN,
	WIRE_HELP,
	WIRE_QUIT,
	WIRE_STARTTLS,
	WIRE_AUTH,
	WIRE_ETRN,
	WIRE_XCLIENT,
	WIRE_VERBS, /* how many there are */
};

/* A byte that no command line may hold; the first one found is reported. */
enum wire_line_fault { WIRE_LINE_OK, WIRE_LINE_NUL, WIRE_LINE_BARE_CR, WIRE_LINE_BARE_LF };

struct wire_command {
	enum wire_verb verb;
	enum wire_line_fault fault;
	struct span name;     /* the verb as it was sent */
	struct span argument; /* after the verb, without spaces at either end */
};

/* Reads a line without its CRLF. Never fails: what is no verb is WIRE_UNKNOWN. */
struct wire_command wire_command_read(struct span line);

/* The verb in capitals; "" for WIRE_UNKNOWN. */
struct span wire_verb_name(enum wire_verb verb);

/* What EHLO, HELO or LHLO gave as the client's name. */
enum wire_helo {
	WIRE_HELO_BAD,   /* empty, spaces, control characters, brackets around no address … */
	WIRE_HELO_LOOSE, /* no domain by RFC 5321, but harmless: underscores, dots or hyphens amiss */
	WIRE_HELO_DOMAIN,  /* Domain, U-labels included */
	WIRE_HELO_LITERAL, /* address-literal */
};
enum wire_helo wire_helo_read(struct span argument);

/* BDAT's argument: chunk size in bytes, and whether it is the last. 0, or -EBADMSG. */
int wire_bdat_read(struct span argument, uint64_t *ret_size, bool *ret_is_last)
	__attribute__((warn_unused_result));
