/* TLS in a session: STARTTLS, and from the first byte. */
#include "receive/encrypt.h"
#include "base/alloc.h"
#include "base/log.h"
#include "receive/login.h"
#include <errno.h>
#include <stdlib.h>

/* How long a client waits for the certificates, where the process that has them is being started. */
#define READY_PATIENCE (2 * NANOS_S)
/* The whole handshake; timeouts.idle where that is less. */
#define HANDSHAKE_MOST (60 * NANOS_S)

bool encrypt_is_known(const struct session *s)
{
	return s->server->encrypt && s->door.tls != CONF_LISTENER_TLS_NONE &&
	       conf_certificates(server_conf(s->server)) > 0;
}

static bool is_ready(const struct session *s)
{
	const struct server *v = s->server;

	return v->encrypt->ready(v->encrypt_self, clock_after(READY_PATIENCE));
}

bool encrypt_is_offered(const struct session *s)
{
	return !s->tls && encrypt_is_known(s) && is_ready(s);
}

static void log_tls(const struct session *s, const struct tls_info *tls)
{
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];

	log_event(LOG_INFO, "tls", LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)), LOG_STR("version", tls->version),
		LOG_STR("cipher", tls->cipher), LOG_STR("sni", tls->name),
		LOG_STR("resumed", tls->is_resumed ? "yes" : "no"));
}

static void log_failed(const struct session *s, int rc, const struct tls_info *tls)
{
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];

	log_event(LOG_INFO, "tls_failed", LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)), LOG_STR("sni", tls->name),
		LOG_STR("reason", tls->why[0]        ? tls->why
				  : rc == -ENOTSUP   ? "no certificate could be had"
				  : rc == -ECANCELED ? "shutting down"
						     : log_strerror(rc)));
}

bool encrypt_begin(struct session *s)
{
	const struct server *v = s->server;
	nanos most = session_conf(s)->timeouts.idle;
	struct tls_info *tls = alloc_zero(sizeof *tls);
	int rc = !v->encrypt
			 ? -ENOTSUP
			 : v->encrypt->accept(v->encrypt_self, s->stream,
				   clock_after(most < HANDSHAKE_MOST ? most : HANDSHAKE_MOST), tls);

	if (rc == 0) {
		log_tls(s, tls);
		s->tls = tls;
		return true;
	}
	log_failed(s, rc, tls);
	free(tls);
	session_close(s, "TLS failed");
	s->is_over = true;
	return false;
}

/* What was said in the clear counts for nothing: anybody may have said it (RFC 3207 4.2). */
static void forget(struct session *s)
{
	session_end_transaction(s);
	s->bdat_failed = false;
	s->is_esmtp = false;
	s->helo = (struct span){0};
	login_forget(s);
}

/*
 * starttls = "STARTTLS" CRLF                                    ; RFC 3207 4
 *
 * Nothing may stand behind it in the input (ENDS_GROUP): it would have been said in the clear and be
 * taken for what was said under TLS.
 */
enum reply_id verb_starttls(struct session *s, struct span argument, struct reply_words *words)
{
	if (s->tls)
		return SAY_STARTTLS_TWICE;
	if (!s->is_esmtp)
		return SAY_NEED_EHLO;
	if (!is_ready(s))
		return SAY_STARTTLS_NOT_NOW;
	session_consume_line(s);
	say(s, SAY_STARTTLS_GO, words);
	if (encrypt_begin(s))
		forget(s);
	return REPLY_ID_NONE;
}
