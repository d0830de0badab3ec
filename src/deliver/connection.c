#include "deliver/connection.h"
#include "base/alloc.h"
#include "base/log.h"
#include "deliver/deliver.h"
#include "deliver/order.h"
#include "wire/address.h"
#include <errno.h>
#include <stdlib.h>

struct reply_words connection_words(const struct connection *c)
{
	return (struct reply_words){.host = c->host, .ip = c->ip};
}

static bool fail(
	struct connection *c, struct trouble *t, enum reply_stage stage, enum reply_id event)
{
	static const char *const stages[REPLY_STAGES] = {[REPLY_STAGE_CONNECT] = "the greeting",
		[REPLY_STAGE_HELO] = "EHLO",
		[REPLY_STAGE_MAIL] = "MAIL",
		[REPLY_STAGE_RCPT] = "RCPT",
		[REPLY_STAGE_DATA] = "DATA",
		[REPLY_STAGE_EOD] = "the end of the message",
		[REPLY_STAGE_TLS] = "STARTTLS",
		[REPLY_STAGE_AUTH] = "AUTH"};

	*t = (struct trouble){
		.stage = stage, .event = event, .words = connection_words(c), .is_lost = true};
	t->words.stage = span_str(stages[stage]);
	c->is_lost = true;
	return false;
}

/* What a session that broke off means, by where it did. */
static enum reply_id lost_event(enum reply_stage stage, int error, bool was_inside)
{
	if (error == -ETIMEDOUT) {
		if (stage == REPLY_STAGE_CONNECT)
			return EVENT_GREETING_TIMEOUT;
		return stage == REPLY_STAGE_EOD ? EVENT_FINAL_TIMEOUT : EVENT_REPLY_TIMEOUT;
	}
	if (stage == REPLY_STAGE_CONNECT && !was_inside)
		return EVENT_CLOSED;
	return stage == REPLY_STAGE_EOD ? EVENT_LOST_AFTER_DOT : EVENT_LOST;
}

bool connection_reply(
	struct connection *c, enum reply_stage stage, nanos deadline, struct trouble *ret)
{
	for (;;) {
		size_t used = 0;
		struct span in = stream_input(c->stream);
		int rc = in.len ? reply_reader_feed(&c->reader, in, &used) : 0;

		stream_consume(c->stream, used);
		if (rc == 1)
			break;
		if (rc < 0) {
			(void)fail(c, ret, stage,
				rc == -EBADMSG ? EVENT_NOT_SMTP : EVENT_REPLY_TOO_LONG);
			ret->words.text = reply_reader_garbage(&c->reader);
			ret->maybe_delivered = stage == REPLY_STAGE_EOD;
			return false;
		}
		ssize_t n = stream_fill(c->stream, deadline);

		if (n > 0)
			continue;
		(void)fail(c, ret, stage,
			lost_event(stage, (int)n, reply_reader_is_inside(&c->reader)));
		ret->maybe_delivered = stage == REPLY_STAGE_EOD;
		return false;
	}
	if (c->reader.reply.code == 421)
		c->is_lost = true;
	return true;
}

bool connection_say(struct connection *c, struct span line, nanos deadline)
{
	return stream_write(c->stream, line, deadline) == 0 &&
	       stream_write(c->stream, SPAN_LIT("\r\n"), deadline) == 0;
}

static void refuse(struct connection *c, struct trouble *ret, enum reply_stage stage)
{
	*ret = (struct trouble){
		.stage = stage, .reply = c->reader.reply, .host = c->host, .is_lost = c->is_lost};
}

static bool greeting(struct connection *c, const struct conf *conf, struct trouble *ret)
{
	if (!connection_reply(c, REPLY_STAGE_CONNECT, clock_after(conf->timeouts.greeting), ret))
		return false;
	if (c->reader.reply.code == 220)
		return true;
	refuse(c, ret, REPLY_STAGE_CONNECT);
	return false;
}

static bool hello(
	struct connection *c, const struct conf *conf, const char *verb, struct trouble *ret)
{
	struct buf line = BUF_INIT(512);

	(void)buf_printf(
		&line, "%s %.*s", verb, SPAN_F(c->helo.len > 0 ? c->helo : conf->hostname));
	(void)connection_say(c, buf_span(&line), clock_after(conf->timeouts.command));
	buf_done(&line);
	return connection_reply(c, REPLY_STAGE_HELO, clock_after(conf->timeouts.command), ret);
}

