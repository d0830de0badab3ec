/* STARTTLS as a client (RFC 3207), and what is verified. */
#include "base/log.h"
#include "deliver/connection.h"
#include "deliver/deliver.h"
#include "task/tls.h"
#include <errno.h>
#include <unistd.h>

static bool trouble_of(
	struct connection *c, struct trouble *ret, enum reply_id event, const char *why)
{
	*ret = (struct trouble){.stage = REPLY_STAGE_TLS,
		.event = event,
		.words = connection_words(c),
		.is_lost = c->is_lost};
	ret->words.text = arena_copy(&c->arena, span_str(why ? why : ""));
	return false;
}

static const char *proof_of(const struct connection *c, const struct tls_info *tls)
{
	return !tls->is_verified ? "no" : tls->is_by_dns ? "dane" : "yes";
}

/* For the queue's list and the log's lines of recipients. */
static void note_tls(struct connection *c, const struct tls_info *tls)
{
	const char *by = security_name(c->security.kind);

	c->tls_text = arena_printf(&c->arena, "%s %s, %s%s%s%s", tls->version, tls->cipher,
		!tls->is_verified ? "not verified"
		: tls->is_by_dns  ? "verified by dane"
				  : "verified",
		*by && !tls->is_by_dns ? ", " : "", tls->is_by_dns ? "" : by,
		tls->is_resumed ? ", resumed" : "");
}

static void log_tls(const struct connection *c, const struct tls_info *tls)
{
	log_event(LOG_INFO, "tls", LOG_ID(c->id), LOG_SPAN("host", c->host),
		LOG_SPAN("peer", c->peer), LOG_STR("version", tls->version),
		LOG_STR("cipher", tls->cipher), LOG_STR("verified", proof_of(c, tls)),
		LOG_STR("policy", security_name(c->security.kind)),
		LOG_STR("resumed", tls->is_resumed ? "yes" : "no"));
}

static void log_failed(const struct connection *c, const char *why)
{
	log_event(LOG_INFO, "tls_failed", LOG_ID(c->id), LOG_SPAN("host", c->host),
		LOG_SPAN("peer", c->peer), LOG_STR("policy", security_name(c->security.kind)),
		LOG_STR("reason", why));
}

/* A policy that is being tried out: what would have failed. */
static void log_testing(const struct connection *c, const char *why)
{
	if (c->security.kind == SECURITY_STS_TESTING ||
		c->security.kind == SECURITY_STS_OTHER_TESTING)
		log_event(LOG_INFO, "sts_testing", LOG_ID(c->id), LOG_SPAN("domain", c->target),
			LOG_SPAN("host", c->host), LOG_STR("reason", why));
}

/* ---- what is asked for ---- */

static bool needs_tls(const struct connection *c)
{
	return c->tls > CONNECTION_MAY_TLS ||
	       (c->tls != CONNECTION_PLAIN && security_needs_tls(c->security.kind));
}

bool connection_may_be_plain(const struct security *s)
{
	return s->kind == SECURITY_NONE || s->kind == SECURITY_STS_TESTING ||
	       s->kind == SECURITY_STS_OTHER_TESTING;
}

bool connection_may(struct connection *c, struct trouble *ret)
{
	enum security_kind kind = c->security.kind;

	if (c->tls == CONNECTION_PLAIN)
		return true;
	if (kind == SECURITY_TLSA_FAILED) {
		(void)trouble_of(c, ret, EVENT_TLSA_FAILED, NULL);
		ret->words.text = c->security.why;
		return false;
	}
	if (kind == SECURITY_STS_OTHER && c->tls != CONNECTION_DANE) {
		(void)trouble_of(c, ret, EVENT_STS_HOST, NULL);
		ret->words.domain = c->target;
		return false;
	}
	if (c->tls == CONNECTION_DANE && kind != SECURITY_TLSA)
		return trouble_of(c, ret, EVENT_TLSA_NEEDED, NULL);
	return true;
}

static struct tls_wish wish_for(struct connection *c)
{
	const struct security *s = &c->security;
	enum tls_proof wished = c->tls >= CONNECTION_VERIFIED || s->kind == SECURITY_STS
					? TLS_PROOF_AUTHORITIES
					: TLS_PROOF_NONE;

	return (struct tls_wish){.host = s->base ? s->base : arena_str(&c->arena, c->host),
		.proof = s->kind == SECURITY_TLSA ? TLS_PROOF_TLSA : wished,
		.tlsa = s->tlsa,
		.n_tlsa = s->n_tlsa,
		.names = s->names,
		.n_names = s->n_names,
		.otherwise = wished,
		.session = arena_printf(&c->arena, "%.*s %.*s %u %u %08x", SPAN_F(c->host),
			SPAN_F(c->peer), c->tls, s->kind, s->digest)};
}

