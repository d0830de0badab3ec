#include "receive/login.h"
#include "base/utf8.h"

enum {
	NEEDS_HELLO = 1 << 0,
	NEEDS_MAIL = 1 << 1,
	NEEDS_RCPT = 1 << 2,
	/*
	 * RFC 2920 3.1: the client must wait for its reply. NOOP and VRFY belong there too, but what
	 * follows them means the same whatever they are answered, so they are let be (3.2).
	 */
	ENDS_GROUP = 1 << 3,
	NO_ARGUMENT = 1 << 4,
	NOT_IN_CHUNKS = 1 << 5, /* not between two chunks of a message (RFC 3030 2) */
	BRINGS_MAIL = 1 << 6,   /* not counted by limits.commands_without_mail */
	MAY_NOT_NEST = 1 << 7,
	NEEDS_TLS = 1 << 8,   /* where the listener asks for it */
	NEEDS_LOGIN = 1 << 9, /* too */
};

/* User name and password in two lines, as LOGIN has them. */
#define SECRET_LINES 2U

/* Allowed, and when: checked here and nowhere else. Without run: known, not offered. */
static const struct verb {
	verb_fn *run;
	verb_fn *refused; /* does what must be done though the command is refused */
	unsigned flags;
} verbs[WIRE_VERBS] = {
	[WIRE_EHLO] = {.run = verb_ehlo, .flags = ENDS_GROUP},
	[WIRE_HELO] = {.run = verb_helo, .flags = ENDS_GROUP},
	[WIRE_MAIL] = {.run = verb_mail,
		.flags = NEEDS_HELLO | NEEDS_TLS | NEEDS_LOGIN | MAY_NOT_NEST},
	[WIRE_RCPT] = {.run = verb_rcpt,
		.flags = NEEDS_HELLO | NEEDS_MAIL | NOT_IN_CHUNKS | BRINGS_MAIL},
	[WIRE_DATA] = {.run = verb_data,
		.flags = NEEDS_HELLO | NEEDS_MAIL | NEEDS_RCPT | NOT_IN_CHUNKS | NO_ARGUMENT |
			 ENDS_GROUP | BRINGS_MAIL},
	[WIRE_BDAT] = {.run = verb_bdat,
		.refused = bdat_drain,
		.flags = NEEDS_HELLO | NEEDS_MAIL | NEEDS_RCPT | BRINGS_MAIL},
	[WIRE_RSET] = {.run = verb_rset, .flags = NO_ARGUMENT},
	[WIRE_NOOP] = {.run = verb_noop},
	[WIRE_VRFY] = {.run = verb_vrfy},
	[WIRE_HELP] = {.run = verb_help},
	[WIRE_STARTTLS] = {.run = verb_starttls, .flags = NO_ARGUMENT | ENDS_GROUP},
	[WIRE_AUTH] = {.run = verb_auth, .flags = NEEDS_HELLO | MAY_NOT_NEST | ENDS_GROUP},
	[WIRE_XCLIENT] = {.run = verb_xclient, .flags = MAY_NOT_NEST | ENDS_GROUP},
	[WIRE_QUIT] = {.run = verb_quit, .flags = NO_ARGUMENT},
};

/* What follows QUIT is not read; else it would belong to the next group before this one's end. */
static bool breaks_group(const struct session *s, unsigned flags)
{
	return (flags & ENDS_GROUP) && stream_input(s->stream).len > s->line_len;
}

static enum reply_id need_recipients(const struct transaction *t)
{
	if (t->recipients_n > 0)
		return REPLY_ID_NONE;
	return t->refused > 0 ? SAY_NO_VALID_RCPT : SAY_NEED_RCPT;
}

/* What the table says against this command now. */
static enum reply_id check(struct session *s, const struct verb *v, const struct wire_command *c)
{
	bool has_mail = session_has_transaction(s);

	if (!v->run)
		return c->verb == WIRE_UNKNOWN ? SAY_VERB_UNKNOWN : SAY_VERB_NOT_OFFERED;
	if ((c->verb == WIRE_STARTTLS && !encrypt_is_known(s)) ||
		(c->verb == WIRE_AUTH && !login_is_known(s)))
		return SAY_VERB_NOT_OFFERED;
	if (breaks_group(s, v->flags))
		return SAY_PIPELINING;
	if ((v->flags & NO_ARGUMENT) && c->argument.len > 0)
		return SAY_NO_ARGUMENT;
	if ((v->flags & NEEDS_HELLO) && s->helo.len == 0)
		return SAY_NEED_EHLO;
	if ((v->flags & NEEDS_TLS) && !s->tls && s->door.tls == CONF_LISTENER_TLS_REQUIRED)
		return SAY_TLS_NEEDED;
	if ((v->flags & NEEDS_LOGIN) && login_is_needed(s))
		return SAY_AUTH_NEEDED;
	if ((v->flags & MAY_NOT_NEST) && has_mail)
		return SAY_MAIL_NESTED;
	if (c->verb == WIRE_BDAT && s->bdat_failed)
		return SAY_BDAT_FAILED;
	if ((v->flags & NEEDS_MAIL) && !has_mail)
		return SAY_NEED_MAIL;
	if ((v->flags & NOT_IN_CHUNKS) && s->transaction.has_chunks)
		return c->verb == WIRE_DATA ? SAY_DATA_AFTER_BDAT : SAY_BDAT_UNFINISHED;
	if (v->flags & NEEDS_RCPT)
		return need_recipients(&s->transaction);
	return REPLY_ID_NONE;
}

