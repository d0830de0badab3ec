/*
 * bounce - what the readers of a bounce's parts share. Inside report/ only.
 *
 * The list of recipients while it grows: bounded, memory from the arena.
 */
#pragma once
#include "report/bounce_read.h"
#include "report/lines.h"

enum { BOUNCE_CODED_MAX = 256 };

struct bounce_work {
	const struct lines *lines;
	struct arena *arena;
	struct bounce *bounce;
	struct span from, to; /* addresses in the bounce's own header: it is not about them */
	struct span subject;
	size_t *coded; /* lines of prose with a code that refuses, BOUNCE_CODED_MAX at most */
	size_t n_coded;
	struct reply_meaning *of_all; /* what the whole prose means, once it was asked for */
	bool is_status;               /* status fields named a recipient */
	bool has_kind;                /* a notice in JSON said what it is */
	enum bounce_kind kind;
};

/* The recipient of this address, old or new; NULL where there are too many. */
struct bounce_recipient *bounce_recipient(struct bounce_work *w, struct span address);

/* Lines from and before to, trimmed and joined with blanks, at most max bytes. */
struct span bounce_join(const struct bounce_work *w, size_t from, size_t to, size_t max);

/* "rfc822; a@b", "smtp; 550 …": what follows the type. */
struct span bounce_typed(struct span value);

/* "5.1.1 (words)". False, and *ret untouched, where there is none. */
bool bounce_status(struct span value, struct reply_status *ret);

/* Recipients of status fields (RFC 3464 2.2, 2.3). */
void status_fields_read(struct bounce_work *w);
