/*
 * trouble - what became of a question to the DNS, and why it failed.
 *
 * Constant data. The texts may be heard by anybody; what else is known goes to
 * the administrator's log.
 */
#pragma once

enum resolve_state { RESOLVE_FOUND = 1, RESOLVE_NODATA, RESOLVE_NXDOMAIN, RESOLVE_FAILED };

enum resolve_trouble { /* travels between processes: append only */
	RESOLVE_FINE,
	RESOLVE_SERVFAIL,
	RESOLVE_TIMED_OUT,
	RESOLVE_BOGUS,
	RESOLVE_REFUSED,
	RESOLVE_BUSY,
	RESOLVE_DOWN,   /* the process does not answer, or could not be set up */
	RESOLVE_BROKEN, /* an answer that can't be read */
	RESOLVE_TROUBLES
};

/* "its name servers fail"; of a number that is none of them: "failed". */
const char *resolve_trouble_text(unsigned trouble);
/* "servfail", for logs. */
const char *resolve_trouble_name(unsigned trouble);
