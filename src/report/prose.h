/*
 * prose - recipients and reasons in text that no standard shaped.
 *
 * Inside report/ only; linear in the lines.
 */
#pragma once
#include "report/bounce.h"

/* Adds the recipients that the prose names, each with the words that stand by it. */
void prose_read(struct bounce_work *w);

/*
 * The reply that a session's transcript shows, best one to this address. w->coded must be known:
 * prose_read does that.
 */
struct span prose_coded(const struct bounce_work *w, struct span address);

/* The first status that stands behind a code in the transcript; class 0: none. */
struct reply_status prose_status(const struct bounce_work *w);

/* All of the prose, as one reply. */
struct span prose_all(const struct bounce_work *w);
