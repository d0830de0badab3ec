/*
 * logs_days - how much happened when: counts by equal pieces of time, for charts.
 *
 * As many pieces as are needed up to LOGS_PIECES; then two become one. A piece
 * knows too how many sites could not be reached that had been reached before, and to how many mail
 * came through: an outage of our own shows there. Owns nothing; times may come in any order.
 */
#pragma once
#include "reply/taxonomy.h"

enum { LOGS_PIECES = 512, LOGS_PIECE_FIRST = 600 /* seconds */ };

enum logs_whose {
	LOGS_OURS,
	LOGS_THEIRS,
	LOGS_NETWORK,
	LOGS_NOBODY, /* waiting heals it */
	LOGS_WHOSE
};

struct logs_piece {
	uint32_t delivered, failed;
	uint32_t put_off[LOGS_WHOSE];
	uint32_t unreached;               /* attempts that found nobody */
	uint32_t sites_dead, sites_alive; /* see above */
};

struct logs_days {
	int64_t first; /* number of the first piece: its begin / width */
	int64_t width; /* seconds; 0: nothing happened yet */
	size_t n;
	struct logs_piece pieces[LOGS_PIECES];
};

/* The piece of a moment (not MOMENT_NONE). */
struct logs_piece *logs_days_at(struct logs_days *d, int64_t moment);
/* Its number, which stays the same while the width does; for "was this site counted in it". */
int64_t logs_days_number(const struct logs_days *d, int64_t moment);
