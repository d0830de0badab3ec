/*
 * diagnose_judge - the steps of a verdict: whose, how it began, in words. Inside diagnose/ only; pure.
 */
#pragma once
#include "diagnose/spread.h"

struct judging {
	const struct ledger *ledger;
	const struct verdict_question *question;
	struct arena *arena;
	uint64_t about;
	struct verdicts *out;
};

/* Fills whose, confidence, check and advice; scope, family, cause and the counts are there. */
void judge_whose(const struct judging *j, const struct spread_filter *f, const struct spread *s,
	bool is_wide, struct verdict *v);
/* Others see us at an address that is none of ours, so their replies say; NULL: they do not. */
const struct check_result *judge_door(const struct judging *j, const struct spread_filter *f);
/* Fills start, start_minutes, event. */
void judge_start(const struct judging *j, const struct spread_filter *f, const struct spread *s,
	struct verdict *v);
/* The trouble has passed. */
bool judge_is_over(const struct judging *j, const struct spread_filter *f, const struct spread *s);
/* Fills supports and contradicts. */
void judge_say(const struct judging *j, const struct spread *s, struct verdict *v);

/* The worst that such a check showed of that subject (empty: of any); NULL: it was not run. */
const struct check_result *judge_check(
	const struct verdict_question *q, enum diagnose_check check, struct span about);
/* Of a sender that is refused as unloved, or for no reason that is told: its own records are broken, in this way. */
const struct check_result *judge_sender_check(
	const struct verdict_question *q, enum reply_cause cause, struct span domain);
