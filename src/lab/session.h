/*
 * session - one SMTP session of the lab, from the banner to the end.
 *
 * Reads and writes raw bytes with its own small parser, so that it shares no
 * mistake with abide's. Runs as a task and waits; every wait is bounded by the
 * lab's max_time. Writes to the lab's record; never logs.
 */
#pragma once
#include "base/list.h"
#include "base/table.h"
#include "lab/behaviour.h"
#include "lab/record.h"
#include "lab/rules.h"

struct task;

struct lab {
	struct lab_behaviour session; /* what every session begins with */
	struct lab_rules rules;
	bool plain; /* local parts mean nothing */
	bool lmtp;  /* RFC 2033: LHLO, and after the content a reply for each recipient */
	struct lab_record record;
	const char *keep; /* directory for raw messages, or NULL */
	const char *hostname;
	nanos max_time;
	struct table seen; /* "client sender recipient" -> when first, how often */
	struct list sessions;
	uint64_t n_sessions, n_messages;
	unsigned open;
};

/* Serves the connected descriptor, which it takes, until the session ends. */
void lab_session_run(struct lab *lab, int fd, struct span client);
/* Cancels every session. */
void lab_session_cancel_all(struct lab *lab);
