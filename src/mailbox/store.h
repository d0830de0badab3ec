/*
 * store - one message into one Maildir: never lost, and not twice.
 *
 * Written into tmp/, synced, renamed into new/ without replacing anything, and
 * the folder synced; only then it counts as stored. Its name is made of the
 * message's id and the recipient's number, so that an attempt after a crash
 * finds what the one before has stored, in new/ or, where it was read, in cur/.
 * Line ends become LF, as Maildirs have them. Blocks: only for a process of its
 * own. No log.
 */
#pragma once
#include "base/id.h"
#include "mailbox/folder.h"

struct store_mail {
	struct id id;
	uint32_t n;                    /* of the recipient in it */
	struct span sender, recipient; /* of the envelope */
	struct span hostname;          /* ours */
	struct span head;              /* fields that we put before it */
	struct span bytes;             /* the content; or */
	int fd;                        /* where it is from offset 0 on; -1: in bytes */
	uint64_t len;                  /* of it */
	bool again;                    /* it may have been stored before: look for it */
	uint64_t quota;                /* bytes; 0: what the mailbox itself says */
};

enum store_verdict {
	STORE_DONE = 1,
	STORE_WAS_THERE, /* by an attempt before */
	STORE_FULL,      /* over its quota */
	STORE_TOO_BIG,   /* for all of its quota */
	STORE_FAILED,    /* and why: an errno */
};

struct store_result {
	uint8_t verdict; /* enum store_verdict */
	int32_t error;   /* -errno of STORE_FAILED, */
	char at[128];    /* and what it was that failed: "new", "/var/vmail" */
};

void store_run(const struct place *p, const struct store_mail *mail, struct store_result *ret);
