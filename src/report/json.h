/*
 * json - the scalars of JSON text, one after another (RFC 8259).
 *
 * For notices and logs that are JSON: no tree, no limits but the text's own length. Forgiving:
 * what is no JSON gives fewer members, never an error. Values without escapes borrow the text,
 * others are copied into the arena; linear. Inside report/ only.
 */
#pragma once
#include "base/arena.h"

enum json_kind { JSON_OPEN, JSON_CLOSE, JSON_STRING, JSON_NUMBER, JSON_END };

struct json_reader {
	struct span rest;
	struct span key; /* the last one; members of an array keep the array's */
	struct arena *arena;
};

/* The next brace ({ or }) or scalar; key and value belong to it. JSON_END: there is no more. */
enum json_kind json_next(struct json_reader *r, struct span *ret_value);
