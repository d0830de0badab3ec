/*
 * load - how much abide can take on now, and whom it turns away first.
 *
 * Pure: measures go in, a stage comes out. A stage is entered at one height of
 * a measure and left below another, well under it, so that it does not flutter;
 * nothing else delays the way back, but that somebody is still being turned away. Strangers are turned away first, networks
 * whose mail came through before later, our own users last. A disk that is
 * nearly full is apart from that: it says no to new mail, to everybody.
 */
#pragma once
#include "base/clock.h"

enum load_stage {
	LOAD_CALM,
	LOAD_BUSY, /* of strangers only as many as are done with soon (load_window) */
	LOAD_HARD, /* nor of networks that are known */
	LOAD_FULL, /* nor of our own users */
};

enum load_client { LOAD_STRANGER, LOAD_KNOWN, LOAD_OWN };

struct load_measures {
	int64_t lag_ms;      /* how late a task of this process runs that is due */
	int64_t standing_ms; /* the least of that in the last moments: a queue that stays */
	int64_t commit_ms;   /* how long the queue takes for a message, at worst */
	int64_t backlog_ms;  /* at best, in the last moments, beyond what its disk needs anyway */
	uint32_t sessions, descriptors; /* in use, thousandths of what may be */
	uint32_t memory;                /* available, thousandths */
	bool is_shedding;               /* strangers were turned away a moment ago */
	/* of the spool's disk */
	bool has_room;      /* the next two are known */
	uint64_t disk_free; /* bytes */
	uint64_t inodes_free;
	uint32_t map_used; /* thousandths of the most that the spool may have */
};

struct load_limits {
	uint64_t disk_free; /* bytes that must be left; 0: not watched */
};

struct load_state {
	enum load_stage stage;
	const char *why; /* the measure that has it there: "lag", "commit", ...; NULL: calm */
	bool is_disk_low;
};

/* What follows for the state from new measures. */
struct load_state load_next(const struct load_state *now, const struct load_measures *m,
	const struct load_limits *limits);
/* Is it there because work waits, and not because of what there is no more of? */
bool load_is_of_work(const struct load_state *now);
/*
 * How many sessions may be active before strangers are turned away, from what it was: as many as keep
 * the lag near a few milliseconds: what is let in is then done as quickly as ever. Called in equal steps of time.
 * active: sessions that had a turn lately, who cause the lag. Where they are more than the window it is not to blame, and not shut because of
 * those who came before: it would open again only in seconds.
 */
uint32_t load_window(uint32_t window, int64_t lag_ms, uint64_t active);
/*
 * Which part of strangers the kernel is to let through from now on, of LOAD_PART_WHOLE, from what it was: as many
 * as keep those who are turned away below so many times those who are taken, both since the last call.
 */
#define LOAD_PART_BITS  10U
#define LOAD_PART_WHOLE (1U << LOAD_PART_BITS)
unsigned load_part(unsigned part, uint64_t refused, uint64_t taken);
/* Is a new connection of such a client taken, beyond the window? */
bool load_takes(enum load_stage stage, enum load_client client);
const char *load_stage_text(enum load_stage stage);
