/*
 * messages - every request that abide's processes send each other.
 *
 * Structs and their rows for base/pack.h (messages.c); who sends what to whom is said at each.
 */
#pragma once
#include "base/id.h"
#include "ipc/ipc.h"

enum ipc_type {
	/* supervisor -> role; a role's channel to the supervisor is descriptor 3 */
	IPC_ROLE_START =
		1,     /* what you are; fds: snapshot, then your listeners or the control socket */
	IPC_ROLE_PEER, /* fd: a channel to a process of that role (again when it was restarted) */
	IPC_ROLE_CONFIG, /* fds: a new snapshot, then all listeners of it (receive) */
	IPC_ROLE_STOP,   /* end: no new work, finish what runs, exit */
	/* role -> supervisor */
	IPC_ROLE_READY, /* listening, or working; IPC_ROLE_PEER without fd: that channel ended */

	/* receive -> queue */
	IPC_QUEUE_HELLO = 20, /* answer: IPC_QUEUE_WELCOME */
	IPC_QUEUE_WELCOME,
	IPC_CONTENT_MAKE,    /* answer: IPC_RESULT with one fd on success */
	IPC_CONTENT_DISCARD, /* no answer */
	IPC_COMMIT,          /* answer: IPC_RESULT; bytes: the content, or its last packet */
	IPC_COMMIT_PART,     /* earlier packets of content for that id (ipc_content_name) */
	IPC_RESULT,

	/* queue <-> deliver */
	IPC_DELIVER_HELLO = 40, /* deliver -> queue: who I am, and which jobs run in me */
	IPC_JOB,                /* queue -> deliver: bytes: the content, or one fd */
	IPC_JOB_DOT,            /* deliver -> queue: the final dot is about to be sent */
	IPC_OUTCOME,            /* deliver -> queue; kept and sent again until acknowledged */
	IPC_OUTCOME_ACK,        /* queue -> deliver: it is on disk (ipc_job_dot) */
	IPC_SLOT_END,           /* deliver -> queue: this slot's connection is closed */

	/* receive -> facts */
	IPC_FACTS_ENTER = 60, /* a session begins; answer: IPC_FACTS_VERDICT */
	IPC_FACTS_VERDICT,
	IPC_FACTS_LEAVE, /* ipc_facts_enter again; no answer */

	/* abide queue, audit ... -> queue, over the control socket */
	IPC_CONTROL_LIST = 80, /* answers: IPC_CONTROL_MESSAGE ..., then IPC_CONTROL_END */
	IPC_CONTROL_MESSAGE,
	IPC_CONTROL_CHANGE, /* answer: IPC_CONTROL_END */
	IPC_CONTROL_AUDIT,  /* answers: IPC_CONTROL_FINDING ..., then IPC_CONTROL_END */
	IPC_CONTROL_FINDING,
	IPC_CONTROL_CONTENT, /* ipc_content_name; answers: IPC_CONTROL_BYTES ..., then IPC_CONTROL_END */
	IPC_CONTROL_BYTES,
	IPC_CONTROL_END,
	IPC_CONTROL_IDS,   /* answer to a list that asks for ids alone; bytes: 16 for each */
	IPC_CONTROL_TRACE, /* ipc_content_name; answers: MESSAGE, TRY ..., ENDED ..., END */
	IPC_CONTROL_TRY,
	IPC_CONTROL_ENDED,
	IPC_CONTROL_SITES, /* answers: IPC_CONTROL_SITE ..., then IPC_CONTROL_END */
	IPC_CONTROL_SITE,
	IPC_CONTROL_COMPACT, /* answers: IPC_CONTROL_PROGRESS ..., then IPC_CONTROL_END */
	IPC_CONTROL_PROGRESS,
	IPC_CONTROL_PROFILE, /* what was learned of a site is to be this; answer: IPC_CONTROL_END */
};

enum ipc_role { IPC_SUPERVISOR, IPC_RECEIVE, IPC_QUEUE, IPC_DELIVER, IPC_FACTS };

struct ipc_role_start {
	uint8_t role;      /* enum ipc_role */
	uint32_t index;    /* which of its kind, from 0 */
	uint32_t of;       /* how many of its kind */
	uint32_t uid, gid; /* to become; equal to the present ones: stay */
	struct span root;  /* chroot there first; empty: none */
	uint32_t
		listeners; /* descriptors behind the snapshot that are listeners, in conf's order */
	struct span spool; /* for queue: the spool's folder as seen after chroot */
	bool control;      /* one more descriptor: the control socket */
	bool lock;         /* and one more: keeps the spool locked as long as it is open */
};
struct ipc_role_peer {
	uint8_t role;
	uint32_t index;
};
struct ipc_empty {
	uint8_t unused;
};

struct ipc_queue_hello {
	uint32_t index;
};
struct ipc_queue_welcome {
	uint32_t generation;
	uint16_t instance;
};
struct ipc_content_name {
	struct id id;
};

