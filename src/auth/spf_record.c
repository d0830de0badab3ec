#include "auth/spf_record.h"
#include "auth/spf_macro.h"

static const struct span version = SPAN_LIT("v=spf1");

bool spf_record_is_one(struct span text)
{
	return span_starts_nocase(text, version) &&
	       (text.len == version.len || text.at[version.len] == ' ');
}

/* ---- prefix lengths ---- */

enum prefix { PREFIX_NONE, PREFIX_TAKEN, PREFIX_WRONG };

/* "/" number at the end of the text: "0", or without a leading zero; most at most. */
static enum prefix cut_prefix(struct span *s, const char *slash, unsigned most, uint8_t *ret)
{
	size_t at = s->len, slashes = strlen(slash);
	uint64_t n = 0;

	while (at > 0 && byte_is_digit(s->at[at - 1]))
		at--;
	if (at == s->len || at < slashes || memcmp(s->at + at - slashes, slash, slashes) != 0)
		return PREFIX_NONE;
	struct span digits = span_slice(*s, at, s->len);

	if ((digits.len > 1 && digits.at[0] == '0') || !span_take_u64(&digits, &n) || n > most)
		return PREFIX_WRONG;
	s->len = at - slashes;
	*ret = (uint8_t)n;
	return PREFIX_TAKEN;
}

/* dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ] */
static bool cut_prefixes(struct span *s, struct spf_term *t)
{
	enum prefix six = cut_prefix(s, "//", 128, &t->prefix6);

	return six != PREFIX_WRONG && cut_prefix(s, "/", 32, &t->prefix4) != PREFIX_WRONG;
}

/* ---- a mechanism's argument: NULL, or what is wrong ---- */

static const char *read_nothing(struct span rest, struct spf_term *t)
{
	return rest.len > 0 ? "nothing may follow this mechanism" : NULL;
}

static const char *read_domain(struct span rest, struct spf_term *t)
{
	if (!span_take(&rest, ':'))
		return "this mechanism needs a domain";
	t->domain = rest;
	return spf_macro_is_domain(rest) ? NULL : "that is no domain";
}

static const char *read_own_domain(struct span rest, struct spf_term *t)
{
	return rest.len == 0 ? NULL : read_domain(rest, t);
}

static const char *read_hosts(struct span rest, struct spf_term *t)
{
	if (!cut_prefixes(&rest, t))
		return "that is no length of a prefix";
	return read_own_domain(rest, t);
}

static const char *read_ip4(struct span rest, struct spf_term *t)
{
	struct wire_ip ip;

	if (!span_take(&rest, ':'))
		return "this mechanism needs an address";
	if (cut_prefix(&rest, "/", 32, &t->prefix4) == PREFIX_WRONG)
		return "that is no length of a prefix";
	if (span_find(rest, ':') >= 0 || wire_ip_read(rest, &ip) < 0)
		return "that is no IPv4 address";
	memcpy(t->address, ip.bytes, 4);
	return NULL;
}

static const char *read_ip6(struct span rest, struct spf_term *t)
{
	struct wire_ip ip;

	if (!span_take(&rest, ':'))
		return "this mechanism needs an address";
	if (cut_prefix(&rest, "/", 128, &t->prefix6) == PREFIX_WRONG)
		return "that is no length of a prefix";
	if (span_find(rest, ':') < 0 || wire_ip_read(rest, &ip) < 0)
		return "that is no IPv6 address";
	if (!ip.is_v4) {
		memcpy(t->address, ip.bytes, 16);
		return NULL;
	}
	t->address[10] = t->address[11] = 0xff; /* mapped: such clients count as IPv4 */
	memcpy(t->address + 12, ip.bytes, 4);
	return NULL;
}

