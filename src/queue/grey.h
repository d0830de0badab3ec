/*
 * grey - what a site's greylisting is like, learned from pairs of a first refusal and a first "250".
 *
 * Pure. The delay lies between one that was not enough and one that was; the
 * next message's retry is timed to be the first that works, or, while the two
 * are far apart, to halve what is not known. Times are queue milliseconds.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define GREY_SEEN 16U /* contacts that are remembered to learn what the site remembers */

struct grey_seen {
	uint32_t sender, recipient; /* hashes */
	int64_t taken_at;
};

struct grey {
	int64_t enough;   /* ms: the shortest wait that was followed by a 250; 0: nothing known */
	int64_t vain;     /* ms: the longest that was not enough, below enough */
	uint32_t pairs;   /* that were seen */
	uint32_t in_vain; /* retries in a row for which `enough` was not enough */
	int64_t learned_at;
	/* What begins a wait of its own: how often it did, and how often it did not. */
	uint32_t recipient_waits, recipient_passes;
	uint32_t sender_waits, sender_passes;
	int64_t remembers;      /* ms: a contact this old still passed */
	int64_t forgets;        /* ms: one this old had to wait again; 0: never seen */
	struct grey_seen *seen; /* GREY_SEEN, once the site has greylisted anybody; owned */
	unsigned seen_next;
};

struct grey_contact {
	uint32_t sender, recipient; /* hashes */
	bool is_first;              /* nothing was refused before for being new */
	int64_t age;                /* ms since its first refusal */
	int64_t now;
};

void grey_done(struct grey *g);
/* The site said "later" for no reason but that we are new. */
void grey_refused(struct grey *g, const struct grey_contact *c);
/* It took the message. was_grey: its refusal before was such a one. */
void grey_taken(struct grey *g, const struct grey_contact *c, bool was_grey);
/*
 * How long after its first refusal a message should come back; age: how long ago that was, or 0
 * for the first refusal itself. 0: not known, or what was known has not worked for this one.
 */
int64_t grey_wait(const struct grey *g, int64_t age);
/* The wait is known well enough to be counted on. */
bool grey_is_known(const struct grey *g);
