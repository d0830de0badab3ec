#include "receive/spf.h"
#include "auth/spf_field.h"
#include "base/log.h"
#include "resolve/rdata.h"

/* ---- DNS ---- */

static const uint16_t types[] = {[SPF_RR_A] = RESOLVE_A,
	[SPF_RR_AAAA] = RESOLVE_AAAA,
	[SPF_RR_MX] = RESOLVE_MX,
	[SPF_RR_PTR] = RESOLVE_PTR,
	[SPF_RR_TXT] = RESOLVE_TXT};

/* A record as struct spf_answer has it; false: it can't be read, and is none. */
static bool read_record(enum spf_rr type, struct span data, struct arena *arena, struct span *ret)
{
	uint16_t preference;

	switch (type) {
	case SPF_RR_MX:
		return rdata_mx(data, arena, &preference, ret) == 0;
	case SPF_RR_PTR:
		return rdata_name(data, arena, ret) == 0;
	case SPF_RR_TXT:
		return rdata_txt(data, arena, ret) == 0;
	default:
		*ret = data;
		return data.len == (type == SPF_RR_A ? 4 : 16);
	}
}

static void ask(void *self, enum spf_rr type, struct span name, nanos deadline, struct arena *arena,
	struct spf_answer *ret)
{
	struct session *s = self;
	struct ipc_resolve_answer a = {.state = RESOLVE_FAILED, .trouble = RESOLVE_DOWN};

	if (s->server->resolve)
		s->server->resolve->ask(
			s->server->resolve_self, name, types[type], deadline, arena, &a);
	if (a.state == RESOLVE_FAILED) {
		ret->failure = resolve_trouble_text(a.trouble);
		return;
	}
	ret->records = arena_array(arena, a.records_n, sizeof *ret->records);
	for (size_t i = 0; a.state == RESOLVE_FOUND && i < a.records_n; i++)
		if (read_record(type, a.records[i].data, arena, &ret->records[ret->n]))
			ret->n++;
}

static const struct spf_ops ops = {.ask = ask};

/* ---- the verdict ---- */

static void log_verdict(const struct session *s, const struct spf_verdict *v)
{
	bool is_plain = v->result == SPF_PASS || v->result == SPF_NONE;
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];
	struct span sender = s->transaction.said_sender;

	log_event(is_plain ? LOG_DEBUG : LOG_INFO, "spf",
		LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)),
		LOG_SPAN("sender", sender.len ? sender : SPAN_LIT("<>")),
		LOG_STR("result", spf_result_text(v->result)), LOG_SPAN("domain", v->domain),
		LOG_STR("identity", v->is_helo ? "helo" : "mailfrom"),
		LOG_SPAN("reason", v->reason), LOG_U64("lookups", v->lookups));
}

/* What it was made of goes when the check is over. */
static const struct spf_verdict *keep(struct arena *arena, const struct spf_verdict *v)
{
	struct spf_verdict *copy = ARENA_NEW(arena, struct spf_verdict);

	*copy = *v;
	copy->domain = arena_copy(arena, v->domain);
	copy->mechanism = arena_copy(arena, v->mechanism);
	copy->reason = arena_copy(arena, v->reason);
	copy->explanation = arena_copy(arena, v->explanation);
	return copy;
}

const struct spf_verdict *spf_of(struct session *s)
{
	return spf_soon(s, s->transaction.conf->spf.timeout);
}

const struct spf_verdict *spf_soon(struct session *s, nanos most)
{
	struct transaction *t = &s->transaction;
	struct arena arena = {0};
	struct spf_verdict v;

	if (t->spf)
		return t->spf;
	const struct spf_question q = {.client = s->client,
		.helo = s->helo,
		.sender = t->said_sender,
		.receiver = t->conf->hostname,
		.now = clock_wall_ms() / 1000};

	if (most > t->conf->spf.timeout)
		most = t->conf->spf.timeout;
	spf_check(&q, &ops, s, clock_after(most), &arena, &v);
	log_verdict(s, &v);
	t->spf = keep(&t->arena, &v);
	arena_done(&arena);
	return t->spf;
}

int spf_write_field(struct session *s, struct buf *out)
{
	const struct transaction *t = &s->transaction;

	if (!t->conf->spf.header || t->may_relay || s->login.len > 0)
		return 0;
	return spf_field_write(&(struct spf_field){.verdict = spf_of(s),
				       .client = s->client,
				       .helo = s->helo,
				       .sender = t->said_sender,
				       .receiver = t->conf->hostname},
		out);
}
