/*
 * plain - what several conversations share: nothing to say, a name, a content, and how it went.
 */
#pragma once
#include "base/id.h"
#include "base/pack.h"

enum {
	IPC_RESULT =
		26, /* the answer to several questions: ipc_result, and a descriptor if they say so */
};

struct ipc_empty {
	uint8_t unused;
};
struct ipc_control_name {
	struct span name;
};
struct ipc_content_name {
	struct id id;
};
struct ipc_result {
	int64_t error;      /* 0, or a -errno as spool_op.result says */
	uint32_t commit_ms; /* how long the batch took, for the log */
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_empty_type, ipc_control_name_type, ipc_content_name_type,
	ipc_result_type;
