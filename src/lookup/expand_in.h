/*
 * expand_in - one question of who is meant, while it is worked on: shared by the files of expand.
 *
 * expand_work.c keeps what is still to be looked at and what was found; expand_ours.c knows what an
 * address of one of our domains leads to; expand.c begins and ends. All memory is the arena's.
 */
#pragma once
#include "base/table.h"
#include "ipc/messages/lookup.h"
#include "lookup/expand.h"

struct item { /* an address that is being worked on */
	struct span address, local, domain;
	const struct item *from; /* whose alias led here; NULL: it is the recipient */
	struct item *next;
	unsigned depth;
	bool is_final; /* an alias named itself: it is not asked again */
};

struct work {
	const struct expand *e;
	struct item *first, **last; /* to be worked on */
	size_t items;               /* ever made */
	struct ipc_lookup_recipient *found;
	size_t found_n, found_room;
	struct table seen; /* addresses in found */
	struct span sender;
	uint8_t verdict, trouble; /* verdict: 0 as long as nothing is wrong */
	struct expand_note *note;
};

void work_conclude(
	struct work *w, enum ipc_lookup_verdict verdict, struct span address, const char *what);
/* The canonical text of an address; false where it is none. */
bool work_canonical(const struct expand *e, struct span text, struct span *ret);
bool work_split(struct span address, struct span *ret_local, struct span *ret_domain);
/* True where it was found. What fails is the verdict. */
bool work_ask(struct work *w, struct span map, struct span key, struct map_answer *ret);
struct span work_join(const struct expand *e, struct span local, struct span domain);
/* By the whole address; in a file by the local part too, because the file is this domain's. */
bool work_ask_both(struct work *w, struct span map, struct span local, struct span domain,
	struct map_answer *ret);
bool work_is_loop(const struct item *from, struct span address);
void work_push(struct work *w, const struct item *from, struct span address, bool is_final);
void work_grow(struct work *w);
/* SRS is wanted, and its secrets could not be read. */
void work_lack_secrets(struct work *w, struct span address);
void work_found(struct work *w, struct span address, struct span domain);
/* Is it one that RFC 5321 4.5.1 or 2142 wants taken (postmaster, abuse), with a tag or without? */
bool work_is_postmaster(const struct conf_domain *d, struct span local);
/* An address of the domain d: what it leads to is found, or is to be worked on. */
void work_ours(struct work *w, const struct conf_domain *d, const struct item *i);
