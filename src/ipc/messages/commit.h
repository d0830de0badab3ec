/*
 * commit - what receive says to queue: take this message, for which I am about to answer 250.
 *
 * The content goes before it, into a file that queue opened, or in packets, or with it.
 */
#pragma once
#include "base/id.h"
#include "base/pack.h"

enum {
	IPC_QUEUE_HELLO = 20, /* answer: IPC_QUEUE_WELCOME */
	IPC_QUEUE_WELCOME,
	IPC_CONTENT_MAKE,    /* answer: IPC_RESULT with one fd on success */
	IPC_CONTENT_DISCARD, /* no answer */
	IPC_COMMIT,          /* answer: IPC_RESULT; bytes: the content, or its last packet */
	IPC_COMMIT_PART,     /* earlier packets of content for that id (ipc_content_name) */
	IPC_QUEUE_ROOM = 27, /* queue -> receive: what the spool's disk has left */
};

struct ipc_queue_hello {
	uint32_t index;
};
struct ipc_queue_welcome {
	uint32_t generation;
	uint16_t instance;
};
struct ipc_queue_room {
	uint64_t disk_free, inodes_free; /* bytes; inodes */
	uint32_t map_used;               /* thousandths of what the spool may take */
};
struct ipc_recipient {
	struct span address;
	struct span orcpt;
	uint8_t notify;
	struct span sender; /* for this one; empty: the message's */
};
struct ipc_commit {
	struct id id;
	struct span sender, client, helo, envid;
	struct span tls, login; /* "TLSv1.3 CIPHER"; who was logged in; empty: none */
	uint8_t ret;
	bool body_8bit, smtputf8;
	bool is_own;      /* from a client that may send anywhere: it is signed */
	bool is_unproved; /* nothing shows that the sender wrote it */
	bool content_in_file;
	uint64_t content_len;
	uint32_t content_crc;
	struct span edits;
	struct ipc_recipient *recipients;
	size_t recipients_n;
	/* Aliases of several addresses whose sender wants to hear of success; the addresses are above. */
	struct ipc_recipient *expanded;
	size_t expanded_n;
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_queue_hello_type, ipc_queue_welcome_type, ipc_queue_room_type,
	ipc_commit_type;
