/*
 * mailbox - what deliver asks mailbox: to store a message for one recipient in a Maildir of ours.
 */
#pragma once
#include "base/id.h"
#include "base/pack.h"

enum {
	IPC_MAILBOX_STORE = 260, /* bytes: the content, or one fd; answer: IPC_MAILBOX_STORED */
	IPC_MAILBOX_STORED,
};

struct ipc_mailbox_store {
	struct id id;
	uint32_t n; /* of the recipient */
	struct span sender, recipient;
	struct span head; /* fields before the content */
	uint64_t content_len;
	bool content_in_file;
	bool again; /* an attempt before may have stored it */
};
enum ipc_mailbox_verdict {
	IPC_MAILBOX_DONE = 1,
	IPC_MAILBOX_FULL,
	IPC_MAILBOX_TOO_BIG,  /* for all that the mailbox may hold */
	IPC_MAILBOX_FAILED,   /* see error and at */
	IPC_MAILBOX_BAD_NAME, /* the address can be no folder's name */
	IPC_MAILBOX_NO_OWNER, /* there is no such user, or not one that may have mail: at */
	IPC_MAILBOX_NONE,     /* the configuration has no Maildir for it now */
};
struct ipc_mailbox_stored {
	uint8_t verdict; /* enum ipc_mailbox_verdict */
	bool was_there;  /* DONE: by an attempt before */
	int64_t error;   /* -errno */
	struct span at;  /* what it happened to */
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_mailbox_store_type, ipc_mailbox_stored_type;
