/*
 * spf_record - reads an SPF record (RFC 7208 4.6, 5, 6) into terms.
 *
 * All of it is checked before anything of it is used. Terms borrow from the
 * text and live in the caller's arena. Pure.
 */
#pragma once
#include "base/arena.h"
#include "wire/address.h"

#define SPF_RECORD_MAX 8192U /* bytes; more is called wrong, as are so many terms: */
#define SPF_TERMS_MAX  512U

enum spf_mechanism {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
	SPF_MECHANISMS
};

struct spf_term {
	struct span text;   /* as written */
	struct span domain; /* a domain-spec; empty: the domain whose record it is */
	uint8_t mechanism;  /* enum spf_mechanism */
	char qualifier;     /* + - ~ ? */
	uint8_t prefix4, prefix6;
	uint8_t address[16]; /* SPF_IP4, SPF_IP6 */
};

struct spf_record {
	struct spf_term *terms;
	size_t n;
	struct span redirect, exp; /* domain-specs; empty: there is none */
};

/* Does it begin as an SPF record does? Other text records are none of ours. */
bool spf_record_is_one(struct span text);
/* NULL, or what is wrong with *ret_term, in a few words. */
const char *spf_record_read(
	struct span text, struct arena *arena, struct spf_record *ret, struct span *ret_term);
