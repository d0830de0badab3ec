/*
 * ready - tells the service manager how we are (sd_notify's protocol, without its library).
 *
 * Does nothing where $NOTIFY_SOCKET is not set. Never waits, never fails.
 */
#pragma once

/* state: "READY=1", "RELOADING=1", "STOPPING=1". */
void ready_notify(const char *state);
