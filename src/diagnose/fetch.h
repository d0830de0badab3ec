/*
 * diagnose_fetch - one request (libcurl): a policy fetched, an alarm posted or mailed.
 *
 * Blocks, on a helper thread while tasks run. Follows no redirection; https is verified. Never logs.
 */
#pragma once
#include "base/buf.h"

/* 0; -EIO: no connection or no answer of 200; -EMSGSIZE: more than body may hold. */
int fetch_get(struct span url, unsigned seconds, struct buf *body)
	__attribute__((warn_unused_result));
enum { FETCH_WHY_MAX = 256 };
/*
 * Mail of CRLF lines by SMTP, from the null sender. url: smtp (TLS where it is offered, and needed for a password) or smtps;
 * its path: the name to greet with. 0; -EIO: it was not taken, and why.
 */
int fetch_mail(struct span url, unsigned seconds, struct span to, struct span text,
	char ret_why[static FETCH_WHY_MAX]) __attribute__((warn_unused_result));
/* The HTTP status, or -EIO. */
int fetch_post(struct span url, unsigned seconds, struct span json)
	__attribute__((warn_unused_result));