/* Only these say that EHLO itself is not understood; a 4xx is not "try HELO". */
static bool wants_helo(unsigned code)
{
	return code == 500 || code == 502 || code == 504 || code == 550;
}

bool connection_introduce(struct connection *c, const struct conf *conf, struct trouble *ret)
{
	struct reply *r = &c->reader.reply;
	bool is_plain;

	if (!hello(c, conf, c->is_lmtp ? "LHLO" : "EHLO", ret))
		return false;
	is_plain = !c->is_lmtp && wants_helo(r->code);
	if (is_plain && !hello(c, conf, "HELO", ret))
		return false;
	if (r->code != 250) {
		refuse(c, ret, REPLY_STAGE_HELO);
		return false;
	}
	struct span rest = r->text, line;

	(void)reply_next_line(&rest, &line);
	while (!is_plain && reply_next_line(&rest, &line))
		wire_ehlo_add(&c->ehlo, line);
	c->ehlo.pipelining &= !c->is_plain && !c->is_unpipelined;
	if (c->is_plain)
		c->ehlo.has_size = c->ehlo.dsn = false;
	return true;
}

bool connection_greet(struct connection *c, const struct conf *conf, struct trouble *ret)
{
	return (!c->tls_first || connection_shake_hands(c, conf, ret)) && greeting(c, conf, ret) &&
	       connection_introduce(c, conf, ret) && connection_encrypt(c, conf, ret) &&
	       connection_log_in(c, conf, ret);
}

static enum reply_id connect_event(int error)
{
	switch (error) {
	case -ECONNREFUSED:
		return EVENT_REFUSED;
	case -ETIMEDOUT:
		return EVENT_CONNECT_TIMEOUT;
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -EADDRNOTAVAIL:
	case -EAFNOSUPPORT:
		return EVENT_UNREACHABLE;
	case -EAGAIN: /* a Unix socket whose queue is full */
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -ENOBUFS:
		return EVENT_NO_RESOURCES;
	default:
		return EVENT_CONNECT_FAILED;
	}
}

static void free_connection(struct connection *c)
{
	stream_close(c->stream);
	arena_done(&c->arena);
	free(c);
}

/* The trouble must outlive the connection that it came from. */
static void keep_trouble(struct trouble *t, struct arena *arena)
{
	if (t->event == REPLY_ID_NONE) {
		t->reply = reply_copy(arena, &t->reply);
		t->host = arena_copy(arena, t->host);
		return;
	}
	t->words.host = arena_copy(arena, t->words.host);
	t->words.ip = arena_copy(arena, t->words.ip);
	t->words.text = arena_copy(arena, t->words.text);
	t->words.domain = arena_copy(arena, t->words.domain);
}

/* Of hosts that the DNS names there may be others to begin with. */
static void note_answer(
	struct deliver *d, const struct conf_target *target, struct span address, int rc)
{
	bool is_here = rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM || rc == -ENOBUFS ||
		       rc == -ECANCELED;

	if (target->kind != CONF_TO_MX || !d || is_here)
		return;
	if (rc < 0)
		down_note(&d->down, address, clock_now());
	else
		down_clear(&d->down, address);
}

static struct connection *open_one(const struct conf *conf, const struct conf_target *target,
	struct way *way, const struct connection_wish *wish, struct arena *arena,
	struct trouble *ret)
{
	struct connection *c = alloc_zero(sizeof *c);
	struct wire_endpoint end;

	reply_reader_init(&c->reader);
	c->target = arena_copy(&c->arena, target->text);
	c->host = arena_copy(&c->arena, way->host->name);
	c->peer = arena_copy(&c->arena, way->address->text);
	c->is_plain = wish->plain;
	c->is_unpipelined = wish->unpipelined;
	c->is_lmtp = target->kind == CONF_TO_LMTP;
	c->tls = wish->tls;
	c->security = way->security;
	c->tls_first = way->host->tls_first;
	c->dice = wish->dice;
	c->deliver = wish->deliver;
	c->id = wish->id;
	c->auth = arena_copy(&c->arena, wish->auth);
	c->sender = arena_copy(&c->arena, wish->sender);
	if (wire_endpoint_read(c->peer, true, &end) == 0)
		c->ip = end.host;
	if (span_equal(c->ip, c->host))
		c->ip = (struct span){0};
	if (wish->source) {
		c->source = arena_copy(&c->arena, wish->source->address);
		c->helo = arena_copy(&c->arena, wish->source->helo);
	}
	bool may = connection_may(c, ret);
	int rc = may ? way->rc : 0;

