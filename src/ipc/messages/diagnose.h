/*
 * diagnose - what `abide diagnose` asks queue, and queue asks diagnose: whose fault it is.
 *
 * Queue knows what fails and says its verdicts; diagnose, which may open connections, looks at our own
 * side, and tells the alarms to people.
 */
#pragma once
#include "ipc/messages/plain.h"

enum {
	/* abide diagnose -> queue, over its control socket */
	IPC_CONTROL_DIAGNOSE = 97, /* answers: VERDICT ..., CHECK ..., then IPC_CONTROL_END */
	IPC_CONTROL_VERDICT,
	IPC_CONTROL_CHECK,
	/* queue -> diagnose */
	IPC_DIAGNOSE_LOOK = 270, /* at our own side; answer: IPC_DIAGNOSE_LOOKED */
	IPC_DIAGNOSE_LOOKED,
	IPC_DIAGNOSE_ALARM, /* to the webhook; no answer */
	IPC_DIAGNOSE_MAIL,  /* past queue and deliver; answer: IPC_DIAGNOSE_MAILED */
	IPC_DIAGNOSE_MAILED,
};

struct ipc_control_check { /* as struct check_result (diagnose/check.h) */
	uint8_t check, state;
	struct span about, did, showed, means, mend;
	int64_t at_wall_ms;
};
struct ipc_control_diagnose {
	struct span about;                /* a site, address …; empty: everything */
	struct ipc_control_check *checks; /* what the asker found itself */
	size_t checks_n;
};
struct ipc_control_verdict { /* as struct verdict (diagnose/verdict.h) */
	uint8_t whose, scope, family, advice, start;
	struct span cause, who, event;
	uint32_t confidence; /* thousandths */
	int64_t since, last; /* seconds since 1970 */
	uint32_t start_minutes, failures, successes, sites, providers, providers_fine;
	struct ipc_control_name *names, *supports, *contradicts;
	size_t names_n, supports_n, contradicts_n;
	struct ipc_control_check *check; /* that decided: one or none */
	size_t check_n;
};
struct ipc_diagnose_look {
	uint32_t checks;          /* bit n: enum diagnose_check n */
	struct span source;       /* our address; empty: as the system chooses */
	struct span site, domain; /* where mail is put off, and whose; may be empty */
	struct span reply;        /* that it is because of */
	int64_t deadline;         /* CLOCK_MONOTONIC */
};
struct ipc_diagnose_looked {
	struct ipc_control_check *results;
	size_t results_n;
};
struct ipc_diagnose_alarm {
	struct span url, json;
};
struct ipc_diagnose_mail {
	struct span url, to, text; /* CRLF lines */
};
struct ipc_diagnose_mailed {
	bool is_sent;
	struct span why; /* not */
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_control_check_type, ipc_control_diagnose_type,
	ipc_control_verdict_type, ipc_diagnose_look_type, ipc_diagnose_looked_type,
	ipc_diagnose_alarm_type, ipc_diagnose_mail_type, ipc_diagnose_mailed_type;
