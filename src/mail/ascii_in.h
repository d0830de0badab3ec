/*
 * ascii_in - inside mail/ascii*: texts in ASCII.
 */
#pragma once
#include "mail/ascii.h"

/* Bytes as they are named in the charset: UTF-8 where they are, else what RFC 1428 calls them. */
const char *ascii_charset(struct span text);
/* Appends text as encoded-words (RFC 2047), in new lines where that one gets long. */
void ascii_words(struct span text, struct buf *out);
/* Appends unstructured text whose words with bytes above 127 are encoded. */
void ascii_text(struct span value, struct buf *out);
/* Appends a list of addresses (RFC 5322 3.4). */
enum ascii_fault ascii_addresses(struct span value, struct buf *out);
/* Appends a value with parameters (RFC 2045 5.1, RFC 2183). */
enum ascii_fault ascii_parameters(struct span value, struct buf *out);
/* Appends a structured value of which only comments may hold bytes above 127. */
enum ascii_fault ascii_comments(struct span value, bool is_trace, struct buf *out);
/* Octets of the quoted string or comment at the front of s, to its end or that of s. */
size_t ascii_quoted_len(struct span s);
/* Appends a comment, encoded where it has bytes above 127. */
void ascii_comment(struct span comment, struct buf *out);
