/*
 * users_file - the file of logins, in memory, and read again when it has changed.
 *
 * A task looks at it, a helper thread reads it; one that is wrong changes
 * nothing, which is logged (event=users_wrong). Counted: whoever waits in it
 * keeps it. Passwords are checked on helper threads, a few at once.
 */
#pragma once
#include "auth/users.h"
#include "base/clock.h"
#include "ipc/messages/login.h"
#include "lookup/table_file.h"

struct users_file;

/* The caller holds one reference. */
struct users_file *users_file_new(struct span path, bool may_be_plain);
void users_file_close(struct users_file *f); /* gives it back; NULL is fine */
bool users_file_is(const struct users_file *f, struct span path, bool may_be_plain);
/* Answers a question, by the deadline at most. */
void users_file_ask(struct users_file *f, const struct ipc_lookup_auth *q, nanos deadline,
	struct arena *arena, struct ipc_lookup_authed *ret);

/* For helper threads and abide check: blocks. As table_file_read. */
int users_file_read(const char *path, bool may_be_plain, struct users **ret,
	struct table_stamp *ret_stamp, struct users_fault *ret_fault);