static const char *demand_of(const struct connection *c)
{
	return c->security.kind == SECURITY_TLSA  ? "the DNS has TLSA records of it (DANE)"
	       : c->security.kind == SECURITY_STS ? "the MTA-STS policy of its domain asks for it"
						  : NULL;
}

static bool refuse_handshake(struct connection *c, const struct tls_info *tls, struct trouble *ret)
{
	const char *demand = c->security.kind == SECURITY_STS ? demand_of(c) : NULL;

	log_failed(c, tls->why);
	log_testing(c, tls->why);
	(void)trouble_of(
		c, ret, tls->is_untrusted ? EVENT_TLS_UNTRUSTED : EVENT_TLS_FAILED, tls->why);
	if (demand && tls->is_untrusted)
		ret->words.text = arena_printf(&c->arena, "%s (a good one is what %s)", tls->why,
			"the MTA-STS policy of its domain asks for");
	return false;
}

/* What the peer said in the clear counts for nothing, and it may not go on so. */
bool connection_shake_hands(struct connection *c, const struct conf *conf, struct trouble *ret)
{
	struct tls_client *client = deliver_tls(c->deliver);
	struct tls_info tls = {.why = "this server ran out of what it needs"};
	const struct tls_wish wish = wish_for(c);
	int rc = -ENOMEM;

	c->is_lost = true;
	if (stream_input(c->stream).len > 0) {
		log_failed(c, "it said more before TLS than it may");
		return trouble_of(c, ret, EVENT_TLS_FAILED, "it said more before TLS than it may");
	}
	if (client)
		rc = tls_connect(
			c->stream, client, &wish, clock_after(conf->timeouts.command), &tls);
	if (rc < 0)
		return refuse_handshake(c, &tls, ret);
	if (c->tls == CONNECTION_DANE && !(tls.is_by_dns && tls.is_verified)) {
		log_failed(c, "none of its TLSA records can be used");
		return trouble_of(
			c, ret, EVENT_TLS_UNTRUSTED, "none of its TLSA records can be used");
	}
	c->is_lost = false;
	log_tls(c, &tls);
	note_tls(c, &tls);
	if (!tls.is_verified)
		log_testing(c, tls.why);
	return true;
}

bool connection_encrypt(struct connection *c, const struct conf *conf, struct trouble *ret)
{
	nanos deadline = clock_after(conf->timeouts.command);
	bool is_needed = needs_tls(c);

	if (c->tls_first)
		return true;
	if (c->security.kind == SECURITY_STS_OTHER_TESTING)
		log_testing(c, "the policy does not name it");
	if (c->tls == CONNECTION_PLAIN || (!is_needed && !c->ehlo.starttls)) {
		if (c->tls != CONNECTION_PLAIN)
			log_testing(c, "it offers no TLS");
		return true;
	}
	if (!c->ehlo.starttls)
		return trouble_of(c, ret, EVENT_TLS_NOT_OFFERED, demand_of(c));
	(void)connection_say(c, SPAN_LIT("STARTTLS"), deadline);
	if (!connection_reply(c, REPLY_STAGE_TLS, deadline, ret))
		return false;
	if (c->reader.reply.code == 220) {
		c->ehlo = (struct wire_ehlo){0};
		return connection_shake_hands(c, conf, ret) && connection_introduce(c, conf, ret);
	}
	if (!is_needed && !c->is_lost)
		return true;
	*ret = (struct trouble){.stage = REPLY_STAGE_TLS,
		.reply = c->reader.reply,
		.host = c->host,
		.is_lost = c->is_lost};
	return false;
}

/* ---- what is verified with ---- */

#define AUTHORITIES_MAX ((size_t)8 << 20)

struct making {
	int fd; /* -1: none */
	struct tls_client *made;
	int rc;
};

static void read_authorities(int fd, struct buf *out)
{
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && buf_reserve(out, 64 * 1024) == 0) {
		n = pread(fd, out->at + out->len, out->room - out->len, (off_t)out->len);
		if (n > 0)
			buf_added(out, (size_t)n);
	}
}

static void make(void *arg)
{
	struct making *m = arg;
	struct buf text = BUF_INIT(AUTHORITIES_MAX);

	read_authorities(m->fd, &text);
	m->rc = tls_client_new(buf_span(&text), &m->made);
	if (m->rc < 0) /* then nobody can be verified, and that is said where it is asked for */
		m->rc = tls_client_new((struct span){0}, &m->made);
	buf_done(&text);
}

struct tls_client *deliver_tls(struct deliver *d)
{
	uint32_t number = role_conf_now(d->role)->number;
	struct making m = {.fd = -1};

	if (d->tls && d->tls_number == number)
		return d->tls;
	if (d->role->files_n > 0)
		m.fd = dup(d->role->files[0]); /* a new configuration closes it */
	int rc = task_offload(make, &m);

	fd_close(&m.fd);
	if (rc < 0 || m.rc < 0)
		return d->tls;
	tls_client_free(d->tls);
	d->tls = m.made;
	d->tls_number = number;
	return d->tls;
}
