#include "conf/store.h"
#include "conf/value.h"
#include "reply/taxonomy.h"
#include <arpa/inet.h>
#include <stdio.h>

static bool refuse(struct load *l, const char *name, const struct read_word *w, const char *why)
{
	report_error(l->report, w->line, "%s: %s %s", name, report_quote(w->text, l->arena), why);
	return false;
}

static struct span lower(struct load *l, struct span text)
{
	char *copy = arena_str(l->arena, text);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = byte_lower(copy[i]);
	return span_of(copy, text.len);
}

static const char *check_pattern(struct span text)
{
	const char *right = "is not a pattern; write a domain, \".example.org\" or \"*\"";
	struct span domain = text;

	if (span_equal(text, SPAN_LIT("*")))
		return NULL;
	(void)span_take(&domain, '.');
	return value_domain(domain) ? right : NULL;
}

static const char *check_ip(struct span text)
{
	char at[INET6_ADDRSTRLEN];
	unsigned char bytes[sizeof(struct in6_addr)];

	if (text.len >= sizeof at)
		return "is not an IP address; write 192.0.2.1 or 2001:db8::1";
	memcpy(at, text.at, text.len);
	at[text.len] = '\0';
	return inet_pton(AF_INET, at, bytes) == 1 || inet_pton(AF_INET6, at, bytes) == 1
		       ? NULL
		       : "is not an IP address; write 192.0.2.1 or 2001:db8::1";
}

static const char *check_cause(struct load *l, struct span text)
{
	enum reply_cause ignored;

	if (span_equal(text, SPAN_LIT("default")) || reply_cause_parse(text, &ignored))
		return NULL;
	const char *near = schema_nearest_cause(text);

	if (!near)
		return "is not a cause; write default, greylisting or another cause";
	return arena_str(l->arena, arena_printf(l->arena, "is not a cause; did you mean %s", near));
}

/* An escape in a string may stand for any byte. */
static const char *check_plain(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
			return "has a control character; write plain text";
	return NULL;
}

static const char *check_path(struct span text)
{
	if (text.len < 2 || text.at[0] != '/')
		return "is not a path from the root; write one that begins with /";
	return NULL;
}

static const char *check_mailbox(struct span text)
{
	ptrdiff_t at = -1;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '<' || text.at[i] == '>' || text.at[i] == ' ')
			return "is not an address; write LOCAL@DOMAIN alone";
		if (text.at[i] == '@')
			at = (ptrdiff_t)i;
	}
	if (at < 1 || value_domain(span_slice(text, (size_t)at + 1, text.len)))
		return "is not an address; write LOCAL@DOMAIN";
	return NULL;
}

static const char *check_map(struct span text)
{
	if (!span_take_span(&text, SPAN_LIT("map:")) || text.len == 0)
		return "is not a map; write \"map:NAME\"";
	return NULL;
}

static bool has_right_len(
	struct load *l, const char *name, const struct schema_row *row, const struct read_word *w)
{
	if ((int64_t)w->text.len >= row->min && (int64_t)w->text.len <= row->max)
		return true;
	report_error(l->report, w->line, "%s: %s has %zu bytes; write %lld to %lld", name,
		report_quote(w->text, l->arena), w->text.len, (long long)row->min,
		(long long)row->max);
	return false;
}

static bool store_texts(struct load *l, const char *name, const struct schema_row *row,
	const struct read_word *words, size_t n, void *object)
{
	struct conf_text *all = arena_array(l->arena, n, sizeof *all);
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		const char *why = check_plain(words[i].text);

		if (why)
			good = refuse(l, name, &words[i], why);
		else
			good &= has_right_len(l, name, row, &words[i]);
		all[i].text = words[i].text;
	}
	if (!good)
		return false;
	*(struct conf_text **)(void *)((char *)object + row->offset) = all;
	*(size_t *)(void *)((char *)object + row->count_offset) = n;
	return true;
}

struct span store_pattern(struct span text)
{
	ptrdiff_t at = span_find_span(text, SPAN_LIT(STORE_FROM));

	return at < 0 ? text : span_slice(text, 0, (size_t)at);
}

/* A login is as it is written. */
static struct span lower_pattern(struct load *l, struct span text)
{
	struct span pattern = store_pattern(text);
	struct span rest = span_slice(text, pattern.len, text.len);

