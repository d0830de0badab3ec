/*
 * spf_macro - the little language of names inside of SPF records (RFC 7208 7).
 *
 * Checks and expands; a stranger wrote the text, another one the values. Writes
 * into a caller's bounded buf; nothing is looked up, logged or waited for:
 * whoever expands %{p} has found the name before.
 */
#pragma once
#include "base/buf.h"
#include "wire/address.h"

#define SPF_NAME_MAX 253U /* of a domain name, without a dot behind it */

struct spf_values {
	struct wire_ip client;
	struct span sender;    /* never empty: postmaster@HELO for the null sender */
	struct span local, of; /* the sender's parts */
	struct span domain;    /* whose record it is */
	struct span helo;      /* as the client said it */
	struct span receiver;  /* our own name */
	struct span confirmed; /* name of the client; empty: none is confirmed */
	int64_t now;           /* seconds since 1970 */
};

/* A domain-spec, as mechanisms, redirect= and exp= have it. */
bool spf_macro_is_domain(struct span text);
/* A macro-string (of an unknown modifier), or the text of an explanation, with spaces. */
bool spf_macro_is_text(struct span text, bool is_explanation);
/* Does it ask for %{p}? Of valid text only. */
bool spf_macro_needs_name(struct span text);

/* Appends what valid text comes to. 0 or the buf's sticky error. */
int spf_macro_expand(struct span text, const struct spf_values *values, struct buf *out);
/*
 * Makes a name that can be asked for of an expanded one: no dot behind it, and what is too long loses
 * labels on the left (RFC 7208 7.3). False: it is no name (an empty or a long label).
 */
bool spf_macro_name(struct span expanded, struct span *ret);
