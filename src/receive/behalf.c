/* Clients that come by way of somebody who is trusted to say who they are: PROXY and XCLIENT. */
#include "base/log.h"
#include "receive/facts_link.h"
#include "receive/login.h"
#include "wire/proxy.h"
#include "wire/xclient.h"
#include <errno.h>

/* A load balancer sends its header at once. */
#define HEADER_PATIENCE (10 * NANOS_S)

static bool refuse_header(struct session *s, const char *why)
{
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];

	log_event(LOG_WARN, "proxy_refused", LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)), LOG_STR("reason", why));
	session_close(s, "no PROXY header");
	s->is_over = true;
	return false;
}

static void come_as(struct session *s, const struct wire_ip *client, uint16_t port)
{
	char name[SESSION_NAME_MAX], by[WIRE_IP_TEXT_MAX], peer[WIRE_IP_TEXT_MAX];

	log_event(LOG_DEBUG, "on_behalf", LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("by", wire_ip_text(&s->client, by)),
		LOG_SPAN("peer", wire_ip_text(client, peer)));
	s->client = *client;
	s->port = port;
	s->is_known_network = false;

	/* The door let in who speaks for it. */
	bool is_own = load_client_of(s) == LOAD_OWN;

	s->is_let_in = load_door(s->server, is_own,
			       is_own ? 0 : facts_network(s->server, client)) == LOAD_DOOR_OPEN;
}

bool behalf_arrive(struct session *s)
{
	nanos deadline = clock_after(HEADER_PATIENCE);
	struct wire_proxy p;
	const char *why = NULL;

	for (;;) {
		switch (wire_proxy_read(stream_input(s->stream), &p, &why)) {
		case WIRE_PROXY_WRONG:
			return refuse_header(s, why);
		case WIRE_PROXY_HEADER:
			stream_consume(s->stream, p.len);
			if (p.has_client)
				come_as(s, &p.client, p.port);
			return true;
		case WIRE_PROXY_MORE:
			break;
		}
		ssize_t n = stream_fill(s->stream, deadline);

		if (n <= 0)
			return refuse_header(s, n == -ETIMEDOUT ? "it did not come in time"
						: n == 0 ? "the connection was closed before it"
							 : log_strerror((int)n));
	}
}

static void take_helo(struct session *s, const struct wire_xclient *x)
{
	struct buf text = BUF_INIT(WIRE_XCLIENT_NAME_MAX);

	arena_reset(&s->arena);
	s->helo = (struct span){0};
	if (x->is_helo_known && wire_xtext_decode(x->helo, &text) == 0 &&
		wire_helo_read(buf_span(&text)) != WIRE_HELO_BAD)
		s->helo = arena_copy(&s->arena, buf_span(&text));
	s->is_esmtp = x->is_esmtp;
	buf_done(&text);
}

/*
 * xclient = "XCLIENT" 1*( SP name "=" value ) CRLF              ; Postfix, XCLIENT_README
 *
 * The session is then as if that client had just connected: it is greeted, or refused.
 */
enum reply_id verb_xclient(struct session *s, struct span argument, struct reply_words *words)
{
	const struct facts_ops *facts = s->server->facts;
	char peer[WIRE_IP_TEXT_MAX];
	struct wire_xclient x;
	struct span bad;

	if (!s->door.may_xclient) {
		words->ip = wire_ip_text(&s->client, peer);
		say(s, SAY_XCLIENT_DENIED, words);
		return REPLY_ID_NONE;
	}
	if (wire_xclient_read(argument, &x, &bad) < 0) {
		words->parameter = bad;
		return SAY_PARAMETER_BAD;
	}
	if (facts)
		facts->leave(s->server->facts_self, s);
	take_helo(s, &x);
	if (x.is_addr_known)
		come_as(s, &x.addr, x.has_port ? x.port : 0);
	login_forget(s);
	session_consume_line(s);
	session_greet(s);
	return REPLY_ID_NONE;
}
