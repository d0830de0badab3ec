/*
 * diagnosing - what becomes of mail, told to diagnose/: facts in, verdicts, findings and alarms out.
 *
 * Internal to queue/. Owns the ledger, the newest result of each check, and the link to the process diagnose. A task of its
 * own looks when something was put off or refused, has the checks run that such trouble is worth, and tells a
 * person once. What was learned is in a file of the spool, at most a minute old: who is told is told once, and a
 * verdict does not begin anew, though the queue starts again.
 */
#pragma once
#include "diagnose/verdict.h"
#include "queue/results.h"

enum { DIAGNOSING_CHECKS_MOST = 96 };

struct diagnosing;

void queue_diagnosing_start(struct queue *q);
/* The queue stops: what was to be judged before it is told is told as it is. */
void queue_diagnosing_hurry(struct queue *q);
/* Keeps what was learned. Waits. */
void queue_diagnosing_stop(struct queue *q);
void queue_diagnosing_peer(struct queue *q, int fd); /* the process diagnose is there (again) */
/* After the commit: what became of each recipient. */
void queue_diagnosing_note(struct queue *q, const struct results *r);
/* Something that we did ourselves. */
void queue_diagnosing_event(struct queue *q, const char *what);
/* What was found on our side because of that cause; empty: nothing. */
struct span queue_diagnosing_finding(
	struct queue *q, struct span cause, struct span sender, struct arena *arena);
/*
 * What waiting alone does not heal: a person is to be told of it, now, of that cause at that site. False: he knows, or there
 * is nobody who judges. is_whole: nothing gets there.
 */
bool queue_diagnosing_is_news(
	struct queue *q, struct span site, enum reply_cause cause, bool is_whole);
/* Mail got there. cause: that it had been put off for and a person was to be told of; else REPLY_NONE. */
void queue_diagnosing_ok(struct queue *q, struct span site, enum reply_cause cause);
/* An alarm about such trouble is open: who is told was told. */
bool queue_diagnosing_has_told(const struct queue *q, enum reply_cause cause);
/* Waits. checks: n that the asker made, with room for DIAGNOSING_CHECKS_MOST more. */
void queue_diagnosing_find(struct queue *q, struct span about, struct check_result *checks,
	size_t n, struct arena *arena, struct verdicts *ret);
/* Those that we made, with when (seconds since 1970); borrowed until the caller waits. */
size_t queue_diagnosing_checks(
	const struct queue *q, struct check_result *list, int64_t *ret_at, size_t most);
