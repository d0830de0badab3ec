/*
 * say - sends a reply in the shape and at the speed that a behaviour asks for.
 *
 * Waits (the deadline bounds all of it). Owns nothing, never logs.
 */
#pragma once
#include "base/clock.h"
#include "lab/behaviour.h"

struct stream;

/* One reply; text may be empty: one that fits the code. 0 or -errno. */
int lab_say(struct stream *io, const struct lab_behaviour *b, enum lab_stage stage, unsigned code,
	struct span text, nanos deadline);
/* Bytes as they are, at the behaviour's speed. */
int lab_say_bytes(
	struct stream *io, const struct lab_behaviour *b, struct span bytes, nanos deadline);
/* Waits as long as n bytes take at the behaviour's rate. */
int lab_say_pace(const struct lab_behaviour *b, size_t n, nanos deadline);
