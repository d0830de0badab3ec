/*
 * meter - what our own 4xx do to those who are told them.
 *
 * A deferral is open from the first 4xx to a pair (sender and recipient), or
 * to a client that said neither, until mail of it is accepted. Each kind of
 * 4xx, by its name in the catalogue, has one record: how often it was said, to
 * how many, who came back and how late, who came back from another network.
 * Memory is that of the keep, and bounded by it; delays are counted in steps
 * of a quarter octave, of today and the day before. Pure but for the keep.
 */
#pragma once
#include "facts/keep.h"

struct meter_times { /* ms */
	int64_t lost_after;
	int64_t listed; /* how long an open deferral is remembered after its last try */
};

struct meter_event {
	struct span reply;           /* the catalogue's name: "greylisted" */
	struct span client, network; /* address bytes */
	struct span sender, recipient;
	bool has_sender, has_recipient;
};

/* Somebody was told 4xx. True: he was not deferred before. */
bool meter_deferred(
	struct keep *k, const struct meter_event *e, const struct meter_times *t, int64_t now);
/* His mail was accepted; e->reply is not read. How many deferrals that ended. */
unsigned meter_accepted(struct keep *k, const struct meter_event *e, int64_t now);
/* The keep gave this record up: true where it was an open deferral, which now counts as lost. */
bool meter_expired(struct keep *k, struct span key, struct span value);
struct meter_figures {
	struct span reply;
	uint64_t told, first, back, elsewhere;
	uint64_t open, never, tried; /* now; never and tried are lost, open are not yet */
	uint64_t recent;             /* who came back today and yesterday; of them */
	int64_t p50_ms, p95_ms;      /* the delays; -1: nobody did */
};
struct meter_lost {
	uint64_t id; /* of the deferral, for meter_find */
	struct span reply, sender, recipient, client;
	bool has_sender, has_recipient;
	int64_t first, last;
	uint32_t tries;
};
/* Calls back for each kind, and (may be NULL) for each who is lost. Spans live for the
 * call. t NULL: what is open is not counted. Walks all records. */
void meter_walk(const struct keep *k, const struct meter_times *t, int64_t now,
	void (*kind)(void *arg, const struct meter_figures *f),
	void (*lost)(void *arg, const struct meter_lost *l), void *arg);
/* The open deferral of that id. Walks all records. False: there is none. */
bool meter_find(const struct keep *k, uint64_t id, struct meter_lost *ret);
