/*
 * diagnose_spread - how one trouble is spread over sites, providers, sources, senders, messages.
 *
 * Inside diagnose/ only. Pure; memory is the caller's arena. Walks the ledger a few times; never more
 * work than its cells.
 */
#pragma once
#include "diagnose/verdict.h"

struct keyrow {
	uint64_t key;
	uint32_t fail, ok;
};
struct keyset {
	struct keyrow *rows; /* by hash, key 0: free */
	size_t n, room;
};

struct keyrow *keyset_add(struct keyset *s, uint64_t key, struct arena *arena);
const struct keyrow *keyset_find(const struct keyset *s, uint64_t key);
/* The one that failed most; NULL: there is none. */
const struct keyrow *keyset_top(const struct keyset *s);
/* How many failed / failed and never succeeded / only succeeded. */
size_t keyset_failing(const struct keyset *s);
size_t keyset_dead(const struct keyset *s);
size_t keyset_fine(const struct keyset *s);

struct spread_filter {
	enum verdict_family family;
	uint32_t from;             /* minute */
	uint64_t provider, domain; /* 0: any */
	uint64_t
		inside; /* the provider LEDGER_INSIDE, which is no part of the world: only where it is asked for */
	const struct keyset *without_domains, *without_providers;
	uint64_t about; /* counted in about_hits */
};

struct spread {
	uint32_t fail, said, ok;
	uint32_t first, last; /* minutes of failures */
	uint32_t by_side[REPLY_SIDES], by_cause[REPLY_CAUSES];
	/* with what failed, and what succeeded of all the rest */
	struct keyset sites, providers, sources, domains, messages, recipients, senders;
	uint32_t ok_there; /* successes at the sites that fail */
	uint32_t ok_domain, ok_source, ok_recipient, ok_message; /* of these: with another … */
	uint32_t ok_source_near; /* with another source, at the providers that fail */
	uint32_t about_hits;
	uint32_t own_list; /* failures at those who have us on a list of their own */
	bool is_inside;    /* all of it is of our own mailboxes */
};

/* The minute in which the trouble that lasts now began; 0: there is none. */
uint32_t spread_begin(const struct ledger *l, const struct spread_filter *f);
void spread_make(const struct ledger *l, const struct spread_filter *f, struct arena *arena,
	struct spread *ret);
bool spread_is_hit(const struct spread_filter *f, const struct ledger_cell *c);
