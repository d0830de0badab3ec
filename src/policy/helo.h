/*
 * helo - does a client's HELO name speak against it?
 *
 * Pure. The name has passed the grammar (wire/path.h) before; these questions are
 * asked only where the operator wants them, since honest machines fail them too.
 */
#pragma once
#include "wire/address.h"

/* It calls itself by our name; nobody but us has it. */
bool helo_is_own(struct span helo, struct span hostname);
/* It gives an address literal that is not the address it comes from. */
bool helo_is_foreign_literal(struct span helo, const struct wire_ip *client);
/* It is a name without a dot, which no other machine can know. */
bool helo_is_short(struct span helo);
