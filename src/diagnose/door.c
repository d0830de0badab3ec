#include "diagnose/judge.h"
#include "diagnose/sentence.h"
#include "wire/address.h"

enum {
	DOOR_LEAST = 2
}; /* unrelated providers: one may hand on what was said to a server of its own */

/* Without configured addresses: is that one of those which the system chooses, or can that not be told? */
static bool may_be_ours(const struct verdict_question *q, struct span named)
{
	struct wire_ip ip, own;
	bool is_known = false;

	if (wire_ip_read(named, &ip) < 0)
		return true;
	for (size_t i = 0; i < q->checks_n; i++) {
		if (q->checks[i].check != CHECK_PTR || wire_ip_read(q->checks[i].about, &own) < 0 ||
			own.is_v4 != ip.is_v4)
			continue;
		if (wire_ip_is_private(&own) || wire_ip_equal(&own, &ip))
			return true;
		is_known = true;
	}
	return !is_known;
}

/* The address that most providers take for ours; 0: too few take the same one. */
static uint64_t seen_as(
	const struct judging *j, const struct spread_filter *f, uint32_t *ret_providers)
{
	struct keyset pairs = {0}, names = {0};

	for (size_t i = 0; i < ledger_count(j->ledger); i++) {
		const struct ledger_cell *c = ledger_get(j->ledger, i);

		if (c->named == 0 || c->minute < f->from || !spread_is_hit(f, c))
			continue;
		if (c->source == 0 &&
			may_be_ours(j->question, span_str(ledger_name(j->ledger, c->named))))
			continue;
		uint64_t both = c->named ^ (c->provider << 13 | c->provider >> 51);

		if (keyset_add(&pairs, both, j->arena)->fail++ == 0)
			keyset_add(&names, c->named, j->arena)->fail++;
	}
	const struct keyrow *top = keyset_top(&names);

	*ret_providers = top ? top->fail : 0;
	return top && top->fail >= DOOR_LEAST ? top->key : 0;
}

const struct check_result *judge_door(const struct judging *j, const struct spread_filter *f)
{
	uint32_t providers;
	uint64_t key = seen_as(j, f, &providers);
	struct check_result *r = ARENA_NEW(j->arena, struct check_result);

	if (key == 0)
		return NULL;
	struct span address = arena_copy(j->arena, span_str(ledger_name(j->ledger, key)));

	*r = (struct check_result){.check = CHECK_SOURCE,
		.state = CHECK_BAD,
		.about = address,
		.did = span_str(sentence_plain(SENTENCE_SOURCE_DID)),
		.showed = sentence(j->arena, SENTENCE_SOURCE_SHOWED,
			sentence_number(j->arena, providers), address),
		.means = span_str(sentence_plain(SENTENCE_SOURCE_MEANS)),
		.mend = sentence(j->arena, SENTENCE_SOURCE_MEND, address)};
	return r;
}
