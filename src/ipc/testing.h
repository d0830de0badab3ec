/*
 * ipc_testing - for tests of what a peer may ask: all types of requests, one by one, each over a channel of its own.
 */
#pragma once
#include "ipc/ipc.h"

struct ipc_asked {
	void *self;
	void (*link)(void *self, int fd); /* gives it its end of a channel */
	struct ipc_channel **held;        /* where it keeps that; NULL there: it has none */
};

/* Sends one empty request; true: the channel is still there afterwards. Only inside a task. */
bool ipc_testing_survives(const struct ipc_asked *a, uint16_t type);
