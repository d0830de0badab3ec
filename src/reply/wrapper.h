/*
 * reply_wrapper - the reply inside what another server wrote around it.
 *
 * "host mx[192.0.2.1] said: 450 4.2.0 … (in reply to RCPT TO command)", log
 * lines with "status=deferred (…)", "SMTP error from remote mail server after
 * RCPT TO:<a@b>: … 550 …". Borrows, allocates nothing, linear.
 */
#pragma once
#include "reply/taxonomy.h"

struct reply_inner {
	struct span text;       /* from its code on, where there is one; else as given */
	enum reply_stage stage; /* that the wrapper names; else REPLY_STAGE_NONE */
};

struct reply_inner reply_unwrap(struct span text);

/*
 * The reply of a further server that stands inside a reply, behind its own
 * words: "451 Could not complete sender verify callout: host mx said: 550 …".
 * The outer words decide the cause; this is the reason behind it. False: none.
 */
bool reply_nested(struct span reply, struct reply_inner *ret);
