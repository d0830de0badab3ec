/*
 * bounce - what the readers of a bounce's parts share. Inside report/ only.
 *
 * The list of recipients while it grows: bounded, memory from the arena.
 */
#pragma once
#include "report/bounce_read.h"
#include "report/lines.h"

struct bounce_work {
	const struct lines *lines;
	struct arena *arena;
	struct bounce *bounce;
	struct span from, to; /* addresses in the bounce's own header: it is not about them */
	struct span subject;
	bool is_status; /* status fields named a recipient */
};

/* The recipient of this address, old or new; NULL where there are too many. */
struct bounce_recipient *bounce_recipient(struct bounce_work *w, struct span address);

/* Lines from and before to, trimmed and joined with blanks, at most REPLY_READ_MAX bytes. */
struct span bounce_join(const struct bounce_work *w, size_t from, size_t to);

/* Recipients of status fields (RFC 3464 2.2, 2.3). */
void status_fields_read(struct bounce_work *w);
