/*
 * submit - hands a letter to the first listener of a configuration, for sendmail.
 *
 * Call from a task. One SMTP transaction for all recipients: where the server
 * refuses one of them nothing is sent, so that the caller's exit status speaks
 * for all. What went wrong is said on standard error with its explanation.
 */
#pragma once
#include "conf/conf.h"
#include "main/letter.h"

struct submission {
	const struct conf *conf;
	struct span sender; /* without < >; empty: the null sender */
	const struct mailbox_list *recipients;
	const struct letter *letter;
	const char *notify, *ret,
		*envid;  /* of RFC 3461, used where the server offers DSN; or NULL */
	bool is_verbose; /* shows the server's replies */
};

/* A status of sysexits(3). */
int submit_letter(const struct submission *s);
/* Joins standard input and output with the server's session. A status of sysexits(3). */
int submit_session(const struct conf *conf);
