/*
 * web - what web asks queue and facts for its page: it is told no more than it may show.
 */
#pragma once
#include "ipc/messages/commit.h"
#include "ipc/messages/control.h"
#include "ipc/messages/deferrals.h"
#include "ipc/messages/diagnose.h"
#include "ipc/messages/facts.h"
#include "ipc/messages/sites.h"

enum {
	/* of queue */
	IPC_WEB_LOOK = 280, /* at all of queue; answer: IPC_WEB_SEEN */
	IPC_WEB_SEEN,
	IPC_WEB_LIST, /* ipc_control_list: of it site, cause, after and most; answer: IPC_WEB_MESSAGES */
	IPC_WEB_MESSAGES,
	/* of facts */
	IPC_WEB_METERS, /* what our own 4xx do; answer: IPC_WEB_METERED */
	IPC_WEB_METERED,
};

#define IPC_WEB_SITES_MOST    100U
#define IPC_WEB_MESSAGES_MOST 200U

struct ipc_web_cause {     /* why recipients wait */
	struct span cause; /* taxonomy id; empty: not tried yet */
	uint64_t recipients;
	int64_t oldest_wall_ms;   /* when the first of them came */
	int64_t next_try_wall_ms; /* of any of them; 0: none */
};
struct ipc_web_alarm { /* as struct alarm (diagnose/alarm.h), those that go on */
	uint8_t whose, scope, family;
	struct span cause, who;
	int64_t since, told_at; /* seconds since 1970 */
};
struct ipc_web_role {
	uint32_t receive, deliver; /* processes that are there */
};
struct ipc_web_seen {
	int64_t started_wall_ms;       /* this queue */
	uint64_t messages, recipients; /* in the spool */
	/* since the spool was made */
	uint64_t accepted_messages, accepted_recipients;
	uint64_t delivered, relayed, expanded, bounced, silent, dropped; /* recipients */
	uint64_t set_aside;   /* records that can't be read */
	uint64_t running;     /* jobs in deliver */
	uint64_t connections; /* to next hops */
	struct ipc_web_role roles;
	bool is_handing_out;
	struct ipc_queue_room room;
	bool has_room_figures; /* room is known */
	uint32_t commit_ms;    /* the last one */
	struct ipc_web_cause *causes;
	size_t causes_n;
	uint64_t looked_at;             /* messages, the oldest, that causes are of */
	struct ipc_control_site *sites; /* in trouble first */
	size_t sites_n;
	uint64_t sites_all;
	struct ipc_control_verdict *verdicts;
	size_t verdicts_n;
	struct ipc_control_check *checks; /* of our own side */
	size_t checks_n;
	struct ipc_web_alarm *alarms;
	size_t alarms_n;
};
struct ipc_web_messages {
	int64_t error;
	struct ipc_control_message *messages;
	size_t messages_n;
	bool more; /* it goes on at next */
	struct ipc_cursor next;
};
struct ipc_web_metered {
	uint32_t sessions;          /* of clients, now */
	struct ipc_facts_load load; /* of the receive process that has most to do */
	struct ipc_control_meter *meters;
	size_t meters_n;
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_web_seen_type, ipc_web_messages_type, ipc_web_metered_type;
