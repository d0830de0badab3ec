/*
 * automatic - answers that a program gave and that are no bounce: "I am away until …".
 *
 * Borrows, allocates in the arena; linear. Inside report/ only.
 */
#pragma once
#include "report/bounce.h"

/*
 * True where the header says that it is such an answer, and neither the sender nor the text
 * looks like a mail system's.
 */
bool automatic_is_reply(const struct bounce_work *w);

/* True where the header names a mail system as the sender. */
bool automatic_is_from_system(const struct bounce_work *w);

/* True where sender, subject or text speak of mail that did not arrive. */
bool automatic_is_report(const struct bounce_work *w);

/* True where a refusing code stands in the prose. */
bool automatic_has_code(const struct bounce_work *w);
