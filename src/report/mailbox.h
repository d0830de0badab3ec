/*
 * mailbox - addresses within prose: "<a@b.example>:", "a@b.example on 29 Apr".
 *
 * Borrows, allocates nothing; linear. Inside report/ only.
 */
#pragma once
#include "base/span.h"

/*
 * The address at the front of *s, in brackets or without, after bullets and blanks; *s moves
 * behind it. False, and *s untouched, where there is none.
 */
bool mailbox_take(struct span *s, struct span *ret);

/* The first address anywhere in *s; *s moves behind it. */
bool mailbox_find(struct span *s, struct span *ret);
