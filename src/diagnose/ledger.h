/*
 * diagnose_ledger - what became of delivery attempts lately: counts by minute, cause, site, source and sender.
 *
 * Owns its memory, of which all is taken at the start: the newest LEDGER_CELLS cells, the names of
 * the newest LEDGER_NAMES sites, providers, sources, senders. What is older is forgotten. Pure: no clock, no log,
 * no wait. Facts come in the order of their times; one that is older counts for the newest minute.
 */
#pragma once
#include "base/span.h"
#include "reply/taxonomy.h"

enum {
	LEDGER_CELLS = 1 << 15,
	LEDGER_NAMES = 1 << 13,
	LEDGER_NAME_MAX = 120,
	LEDGER_EVENTS = 32,
	LEDGER_EVENT_MAX = 96,
};
#define LEDGER_INSIDE \
	"this server" /* provider of what stays on our side: mailboxes, the server that has them */
#define LEDGER_MANY UINT64_MAX /* a cell's recipient, message or sender: more than one */

struct diagnose_fact {          /* one recipient of one attempt */
	int64_t at;             /* seconds since 1970 */
	enum reply_cause cause; /* REPLY_NONE: it was taken */
	enum reply_side side;   /* as the reply said */
	bool is_said;     /* by the peer; else what we saw: no connection, no answer of the DNS */
	struct span site; /* where it went */
	struct span provider; /* who runs that; empty: as the site */
	struct span source;   /* our address; empty: as the system chooses */
	struct span sender, recipient;
	uint64_t message;  /* any number that is this message's */
	struct span named; /* the address that the reply takes for ours, where it is none of them */
	bool is_own_list;  /* a list of that operator's own has us, so the reply says */
};

struct ledger_cell {
	uint32_t minute; /* since 1970 */
	uint32_t n;
	uint8_t cause, side;
	bool is_said, is_own_list;
	uint64_t named;
	uint64_t site, provider, source, domain; /* names: ledger_name(); domain: the sender's */
	uint64_t sender, recipient, message;     /* LEDGER_MANY: several */
};

struct ledger_event { /* what we did ourselves, that trouble may have begun with */
	int64_t at;
	char what[LEDGER_EVENT_MAX]; /* "the configuration was read again" */
};

struct ledger;

struct ledger *ledger_new(void) __attribute__((returns_nonnull));
/* As it is now, for who judges on another thread. */
struct ledger *ledger_copy(const struct ledger *l) __attribute__((returns_nonnull));
void ledger_free(struct ledger *l);
void ledger_add(struct ledger *l, const struct diagnose_fact *f);
void ledger_note(struct ledger *l, int64_t at, const char *what);

/* Cells, the oldest first. */
size_t ledger_count(const struct ledger *l);
const struct ledger_cell *ledger_get(const struct ledger *l, size_t i);
/* The newest first; NULL: no more. */
const struct ledger_event *ledger_event(const struct ledger *l, size_t i);

uint64_t ledger_hash(
	struct span name); /* as in a cell; 0: empty. Small letters and capitals are one */
const char *ledger_name(const struct ledger *l, uint64_t hash); /* "" where it is forgotten */
