/* The verbs that need a line each: RSET, NOOP, VRFY, HELP, QUIT. */
#include "receive/session.h"
#include "reply/explain.h"

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

static enum reply_id list_commands(struct reply_words *words)
{
	static const struct span lines[] = {
		SPAN_LIT("EHLO HELO MAIL RCPT DATA BDAT"),
		SPAN_LIT("RSET NOOP VRFY HELP STARTTLS AUTH QUIT"),
		SPAN_LIT("HELP and the name at the end of a reply tells what that reply means."),
	};

	words->lines = lines;
	words->n_lines = sizeof lines / sizeof lines[0];
	return SAY_HELP;
}

/* What is told about a reply that a client got: what has happened, and what can be done. */
static enum reply_id explain(struct session *s, enum reply_id id)
{
	static const enum reply_tale tales[] = {REPLY_TELL_HAPPENED, REPLY_TELL_ADVICE};
	const struct reply_voice voice = {.lang = REPLY_LANG_EN};
	struct reply_meaning meaning;
	struct span lines[3];
	struct buf text = BUF_INIT(8192);
	struct span name = span_str(catalogue_get(id)->name), url = session_conf(s)->help_url;
	struct reply_words words = {.parameter = name, .lines = lines};

	catalogue_meaning(id, NULL, REPLY_STAGE_NONE, &meaning);
	for (size_t i = 0; i < 2; i++) {
		size_t before = text.len;

		(void)reply_tell(&meaning, &voice, tales[i], &text);
		if (text.len > before)
			lines[words.n_lines++].len = text.len - before;
	}
	if (url.len > 0) {
		(void)buf_add(&text, url);
		(void)buf_add(&text, name);
		lines[words.n_lines++].len = url.len + name.len;
	}
	for (size_t i = 0, at = 0; i < words.n_lines; at += lines[i++].len)
		lines[i].at = text.at + at;
	say(s, SAY_HELP_ENTRY, &words);
	buf_done(&text);
	return REPLY_ID_NONE;
}

/* help = "HELP" [ SP String ] CRLF                              ; 4.1.1.8 */
enum reply_id verb_help(struct session *s, struct span argument, struct reply_words *words)
{
	struct span name = span_trim(argument);
	enum reply_id id = catalogue_find(name);

	if (id != REPLY_ID_NONE)
		return explain(s, id);
	if (name.len > 0 && wire_command_read(name).verb == WIRE_UNKNOWN)
		return SAY_HELP_UNKNOWN;
	return list_commands(words);
}

/* quit = "QUIT" CRLF                                            ; 4.1.1.10 */
enum reply_id verb_quit(struct session *s, struct span argument, struct reply_words *words)
{
	session_close(s, "quit");
	s->has_quit = true;
	return SAY_QUIT_OK;
}
