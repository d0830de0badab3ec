/*
 * lookup - the role that asks the maps, for all receive processes.
 *
 * A receive process asks for a key of a map (IPC_LOOKUP_ASK), for the people
 * behind a recipient (IPC_LOOKUP_RCPT), for what an envelope sender becomes
 * (IPC_LOOKUP_SENDER). Every request is answered, with data or with the kind
 * of failure; what exactly failed is logged here. Holds the passwords of the
 * maps' servers; is not chrooted, because it opens its maps again when they change.
 */
#pragma once
#include "ipc/role.h"

/* The body of the process; returns its exit status once it was told to stop. */
int lookup_serve(struct role *r);
