/*
 * content - where a message's content goes while it arrives: memory, then a file of queue's.
 *
 * Up to CONTENT_HELD_MAX bytes are held in a buffer and travel with the commit;
 * a larger message is written in pieces of that size, on a helper thread, to
 * content/in/ID through the descriptor that queue hands out. So a session's
 * memory does not grow with the message. The first failure is kept; what comes
 * after it is thrown away. Waits; never logs.
 */
#pragma once
#include "base/id.h"
#include "mail/header.h"
#include "reply/catalogue.h"

#define CONTENT_HELD_MAX (64U * 1024)

struct server;

/* Asked once, when the header is there: REPLY_ID_NONE, or why the message is not taken. May wait. */
typedef enum reply_id content_header_fn(void *self, struct span held);

struct content {
	struct buf *held; /* from server->contents; NULL: nothing came yet */
	struct id id;     /* of the message, once it has one */
	int fd;           /* of content/in/ID, or -1 */
	bool is_in_file;  /* it was made there; to be discarded unless committed */
	uint64_t size;
	uint32_t crc;                 /* of what left the buffer; of all after content_end */
	content_header_fn *at_header; /* NULL: nobody asks */
	void *at_header_self;
	bool is_header_read;
	bool has_whole_header;   /* once it was, and */
	struct mail_facts facts; /* of it */
	enum reply_id refusal;   /* REPLY_ID_NONE, or the reply that says what failed */
	int error;               /* the -errno behind it, for the log */
};

void content_begin(struct content *c, content_header_fn *at_header, void *self);
/* Takes a run. What is wrong is found in refusal. */
void content_add(struct content *c, struct server *v, struct span run);
/* All is there: looks at the header, writes and syncs the rest of a file and closes it. */
void content_end(struct content *c, struct server *v);
/* For the commit: empty where it is in the file. */
struct span content_bytes(const struct content *c);
/* Gives everything back; the file is discarded where it is still ours. */
void content_drop(struct content *c, struct server *v);

/* The reply for what queue or the file system said. */
enum reply_id content_refusal(int error);
