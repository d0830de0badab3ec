/*
 * reply_settle - from a cause and a code to side, scope, nature and action.
 *
 * Within reply/, report/ and queue/. Pure; stands on reply/meaning.h.
 */
#pragma once
#include "reply/meaning.h"

/* Sets cause, side, scope, nature and action by m->code and m->stage. */
void reply_settle(struct reply_meaning *m, enum reply_cause cause);
