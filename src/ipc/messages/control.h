/*
 * control - what the commands ask queue over its control socket: list, change, read, audit, compact.
 *
 * What answers several times says so, and ends with IPC_CONTROL_END. Sites, the history of a message
 * and diagnosis, which go over the same socket, have headers of their own (sites, trace, diagnose).
 */
#pragma once
#include "base/id.h"
#include "base/pack.h"

enum {
	IPC_CONTROL_LIST = 80, /* answers: IPC_CONTROL_MESSAGE ..., then IPC_CONTROL_END */
	IPC_CONTROL_MESSAGE,
	IPC_CONTROL_CHANGE, /* answer: IPC_CONTROL_END */
	IPC_CONTROL_AUDIT,  /* answers: IPC_CONTROL_FINDING ..., then IPC_CONTROL_END */
	IPC_CONTROL_FINDING,
	IPC_CONTROL_CONTENT, /* ipc_content_name; answers: IPC_CONTROL_BYTES ..., then IPC_CONTROL_END */
	IPC_CONTROL_BYTES,
	IPC_CONTROL_END,
	IPC_CONTROL_IDS,          /* answer to a list that asks for ids alone; bytes: 16 for each */
	IPC_CONTROL_COMPACT = 94, /* answers: IPC_CONTROL_PROGRESS ..., then IPC_CONTROL_END */
	IPC_CONTROL_PROGRESS,
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
struct ipc_control_recipient {
	struct span address, site, state; /* state as in interface.md */
	uint32_t attempts;
	int64_t next_try_wall_ms; /* 0: none */
	uint16_t code;
	struct span status, reply, cause, peer;
	uint32_t n;
	struct span tls;     /* of the last attempt, in words; empty: it was not encrypted */
	struct span finding; /* what we found on our own side because of it; empty: nothing yet */
};
struct ipc_control_message {
	struct id id;
	struct span sender, client, helo, tls, login;
	uint64_t size;
	int64_t arrived_wall_ms, expires_wall_ms;
	struct ipc_control_recipient *recipients;
	size_t recipients_n;
};

#define IPC_CONTROL_IDS_MOST 2000U
struct ipc_control_ids {
	uint64_t recipients; /* of these messages that match */
};
struct ipc_control_change {
	struct span verb;                   /* retry hold release drop bounce */
	struct span ids;                    /* 16 bytes each, at most IPC_CONTROL_IDS_MOST */
	struct span site, cause, recipient; /* only recipients that match */
	bool all;                           /* retry: whatever waits; ids are empty */
};
struct ipc_control_finding {
	struct span table, row, wrong;
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

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_cursor_type, ipc_control_list_type, ipc_control_message_type,
	ipc_control_ids_type, ipc_control_change_type, ipc_control_finding_type,
	ipc_control_progress_type, ipc_control_end_type;