struct ipc_recipient {
	struct span address;
	struct span orcpt;
	uint8_t notify;
};
struct ipc_commit {
	struct id id;
	struct span sender, client, helo, envid;
	uint8_t ret;
	bool body_8bit, smtputf8;
	bool content_in_file;
	uint64_t content_len;
	uint32_t content_crc;
	struct span edits;
	struct ipc_recipient *recipients;
	size_t recipients_n;
};
struct ipc_result {
	int64_t error;      /* 0, or a -errno as spool_op.result says */
	uint32_t commit_ms; /* how long the batch took, for the log */
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
};
struct ipc_job {
	struct id id;
	uint32_t part, attempt, lane;
	int64_t due;           /* given back in the outcome */
	uint64_t slot;         /* the connection to use; a new number: open one */
	struct span lane_name; /* the domain, or the smarthost: deliver finds the route by it */
	struct span route;     /* pattern of the route in the snapshot; empty: by domain */
	struct span sender, envid;
	uint8_t ret;
	bool body_8bit, smtputf8, is_notice;
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
	uint32_t recipients_most; /* in one transaction, as the site said; 0: not known */
	uint32_t source;          /* index of our source address */
	struct span host_first;   /* ADDRESS:PORT to try before others; empty: in their order */
};
struct ipc_job_dot {
	struct id id;
	uint32_t part, attempt;
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
};
enum ipc_outcome_kind {
	IPC_FATE_DELIVERED = 1,
	IPC_FATE_RELAYED,
	IPC_FATE_DEFERRED,
	IPC_FATE_FAILED,
	IPC_FATE_MAYBE, /* lost after the final dot */
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

struct ipc_facts_enter {
	struct span client;  /* 16 address bytes, v4-mapped */
	struct span network; /* the key that the limit counts: /24 or /64 */
};
struct ipc_facts_verdict {
	bool too_many_in_all, too_many_from_network;
};

/* Where a walk through the queue stands; zeroed: at its beginning. */
struct ipc_cursor {
	uint8_t stage; /* of a site: 1 due rows, 2 held rows; else 0, and only id counts */
	uint32_t lane;
	int64_t due;
	struct id id;
	uint32_t part;
};
struct ipc_control_list {
	struct span id; /* one message; else filters: all that are not empty must match */
	struct span site, cause, sender, recipient; /* "@domain": every address of it */
	bool null_sender;                           /* sender is "", and asked for */
	bool only_ids; /* answers IPC_CONTROL_IDS in the place of messages */
	struct ipc_cursor after;
	uint32_t most;
};
#define IPC_CONTROL_IDS_MOST 2000U
struct ipc_control_ids {
	uint64_t recipients; /* of these messages that match */
};
struct ipc_control_recipient {
	struct span address, site, state; /* state as in interface.md */
	uint32_t attempts;
	int64_t next_try_wall_ms; /* 0: none */
	uint16_t code;
	struct span status, reply, cause, peer;
	uint32_t n;
};
struct ipc_control_message {
	struct id id;
	struct span sender, client, helo;
	uint64_t size;
	int64_t arrived_wall_ms, expires_wall_ms;
	struct ipc_control_recipient *recipients;
	size_t recipients_n;
};
struct ipc_control_change {
	struct span verb;                   /* retry hold release drop bounce */
	struct span ids;                    /* 16 bytes each, at most IPC_CONTROL_IDS_MOST */
	struct span site, cause, recipient; /* only recipients that match */
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
	struct span status, reply, cause, peer, stage, wait_source;
};
struct ipc_control_ended { /* as struct spool_ended */
	uint32_t n;
	uint8_t how;
	int64_t wall_ms;
	struct span address, sender, client, peer;
	uint16_t code;
	struct span reply, cause;
	uint32_t attempts;
	struct id notice;
};
struct ipc_control_finding {
	struct span table, row, wrong;
};
struct ipc_control_sites {
	struct span site;  /* this one alone; empty: all */
	struct span after; /* in the order of their names */
	uint32_t most;
};
struct ipc_control_name {
	struct span name;
};
struct ipc_control_profile { /* as struct spool_site */
	struct span site;
	int64_t grey_enough, grey_vain, grey_remembers, grey_forgets; /* ms */
	uint32_t grey_pairs, recipients_most, ceiling;
	int64_t gap_us, open_gap_ms;
};
struct ipc_control_site {
	struct ipc_control_profile profile;
	struct ipc_control_name *domains; /* the first ones */
	size_t domains_n;
	uint64_t domains_all;
	uint64_t waiting, active, held;  /* messages; held: recipients */
	uint64_t recipients;             /* of those that wait */
	uint32_t connections, limit;     /* open; that may be open now */
	struct span state, binds, cause; /* binds: the limit that holds something back now */
	int64_t next_try_wall_ms, last_at_wall_ms;
	uint16_t last_reply_code;
	struct span last_reply;
	uint64_t delivered, deferred, bounced, maybes, per_minute_thousandths;
	int64_t drains_at_wall_ms, drains_from_wall_ms, drains_by_wall_ms; /* 0: not known */
	uint32_t forecasts, forecasts_within; /* that came true, and within their band */
	int64_t forecast_made_wall_ms, forecast_said_wall_ms, forecast_came_wall_ms; /* the last */
};
struct ipc_control_progress {
	uint64_t done, of;      /* rows */
	uint64_t before, after; /* at the end: bytes on the disk */
	uint64_t took_ms, paused_ms;
};
struct ipc_control_end {
	int64_t error;
	bool more; /* of a list: it goes on at next */
	struct ipc_cursor next;
	uint64_t count; /* messages listed, findings, recipients changed */
	uint64_t messages, recipients, accepted, ended; /* audit; change: messages changed */
	uint64_t active, unknown, failed; /* change: recipients left alone, ids not there, errors */
};

/* All kinds, for ipc_open; sorted by type. */
extern const struct ipc_kind ipc_kinds[];
extern const size_t ipc_kinds_n;
