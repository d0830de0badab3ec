/*
 * job - what queue and deliver say to each other: carry this there, and what became of it.
 *
 * An outcome counts when queue has it on disk; until it says so deliver keeps it, and says it again to
 * a queue that was started anew.
 */
#pragma once
#include "base/id.h"
#include "base/pack.h"

enum {
	IPC_DELIVER_HELLO = 40, /* deliver -> queue: who I am, and which jobs run in me */
	IPC_JOB,                /* queue -> deliver: bytes: the content, or one fd */
	IPC_JOB_DOT,            /* deliver -> queue: the final dot is about to be sent */
	IPC_OUTCOME,            /* deliver -> queue; kept and sent again until acknowledged */
	IPC_OUTCOME_ACK,        /* queue -> deliver: it is on disk (ipc_job_dot) */
	IPC_SLOT_END, /* deliver -> queue: this slot's connection is closed; 0: I end, no job more */
};

struct ipc_running { /* a job that runs in a deliver process */
	struct id id;
	uint32_t part, attempt, lane;
	uint64_t slot;
	bool dot_sent;
};
struct ipc_deliver_hello {
	uint32_t index;
	struct ipc_running *running; /* unacknowledged outcomes follow as IPC_OUTCOME */
	size_t running_n;
};
struct ipc_job_recipient {
	uint32_t n;
	struct span address, orcpt;
	uint8_t notify;
	struct span sender; /* for this one; empty: the job's */
};
struct ipc_job {
	struct id id;
	uint32_t part, attempt, lane;
	int64_t due;           /* given back in the outcome */
	uint64_t slot;         /* the connection to use; a new number: open one */
	struct span lane_name; /* the domain, or the smarthost: deliver finds the route by it */
	struct span sender, login, envid;
	uint8_t ret;
	bool body_8bit, smtputf8, is_notice, is_own;
	uint32_t hops;     /* 0: unknown */
	struct span edits; /* sent before the content */
	uint64_t content_len;
	bool content_in_file;
	struct ipc_job_recipient *recipients;
	size_t recipients_n;
	/* how this attempt is to be made, by what replies before it meant */
	bool plain;               /* without PIPELINING and other extensions that can be left out */
	bool with_tls;            /* the peer wants TLS */
	bool fresh;               /* on a connection of its own, without PIPELINING */
	bool maybe;               /* an attempt before may have brought it there */
	uint32_t recipients_most; /* in one transaction, as the site said; 0: not known */
	uint32_t source;          /* index of our source address */
	struct span host_first;   /* ADDRESS:PORT to try before others; empty: in their order */
};
struct ipc_job_dot {
	struct id id;
	uint32_t part, attempt;
};
enum ipc_outcome_kind {
	IPC_FATE_DELIVERED = 1,
	IPC_FATE_RELAYED,
	IPC_FATE_DEFERRED,
	IPC_FATE_FAILED,
	IPC_FATE_MAYBE, /* lost after the final dot */
};
struct ipc_fate { /* what happened to one recipient, with the reply that decided it */
	uint32_t n;
	uint8_t outcome; /* enum ipc_outcome_kind */
	uint16_t code;
	struct span status; /* "4.7.1" */
	struct span reply;  /* at most SPOOL_REPLY_MAX */
	struct span cause;  /* taxonomy id */
	struct span side;
	struct span stage; /* connect helo mail rcpt data eod auth tls */
	int64_t wait;      /* seconds that the reply states; -1: none */
	uint8_t nature;    /* 'T' 'C' 'P' */
	struct span
		tls; /* how the connection was encrypted, in words; empty: it was not, or was not made */
	bool knows_dsn; /* taken by one who was told what the sender wants to hear, and tells it */
};
struct ipc_outcome {
	struct id id;
	uint32_t part, attempt, lane;
	int64_t due;
	uint64_t slot;
	struct span peer; /* address and port spoken to, or the next hop's name */
	bool wants_next;  /* the connection is open and can take another job of the lane */
	struct ipc_fate *fates;
	size_t fates_n;
	struct span
		site; /* the next hops' name as a whole, where deliver resolved it; else empty */
	uint32_t
		recipients_most; /* the peer took so many in one transaction and no more; 0: no limit met */
};
struct ipc_slot_end {
	uint64_t slot;
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_deliver_hello_type, ipc_job_type, ipc_job_dot_type,
	ipc_outcome_type, ipc_slot_end_type;