	pattern = lower(l, pattern);
	return rest.len == 0 ? pattern
			     : arena_printf(l->arena, "%.*s%.*s", SPAN_F(pattern), SPAN_F(rest));
}

static bool store_text(struct load *l, const char *name, const struct schema_row *row,
	const struct read_word *w, void *at)
{
	const char *why = check_plain(w->text);
	struct span text = w->text;

	if (why)
		return refuse(l, name, w, why);
	if (row->type == SCHEMA_DOMAIN || row->type == SCHEMA_PATTERN)
		text = value_in_ascii(text, l->arena);
	if (row->type == SCHEMA_DOMAIN)
		why = value_domain(text);
	else if (row->type == SCHEMA_PATTERN)
		why = check_pattern(store_pattern(text));
	else if (row->type == SCHEMA_IP)
		why = check_ip(text);
	else if (row->type == SCHEMA_MAILBOX)
		why = check_mailbox(text);
	else if (row->type == SCHEMA_CAUSE)
		why = check_cause(l, text);
	else if (row->type == SCHEMA_PATH)
		why = check_path(text);
	else if (row->type == SCHEMA_MAP)
		why = check_map(text);
	if (why)
		return refuse(l, name, w, why);
	if (!has_right_len(l, name, row, w))
		return false;
	if (row->type == SCHEMA_DOMAIN)
		text = lower(l, text);
	else if (row->type == SCHEMA_PATTERN)
		text = lower_pattern(l, text);
	*(struct span *)at = text;
	return true;
}

static struct span print_number(const struct schema_row *row, int64_t n, char out[VALUE_TEXT_MAX])
{
	switch (row->type) {
	case SCHEMA_DURATION:
		return value_print_duration(n, out);
	case SCHEMA_SIZE:
		return value_print_size(n, out);
	case SCHEMA_FACTOR:
		return value_print_factor(n, out);
	default: {
		int len = snprintf(out, VALUE_TEXT_MAX, "%lld", (long long)n);

		return span_of(out, (size_t)len);
	}
	}
}

static const char *read_number(const struct schema_row *row, struct span text, int64_t *ret)
{
	switch (row->type) {
	case SCHEMA_DURATION:
		return value_duration(text, ret);
	case SCHEMA_SIZE:
		return value_size(text, ret);
	case SCHEMA_FACTOR:
		return value_factor(text, ret);
	default:
		return value_number(text, ret);
	}
}

static void put_number(const struct schema_row *row, int64_t n, void *at)
{
	if (row->width == 1)
		*(uint8_t *)at = (uint8_t)n;
	else if (row->width == 4)
		*(uint32_t *)at = (uint32_t)n;
	else
		*(int64_t *)at = n;
}

static bool store_number(struct load *l, const char *name, const struct schema_row *row,
	const struct read_word *w, void *at)
{
	char least[VALUE_TEXT_MAX], most[VALUE_TEXT_MAX];
	int64_t n;
	const char *why = read_number(row, w->text, &n);

	if (why)
		return refuse(l, name, w, why);
	if (n < row->min || n > row->max) {
		struct span from = print_number(row, row->min, least);
		struct span to = print_number(row, row->max, most);

		report_error(l->report, w->line, "%s: %s is out of range; write %.*s to %.*s", name,
			report_quote(w->text, l->arena), SPAN_F(from), SPAN_F(to));
		return false;
	}
	put_number(row, n, at);
	return true;
}

static bool store_name(struct load *l, const char *name, const struct schema_row *row,
	const struct read_word *w, uint8_t *at)
{
	struct buf all = BUF_INIT(1024);

	for (const struct schema_name *n = row->names; n->name; n++) {
		if (span_equal(span_str(n->name), w->text)) {
			buf_done(&all);
			if (n->missing)
				return refuse(l, name, w, n->missing);
			*at = n->value;
			return true;
		}
		if (!n->missing)
			(void)buf_printf(&all, "%s%s", all.len > 0 ? " or " : "", n->name);
	}
	report_error(l->report, w->line, "%s: %s is not known; write %s", name,
		report_quote(w->text, l->arena), buf_cstr(&all));
	buf_done(&all);
	return false;
}

