/*
 * check - runs the checks of the configuration, in their order, on a recipient.
 *
 * At RCPT, where client, sender and recipient are known: so exceptions can name
 * each of them, and the log says whose mail it was. The questions themselves
 * are pure and stand in policy/. Whether the recipient exists is a check too, the
 * last one unless the configuration gives it another place. Only early talkers
 * are refused before, where no exception needs a name (check_early_talker).
 */
#pragma once
#include "receive/people.h"

struct check_subject { /* a recipient on its way */
	const struct wire_path *path;
	struct span address; /* canonical */
	struct arena *arena;
	/* kept by check */
	struct people people; /* who is meant */
	bool is_asked;
	bool takes_unknown, takes_full; /* whatever is found */
	enum reply_id refusal;
	struct reply_words words;
};

/* REPLY_ID_NONE and who is meant, or why it is refused. Logs what fails, refused or not. */
enum reply_id check_recipient(
	struct session *s, struct check_subject *r, struct reply_words *words);

/* postmaster and abuse, with or without a domain: who has trouble with us must get through to them. */
bool check_is_postmaster(struct span recipient);

enum check_talker { CHECK_TALKER_FINE, CHECK_TALKER_LATER, CHECK_TALKER_REFUSED };
/*
 * What is done with a client that may speak before its greeting: nothing is looked at, it is greeted
 * and judged with each recipient, or refused at once.
 */
enum check_talker check_early_talker(const struct session *s);
