/*
 * listing - a queued message as `abide queue` shows it, for people or as JSON.
 *
 * Prints on standard output; reads no reply, only the cause that was understood
 * when it came. May allocate, never waits.
 */
#pragma once
#include "ipc/messages.h"

/* Some lines: the message, then each recipient with what was said of it and what that means. */
void listing_text(const struct ipc_control_message *m);
/* One line with one object. */
void listing_json(const struct ipc_control_message *m);
/* Strangers' bytes: no control byte of theirs may reach a terminal. */
void listing_safe(struct span s);
