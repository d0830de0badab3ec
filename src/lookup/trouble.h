/*
 * trouble - why a map could not be asked, in the few words that anybody may hear.
 *
 * Constant data. The whole cause (names, addresses, what the server said) goes
 * to the administrator's log and never into a reply.
 */
#pragma once

enum lookup_trouble { /* travels between processes: append only */
	LOOKUP_FINE,
	LOOKUP_NO_PROCESS,  /* lookup is being started, or does not answer */
	LOOKUP_NO_MAP,      /* the configuration has no map of that name */
	LOOKUP_NOT_LOADED,  /* a file that could not be read yet */
	LOOKUP_UNREACHABLE, /* nobody listens, or no way there */
	LOOKUP_TIMED_OUT,
	LOOKUP_LOGIN_REFUSED, /* our own login at the server */
	LOOKUP_NOT_ENCRYPTED, /* TLS was asked for and failed */
	LOOKUP_ANSWER_WRONG,  /* an error, or more than may be */
	LOOKUP_BUSY,          /* too many wait already */
	LOOKUP_SERVICE_GONE,  /* a policy service: nobody listens, or it closed */
	LOOKUP_SERVICE_SLOW,  /* it gave no answer in time */
	LOOKUP_SERVICE_WRONG, /* what it said is no answer */
	LOOKUP_NO_SERVICE,    /* the configuration has none of that name */
	LOOKUP_TROUBLES
};

/* "timed out"; of a number that is none of them: "failed". */
const char *lookup_trouble_text(unsigned trouble);
