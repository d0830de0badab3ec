/*
 * folder - the way from the root of all mailboxes down to one Maildir.
 *
 * Opens, and makes what is missing, name by name: the kernel is told to leave
 * no tree and to follow no symbolic link (openat2 RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS), so that no owner of a mailbox can lead a delivery
 * elsewhere. What was made is synced into the folder above it. Blocks: only for
 * a process of its own. No memory, no log.
 */
#pragma once
#include "conf/place.h"

struct folder {            /* descriptors; -1: not open */
	int root;          /* the Maildir itself, where maildirsize is */
	int tmp, new, cur; /* of it, or of the folder in it */
};

/* Owns nothing yet. */
#define FOLDER_NONE ((struct folder){-1, -1, -1, -1})

/* 0 or -errno, and then what could not be opened is in *ret_name. */
int folder_open(const struct place *p, struct folder *ret, struct span *ret_name);
void folder_close(struct folder *f);
/* A folder below at that exists. The descriptor, or -errno; -ELOOP: it is a symbolic link. */
int folder_enter(int at, const char *name);
