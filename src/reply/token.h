/*
 * reply_token - a reply's text as words and typed values.
 *
 * Within reply/ only. Finds addresses, domains, IPs, links, clock times,
 * numbers and statuses, and drops the code and status that servers repeat at
 * the front of each line. Linear in the text; memory from the arena. Tokens
 * borrow from the text.
 */
#pragma once
#include "base/arena.h"
#include "reply/line.h"

enum reply_token_kind {
	TOKEN_WORD,
	TOKEN_NUMBER,  /* digits */
	TOKEN_CLOCK,   /* 10:30, 00:02:00 */
	TOKEN_STATUS,  /* 5.1.1 */
	TOKEN_ADDRESS, /* with an @ */
	TOKEN_DOMAIN,  /* with a dot */
	TOKEN_IP,
	TOKEN_URL,
};

/* FNV-1a, as tools/replies-index has it. */
enum { REPLY_HASH_BEGIN = 0x811c9dc5, REPLY_HASH_PRIME = 0x01000193 };

static inline uint32_t reply_hash_add(uint32_t hash, char c)
{
	return (hash ^ (unsigned char)c) * REPLY_HASH_PRIME;
}

enum { REPLY_BEGINNING = 2, REPLY_STEM = 5 }; /* bytes */

/* Of a word in small letters. */
struct reply_hashes {
	uint32_t whole;
	uint32_t beginning, stem; /* of its first bytes; of all, where they are fewer */
};

struct reply_token {
	enum reply_token_kind kind : 8;
	bool may_have_digits; /* of a word: not letters alone */
	bool may_have_marks;  /* an apostrophe */
	bool has_hashes;
	struct reply_hashes hashes;
	struct span text;
	char before;      /* the last sign before it that is no space: '=', ':', '('; 0: none */
	char after;       /* the first sign behind it, spaces left out; 0: none */
	const char *line; /* where its line's text begins, if it is the first there; else NULL */
};

struct reply_tokens {
	struct span text;  /* that they were read from */
	const char *small; /* the same in small letters; in the arena */
	struct reply_token *list;
	size_t n;
	const char *tail;           /* where the last line's text begins, if it has no token */
	unsigned code;              /* at the front of the text or behind a wrapper; 0: none */
	struct reply_status status; /* the first that stands where a status does */
};

/* text: not more than REPLY_READ_MAX bytes. */
void reply_tokens_read(struct span text, struct arena *arena, struct reply_tokens *ret);

/* Digits as a number, saturating at a million millions. */
int64_t reply_token_number(const struct reply_token *t);
