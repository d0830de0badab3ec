#include "policy/helo.h"

static bool is_literal(struct span helo)
{
	return helo.len > 2 && helo.at[0] == '[' && helo.at[helo.len - 1] == ']';
}

static struct span without_final_dot(struct span name)
{
	return name.len > 0 && name.at[name.len - 1] == '.' ? span_slice(name, 0, name.len - 1)
							    : name;
}

bool helo_is_own(struct span helo, struct span hostname)
{
	return hostname.len > 0 &&
	       span_equal_nocase(without_final_dot(helo), without_final_dot(hostname));
}

bool helo_is_foreign_literal(struct span helo, const struct wire_ip *client)
{
	static const struct span tag = SPAN_LIT("IPv6:");
	struct wire_ip ip;

	if (!is_literal(helo))
		return false;
	struct span inner = span_slice(helo, 1, helo.len - 2);

	if (inner.len > tag.len && span_equal_nocase(span_slice(inner, 0, tag.len), tag))
		inner = span_slice(inner, tag.len, inner.len);
	return wire_ip_read(inner, &ip) < 0 || !wire_ip_equal(&ip, client);
}

bool helo_is_short(struct span helo)
{
	return !is_literal(helo) && span_find(without_final_dot(helo), '.') < 0;
}
