/*
 * ascii - a header field in ASCII and in lines that any server takes.
 *
 * Text becomes encoded-words (RFC 2047), parameters become extended ones (RFC 2231), domains
 * A-labels, and lines over 998 octets are folded (RFC 5322 2.1.1, 2.2.3), so that a reader is shown
 * what he would have been shown. Where that can't be done nothing is appended. Pure but for the
 * caller's buf.
 */
#pragma once
#include "mail/header.h"

#define ASCII_LINE_MOST 998U /* octets of a line without its CRLF */

enum ascii_fault {
	ASCII_OK,
	ASCII_ADDRESS, /* an address whose local part is not ASCII */
	ASCII_FIELD,   /* bytes above 127 where no encoding may stand */
	ASCII_LONG,    /* a long line that has no place for a fold */
	ASCII_MEMORY,  /* out has failed */
};

/* Appends the whole field with its CRLF; is_to_ascii: as said above; is_to_fold: with short lines. */
enum ascii_fault ascii_field(const struct mail_field *f, struct span whole, bool is_to_ascii,
	bool is_to_fold, struct buf *out);
