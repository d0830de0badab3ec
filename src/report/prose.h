/*
 * prose - recipients and reasons in text that no standard shaped.
 *
 * Inside report/ only; linear in the lines.
 */
#pragma once
#include "report/bounce.h"

/* Adds the recipients that the prose names, each with the words that stand by it. */
void prose_read(struct bounce_work *w);

/* All of the prose, as one reply. */
struct span prose_all(const struct bounce_work *w);
