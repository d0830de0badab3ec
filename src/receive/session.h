/*
 * session - one client's connection, and the transaction that runs in it.
 *
 * Two structs: what belongs to the mail (struct transaction) dies as a whole at
 * its end, RSET, EHLO or the end of the session; nothing of it is left for the
 * next. A session is one task: it reads a line, asks the verb table, runs the
 * verb (one file each), says the catalogue id that the verb returns. Sessions
 * log; they own their stream.
 */
#pragma once
#include "base/arena.h"
#include "ipc/messages/commit.h"
#include "receive/content.h"
#include "receive/server.h"
#include "reply/catalogue.h"
#include "task/stream.h"
#include "wire/address.h"
#include "wire/command.h"
#include "wire/content.h"
#include "wire/params.h"
#include "wire/path.h"

struct transaction {
	struct arena arena;
	const struct conf *conf;       /* of its whole life; NULL: no transaction */
	struct span sender;            /* canonical; empty: the null sender */
	struct span said_sender;       /* the same before our own rewriting */
	const struct spf_verdict *spf; /* NULL: not asked; see receive/spf.h */
	struct span envid;
	uint8_t ret;
	bool is_8bit, is_utf8; /* as announced */
	bool may_relay;
	bool has_chunks;    /* BDAT has begun */
	bool said_full;     /* a recipient too many was logged */
	uint64_t announced; /* by SIZE; 0: not */
	struct ipc_recipient *recipients;
	uint32_t *hashes; /* of their addresses */
	size_t recipients_n, recipients_room;
	struct ipc_recipient *expanded; /* aliases of several, of which success is to be told */
	size_t expanded_n, expanded_room;
	size_t named;        /* recipients that were taken, as the client named them */
	unsigned refused;    /* recipients that were not taken */
	struct span *fields; /* header fields that policy services add, one line each */
	size_t fields_n;
	struct span deferred; /* the recipient that is told 4xx */
	size_t envelope;      /* bytes of the commit so far */
	nanos content_until;  /* when all of it must be there; 0: none has come */
	/* names.c: of the sender's domain */
	bool is_sender_asked;
	uint8_t sender_domain; /* enum names_domain */
	struct span sender_why;
	struct wire_content decoder;
	struct content content;
};

/* What the listener that a client came by asks of its sessions, and allows. */
struct session_door {
	uint8_t protocol; /* enum conf_protocol */
	uint8_t tls;      /* enum conf_listener_tls */
	uint8_t auth;     /* enum conf_auth */
	bool is_proxied;  /* the client is a balancer, and begins with a PROXY header */
	bool may_xclient; /* the client may say for whom it speaks */
};

struct session {
	struct server *server;
	struct stream *stream;
	struct task *task;
	struct list node;   /* server->sessions */
	struct list active; /* server->active, since */
	nanos last_turn;
	struct list waits; /* in one of load's, since */
	nanos waits_since;
	uint32_t number;
	uint16_t port;
	struct wire_ip client;
	struct session_door door;
	const struct tls_info *tls; /* NULL: plain */
	struct span helo;           /* in the arena; empty: not said yet */
	struct span login, senders; /* who has logged in, and as whom it may send (login.h) */
	char *login_text;           /* which hold them; NULL: nobody logged in */
	struct arena arena;         /* what EHLO gave */
	bool is_esmtp;
	bool is_closing; /* no further command is read */
	bool is_over;    /* nothing more is said: the last words were, or nobody hears */
	bool has_quit;
	nanos since;           /* when it began, or the last message was taken */
	bool is_committing;    /* not to be cancelled: its end would be in doubt */
	bool has_entered;      /* facts counts it (facts_link.c) */
	bool is_after_bare_lf; /* the line so far was refused and is not over */
	bool bdat_failed;      /* until MAIL, RSET or EHLO: further chunks are refused */
	bool is_known_network; /* mail from there passed greylisting before */
	bool is_let_in;        /* whatever the load says of such clients */
	bool has_talked_early; /* before the greeting, and was greeted all the same */
	struct names *names;   /* what is known of the client (names.c); NULL: not asked */
	char wait_room[REPLY_WAIT_ROOM];
	unsigned errors;        /* wrong commands */
	unsigned idle_commands; /* since the last message */
	unsigned messages, commands, transactions;
	unsigned secrets;       /* commands to come that may be a password in the wrong place */
	size_t line_most;       /* octets of the line to come; 0: of a command */
	size_t line_len;        /* of the command in the input, consumed after its verb */
	const char *end_reason; /* for the log */
	enum wire_verb verb;    /* that is running, and */
	struct span argument;   /* its argument, for the log */
	struct transaction transaction;
};

