/*
 * status - the enhanced status of a report (RFC 3463): the reply's own where it is true, else that of the cause.
 *
 * Many servers say 5.7.1 or 5.0.0 to everything, or none at all; programs that sort
 * bounces look at nothing else. Pure.
 */
#pragma once
#include "reply/meaning.h"

/*
 * What became of a recipient, as a status of this class (2, 4, 5). A failure by a 4yz stays 4. m may be
 * NULL: class.0.0.
 */
struct reply_status status_of(unsigned class, const struct reply_meaning *m);
