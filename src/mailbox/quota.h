/*
 * quota - how much a Maildir may hold, by Maildir++'s file maildirsize.
 *
 * The file belongs to the mailbox's owner, so it is read as a stranger's. Other
 * programs (Dovecot's quota "maildir", Courier) read and write the same one. Blocks
 * where it says so; no memory, no log.
 */
#pragma once
#include "mailbox/folder.h"

#define QUOTA_FILE_MAX 5120U /* bytes; a longer one is made anew, as Maildir++ has it */

struct quota {
	uint64_t bytes, count; /* that may be there; 0: as many as there is room for */
	int64_t used_bytes, used_count;
	unsigned lines; /* of changes, in the file */
};

/* Pure. False: it is not to be relied on, and is to be made anew. */
bool quota_read(struct span text, struct quota *ret);

enum quota_room { QUOTA_ROOM, QUOTA_FULL, QUOTA_NEVER /* it is more than all of it */ };

/*
 * Is there room for so many bytes? limit: of the configuration, 0 where it has none: then
 * what stands in the file counts, and without a file there is room. Blocks. 0 or -errno.
 */
int quota_check(const struct folder *f, uint64_t limit, uint64_t size, enum quota_room *ret);
/* One message of that size was added; where there is no file nothing is to be done. Blocks. */
void quota_add(const struct folder *f, uint64_t size);
