/*
 * facts - the role that counts and remembers for all receive processes.
 *
 * Begins as the counter of sessions by client network (limits.sessions,
 * limits.sessions_per_network of the configuration). A receive process asks
 * IPC_FACTS_ENTER when a client connects and tells IPC_FACTS_LEAVE when a
 * session that was let in has ended; when its channel ends, all its sessions
 * are forgotten. What it remembers stands in its folder (role.spool), and nowhere else. Holds no secret.
 */
#pragma once
#include "ipc/role.h"

/* The body of the process; returns its exit status once it was told to stop. */
int facts_serve(struct role *r);
