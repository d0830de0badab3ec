/*
 * resolve - what receive, deliver and diagnose ask resolve: records of the DNS.
 *
 * The question's name and the data of the answer are as on the wire (resolve/packet.h reads them).
 */
#pragma once
#include "base/pack.h"

enum {
	IPC_RESOLVE_ASK = 200, /* answer: IPC_RESOLVE_ANSWER */
	IPC_RESOLVE_ANSWER,
	IPC_RESOLVE_ASK_ALL, /* several at once; answer: IPC_RESOLVE_ANSWERS, in their order */
	IPC_RESOLVE_ANSWERS,
};

struct ipc_resolve_ask {
	struct span name;
	uint16_t type;    /* of the records */
	int64_t deadline; /* CLOCK_MONOTONIC */
};
struct ipc_resolve_record {
	struct span data; /* as on the wire, uncompressed */
};
struct ipc_resolve_answer {
	uint8_t state;   /* enum resolve_state */
	uint8_t trouble; /* enum resolve_trouble */
	bool is_secure;  /* proved by DNSSEC */
	uint32_t ttl;
	struct span why; /* for the administrator; may be empty */
	struct span
		canonical; /* where CNAMEs led to, lower case, without a final dot; empty: there were none */
	struct ipc_resolve_record *records;
	size_t records_n;
};
struct ipc_resolve_question {
	struct span name;
	uint16_t type;
};
struct ipc_resolve_ask_all {
	struct ipc_resolve_question *questions;
	size_t questions_n;
	int64_t deadline; /* CLOCK_MONOTONIC */
};
struct ipc_resolve_answers {
	struct ipc_resolve_answer *answers;
	size_t answers_n;
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_resolve_ask_type, ipc_resolve_answer_type,
	ipc_resolve_ask_all_type, ipc_resolve_answers_type;
