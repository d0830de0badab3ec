/*
 * spf_in - what the files of the evaluator share: one check, and its questions.
 */
#pragma once
#include "auth/spf.h"
#include "auth/spf_macro.h"

struct spf_check { /* one evaluation, all records that it leads to */
	const struct spf_ops *ops;
	void *self;
	struct arena *arena;
	nanos deadline;
	struct spf_values values; /* values.domain: whose record is being read */
	unsigned lookups, voids;
	bool is_open;   /* the last match was by +all, or by a network of a /8 and more */
	bool has_names; /* the client's confirmed names have been looked up */
	struct span *names;
	size_t names_n;
	struct span reason; /* of an error */
	struct spf_fault fault;
};

/* ---- spf_ask.c ---- */

/* A question; a deadline that has passed is a failure. */
void spf_ask(struct spf_check *c, enum spf_rr type, struct span name, struct spf_answer *ret);
/*
 * The name that a domain-spec comes to, of the current domain where it is empty. False: it is none
 * that could exist.
 */
bool spf_name(struct spf_check *c, struct span spec, struct span *ret);
/* Has one of these addresses, or the network around it, the client? */
bool spf_has_client(
	const struct spf_check *c, const struct spf_answer *a, const struct spf_term *t);
enum spf_rr spf_address_type(const struct spf_check *c);
/* The client's names that lead back to it, asked for once (RFC 7208 5.5). */
void spf_find_names(struct spf_check *c);
/* %{p}: the best of them for the current domain. */
void spf_choose_name(struct spf_check *c);
bool spf_is_below(struct span name, struct span domain);
/* Words of strangers, printable and short. */
struct span spf_shown(struct spf_check *c, struct span text);
