/*
 * mailbox_list - the addresses of a To, Cc or Bcc field (RFC 5322 3.4, with 4.4's old forms).
 *
 * Pure: the list and its texts live in the caller's arena; never logs or
 * waits. Reads comments, quoted strings, groups, source routes and domain
 * literals, and takes names without a domain ("root"), which the caller
 * completes. Whether an address can be mailed to is not asked here
 * (wire/path.h).
 */
#pragma once
#include "base/arena.h"

struct mailbox_list {
	struct span *at; /* "user@example.org": no comments, no folds; quotes kept */
	size_t n, room;
};

void mailbox_list_add(struct mailbox_list *list, struct arena *arena, struct span address);
/*
 * Adds all addresses of a field's value. 0, or -EBADMSG, *ret_why (static text) and *ret_at (what
 * is left from there on); addresses before that place may have been added.
 */
int mailbox_list_read(struct span value, struct arena *arena, struct mailbox_list *list,
	const char **ret_why, struct span *ret_at);
