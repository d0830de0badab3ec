/*
 * web - the role that shows the state of abide to a browser and to Prometheus.
 *
 * Reads strangers' bytes (HTTP), so it may do nothing but ask queue and facts, which tell it no more than
 * it may show. One fiber a connection, one request a connection, GET and HEAD alone: nothing can be
 * changed by it. It is there where the configuration has web.listen.
 */
#pragma once
#include "ipc/role.h"

/* The body of the process; returns its exit status once it was told to stop. */
int web_serve(struct role *role);
