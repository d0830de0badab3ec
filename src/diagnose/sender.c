#include "auth/base64.h"
#include "auth/spf.h"
#include "diagnose/look_in.h"
#include "keys/dkim.h"
#include "resolve/rdata.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <unistd.h>

/* ---- SPF ---- */

static const uint16_t types[] = {[SPF_RR_A] = RESOLVE_A,
	[SPF_RR_AAAA] = RESOLVE_AAAA,
	[SPF_RR_MX] = RESOLVE_MX,
	[SPF_RR_PTR] = RESOLVE_PTR,
	[SPF_RR_TXT] = RESOLVE_TXT};

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
	struct look *l = self;
	struct ipc_resolve_answer a = look_ask(l, name, types[type]);

	if (a.state == RESOLVE_FAILED) {
		ret->failure = resolve_trouble_text(a.trouble);
		return;
	}
	ret->records = arena_array(arena, a.records_n + 1, sizeof *ret->records);
	for (size_t i = 0; a.state == RESOLVE_FOUND && i < a.records_n; i++)
		if (read_record(type, a.records[i].data, arena, &ret->records[ret->n]))
			ret->n++;
}

static struct span spf_words(struct look *l, const struct look_source *s, struct span domain,
	const struct spf_verdict *v)
{
	static const enum sentence says[SPF_RESULTS] = {[SPF_NEUTRAL] = SENTENCE_SPF_NEUTRAL,
		[SPF_PASS] = SENTENCE_SPF_PASS,
		[SPF_FAIL] = SENTENCE_SPF_FAIL,
		[SPF_SOFTFAIL] = SENTENCE_SPF_SOFTFAIL};
	struct span fault = v->fault.what ? sentence_known(v->fault.what) : (struct span){0};

	switch (v->result) {
	case SPF_NONE:
		return SAY(l, SPF_NONE, domain);
	case SPF_TEMPERROR:
		return SAY(l, SPF_TEMPERROR, v->fault.of, fault);
	case SPF_PERMERROR:
		return v->fault.at.len > 0
			       ? SAY(l, SPF_PERMERROR_AT, v->fault.of, v->fault.at, fault)
			       : SAY(l, SPF_PERMERROR, v->fault.of, fault);
	default:
		return sentence(l->arena, says[v->result], s->text, domain,
			v->mechanism.len > 0 ? v->mechanism : PLAIN(SPF_NOTHING));
	}
}

void look_spf(struct look *l, const struct look_source *s, struct span domain)
{
	static const struct spf_ops ops = {.ask = ask};
	static const enum check_state states[SPF_RESULTS] = {[SPF_NONE] = CHECK_WARNS,
		[SPF_NEUTRAL] = CHECK_WARNS,
		[SPF_PASS] = CHECK_FINE,
		[SPF_FAIL] = CHECK_BAD,
		[SPF_SOFTFAIL] = CHECK_BAD,
		[SPF_TEMPERROR] = CHECK_UNKNOWN,
		[SPF_PERMERROR] = CHECK_BAD};
	struct spf_question q = {.client = s->ip,
		.helo = s->helo,
		.sender = arena_printf(l->arena, "postmaster@%.*s", SPAN_F(domain)),
		.receiver = l->conf->hostname,
		.now = l->now};
	struct spf_verdict v = {0};

	spf_check(&q, &ops, l, l->deadline, l->arena, &v);
	struct check_result r = {.check = CHECK_SPF, .state = states[v.result], .about = domain};

	r.did = SAY(l, SPF_DID, s->text, domain);
	r.showed = spf_words(l, s, domain, &v);
	if (r.state == CHECK_FINE) {
		r.means = PLAIN(SPF_MEANS_FINE);
	} else if (r.state != CHECK_UNKNOWN) {
		r.means = PLAIN(SPF_MEANS);
		r.mend = SAY(l, SPF_MEND, span_str(s->ip.is_v4 ? "ip4:" : "ip6:"), s->text, domain);
	}
	look_tell(l, &r);
}

/* ---- DKIM ---- */

/* The value of tag= in a record; empty: none. Without its spaces. */
struct span look_tag(struct span record, char tag, struct arena *arena)
{
	while (record.len > 0) {
		struct span part = record, name;

		if (!span_take_until(&record, ';', &part))
			record = (struct span){0};
		if (!span_take_until(&part, '=', &name) || span_trim(name).len != 1 ||
			span_trim(name).at[0] != tag)
			continue;
		char *to = arena_str(arena, part);
		size_t n = 0;

		for (size_t i = 0; i < part.len; i++)
			if (part.at[i] > ' ')
				to[n++] = part.at[i];
		return span_of(to, n);
	}
	return (struct span){0};
}

