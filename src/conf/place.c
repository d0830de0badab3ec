#include "conf/place.h"
#include "base/buf.h"
#include "base/utf8.h"
#include <errno.h>

#define NAME_MOST 255U

struct parts { /* of an address */
	struct span user, domain, tag;
};

static const struct {
	struct span name;
	size_t offset; /* in struct parts */
} words[] = {{SPAN_LIT("{user}"), offsetof(struct parts, user)},
	{SPAN_LIT("{domain}"), offsetof(struct parts, domain)},
	{SPAN_LIT("{tag}"), offsetof(struct parts, tag)}};

#define WORDS (sizeof words / sizeof words[0])

/* The next name of a path, without the slashes around it. False: there is none. */
static bool next_name(struct span *path, struct span *ret)
{
	while (span_take(path, '/'))
		;
	if (path->len == 0)
		return false;
	if (!span_take_until(path, '/', ret)) {
		*ret = *path;
		*path = span_slice(*path, path->len, 0);
	}
	return true;
}

static bool take_word(struct span *rest, size_t *ret)
{
	for (size_t i = 0; i < WORDS; i++)
		if (span_take_span(rest, words[i].name)) {
			*ret = i;
			return true;
		}
	return false;
}

static bool has_word(struct span name, struct span word)
{
	return span_find_span(name, word) >= 0;
}

static const char *name_wrong(struct span name)
{
	size_t ignored;

	if (span_equal(name, SPAN_LIT(".")) || span_equal(name, SPAN_LIT("..")))
		return "has . or .. in it; write the path without";
	while (name.len > 0) {
		if (name.at[0] == '}' || (name.at[0] == '{' && !take_word(&name, &ignored)))
			return "has braces that are not {user}, {domain} or {tag}";
		if (name.len > 0 && name.at[0] != '{')
			name = span_slice(name, 1, name.len);
	}
	return NULL;
}

/* Lanes are named by it, with @ and # behind. */
static bool has_wrong_byte(struct span pattern)
{
	for (size_t i = 0; i < pattern.len; i++)
		if ((unsigned char)pattern.at[i] <= ' ' || pattern.at[i] == 0x7f ||
			pattern.at[i] == '@' || pattern.at[i] == '#' || pattern.at[i] == ',')
			return true;
	return false;
}

const char *place_wrong(struct span pattern)
{
	struct span rest = pattern, name;
	unsigned n = 0;

	if (pattern.len < 2 || pattern.at[0] != '/')
		return "is not a path from /; write maildir:/var/vmail/{domain}/{user}";
	if (has_wrong_byte(pattern))
		return "has a blank, control character, comma, @ or # in its path; name the "
		       "folder without";
	while (next_name(&rest, &name)) {
		const char *wrong = name_wrong(name);

		if (wrong)
			return wrong;
		if (++n > PLACE_DEPTH_MAX)
			return "is too deep; write at most 32 names";
	}
	return n == 0 ? "is no folder of its own; name one" : NULL;
}

/* ---- of an address ---- */

/* RFC 5321 4.1.2: what the quotes of a local part hold. */
static struct span unquote(struct span local, struct arena *arena)
{
	struct buf out = BUF_INIT(local.len);

	if (local.len < 2 || local.at[0] != '"')
		return local;
	for (size_t i = 1; i + 1 < local.len; i++) {
		if (local.at[i] == '\\' && i + 2 < local.len)
			i++;
		(void)buf_add_byte(&out, local.at[i]);
	}
	struct span text = arena_copy(arena, buf_span(&out));

	buf_done(&out);
	return text;
}

static struct span lower(struct span s, struct arena *arena)
{
	char *at = arena_zero(arena, s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		at[i] = byte_lower(s.at[i]);
	return span_of(at, s.len);
}

/* May it be the name of a folder, or a part of one? */
static bool is_name(struct span s)
{
	if (s.len == 0 || s.len > NAME_MOST || s.at[0] == '.' || !utf8_is_valid(s))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7f || s.at[i] == '/')
			return false;
	return true;
}

/* A tag is anybody's invention: only a plain word makes a folder. */
static bool is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is_alpha(s.at[i]) && !byte_is_digit(s.at[i]) && s.at[i] != '-' &&
			s.at[i] != '_')
			return false;
	return s.len <= 64;
}

static int split(
	struct span address, struct span subaddress, struct arena *arena, struct parts *ret)
{
	size_t at = address.len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	if (at == 0)
		return -EINVAL;
	struct span local = lower(unquote(span_slice(address, 0, at - 1), arena), arena);
	ptrdiff_t cut = subaddress.len == 1 ? span_find(local, subaddress.at[0]) : -1;

	ret->domain = lower(span_slice(address, at, address.len), arena);
	ret->user = cut > 0 ? span_slice(local, 0, (size_t)cut) : local;
	ret->tag = cut > 0 ? span_slice(local, (size_t)cut + 1, local.len) : (struct span){0};
	if (!is_plain(ret->tag))
		ret->tag = (struct span){0};
	return is_name(ret->user) && is_name(ret->domain) ? 0 : -EINVAL;
}

static int fill(
	struct span pattern, const struct parts *parts, struct arena *arena, struct span *ret)
{
	struct buf out = BUF_INIT(4 * NAME_MOST);
	size_t word;

	while (pattern.len > 0) {
		if (take_word(&pattern, &word)) {
			(void)buf_add(
				&out, *(const struct span *)(const void *)((const char *)parts +
									   words[word].offset));
			continue;
		}
		(void)buf_add_byte(&out, pattern.at[0]);
		pattern = span_slice(pattern, 1, pattern.len);
	}
	*ret = arena_copy(arena, buf_span(&out));
	buf_done(&out);
	return ret->len <= NAME_MOST ? 0 : -EINVAL;
}

static bool has_any_word(struct span name)
{
	for (size_t i = 0; i < WORDS; i++)
		if (has_word(name, words[i].name))
			return true;
	return false;
}

/* The names that no address changes. */
static struct span base_of(struct span *pattern, struct arena *arena)
{
	struct buf out = BUF_INIT(pattern->len + 1);
	struct span rest = *pattern, name;

	while (next_name(&rest, &name) && !has_any_word(name)) {
		(void)buf_add_byte(&out, '/');
		(void)buf_add(&out, name);
		*pattern = rest;
	}
	struct span base = out.len > 0 ? arena_copy(arena, buf_span(&out)) : SPAN_LIT("/");

	buf_done(&out);
	return base;
}

int place_find(struct span pattern, struct span address, struct span subaddress,
	struct arena *arena, struct place *ret)
{
	struct place p = {.names = arena_array(arena, PLACE_DEPTH_MAX, sizeof *p.names)};
	struct parts parts;
	struct span name;
	int rc = split(address, subaddress, arena, &parts);

	p.user = parts.user;
	p.base = base_of(&pattern, arena);
	while (rc == 0 && next_name(&pattern, &name)) {
		bool has_tag = has_word(name, words[2].name), is_last;
		struct span rest = pattern, ignored;

		is_last = !next_name(&rest, &ignored);
		if (has_tag && parts.tag.len == 0)
			continue;
		if (p.n == PLACE_DEPTH_MAX)
			return -EINVAL;
		rc = fill(name, &parts, arena, &p.names[p.n]);
		if (rc == 0 && has_tag && is_last && name.at[0] == '.')
			p.folder = p.names[p.n];
		else
			p.n++;
	}
	if (rc == 0)
		*ret = p;
	return rc;
}
