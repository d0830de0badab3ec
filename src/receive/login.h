/*
 * login - AUTH in a session (RFC 4954): who has logged in, and as whom it may send.
 *
 * login.c leads the conversation, login_scram.c that of SCRAM; lookup judges
 * (receive/lookup.h), facts says how long a try has to wait (receive/facts.h).
 * Waits. Passwords are wiped where they were read, and never logged.
 */
#pragma once
#include "auth/sasl.h"
#include "ipc/messages/login.h"
#include "receive/session.h"

/* Can anybody log in by this connection's listener, now or once it is encrypted? */
bool login_is_known(const struct session *s);
/* "AUTH PLAIN LOGIN" for EHLO, in room; empty: not now. */
#define LOGIN_OFFER_MAX 80
struct span login_offer(const struct session *s, char room[LOGIN_OFFER_MAX]);
/* Must the client log in before it may send? */
bool login_is_needed(const struct session *s);
/* REPLY_ID_NONE, or that who has logged in may not send as that address (canonical). */
enum reply_id login_check_sender(const struct session *s, const struct conf *conf,
	struct span sender, struct reply_words *words);
/* Whoever it was, it is nobody now. */
void login_forget(struct session *s);

/* ---- login.c and login_scram.c between them ---- */

struct login_talk { /* one AUTH */
	struct session *session;
	struct reply_words *words;
	enum sasl_mechanism mechanism;
	struct arena arena;  /* all but passwords */
	struct buf response; /* the client's last, decoded; wiped at the end */
	struct buf name;     /* prepared */
	struct ipc_lookup_authed answer;
};

/* Says 334 with that, and reads the response. REPLY_ID_NONE, or why not; is_over may be set. */
enum reply_id login_ask(struct login_talk *t, struct span challenge);
/* The name as prepared into t->name, then waits as long as facts says. REPLY_ID_NONE or why not. */
enum reply_id login_begin_try(struct login_talk *t, struct span name);
/* Asks lookup, with t's name; a failure waits. REPLY_ID_NONE: yes, see t->answer. */
enum reply_id login_judge(struct login_talk *t, struct ipc_lookup_auth *question);
/* Not that user, said so late that nobody learns why. begun: when the try was looked at. */
enum reply_id login_is_wrong(struct login_talk *t, nanos begun);
enum reply_id login_scram(struct login_talk *t);
