/*
 * greylist - asks facts and policy whether this recipient's mail must come back later.
 */
#pragma once
#include "receive/session.h"

/* REPLY_ID_NONE: it is let through. Waits for facts; where it is away nobody is held back. */
enum reply_id greylist_check(struct session *s, struct span recipient, struct reply_words *words);
