/* The questions of an SPF check: to DNS, about names and addresses. */
#include "auth/spf_in.h"

#define EXPANDED_MAX 4096U
#define SHOWN_MAX    120U

void spf_ask(struct spf_check *c, enum spf_rr type, struct span name, struct spf_answer *ret)
{
	*ret = (struct spf_answer){0};
	if (clock_now() >= c->deadline)
		ret->failure = "it took too long";
	else
		c->ops->ask(c->self, type, name, c->deadline, c->arena, ret);
}

bool spf_name(struct spf_check *c, struct span spec, struct span *ret)
{
	struct buf out = BUF_INIT(EXPANDED_MAX);
	struct span name;

	if (spec.len == 0) {
		*ret = c->values.domain;
		return true;
	}
	if (spf_macro_needs_name(spec))
		spf_choose_name(c);
	bool is_name = spf_macro_expand(spec, &c->values, &out) == 0 &&
		       spf_macro_name(buf_span(&out), &name);

	if (is_name)
		*ret = arena_copy(c->arena, name);
	buf_done(&out);
	return is_name;
}

enum spf_rr spf_address_type(const struct spf_check *c)
{
	return c->values.client.is_v4 ? SPF_RR_A : SPF_RR_AAAA;
}

static bool is_within(const char *network, const uint8_t *client, unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned mask = 0xffU & (0xff00U >> bits % 8);

	if (memcmp(network, client, whole) != 0)
		return false;
	return bits % 8 == 0 || (((unsigned char)network[whole] ^ client[whole]) & mask) == 0;
}

bool spf_has_client(const struct spf_check *c, const struct spf_answer *a, const struct spf_term *t)
{
	const struct wire_ip *client = &c->values.client;
	unsigned bits = client->is_v4 ? t->prefix4 : t->prefix6;
	size_t len = client->is_v4 ? 4 : 16;

	for (size_t i = 0; i < a->n; i++)
		if (a->records[i].len == len && is_within(a->records[i].at, client->bytes, bits))
			return true;
	return false;
}

/* ---- the client's names ---- */

static struct span reverse_name(struct spf_check *c)
{
	struct buf out = BUF_INIT(128);

	(void)spf_macro_expand(SPAN_LIT("%{ir}.%{v}.arpa"), &c->values, &out);
	struct span name = arena_copy(c->arena, buf_span(&out));

	buf_done(&out);
	return name;
}

/* "If a DNS error occurs while doing an A RR lookup, then that domain name is skipped" (5.5). */
void spf_find_names(struct spf_check *c)
{
	static const struct spf_term exactly = {.prefix4 = 32, .prefix6 = 128};
	struct spf_answer names, addresses;

	if (c->has_names)
		return;
	c->has_names = true;
	spf_ask(c, SPF_RR_PTR, reverse_name(c), &names);
	c->names = arena_array(c->arena, SPF_HOSTS, sizeof *c->names);
	for (size_t i = 0; !names.failure && i < names.n && i < SPF_HOSTS; i++) {
		struct span name;

		if (!spf_macro_name(names.records[i], &name))
			continue;
		spf_ask(c, spf_address_type(c), name, &addresses);
		if (!addresses.failure && spf_has_client(c, &addresses, &exactly))
			c->names[c->names_n++] = name;
	}
}

bool spf_is_below(struct span name, struct span domain)
{
	return span_ends_nocase(name, domain) &&
	       (name.len == domain.len || name.at[name.len - domain.len - 1] == '.');
}

/* The domain itself, then one below it, then any (7.3). */
void spf_choose_name(struct spf_check *c)
{
	struct span *best = &c->values.confirmed;

	spf_find_names(c);
	*best = (struct span){0};
	for (size_t i = 0; i < c->names_n; i++)
		if (span_equal_nocase(c->names[i], c->values.domain))
			*best = c->names[i];
	for (size_t i = 0; best->len == 0 && i < c->names_n; i++)
		if (spf_is_below(c->names[i], c->values.domain))
			*best = c->names[i];
	if (best->len == 0 && c->names_n > 0)
		*best = c->names[0];
}

struct span spf_shown(struct spf_check *c, struct span text)
{
	struct span cut = span_slice(text, 0, SHOWN_MAX);
	char *copy = arena_str(c->arena, cut);

	for (size_t i = 0; i < cut.len; i++)
		if (copy[i] < ' ' || copy[i] > '~')
			copy[i] = '?';
	return span_of(copy, cut.len);
}