	if (way->is_tried)
		c->stream = way->stream;
	else
		rc = may ? connection_connect(
				   c->deliver, conf, way->address, wish->source, &c->stream)
			 : 0;
	way->is_tried = false;
	if (may)
		note_answer(c->deliver, target, c->peer, rc);
	if (rc < 0) {
		(void)fail(c, ret, REPLY_STAGE_CONNECT, connect_event(rc));
		ret->words.text = span_str(log_strerror(rc));
	} else if (!may) {
		c->is_lost = true;
	} else if (connection_greet(c, conf, ret)) {
		return c;
	}
	keep_trouble(ret, arena);
	if (c->stream && !c->is_lost)
		(void)connection_say(c, SPAN_LIT("QUIT"), clock_after(NANOS_S)),
			(void)stream_flush(c->stream, clock_after(NANOS_S));
	free_connection(c);
	return NULL;
}

/* Where TLS is a wish only, a host with which it fails is spoken to without. */
static struct connection *open_way(const struct conf *conf, const struct conf_target *target,
	struct way *way, const struct connection_wish *wish, struct arena *arena,
	struct trouble *ret)
{
	struct connection *c = open_one(conf, target, way, wish, arena, ret);
	struct connection_wish plain = *wish;

	if (c || way->host->tls_first || wish->tls != CONNECTION_MAY_TLS ||
		ret->stage != REPLY_STAGE_TLS || !connection_may_be_plain(&way->security))
		return c;
	plain.tls = CONNECTION_PLAIN;
	c = open_one(conf, target, way, &plain, arena, ret);
	if (c)
		c->tls = wish->tls;
	return c;
}

/* A name that the configuration could not resolve counts where it stands among those that it could. */
static void no_address(const struct conf_target *target, struct trouble *ret)
{
	*ret = (struct trouble){.stage = REPLY_STAGE_CONNECT,
		.event = EVENT_ROUTE_NAME_UNKNOWN,
		.words = {.host = target->text},
		.is_lost = true};
	for (size_t i = 0; i < target->n_hosts; i++)
		if (target->hosts[i].n_addresses == 0)
			ret->words.host = target->hosts[i].name;
}

struct connection *connection_open(const struct conf *conf, const struct conf_target *target,
	const struct connection_wish *wish, struct arena *arena, struct trouble *ret_trouble)
{
	static const struct connection_wish none;
	struct way *ways = arena_array(arena, connection_places(target), sizeof *ways);
	struct connection *c = NULL;

	wish = wish ? wish : &none;
	no_address(target, ret_trouble);
	size_t n = order_ways(target, wish, arena, ways);

	for (size_t i = wish->skip; i < n && !c; i++) {
		/* Who is to be asked first is asked alone: a retry comes from the address of before. */
		if (i + 1 < n && wish->first.len == 0)
			race_ways(conf, wish, &ways[i]);
		if (i + 1 < n && ways[i + 1].is_tried && !ways[i].rc)
			note_answer(
				wish->deliver, target, ways[i + 1].address->text, ways[i + 1].rc);
		c = open_way(conf, target, &ways[i], wish, arena, ret_trouble);
		if (c)
			c->place = ways[i].place;
	}
	return c;
}

void connection_close(struct connection *c, nanos deadline)
{
	struct trouble ignored;

	if (!c)
		return;
	if (!c->is_lost && connection_say(c, SPAN_LIT("QUIT"), deadline))
		(void)connection_reply(c, REPLY_STAGE_NONE, deadline, &ignored);
	free_connection(c);
}

bool connection_is_usable(struct connection *c)
{
	if (c->is_lost || stream_error(c->stream) || stream_input(c->stream).len > 0)
		return false;
	/* Nothing should come: bytes or an end mean that the peer has had enough. */
	return stream_fill(c->stream, clock_now()) == -ETIMEDOUT;
}
