/*
 * reply_wait - the wait that a reply states, if it states one.
 *
 * Within reply/ only. "for 300 seconds", "in 10 minute(s)", "15min later",
 * "00:04:59", "1 hour(s) 25 minute(s)", "retry=300", "tra 5 minuti", a clock
 * time in UTC; not rates, ages, sizes or dates. "Later" is no wait.
 */
#pragma once
#include "reply/token.h"

struct reply_wait {
	int64_t seconds;   /* -1: none */
	size_t from, upto; /* the tokens that say it */
};

/* now_wall_ms: for clock times; 0: not known. */
struct reply_wait reply_wait_find(const struct reply_tokens *tokens, int64_t now_wall_ms);
