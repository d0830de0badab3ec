#include "logs/site_name.h"

static bool is_name_byte(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || c == '-' || c == '_' || c == '.';
}

static bool is_name(struct span s)
{
	bool has_letter = false, has_dot = false;

	for (size_t i = 0; i < s.len; i++) {
		has_letter |= byte_is_alpha(s.at[i]);
		has_dot |= s.at[i] == '.';
	}
	return has_letter && has_dot;
}

/* The first name, else the first IP address, that stands in host: "192.0.2.1 (mx.example.org)". */
static struct span host_in(struct span host)
{
	struct span ip = {0};

	for (size_t i = 0; i < host.len; i++) {
		size_t len = 0;

		while (i + len < host.len && is_name_byte(host.at[i + len]))
			len++;
		struct span word = span_slice(host, i, len);

		while (word.len > 0 && word.at[word.len - 1] == '.')
			word.len--;
		if (is_name(word))
			return word;
		if (ip.len == 0 && word.len >= 7 && span_find(word, '.') > 0)
			ip = word;
		i += len;
	}
	return ip;
}

/* "co.uk", "com.br": names under which others are registered. */
static bool is_registry(struct span second, size_t top_len)
{
	static const char *const names[] = {"co", "com", "net", "org", "ac", "gov", "gob", "edu",
		"or", "ne", "go", "gv", "gen", "nom", "mil", "ltd", "plc", "asso"};

	for (size_t i = 0; top_len == 2 && i < sizeof names / sizeof names[0]; i++)
		if (span_equal_nocase(second, span_str(names[i])))
			return true;
	return false;
}

static struct span registered(struct span name)
{
	size_t dots[3] = {0}, n = 0;

	for (size_t i = name.len; i > 0 && n < 3; i--)
		if (name.at[i - 1] == '.')
			dots[n++] = i;
	if (n < 2)
		return name;
	struct span second = span_slice(name, dots[1], dots[0] - 1 - dots[1]);

	if (!is_registry(second, name.len - dots[0]))
		return span_slice(name, dots[1], name.len);
	return n < 3 ? name : span_slice(name, dots[2], name.len);
}

struct span site_name(struct span host, struct span recipient, char to[SITE_NAME_MAX])
{
	static const char *const locals[] = {"local", "virtual", "pipe", "dovecot", "maildrop"};
	struct span name = host_in(host), domain = recipient;

	for (size_t i = 0; name.len == 0 && i < sizeof locals / sizeof locals[0]; i++)
		if (span_equal(host, span_str(locals[i])))
			return SPAN_LIT("this server");
	for (ptrdiff_t at; (at = span_find(domain, '@')) >= 0;)
		domain = span_slice(domain, (size_t)at + 1, domain.len);
	if (!is_name(name) && domain.len > 0 && domain.len < recipient.len)
		name = domain;
	if (name.len == 0)
		return SPAN_LIT("unknown");
	name = span_slice(is_name(name) ? registered(name) : name, 0, SITE_NAME_MAX);
	for (size_t i = 0; i < name.len; i++)
		to[i] = byte_lower(name.at[i]);
	return span_of(to, name.len);
}
