/*
 * names - what the DNS says of a client and of a sender, asked once and kept.
 *
 * Of a client for its session, of a sender for its transaction. Asking waits.
 * Where there is no answer nothing is held against anybody; a list that does not
 * work is an alarm in the log (event=list_broken), once in a while.
 */
#pragma once
#include "policy/names.h"
#include "receive/session.h"

#define NAMES_LISTS_TEXT 256U

struct names {
	struct wire_ip client; /* of whom this is known */
	bool is_asked, are_lists_asked;
	enum names_reverse reverse;
	char host[256];               /* a name of it: the confirmed one, or any */
	int64_t score;                /* of the lists */
	char lists[NAMES_LISTS_TEXT]; /* those that list it, and what the first says */
};

/* Of the session's client; frees with session_free. */
const struct names *names_of_client(struct session *s);
/* The same, with the lists. */
const struct names *names_on_lists(struct session *s);
/* Of the transaction's sender. LATER: *ret_why says what failed; in the transaction's arena. */
enum names_domain names_of_sender(struct session *s, struct span *ret_domain, struct span *ret_why);