static bool store_names(struct load *l, const char *name, const struct schema_row *row,
	const struct read_word *words, size_t n, uint8_t *at)
{
	uint8_t all = 0, value;
	bool good = true;

	for (size_t i = 0; i < n; i++)
		if (store_name(l, name, row, &words[i], &value))
			all |= (uint8_t)(1U << value);
		else
			good = false;
	if (good)
		*at = all;
	return good;
}

static bool store_networks(struct load *l, const char *name, const struct schema_row *row,
	const struct read_word *words, size_t n, void *object)
{
	struct conf_network *all = arena_array(l->arena, n, sizeof *all);
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		const char *why = value_network(words[i].text, &all[i]);

		if (why)
			good = refuse(l, name, &words[i], why);
	}
	if (!good)
		return false;
	*(struct conf_network **)(void *)((char *)object + row->offset) = all;
	*(size_t *)(void *)((char *)object + row->count_offset) = n;
	return true;
}

/* "192.0.2.0/24", "user@example.org", "@example.org", "mx.example.org", ".example.org" */
static const char *check_who(struct span text)
{
	struct conf_network network;
	ptrdiff_t at = span_find(text, '@');

	if (at >= 0)
		text = span_slice(text, (size_t)at + 1, text.len);
	else if (!value_network(text, &network))
		return NULL;
	else if (text.len > 0 && text.at[0] == '.')
		text = span_slice(text, 1, text.len);
	return value_domain(text) ? "is nobody; write a network, a host name, \".example.org\", "
				    "LOCAL@DOMAIN or \"@DOMAIN\""
				  : NULL;
}

/* "192.0.2.1", "192.0.2.1@5353", "2001:db8::1@53"; "root" */
static const char *check_server(struct span text)
{
	struct span ip = text;
	int64_t port = 53;
	bool has_port = span_take_until(&text, '@', &ip);

	if (span_equal(text, SPAN_LIT("root")))
		return NULL;
	if (has_port && (value_number(text, &port) || port < 1 || port > 65535))
		return "has no port; write 192.0.2.1 or 192.0.2.1@53";
	return check_ip(ip);
}

static bool store_who(struct load *l, const char *name, const struct schema_row *row,
	const struct read_word *words, size_t n, void *object)
{
	struct conf_who *all = arena_array(l->arena, n, sizeof *all);
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		const char *why = check_plain(words[i].text);

		if (!why)
			why = row->type == SCHEMA_SERVERS ? check_server(words[i].text)
							  : check_who(words[i].text);
		if (why)
			good = refuse(l, name, &words[i], why);
		all[i].text = words[i].text;
	}
	if (!good)
		return false;
	*(struct conf_who **)(void *)((char *)object + row->offset) = all;
	*(size_t *)(void *)((char *)object + row->count_offset) = n;
	return true;
}

bool store_words(struct load *l, const char *name, const struct schema_row *row,
	const struct read_word *words, size_t n, void *object)
{
	void *at = (char *)object + row->offset;

	switch (row->type) {
	case SCHEMA_TEXT:
	case SCHEMA_PATH:
	case SCHEMA_DOMAIN:
	case SCHEMA_PATTERN:
	case SCHEMA_IP:
	case SCHEMA_MAILBOX:
	case SCHEMA_CAUSE:
	case SCHEMA_MAP:
		return store_text(l, name, row, words, at);
	case SCHEMA_NUMBER:
	case SCHEMA_FACTOR:
	case SCHEMA_SIZE:
	case SCHEMA_DURATION:
		return store_number(l, name, row, words, at);
	case SCHEMA_NAME:
		return store_name(l, name, row, words, at);
	case SCHEMA_NAMES:
		return store_names(l, name, row, words, n, at);
	case SCHEMA_TEXTS:
		return store_texts(l, name, row, words, n, object);
	case SCHEMA_NETWORKS:
		return store_networks(l, name, row, words, n, object);
	case SCHEMA_WHO:
	case SCHEMA_SERVERS:
		return store_who(l, name, row, words, n, object);
	case SCHEMA_ADDRESS:
		return store_host(l, name, words, at);
	case SCHEMA_SERVICE:
		return store_service(l, name, words, at);
	case SCHEMA_TARGET:
		return store_target(l, name, words, n, at);
	case SCHEMA_NOTHING:
		return true;
	}
	return false;
}
