/*
 * log_line - the reply in a line of another server's log, and what stands around it.
 *
 * Knows Postfix, Exim, Sendmail, OpenSMTPD, qmail, Exchange, PowerMTA, Haraka,
 * hMailServer, abide's own, logs in JSON (KumoMTA, journald) and what else syslog has.
 * Borrows the line (what has escapes is copied into the arena); linear in its
 * first LOG_LINE_MAX bytes. Any other text is taken as a reply, with its
 * wrappers (reply/wrapper.h) taken off.
 */
#pragma once
#include "base/arena.h"
#include "reply/meaning.h"

enum { LOG_LINE_MAX = 1 << 16 };

enum log_format {
	LOG_NONE, /* no log line that is known: a reply as it is */
	LOG_POSTFIX,
	LOG_EXIM,
	LOG_SENDMAIL,
	LOG_OPENSMTPD,
	LOG_QMAIL,
	LOG_EXCHANGE,
	LOG_POWERMTA,
	LOG_HARAKA,
	LOG_HMAILSERVER,
	LOG_ABIDE,
	LOG_JSON,
	LOG_OTHER, /* another program's line in the form of syslog */
	LOG_FORMATS
};

/* What a line says of a delivery. */
enum log_outcome {
	LOG_NOTHING, /* no delivery ended in it, or the reader can't tell */
	LOG_DELIVERED,
	LOG_DEFERRED,
	LOG_FAILED,  /* refused for good, or given up */
	LOG_REFUSED, /* the logging server itself refused what another one sent */
};

struct log_line {
	enum log_format format;
	enum log_outcome outcome;
	enum reply_stage stage;     /* NONE: the line does not say */
	struct span recipient;      /* empty: the line does not say */
	struct span host;           /* the other side, as the line has it; may be empty */
	struct reply_status status; /* that the logging server noted; class 0: none */
	struct span reply;          /* empty: the line has none; "connect from …", "removed" */
};

void log_line_read(struct span line, struct arena *arena, struct log_line *ret);

/* What the line's reply means; the cause of a line without one is none. */
void log_line_mean(const struct log_line *line, const struct reply_context *context,
	struct arena *arena, struct reply_meaning *ret);

/* "postfix", "exim" …; "" for LOG_NONE. */
const char *log_format_text(enum log_format format);
