/*
 * mailbox - the role that delivers into Maildirs, each time as the mailbox's owner.
 *
 * deliver asks for one recipient at a time (IPC_MAILBOX_STORE). Where the
 * mailbox is and whose it is are read from this process's own configuration:
 * who gets hold of deliver can't name paths or users.
 */
#pragma once
#include "ipc/role.h"

/* The body of the process; returns its exit status once it was told to stop. */
int mailbox_serve(struct role *role);
