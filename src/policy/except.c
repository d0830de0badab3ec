#include "policy/except.h"
#include "conf/value.h"

/* "user@example.org", or "@example.org" for all of a domain. */
static bool is_address(struct span word, struct span address)
{
	if (word.at[0] == '@')
		return span_ends_nocase(address, word);
	return span_equal_nocase(address, word);
}

/* A name, or what is below ".example.org". */
static bool is_name(struct span word, struct span name)
{
	if (word.at[0] == '.')
		return name.len > word.len && span_ends_nocase(name, word);
	return span_equal_nocase(name, word);
}

static bool is_meant(struct span word, const struct except_who *who)
{
	struct conf_network network;

	if (word.len == 0)
		return false;
	if (span_find(word, '@') >= 0)
		return is_address(word, who->sender) || is_address(word, who->recipient);
	if (!value_network(word, &network))
		return conf_is_in(&network, 1, who->client);
	return is_name(word, who->name);
}

bool except_has(const struct conf_who *all, size_t n, const struct except_who *who)
{
	for (size_t i = 0; i < n; i++)
		if (is_meant(all[i].text, who))
			return true;
	return false;
}

bool except_is_by_network(const struct conf_who *all, size_t n)
{
	struct conf_network network;

	for (size_t i = 0; i < n; i++)
		if (value_network(all[i].text, &network))
			return false;
	return true;
}
