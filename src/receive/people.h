/*
 * people - who is meant by a recipient that a client names.
 *
 * Where the configuration has maps for its domain, lookup is asked; else the
 * answer is the address itself. May wait for lookup, PEOPLE_PATIENCE at most.
 */
#pragma once
#include "ipc/messages/lookup.h"
#include "receive/session.h"

struct people {
	struct ipc_lookup_recipient *all; /* in the arena */
	size_t n;
	struct span
		original; /* ORCPT of what was replaced; empty: nothing was, or it has no form */
};

/* REPLY_ID_NONE, or why nobody is asked at all: relaying, no route. */
enum reply_id people_may(
	struct session *s, const struct wire_path *path, struct reply_words *words);
/*
 * REPLY_ID_NONE and who they are; else why it is refused or put off. Who is unknown or over quota
 * is in *ret all the same: for those who are to be taken regardless. address: canonical.
 */
enum reply_id people_find(struct session *s, const struct wire_path *path, struct span address,
	struct arena *arena, struct people *ret, struct reply_words *words);
/* What the envelope sender becomes, in the arena; *sender is replaced where it is rewritten. */
enum reply_id people_sender(struct session *s, const struct conf *conf, struct arena *arena,
	struct span *sender, struct reply_words *words);
