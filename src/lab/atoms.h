/*
 * atoms - the table of the names that a behaviour is made of, and what each changes.
 *
 * For behaviour.c only. Owns nothing; never logs or waits.
 */
#pragma once
#include "lab/behaviour.h"

/* Lays one atom ("451-rcpt") with its text (kept, not copied) over *b. 0 or -EINVAL. */
int lab_atom_read(struct span atom, struct span text, struct lab_behaviour *b);
