/* AUTH as a client (RFC 4954), with credentials that lookup has in a map of the route's. */
#include "auth/base64.h"
#include "auth/sasl_client.h"
#include "base/log.h"
#include "deliver/connection.h"
#include "deliver/deliver.h"
#include "ipc/messages/lookup.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <sys/random.h>

#define LOOKUP_PATIENCE (10 * NANOS_S)
#define LINE_MOST       (SASL_LINE_MAX + 64)
#define COMMAND_MOST    500U /* with a longer first response the command goes alone (RFC 4954 4) */
#define ROUNDS_MOST     8U

static bool trouble_of(
	struct connection *c, struct trouble *ret, enum reply_id event, const char *why)
{
	*ret = (struct trouble){.stage = REPLY_STAGE_AUTH,
		.event = event,
		.words = connection_words(c),
		.is_lost = c->is_lost};
	ret->words.text = span_str(why);
	return false;
}

/* ---- credentials ---- */

static struct span unquoted(struct span s)
{
	return s.len >= 2 && s.at[0] == '"' && s.at[s.len - 1] == '"' ? span_slice(s, 1, s.len - 2)
								      : s;
}

/* 1: found; 0: no such key; or -errno. */
static int ask(
	struct deliver *d, struct span map, struct span key, struct arena *arena, struct login *ret)
{
	nanos deadline = clock_after(LOOKUP_PATIENCE);
	const struct ipc_lookup_ask body = {.map = map, .key = key, .deadline = deadline};
	const struct ipc_out out = {.type = IPC_LOOKUP_ASK, .body = &body};
	struct ipc_packet p;
	int rc = -EPIPE;

	while (!d->lookup)
		if ((rc = task_gate_wait(&d->lookup_up, deadline)) < 0)
			return rc;
	rc = ipc_ask(d->lookup, &out, deadline, arena, &p);
	if (rc < 0)
		return rc;
	const struct ipc_lookup_answer *a = p.body;

	if (p.type != IPC_LOOKUP_ANSWER || a->state == IPC_LOOKUP_FAILED)
		return -EIO;
	if (a->state != IPC_LOOKUP_FOUND)
		return 0;
	if (a->values_n != 2)
		return -EBADMSG;
	*ret = (struct login){unquoted(a->values[0].text), unquoted(a->values[1].text)};
	return 1;
}

/* The sender's own, else those of its domain, else those of the host. */
static int find(struct deliver *d, struct span map, struct span sender, struct span host,
	struct arena *arena, struct login *ret)
{
	ptrdiff_t at = span_find(sender, '@');
	struct span keys[] = {sender,
		at < 0 ? (struct span){0} : span_slice(sender, (size_t)at, sender.len), host};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof keys / sizeof keys[0]; i++)
		if (keys[i].len > 0)
			rc = ask(d, map, keys[i], arena, ret);
	return rc;
}

bool connection_is_for(struct connection *c, struct span map, struct span sender)
{
	struct arena arena = {0};
	struct login login;

	if (map.len == 0 || c->user.len == 0)
		return map.len == 0 && c->user.len == 0;
	bool same = find(c->deliver, map, sender, c->host, &arena, &login) == 1 &&
		    span_equal(login.user, c->user);

	arena_done(&arena);
	return same;
}

/* ---- the exchange ---- */

static enum sasl_mechanism choose(unsigned offered)
{
	return offered & WIRE_AUTH_SCRAM_SHA_256 ? SASL_SCRAM_SHA_256
	       : offered & WIRE_AUTH_PLAIN       ? SASL_PLAIN
	       : offered & WIRE_AUTH_LOGIN       ? SASL_LOGIN
						 : SASL_NONE;
}

struct exchange {
	struct connection *c;
	const struct conf *conf;
	struct sasl_client client;
	struct span challenge;
	struct buf response, line; /* the second in base64 */
	int rc;
};

/* PBKDF2 takes long, and OpenSSL much stack the first time. */
static void answer(void *arg)
{
	struct exchange *x = arg;

	buf_clear(&x->response);
	x->rc = sasl_client_answer(&x->client, x->challenge, &x->response);
}

static bool respond(struct exchange *x, struct span challenge)
{
	x->challenge = challenge;
	return task_offload(answer, x) == 0 && x->rc == 0;
}

static bool say_line(struct exchange *x, struct trouble *ret)
{
	nanos deadline = clock_after(x->conf->timeouts.command);

	(void)connection_say(x->c, buf_span(&x->line), deadline);
	return connection_reply(x->c, REPLY_STAGE_AUTH, deadline, ret);
}

