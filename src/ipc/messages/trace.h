/*
 * trace - what `abide trace` asks queue over its control socket: all that happened to a message.
 *
 * The message itself comes first where it is still there (ipc/messages/control.h), and the end last.
 */
#pragma once
#include "base/id.h"
#include "base/pack.h"

enum {
	IPC_CONTROL_TRACE = 89, /* ipc_content_name; answers: MESSAGE, TRY ..., ENDED ..., END */
	IPC_CONTROL_TRY,
	IPC_CONTROL_ENDED,
};

struct ipc_control_range {
	uint32_t from, to;
};
struct ipc_control_try { /* as struct spool_try */
	uint8_t kind;
	int64_t wall_ms, next_wall_ms;
	struct ipc_control_range *ranges;
	size_t ranges_n;
	uint32_t attempt;
	bool maybe;
	uint16_t code;
	struct span status, reply, cause, peer, stage, wait_source, tls;
};
struct ipc_control_ended { /* as struct spool_ended */
	uint32_t n;
	uint8_t how;
	int64_t wall_ms;
	struct span address, sender, client, tls_in, login, peer;
	uint16_t code;
	struct span reply, cause;
	uint32_t attempts;
	struct id notice;
	struct span tls;
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_control_try_type, ipc_control_ended_type;