/* ---- session.c ---- */

/*
 * A session over the stream, which it takes; addr may be NULL (tests). session_run serves it to
 * its end in the calling task; session_free closes what is left.
 */
struct session *session_new(
	struct server *v, struct stream *stream, const struct wire_ip *client, uint16_t port);
void session_run(struct session *s);
void session_free(struct session *s);

static inline bool session_has_transaction(const struct session *s)
{
	return s->transaction.conf != NULL;
}
/* The transaction's configuration, else the one now in force (valid until the next wait). */
const struct conf *session_conf(const struct session *s);
void session_end_transaction(struct session *s);
/* The command line is done with: what follows it in the input is next. */
void session_consume_line(struct session *s);
/* After this reply no further command is read. */
void session_close(struct session *s, const char *reason);

/* ---- input.c ---- */

enum input_line { INPUT_LINE, INPUT_LONG, INPUT_BARE_LF, INPUT_END };
/*
 * The next command line, without CRLF, borrowed until session_consume_line. INPUT_END: no more
 * comes (the client went, was silent for too long, the server stops); what was to be said is said.
 */
enum input_line input_line(struct session *s, struct span *ret);
/* More content into the stream's buffer. False where none will come, as above. */
bool input_content(struct session *s, nanos deadline);
/* How long the next block of content may take. */
struct input_pace {
	nanos deadline;
	uint64_t until; /* content bytes at which it is renewed */
};
void input_pace(struct session *s, struct input_pace *p, uint64_t taken);

/* Has it counted, and says the greeting, or why not. */
void session_greet(struct session *s);

/* ---- behalf.c ---- */

/* Reads the PROXY header. False: there is none, which is logged, and the session is over. */
bool behalf_arrive(struct session *s);

/* ---- encrypt.c ---- */

/* May STARTTLS be said? Waits a little for the certificates, where there are any. */
bool encrypt_is_offered(const struct session *s);
/* Is there STARTTLS at all, by the configuration? */
bool encrypt_is_known(const struct session *s);
/* The handshake. False: it failed, which is logged, and the session is over. */
bool encrypt_begin(struct session *s);

/* ---- say.c ---- */

/* Says it, counts errors, logs what is a refusal. words may be NULL. */
void say(struct session *s, enum reply_id id, struct reply_words *words);
/* Asks the client for more: 334 and text, which is base64. */
void say_challenge(struct session *s, struct span text);
/* "r0.6561f2a3.1f" */
#define SESSION_NAME_MAX 32
struct span session_name(const struct session *s, char out[SESSION_NAME_MAX]);

/* ---- verbs.c ---- */

/* Runs the command in the line: checks the verb's policy, then the verb; says what comes of it. */
void verbs_obey(struct session *s, struct span line);
/* Replies for what the grammar found: REPLY_ID_NONE where it found nothing. */
enum reply_id verbs_param_refusal(
	enum wire_param_error error, struct span bad, struct reply_words *words);
struct path_refusals {
	enum reply_id syntax, not_qualified, bad;
};
enum reply_id verbs_path_refusal(
	enum wire_path_error error, const struct path_refusals *ids, struct reply_words *words);

/* ---- a file a verb ---- */

typedef enum reply_id verb_fn(struct session *s, struct span argument, struct reply_words *words);
verb_fn verb_ehlo, verb_helo, verb_mail, verb_rcpt, verb_data, verb_bdat, verb_rset, verb_noop,
	verb_vrfy, verb_help, verb_quit, verb_starttls, verb_xclient, verb_auth;
/* BDAT was refused before it ran: its chunk is read and thrown away. */
verb_fn bdat_drain;

/* ---- accept.c ---- */

/* The content is all there: to queue, and the reply to it. Ends the transaction. */
enum reply_id accept_message(struct session *s, struct reply_words *words);
/* The reply for what the decoder found wrong in the content, or REPLY_ID_NONE. */
enum reply_id accept_fault(const struct session *s, struct reply_words *words);

/* The most bytes of an envelope: a thousand recipients with long ORCPTs fit. */
#define ENVELOPE_MAX ((size_t)1 << 20)
/* What one recipient adds to it: three spans with lengths, one byte. */
#define ENVELOPE_RECIPIENT 13U
