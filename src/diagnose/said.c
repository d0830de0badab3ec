#include "diagnose/said.h"
#include "diagnose/verdict.h"
#include "reply/explain.h"
#include "wire/address.h"

bool said_is_worth(enum reply_cause cause)
{
	enum verdict_family f = verdict_family(cause);

	return f == FAMILY_IDENTITY || f == FAMILY_REPUTATION || f == FAMILY_AUTH;
}

static bool is_elsewhere(const struct wire_ip *ip)
{
	static const struct wire_ip any = {0};

	return wire_ip_is_private(ip) || wire_ip_is_loopback(ip) ||
	       memcmp(ip->bytes, any.bytes, sizeof any.bytes) == 0;
}

/* Behind a translator of addresses, or where that family's is not configured, nobody names one that we know. */
static bool is_foreign(
	const struct wire_ip *ip, const struct span *ours, size_t n, bool *ret_is_ours)
{
	bool is_known = n == 0;

	*ret_is_ours = false;
	for (size_t i = 0; i < n; i++) {
		struct wire_ip own;

		if (wire_ip_read(ours[i], &own) < 0 || own.is_v4 != ip->is_v4)
			continue;
		*ret_is_ours |= wire_ip_equal(&own, ip);
		if (wire_ip_is_private(&own))
			return false;
		is_known = true;
	}
	return is_known && !*ret_is_ours && !is_elsewhere(ip);
}

/* Empty where the reply names one of ours too: then the other one is no address of ours by mistake. */
static struct span named(const struct reply_meaning *m, const struct span *ours, size_t n)
{
	struct span found = {0};

	for (size_t i = 0; i < m->n_words; i++) {
		struct wire_ip ip;
		bool is_ours;

		if (m->words[i].kind != REPLY_WORD_IP || wire_ip_read(m->words[i].value, &ip) < 0)
			continue;
		if (is_foreign(&ip, ours, n, &is_ours) && found.len == 0)
			found = m->words[i].value;
		if (is_ours)
			return (struct span){0};
	}
	return found;
}

/* "Our block list": no list that others could ask is named. */
static bool is_own_list(const struct reply_meaning *m)
{
	struct reply_telling t;

	if (m->cause != REPLY_BLOCKLISTED)
		return false;
	reply_telling_init(&t, m, &(struct reply_voice){0});
	return t.values.of[REPLY_WORD_LIST].len == 0;
}

void said_read(const struct reply_meaning *m, const struct span *ours, size_t ours_n,
	struct diagnose_fact *f)
{
	f->cause = verdict_cause(m);
	f->named = named(m, ours, ours_n);
	f->is_own_list = f->cause == REPLY_BLOCKLISTED && is_own_list(m);
}
