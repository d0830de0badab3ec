#include "receive/advice.h"
#include "receive/login.h"
#include "receive/check.h"
#include "receive/facts_link.h"
#include "task/share.h"
#include "base/alloc.h"
#include "base/log.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

/* To get the last words out, and to see that the client has them. */
#define LAST_WORDS   (10 * NANOS_S)
#define LINGER       (2 * NANOS_S)
#define LINGER_BYTES ((size_t)1 << 20)

struct session *session_new(
	struct server *v, struct stream *stream, const struct wire_ip *client, uint16_t port)
{
	struct session *s = alloc_zero(sizeof *s);

	s->server = v;
	s->since = clock_now();
	s->stream = stream;
	s->number = ++v->last_session;
	s->client = *client;
	s->port = port;
	content_begin(&s->transaction.content, NULL, NULL);
	list_add_tail(&v->sessions, &s->node);
	v->sessions_n++;
	list_init(&s->waits);
	list_init(&s->active);
	load_note_turn(s);
	return s;
}

void session_free(struct session *s)
{
	struct server *v = s->server;

	session_end_transaction(s);
	stream_close(s->stream);
	free((void *)(uintptr_t)s->tls);
	login_forget(s);
	free(s->names);
	arena_done(&s->transaction.arena);
	arena_done(&s->arena);
	list_remove(&s->node);
	v->sessions_n--;
	load_forget(s);
	(void)task_gate_wake_one(&v->left);
	free(s);
}

const struct conf *session_conf(const struct session *s)
{
	return s->transaction.conf ? s->transaction.conf : server_conf(s->server);
}

void session_end_transaction(struct session *s)
{
	struct transaction *t = &s->transaction;

	if (!t->conf)
		return;
	content_drop(&t->content, s->server);
	server_conf_put(s->server, t->conf);
	struct arena arena = t->arena;

	*t = (struct transaction){.arena = arena};
	arena_reset(&t->arena);
	content_begin(&t->content, NULL, NULL);
}

void session_consume_line(struct session *s)
{
	stream_consume(s->stream, s->line_len);
	s->line_len = 0;
	s->argument = (struct span){0};
}

void session_close(struct session *s, const char *reason)
{
	if (!s->is_closing)
		s->end_reason = reason;
	s->is_closing = true;
}

