#include "deliver/connection.h"
#include "base/alloc.h"
#include "base/log.h"
#include "wire/address.h"
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "task/task.h"

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
		[REPLY_STAGE_EOD] = "the end of the message"};

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

static bool introduce(struct connection *c, const struct conf *conf, struct trouble *ret)
{
	struct reply *r = &c->reader.reply;
	bool is_plain;

	if (!hello(c, conf, "EHLO", ret))
		return false;
	is_plain = wants_helo(r->code);
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
		c->ehlo.has_size = false;
	return true;
}

bool connection_greet(struct connection *c, const struct conf *conf, struct trouble *ret)
{
	return greeting(c, conf, ret) && introduce(c, conf, ret);
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
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -ENOBUFS:
		return EVENT_NO_RESOURCES;
	default:
		return EVENT_CONNECT_FAILED;
	}
}

/* So that a site sees the address that was chosen; an address of the other family has none. */
static int bind_source(int fd, int family, const struct conf_source *source)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct span texts[] = {source->address, source->ipv6};
	int on = 1;

	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	for (size_t i = 0; i < 2; i++) {
		char text[64];

		(void)snprintf(text, sizeof text, "%.*s", SPAN_F(texts[i]));
		if (family == AF_INET && inet_pton(AF_INET, text, &v4.sin_addr) == 1)
			return bind(fd, (const struct sockaddr *)&v4, sizeof v4) < 0 ? -errno : 0;
		if (family == AF_INET6 && inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
			return bind(fd, (const struct sockaddr *)&v6, sizeof v6) < 0 ? -errno : 0;
	}
	return -EAFNOSUPPORT;
}

static int connect_to(const struct conf *conf, const struct conf_address *a,
	const struct conf_source *source, struct stream **ret)
{
	struct sockaddr_storage to;
	unsigned len = conf_sockaddr(a, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct task_fd *f;

	if (fd < 0)
		return -errno;
	int rc = source ? bind_source(fd, to.ss_family, source) : 0;

	if (rc == 0)
		rc = task_fd_open(fd, &f);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	rc = task_fd_connect(
		f, (const struct sockaddr *)&to, len, clock_after(conf->timeouts.connect));
	if (rc < 0) {
		task_fd_close(f);
		return rc;
	}
	return stream_open_task_fd(f, ret);
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
}

struct way { /* an address of a target */
	const struct conf_host *host;
	const struct conf_address *address;
};

static struct connection *open_one(const struct conf *conf, const struct conf_target *target,
	const struct way *way, const struct connection_wish *wish, struct arena *arena,
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
	if (wire_endpoint_read(c->peer, true, &end) == 0)
		c->ip = end.host;
	if (span_equal(c->ip, c->host))
		c->ip = (struct span){0};
	if (wish->source) {
		c->source = arena_copy(&c->arena, wish->source->address);
		c->helo = arena_copy(&c->arena, wish->source->helo);
	}
	int rc = connect_to(conf, way->address, wish->source, &c->stream);

	if (rc < 0) {
		(void)fail(c, ret, REPLY_STAGE_CONNECT, connect_event(rc));
		ret->words.text = span_str(log_strerror(rc));
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

size_t connection_places(const struct conf_target *target)
{
	size_t n = 0;

	for (size_t i = 0; i < target->n_hosts; i++)
		n += target->hosts[i].n_addresses;
	return n;
}

/* All addresses in the order to try them; the wished one comes first. */
static size_t ways_of(const struct conf_target *target, struct span first, struct way *ways)
{
	size_t n = 0, chosen = SIZE_MAX;

	for (size_t i = 0; i < target->n_hosts; i++) {
		const struct conf_host *host = &target->hosts[i];

		for (size_t j = 0; j < host->n_addresses; j++, n++) {
			ways[n] = (struct way){host, &host->addresses[j]};
			if (chosen == SIZE_MAX && first.len > 0 &&
				span_equal(host->addresses[j].text, first))
				chosen = n;
		}
	}
	for (; chosen != SIZE_MAX && chosen > 0; chosen--) {
		struct way way = ways[chosen];

		ways[chosen] = ways[chosen - 1];
		ways[chosen - 1] = way;
	}
	return n;
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
	size_t n = ways_of(target, wish->first, ways);

	for (size_t i = wish->skip; i < n && !c; i++) {
		c = open_one(conf, target, &ways[i], wish, arena, ret_trouble);
		if (c)
			c->place = i;
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