/* The command, with the first response where that is short enough. */
static bool begin(struct exchange *x, struct trouble *ret)
{
	struct span name = sasl_mechanism_name(x->client.mechanism);

	(void)buf_printf(&x->line, "AUTH %.*s", SPAN_F(name));
	if (!sasl_client_begins(&x->client))
		return say_line(x, ret);
	if (!respond(x, (struct span){0}))
		return trouble_of(
			x->c, ret, EVENT_AUTH_FAILED, "this server ran out of what it needs");
	if (x->response.len * 4 / 3 < COMMAND_MOST) {
		(void)buf_add_byte(&x->line, ' ');
		(void)base64_encode(buf_span(&x->response), &x->line);
		return say_line(x, ret);
	}
	if (!say_line(x, ret) || x->c->reader.reply.code != 334)
		return !x->c->is_lost;
	buf_clear(&x->line);
	(void)base64_encode(buf_span(&x->response), &x->line);
	return say_line(x, ret);
}

/* Our part of it is over: the server is told, and its reply is no matter. */
static bool give_up(struct exchange *x, struct trouble *ret, const char *why)
{
	struct trouble ignored;

	buf_clear(&x->line);
	(void)buf_add_byte(&x->line, '*');
	(void)say_line(x, &ignored);
	return trouble_of(x->c, ret, EVENT_AUTH_FAILED, why);
}

static bool go_on(struct exchange *x, struct trouble *ret)
{
	struct buf challenge = BUF_INIT(SASL_MESSAGE_MAX);
	bool ok = base64_decode(span_trim(x->c->reader.reply.text), &challenge) == 0 &&
		  respond(x, buf_span(&challenge));

	buf_done(&challenge);
	if (!ok)
		return give_up(x, ret, "its challenge is not of one that knows the password");
	buf_clear(&x->line);
	if (base64_encode(buf_span(&x->response), &x->line) < 0)
		return give_up(x, ret, "the password is too long");
	return say_line(x, ret);
}

static bool converse(struct exchange *x, struct trouble *ret)
{
	const struct reply *r = &x->c->reader.reply;

	if (!begin(x, ret))
		return false;
	for (unsigned i = 0; r->code == 334 && i < ROUNDS_MOST; i++)
		if (!go_on(x, ret))
			return false;
	if (r->code == 235 && sasl_client_is_complete(&x->client))
		return true;
	if (r->code < 400)
		return trouble_of(x->c, ret, EVENT_AUTH_FAILED,
			"it let us in without showing that it knows the password");
	*ret = (struct trouble){.stage = REPLY_STAGE_AUTH,
		.reply = *r,
		.host = x->c->host,
		.is_lost = x->c->is_lost};
	return false;
}

static bool log_in(struct connection *c, const struct conf *conf, const struct login *login,
	struct trouble *ret)
{
	unsigned char random[SASL_CLIENT_NONCE];
	struct exchange x = {.c = c,
		.conf = conf,
		.response = BUF_INIT(SASL_MESSAGE_MAX),
		.line = BUF_INIT(LINE_MOST)};
	enum sasl_mechanism m = choose(c->ehlo.auth);

	if (m == SASL_NONE)
		return trouble_of(c, ret, EVENT_AUTH_NOT_OFFERED, NULL);
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return trouble_of(
			c, ret, EVENT_AUTH_FAILED, "this server ran out of what it needs");
	sasl_client_begin(&x.client, m, login->user, login->password, random);
	bool ok = converse(&x, ret);

	sasl_client_end(&x.client);
	if (x.response.at)
		OPENSSL_cleanse(x.response.at, x.response.room);
	if (x.line.at)
		OPENSSL_cleanse(x.line.at, x.line.room);
	buf_done(&x.response);
	buf_done(&x.line);
	return ok;
}

bool connection_log_in(struct connection *c, const struct conf *conf, struct trouble *ret)
{
	struct arena arena = {0};
	struct login login;

	if (c->auth.len == 0)
		return true;
	int rc = find(c->deliver, c->auth, c->sender, c->host, &arena, &login);
	bool ok = rc == 1 ? log_in(c, conf, &login, ret)
			  : trouble_of(c, ret, EVENT_NO_CREDENTIALS,
				    rc == 0 ? "the route's map has none"
					    : "the route's map can't be asked");

	if (ok) {
		c->user = arena_copy(&c->arena, login.user);
		log_event(LOG_DEBUG, "logged_in", LOG_ID(c->id), LOG_SPAN("host", c->host),
			LOG_SPAN("peer", c->peer), LOG_SPAN("user", c->user));
	}
	arena_done(&arena);
	return ok;
}