/* RFC 5321 3.1: the client waits for the greeting. One who doesn't is a smuggler or a spammer. */
static bool has_talked_early(const struct session *s)
{
	int fd = stream_fd(s->stream);
	char c;

	if (stream_input(s->stream).len > 0) /* behind a PROXY header */
		return true;
	return fd >= 0 && recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Who is known, or nobody is to wait for, is greeted at once. */
static bool must_be_silent(const struct session *s)
{
	const struct conf_greeting *g = &session_conf(s)->greeting;
	struct sockaddr_storage client;

	if (g->wait == 0 || load_client_of(s) != LOAD_STRANGER)
		return false;
	(void)wire_ip_to_sockaddr(&s->client, s->port, &client);
	return !conf_is_in(g->except, g->n_except, (const struct sockaddr *)&client);
}

/* False: the client speaks, or is gone, before it was greeted; *ret_refusal: what it is told. */
static bool is_silent(struct session *s, enum reply_id *ret_refusal)
{
	enum check_talker what = check_early_talker(s);
	bool talks = what != CHECK_TALKER_FINE && has_talked_early(s);

	*ret_refusal = REPLY_ID_NONE;
	if (what == CHECK_TALKER_FINE)
		return true;

	if (!talks && must_be_silent(s)) {
		ssize_t n = stream_fill(s->stream, clock_after(session_conf(s)->greeting.wait));

		talks = n > 0;
		s->is_over = n != -ETIMEDOUT && n <= 0;
		if (s->is_over)
			session_close(
				s, n == -ECANCELED ? "shutting down" : "gone before the greeting");
	}
	s->has_talked_early = talks;
	if (talks && what == CHECK_TALKER_REFUSED)
		*ret_refusal = SAY_TALKED_EARLY;
	return !*ret_refusal && !s->is_over;
}

void session_greet(struct session *s)
{
	const struct facts_ops *facts = s->server->facts;
	char ip[WIRE_IP_TEXT_MAX];
	struct reply_words words = {.ip = wire_ip_text(&s->client, ip)};

	task_go_ahead(facts_is_trusted(s));
	enum reply_id refusal = REPLY_ID_NONE;

	if (facts) {
		struct load_waits *asking = &s->server->load.asking;

		load_wait_begin(asking, s);
		refusal = facts->enter(s->server->facts_self, s, &words);
		load_wait_end(asking, s);
	}
	if (!refusal && s->server->is_stopping)
		refusal = SAY_SHUTTING_DOWN;
	if (!refusal && !s->is_let_in &&
		!load_takes(s->server->load.state.stage, load_client_of(s))) {
		reply_words_set_wait(&words, load_wait(&s->server->load), s->wait_room);
		refusal = SAY_SHED;
	}
	if (!refusal && !is_silent(s, &refusal) && s->is_over)
		return;
	if (!refusal)
		refusal = advice_at(s, CONF_STAGE_CONNECT, &words);
	if (refusal)
		session_close(s, "refused");
	say(s, refusal ? refusal : SAY_GREETING, &words);
}

/*
 * Closing while the client still sends would make the kernel answer with a reset, which may
 * overtake our last reply: so what comes is read for a moment, and thrown away.
 */
static void linger(struct session *s)
{
	int fd = stream_fd(s->stream);
	nanos deadline = clock_after(LINGER);
	size_t n = 0;

	if (fd < 0 || stream_end(s->stream, deadline) < 0)
		return;
	while (n < LINGER_BYTES) {
		size_t len = stream_input(s->stream).len;

		n += len;
		stream_consume(s->stream, len);
		if (stream_fill(s->stream, deadline) <= 0)
			return;
	}
}

/* The client went away in the middle: it still has the message, and somebody may ask why. */
static void log_abandoned(const struct session *s)
{
	const struct transaction *t = &s->transaction;
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];

	log_event(LOG_INFO, "abandoned", LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)),
		LOG_SPAN("sender", t->sender.len ? t->sender : SPAN_LIT("<>")),
		LOG_U64("recipients", t->recipients_n), LOG_U64("size", t->decoder.size),
		LOG_SPAN("verb", wire_verb_name(s->verb)), LOG_STR("reason", s->end_reason));
}

static void end(struct session *s)
{
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];

	if (s->transaction.recipients_n > 0 && !s->has_quit)
		log_abandoned(s);
	session_end_transaction(s);
	if (stream_error(s->stream) == 0 && stream_flush(s->stream, clock_after(LAST_WORDS)) == 0 &&
		(!s->has_quit || stream_input(s->stream).len > 0))
		linger(s);
	if (s->server->facts)
		s->server->facts->leave(s->server->facts_self, s);
	log_event(LOG_DEBUG, "session_end", LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)), LOG_U64("messages", s->messages),
		LOG_U64("commands", s->commands), LOG_U64("errors", s->errors),
		LOG_STR("reason", s->end_reason));
}

static void check_limits(struct session *s)
{
	const struct conf_limits *limits = &session_conf(s)->limits;

	if (s->is_closing)
		return;
	if (s->errors > limits->errors) {
		say(s, SAY_TOO_MANY_ERRORS, NULL);
		session_close(s, "too many errors");
	} else if (s->idle_commands > limits->commands_without_mail) {
		say(s, SAY_TOO_MANY_COMMANDS, NULL);
		session_close(s, "too many commands");
	}
}

void session_run(struct session *s)
{
	if ((!s->door.is_proxied || behalf_arrive(s)) &&
		(s->door.protocol != CONF_SUBMISSIONS || encrypt_begin(s)))
		session_greet(s);
	while (!s->is_closing) {
		struct span line;
		enum input_line found = input_line(s, &line);

		if (found == INPUT_END)
			break;
		s->verb = WIRE_UNKNOWN;
		s->commands++;
		load_note_turn(s);
		if (found == INPUT_LINE)
			verbs_obey(s, line);
		else if (found == INPUT_BARE_LF)
			say(s, SAY_COMMAND_BARE_LF, NULL);
		else
			say(s, SAY_COMMAND_TOO_LONG,
				&(struct reply_words){
					.limit = session_conf(s)->limits.command_line});
		session_consume_line(s);
		check_limits(s);
	}
	end(s);
}
