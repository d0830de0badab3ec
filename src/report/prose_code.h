/*
 * prose_code - replies with a code in a bounce's prose, and whom they are about.
 *
 * Inside report/ only; linear in the lines.
 */
#pragma once
#include "report/bounce.h"

/* Notes lines of prose with a code that refuses: w->coded. */
void prose_find_coded(struct bounce_work *w);

/* Of lines with a code that which is about the address, else the first that is about nobody else; to: none. */
size_t prose_code_of(const struct bounce_work *w, size_t from, size_t to, struct span address);

/* The whole reply whose code is in line i. */
struct span prose_coded_at(const struct bounce_work *w, size_t i, struct span address);

/* The reply that a session's transcript shows, best one to this address. */
struct span prose_coded(const struct bounce_work *w, struct span address);

/* The first status that stands behind a code in the transcript; class 0: none. */
struct reply_status prose_status(const struct bounce_work *w);
