/*
 * spool_story - a fixed series of changes to a spool, and what may be there after a crash in it.
 *
 * Messages 0 .. n-1 each go through their own steps (accepted, deferred, held, released,
 * ended with and without a notice), eight at a time. Each step that was acknowledged is told with
 * the state that it led to. After a crash a message may be in its last acknowledged state or in
 * the one that follows it, and in no other.
 */
#pragma once
#include "spool/spool.h"

#define STORY_MOST  512U
#define STORY_STEPS 8U

struct story {
	struct arena arena;
	struct span states[STORY_MOST][STORY_STEPS];
	unsigned steps[STORY_MOST]; /* acknowledged */
	uint32_t generation;        /* the newest acknowledged */
};

/* Runs it all in dir; tell gets "k step state" and "G generation" after each acknowledgement. */
int story_run(const char *dir, uint32_t messages, void (*tell)(const char *text));
/* One line of these. */
void story_hear(struct story *s, struct span line);
/*
 * Opens dir as after a crash and compares: heard is what was acknowledged before it, whole the
 * run without a crash. The number of things that are wrong, each printed.
 */
int story_check(
	const char *dir, const struct story *heard, const struct story *whole, uint32_t messages);
