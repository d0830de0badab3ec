/*
 * seen - who tried before: the memory behind greylisting and "the first K tries fail".
 *
 * Values belong to the table's owner and live as long as the lab. Bounded: past
 * LAB_SEEN_MAX entries a new one is not kept. Never logs or waits.
 */
#pragma once
#include "base/clock.h"
#include "base/table.h"

#define LAB_SEEN_MAX 1000000U

struct lab_seen {
	nanos first;
	unsigned tries;
};

/* Counts a try of this key. NULL where the memory is full. */
const struct lab_seen *lab_seen_try(struct table *t, struct span key);
void lab_seen_done(struct table *t);
