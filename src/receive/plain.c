/* The verbs that need a line each: RSET, NOOP, VRFY, HELP, QUIT. */
#include "receive/session.h"

/* rset = "RSET" CRLF                                            ; RFC 5321 4.1.1.5 */
enum reply_id verb_rset(struct session *s, struct span argument, struct reply_words *words)
{
	session_end_transaction(s);
	s->bdat_failed = false;
	return SAY_RSET_OK;
}

/* noop = "NOOP" [ SP String ] CRLF                              ; 4.1.1.9 */
enum reply_id verb_noop(struct session *s, struct span argument, struct reply_words *words)
{
	return SAY_NOOP_OK;
}

/* vrfy = "VRFY" SP String CRLF                                  ; 4.1.1.6, 3.5.3 */
enum reply_id verb_vrfy(struct session *s, struct span argument, struct reply_words *words)
{
	return argument.len > 0 ? SAY_VRFY : SAY_VRFY_SYNTAX;
}

/* help = "HELP" [ SP String ] CRLF                              ; 4.1.1.8 */
enum reply_id verb_help(struct session *s, struct span argument, struct reply_words *words)
{
	static const struct span lines[] = {
		SPAN_LIT("EHLO HELO MAIL RCPT DATA BDAT"),
		SPAN_LIT("RSET NOOP VRFY HELP QUIT"),
	};

	words->lines = lines;
	words->n_lines = sizeof lines / sizeof lines[0];
	return SAY_HELP;
}

/* quit = "QUIT" CRLF                                            ; 4.1.1.10 */
enum reply_id verb_quit(struct session *s, struct span argument, struct reply_words *words)
{
	session_close(s, "quit");
	s->has_quit = true;
	return SAY_QUIT_OK;
}