/* RFC 6376 3.6.1, RFC 8463 4.2: as the record has it. Empty: the file can't be read here. */
static struct span public_of(struct look *l, struct span path, bool is_ed25519)
{
	struct buf pem = BUF_INIT(KEYS_FILE_MAX), out = BUF_INIT(8192);
	char why[KEYS_WHY_MAX];
	int fd = open(arena_str(l->arena, path), O_RDONLY | O_CLOEXEC);
	EVP_PKEY *key = fd >= 0 && keys_file_read(fd, &pem) == 0
				? keys_dkim_read(buf_span(&pem), is_ed25519, why)
				: NULL;
	unsigned char raw[32], *der = NULL;
	size_t len = sizeof raw;
	int n;

	if (key && is_ed25519 && EVP_PKEY_get_raw_public_key(key, raw, &len) > 0)
		(void)base64_encode(span_of(raw, len), &out);
	else if (key && !is_ed25519 && (n = i2d_PUBKEY(key, &der)) > 0)
		(void)base64_encode(span_of(der, (size_t)n), &out);
	struct span text = arena_copy(l->arena, buf_span(&out));

	OPENSSL_free(der);
	EVP_PKEY_free(key);
	buf_done(&pem);
	buf_done(&out);
	if (fd >= 0)
		(void)close(fd);
	return text;
}

static void judge_key(struct look *l, struct span record, struct span ours, struct check_result *r)
{
	struct span theirs = look_tag(record, 'p', l->arena);

	if (theirs.len == 0) {
		r->state = CHECK_BAD;
		r->showed = SAY(l, DKIM_WITHDRAWN, r->about);
	} else if (ours.len > 0 && !span_equal(ours, theirs)) {
		r->state = CHECK_BAD;
		r->showed = SAY(l, DKIM_OTHER, r->about);
	} else {
		r->state = CHECK_FINE;
		r->showed = ours.len > 0 ? PLAIN(DKIM_FINE) : PLAIN(DKIM_UNSEEN);
		r->means = PLAIN(DKIM_FINE_MEANS);
	}
}

static void look_key(
	struct look *l, struct span domain, struct span selector, struct span path, bool is_ed25519)
{
	struct span name =
		arena_printf(l->arena, "%.*s._domainkey.%.*s", SPAN_F(selector), SPAN_F(domain));
	struct ipc_resolve_answer a = look_ask(l, name, RESOLVE_TXT);
	struct check_result r = {.check = CHECK_DKIM, .about = domain};
	struct span record;

	if (path.len == 0)
		return;
	r.did = SAY(l, DKIM_DID, name);
	if (a.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &a);
	} else if (a.state != RESOLVE_FOUND || a.records_n == 0 ||
		   rdata_txt(a.records[0].data, l->arena, &record) < 0) {
		r.state = CHECK_BAD;
		r.showed = SAY(l, DKIM_NONE, name);
	} else {
		judge_key(l, record, public_of(l, path, is_ed25519), &r);
	}
	if (r.state == CHECK_BAD) {
		r.means = PLAIN(DKIM_MEANS);
		r.mend = SAY(l, DKIM_MEND, domain, selector, path);
	}
	look_tell(l, &r);
}

void look_dkim(struct look *l, const struct conf_dkim *d)
{
	look_key(l, d->domain, d->rsa_selector, d->rsa_key, false);
	look_key(l, d->domain, d->ed25519_selector, d->ed25519_key, true);
}

/* ---- DMARC ---- */

void look_dmarc(struct look *l, struct span domain)
{
	struct span name = arena_printf(l->arena, "_dmarc.%.*s", SPAN_F(domain)), record = {0};
	struct ipc_resolve_answer a = look_ask(l, name, RESOLVE_TXT);
	struct check_result r = {.check = CHECK_DMARC, .about = domain};
	size_t n = 0;

	r.did = SAY(l, DMARC_DID, name);
	for (size_t i = 0; a.state == RESOLVE_FOUND && i < a.records_n; i++) {
		struct span text;

		if (rdata_txt(a.records[i].data, l->arena, &text) < 0 ||
			!span_starts_nocase(text, SPAN_LIT("v=DMARC1")))
			continue;
		record = text;
		n++;
	}
	if (a.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &a);
	} else if (n == 1) {
		struct span p = look_tag(record, 'p', l->arena);

		r.state = CHECK_FINE;
		r.showed = SAY(l, DMARC_FINE, domain, p.len ? p : SPAN_LIT("none"));
		r.means = PLAIN(DMARC_FINE_MEANS);
	} else {
		r.state = CHECK_WARNS;
		r.showed = n ? SAY(l, DMARC_SEVERAL, domain) : SAY(l, DMARC_NONE, domain);
		r.means = PLAIN(DMARC_MEANS);
		r.mend = SAY(l, DMARC_MEND, domain);
	}
	look_tell(l, &r);
}