static const struct kind {
	const char *name;
	const char *(*read)(struct span rest, struct spf_term *t);
} kinds[SPF_MECHANISMS] = {
	[SPF_ALL] = {"all", read_nothing},
	[SPF_INCLUDE] = {"include", read_domain},
	[SPF_A] = {"a", read_hosts},
	[SPF_MX] = {"mx", read_hosts},
	[SPF_PTR] = {"ptr", read_own_domain},
	[SPF_IP4] = {"ip4", read_ip4},
	[SPF_IP6] = {"ip6", read_ip6},
	[SPF_EXISTS] = {"exists", read_domain},
};

/* ---- terms ---- */

/* name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) */
static struct span take_name(struct span *s)
{
	size_t n = 0;

	while (n < s->len &&
		(byte_is_alpha(s->at[n]) || (n > 0 && (byte_is_digit(s->at[n]) || s->at[n] == '-' ||
							      s->at[n] == '_' || s->at[n] == '.'))))
		n++;
	struct span name = span_slice(*s, 0, n);

	*s = span_slice(*s, n, s->len);
	return name;
}

/* directive = [ qualifier ] mechanism */
static const char *read_directive(struct span text, struct spf_record *ret)
{
	struct span rest = text;
	struct spf_term *t = &ret->terms[ret->n];

	*t = (struct spf_term){.text = text, .qualifier = '+', .prefix4 = 32, .prefix6 = 128};
	if (rest.at[0] == '+' || rest.at[0] == '-' || rest.at[0] == '~' || rest.at[0] == '?') {
		t->qualifier = rest.at[0];
		rest = span_slice(rest, 1, rest.len);
	}
	struct span name = take_name(&rest);

	for (unsigned i = 0; i < SPF_MECHANISMS; i++) {
		if (!span_equal_nocase(name, span_str(kinds[i].name)))
			continue;
		t->mechanism = (uint8_t)i;
		ret->n++;
		return kinds[i].read(rest, t);
	}
	return "there is no such mechanism";
}

static const char *read_one_domain(struct span value, struct span *ret)
{
	if (ret->len > 0)
		return "it may stand there only once";
	*ret = value;
	return spf_macro_is_domain(value) ? NULL : "that is no domain";
}

/* modifier = redirect / explanation / ( name "=" macro-string ) */
static const char *read_modifier(struct span name, struct span value, struct spf_record *ret)
{
	if (span_equal_nocase(name, SPAN_LIT("redirect")))
		return read_one_domain(value, &ret->redirect);
	if (span_equal_nocase(name, SPAN_LIT("exp")))
		return read_one_domain(value, &ret->exp);
	return spf_macro_is_text(value, true) ? NULL : "its macros are wrong";
}

static const char *read_term(struct span text, struct spf_record *ret)
{
	struct span rest = text;

	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] >= 127)
			return "there is a character that may not be in a record";
	struct span name = take_name(&rest);

	if (name.len > 0 && span_take(&rest, '='))
		return read_modifier(name, rest, ret);
	return read_directive(text, ret);
}

/*
 *   record = version terms *SP
 *   terms  = *( 1*SP ( directive / modifier ) )
 */
const char *spf_record_read(
	struct span text, struct arena *arena, struct spf_record *ret, struct span *ret_term)
{
	struct span rest = span_slice(text, version.len, text.len);
	size_t most = 0;

	*ret = (struct spf_record){0};
	*ret_term = (struct span){0};
	if (text.len > SPF_RECORD_MAX)
		return "it is too long";
	for (size_t i = 0; i + 1 < rest.len; i++)
		most += rest.at[i] == ' ' && rest.at[i + 1] != ' ';
	if (most > SPF_TERMS_MAX)
		return "it has too many terms";
	ret->terms = arena_array(arena, most, sizeof *ret->terms);
	while (rest.len > 0) {
		ptrdiff_t end = span_find(rest, ' ');
		struct span term = span_slice(rest, 0, end < 0 ? rest.len : (size_t)end);
		const char *wrong = term.len > 0 ? read_term(term, ret) : NULL;

		if (wrong) {
			*ret_term = term;
			return wrong;
		}
		rest = span_slice(rest, term.len + 1, rest.len);
	}
	return NULL;
}
