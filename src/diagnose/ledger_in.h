/*
 * ledger_in - what a ledger is made of. For ledger.c and keep.c alone.
 */
#pragma once
#include "diagnose/ledger.h"

enum { SLOTS = 1 << 14, SLOTS_MOST = SLOTS * 3 / 4 };

struct name {
	uint64_t hash;
	char text[LEDGER_NAME_MAX];
};

struct ledger {
	struct ledger_cell cells[LEDGER_CELLS]; /* a ring */
	size_t first, n;
	uint32_t minute;       /* the newest */
	uint32_t slots[SLOTS]; /* cells of that minute, by their key: number + 1 */
	size_t used;
	struct name names[LEDGER_NAMES]; /* by hash, a few places for each */
	struct ledger_event events[LEDGER_EVENTS];
	size_t events_n; /* that ever were */
};

/* Gives the text of a name a place; its hash. */
uint64_t ledger_learn(struct ledger *l, struct span text);
