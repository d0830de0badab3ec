/*
 * diagnosing_in - what the parts of diagnosing share. Within queue/ only.
 */
#pragma once
#include "queue/diagnosing.h"
#include "diagnose/keep.h"
#include "diagnose/novelty.h"
#include "ipc/link.h"

enum { CHECKS_KEPT = DIAGNOSING_CHECKS_MOST };

struct kept_check {
	struct check_result result;
	struct arena arena; /* of its texts */
	int64_t at;         /* seconds since 1970 */
};

struct diagnosing {
	struct queue *queue;
	struct link link; /* to the process diagnose */
	struct ledger *ledger;
	struct novelty *novelty;
	struct alarms alarms;
	struct tolds tolds; /* what of sites a person was told */
	struct kept_check checks[CHECKS_KEPT];
	size_t checks_n;
	int64_t looked[CHECKS];   /* when each was run last */
	uint64_t subject[CHECKS]; /* for whom */
	struct task_gate news;
	bool has_news;
	bool is_changed; /* since it was kept */
	nanos kept;      /* when */
	nanos took;      /* the last judgement */
	uint32_t rounds; /* of judging, with what came of it */
	bool is_looking; /* in one */
	struct task_gate looked_gate, told_gate;
	size_t tellings; /* tasks that tell a person */
	bool is_closed;  /* the spool takes nothing more */
};

int64_t diagnosing_now(const struct queue *q); /* seconds since 1970 */

/* ---- diagnosing_checks.c: what was looked at on our side ---- */

void diagnosing_check(struct diagnosing *d, const struct check_result *r, int64_t at);
/* Those that are not too old, behind what is in list already and does not say the same; copies. */
size_t diagnosing_list_checks(const struct diagnosing *d, struct check_result *list, size_t n,
	size_t most, struct arena *arena);
/* Has looked at what v is worth, where that was not lately. Waits. True: there are new results. */
bool diagnosing_look(struct diagnosing *d, const struct verdict *v, struct arena *arena);

/* ---- diagnosing_tell.c: alarms ---- */

alarm_fn diagnosing_tell; /* arg: struct diagnosing */
/* What of sites is over by now. */
void diagnosing_tell_over(struct diagnosing *d);

/* ---- diagnosing_mail.c: queue_tell_person ---- */

/* What is being told is told now. Waits, not longer than that. */
void diagnosing_end_tellings(struct diagnosing *d, nanos patience);

/* ---- diagnosing_keep.c: over a restart ---- */

void diagnosing_load(struct diagnosing *d);
/* Where something changed, not too often unless is_last. Waits. */
void diagnosing_keep(struct diagnosing *d, bool is_last);
