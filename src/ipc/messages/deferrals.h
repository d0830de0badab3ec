/*
 * deferrals - what `abide deferrals` asks facts over its control socket: what became of our own 4xx.
 *
 * Ends with IPC_CONTROL_END (ipc/messages/control.h).
 */
#pragma once
#include "base/pack.h"

enum {
	IPC_CONTROL_DEFERRALS = 100, /* answers: METER ..., LOST ..., then IPC_CONTROL_END */
	IPC_CONTROL_METER,
	IPC_CONTROL_LOST,
	IPC_CONTROL_LET_IN, /* answer: IPC_CONTROL_END */
};

struct ipc_control_deferrals {
	bool lost; /* list them too */
	uint32_t most;
};
struct ipc_control_meter {      /* one kind of our 4xx */
	struct span reply;      /* the catalogue's name */
	uint64_t told;          /* how often it was said */
	uint64_t first;         /* to how many pairs, or clients */
	uint64_t back;          /* of them were accepted later, */
	uint64_t elsewhere;     /* of these from another network */
	uint64_t open;          /* are not back yet, */
	uint64_t never, tried;  /* are lost: never seen again; came back and gave up */
	int64_t p50_ms, p95_ms; /* delay of those who came back lately; -1: none did */
	int64_t target_ms;
};
struct ipc_control_lost {
	uint64_t id; /* what --let-in takes */
	struct span reply, sender, recipient, client;
	int64_t first_wall_ms, last_wall_ms;
	uint32_t tries;
};
struct ipc_control_let_in {
	uint64_t id; /* of a lost one; or 0: */
	struct span sender, recipient;
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_control_deferrals_type, ipc_control_meter_type,
	ipc_control_lost_type, ipc_control_let_in_type;
