/*
 * logs_event - what a line of another server's log says about one delivery: came through, put off,
 * refused.
 *
 * Stands on report/log_line.h, and asks it only about lines that may say such a thing. Keeps what
 * qmail says in an earlier line (to whom a delivery goes). Spans are borrowed from the line or lie
 * in the arena.
 */
#pragma once
#include "report/log_line.h"

enum { LOGS_QMAIL_DELIVERIES = 1024, LOGS_ADDRESS_MAX = 128 };

struct logs_event {
	int64_t moment; /* MOMENT_NONE: not said */
	uint64_t mail;  /* of message and recipient, to find them again; 0: not known */
	struct log_line line;
};

struct logs_reader {
	int64_t limit; /* seconds since 1970: the logs end before it */
	struct {
		unsigned number;
		unsigned char len;
		char address[LOGS_ADDRESS_MAX];
	} qmail[LOGS_QMAIL_DELIVERIES];
};

/* False: nothing of the kind. */
bool logs_event_read(
	struct logs_reader *r, struct span line, struct arena *arena, struct logs_event *ret);