static enum reply_id line_refusal(const struct wire_command *c, struct span line)
{
	static const enum reply_id by_fault[] = {
		[WIRE_LINE_OK] = REPLY_ID_NONE,
		[WIRE_LINE_NUL] = SAY_COMMAND_NUL,
		[WIRE_LINE_BARE_CR] = SAY_COMMAND_BARE_CR,
		[WIRE_LINE_BARE_LF] = SAY_COMMAND_BARE_LF,
	};

	if (c->fault != WIRE_LINE_OK)
		return by_fault[c->fault];
	return utf8_is_ascii(line) || utf8_is_valid(line) ? REPLY_ID_NONE : SAY_COMMAND_8BIT;
}

/*
 * A browser, or what makes one send mail for it: each of its lines would be a command. Or a PROXY
 * header of one who may not say such a thing.
 */
static bool is_other_protocol(struct span name)
{
	static const struct span names[] = {SPAN_LIT("GET"), SPAN_LIT("POST"), SPAN_LIT("PUT"),
		SPAN_LIT("HEAD"), SPAN_LIT("CONNECT"), SPAN_LIT("OPTIONS"), SPAN_LIT("Host:"),
		SPAN_LIT("User-Agent:"), SPAN_LIT("PROXY")};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (span_equal_nocase(name, names[i]))
			return true;
	return false;
}

static enum reply_id run(struct session *s, const struct wire_command *c, struct reply_words *words)
{
	const struct verb *v = &verbs[c->verb];
	enum reply_id id = check(s, v, c);

	if (!(v->flags & BRINGS_MAIL))
		s->idle_commands++;
	if (id == REPLY_ID_NONE)
		return v->run(s, c->argument, words);
	words->verb = c->verb == WIRE_UNKNOWN ? c->name : wire_verb_name(c->verb);
	if (id == SAY_PIPELINING)
		session_close(s, "improper pipelining");
	if (id == SAY_VERB_UNKNOWN && is_other_protocol(c->name)) {
		session_close(s, "not SMTP");
		return SAY_WRONG_PROTOCOL;
	}
	if (v->refused && !s->is_closing) {
		enum reply_id worse = v->refused(s, c->argument, words);

		id = worse ? worse : id;
	}
	return id;
}

/*
 * No password is logged: not behind AUTH, and not where a client goes on with the log-in that was
 * refused, so that its next lines are no commands.
 */
static void hide_secrets(struct session *s, struct wire_command *c)
{
	struct span first;

	if (s->secrets > 0)
		s->secrets--;
	if (c->verb == WIRE_UNKNOWN && s->secrets > 0) {
		s->argument = (struct span){0};
		c->name = (struct span){0};
	}
	if (c->verb != WIRE_AUTH)
		return;
	s->secrets = SECRET_LINES + 1;
	if (span_take_until(&s->argument, ' ', &first))
		s->argument = first;
	if (s->argument.len > SASL_MECHANISM_MAX)
		s->argument = (struct span){0};
}

void verbs_obey(struct session *s, struct span line)
{
	struct wire_command c = wire_command_read(line);
	struct reply_words words = {0};
	enum reply_id id = line_refusal(&c, line);

	s->verb = c.verb;
	s->argument = c.argument;
	hide_secrets(s, &c);
	if (id == REPLY_ID_NONE)
		id = run(s, &c, &words);
	say(s, id, &words);
}

enum reply_id verbs_path_refusal(
	enum wire_path_error error, const struct path_refusals *ids, struct reply_words *words)
{
	switch (error) {
	case WIRE_PATH_OK:
		return REPLY_ID_NONE;
	case WIRE_PATH_DOMAIN_MISSING:
		return ids->not_qualified;
	case WIRE_PATH_KEYWORD:
	case WIRE_PATH_BRACKET:
	case WIRE_PATH_TRAILING:
		words->rule = span_str(wire_path_error_text(error));
		return ids->syntax;
	default:
		words->rule = span_str(wire_path_error_text(error));
		return ids->bad;
	}
}

enum reply_id verbs_param_refusal(
	enum wire_param_error error, struct span bad, struct reply_words *words)
{
	static const enum reply_id by_error[] = {
		[WIRE_PARAM_OK] = REPLY_ID_NONE,
		[WIRE_PARAM_SYNTAX] = SAY_PARAMETER_BAD,
		[WIRE_PARAM_UNKNOWN] = SAY_PARAMETER_UNKNOWN,
		[WIRE_PARAM_VALUE] = SAY_PARAMETER_BAD,
		[WIRE_PARAM_DUPLICATE] = SAY_PARAMETER_TWICE,
		[WIRE_PARAM_UNSUPPORTED] = SAY_BODY_UNKNOWN,
	};

	words->parameter = bad;
	return by_error[error];
}
