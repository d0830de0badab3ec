#include "main/mailbox_list.h"
#include <errno.h>

struct scan {
	struct span rest;
	struct arena *arena;
	struct mailbox_list *list;
	char *text; /* of the mailbox so far, without comments and spaces */
	size_t len, words;
	bool had_gap;   /* space or comment before what comes */
	bool has_angle; /* <...> was read: text is what stood in it */
	bool is_in_group;
	const char *why;
};

void mailbox_list_add(struct mailbox_list *list, struct arena *arena, struct span address)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 16;
		struct span *at = arena_array(arena, room, sizeof *at);

		if (list->n > 0)
			memcpy(at, list->at, list->n * sizeof *at);
		list->at = at;
		list->room = room;
	}
	list->at[list->n++] = arena_copy(arena, address);
}

static bool fail(struct scan *s, const char *why)
{
	s->why = why;
	return false;
}

static void take(struct scan *s, size_t n)
{
	memcpy(s->text + s->len, s->rest.at, n);
	s->len += n;
	s->rest = span_slice(s->rest, n, s->rest.len);
}

/* comment = "(" *([FWS] ccontent) [FWS] ")"; they nest. */
static bool skip_comment(struct scan *s)
{
	size_t depth = 0, i = 0;

	for (; i < s->rest.len; i++) {
		char c = s->rest.at[i];

		if (c == '\\')
			i++;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			break;
	}
	if (i >= s->rest.len)
		return fail(s, "a comment without its end");
	s->rest = span_slice(s->rest, i + 1, s->rest.len);
	return true;
}

/* CFWS */
static bool skip_gap(struct scan *s)
{
	s->had_gap = false;
	while (s->rest.len > 0) {
		char c = *s->rest.at;

		if (c == '(') {
			if (!skip_comment(s))
				return false;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			s->rest = span_slice(s->rest, 1, s->rest.len);
		} else {
			return true;
		}
		s->had_gap = true;
	}
	return true;
}

/* quoted-string, domain-literal: up to the closing byte, which a backslash hides. */
static bool take_enclosed(struct scan *s, char end)
{
	size_t i = 1;

	for (bool is_hidden = false; i < s->rest.len; i++) {
		char c = s->rest.at[i];

		if (c == '\r' || c == '\n')
			return fail(s, "a line end within quotes or brackets");
		if (c == end && !is_hidden)
			break;
		is_hidden = c == '\\' && !is_hidden;
	}
	if (i >= s->rest.len)
		return fail(
			s, end == '"' ? "a quoted string without its end" : "a [ without its ]");
	take(s, i + 1);
	return true;
}

/* Runs of atoms, dots and @; two words with a gap between are a phrase, no address. */
static bool take_word(struct scan *s)
{
	char c = *s->rest.at, before = s->len > 0 ? s->text[s->len - 1] : '.';

	if (c != '.' && c != '@' && before != '.' && before != '@' && s->had_gap)
		s->words++;
	if (c == '"')
		return take_enclosed(s, '"');
	if (c == '[')
		return take_enclosed(s, ']');
	if ((unsigned char)c < 0x20 || c == 0x7f || c == '\\' || c == ')' || c == ']')
		return fail(s, "a character that does not belong here");
	take(s, 1);
	return true;
}

static void begin(struct scan *s)
{
	s->len = s->words = 0;
	s->has_angle = false;
}

/* angle-addr = "<" [obs-route] addr-spec ">"; obs-route = "@a,@b:" */
static bool take_angle(struct scan *s)
{
	if (s->has_angle)
		return fail(s, "a second <");
	begin(s);
	s->rest = span_slice(s->rest, 1, s->rest.len);
	for (;;) {
		if (!skip_gap(s))
			return false;
		if (s->rest.len == 0)
			return fail(s, "a < without its >");
		char c = *s->rest.at;

		if (c == '>')
			break;
		if (c == ':' && s->len > 0 && s->text[0] == '@') {
			s->rest = span_slice(s->rest, 1, s->rest.len);
			begin(s);
		} else if (c == ',' && s->len > 0 && s->text[0] == '@') {
			take(s, 1);
		} else if (strchr("<,;:", c)) {
			return fail(s, "a < without its >");
		} else if (!take_word(s)) {
			return false;
		}
	}
	s->rest = span_slice(s->rest, 1, s->rest.len);
	if (s->words > 0)
		return fail(s, "a space within an address");
	s->has_angle = true;
	return true;
}

static bool finish(struct scan *s)
{
	if (s->words > 0 && !s->has_angle)
		return fail(s, "words that are no address");
	if (s->len > 0)
		mailbox_list_add(s->list, s->arena, span_of(s->text, s->len));
	else if (s->has_angle)
		return fail(s, "an empty address");
	begin(s);
	return true;
}

/* What stands between mailboxes: "," ";" and the ":" behind a group's name. */
static bool take_mark(struct scan *s, char c)
{
	s->rest = span_slice(s->rest, 1, s->rest.len);
	if (c == ',')
		return finish(s);
	if (c == ';') {
		if (!s->is_in_group)
			return fail(s, "a ; without a group");
		s->is_in_group = false;
		return finish(s);
	}
	if (s->is_in_group || s->has_angle)
		return fail(s, "a : that does not belong here");
	s->is_in_group = true;
	begin(s);
	return true;
}

static bool step(struct scan *s)
{
	if (!skip_gap(s))
		return false;
	if (s->rest.len == 0)
		return true;
	char c = *s->rest.at;

	if (c == ',' || c == ';' || c == ':')
		return take_mark(s, c);
	if (c == '<')
		return take_angle(s);
	if (c == '>')
		return fail(s, "a > without its <");
	if (s->has_angle)
		return fail(s, "something behind an address without a comma");
	return take_word(s);
}

int mailbox_list_read(struct span value, struct arena *arena, struct mailbox_list *list,
	const char **ret_why, struct span *ret_at)
{
	struct scan s = {.rest = value,
		.arena = arena,
		.list = list,
		.text = arena_zero(arena, value.len + 1)};
	bool is_good = true;

	while (is_good && s.rest.len > 0)
		is_good = step(&s);
	if (is_good && s.is_in_group)
		is_good = fail(&s, "a group without its ;");
	if (is_good && finish(&s))
		return 0;
	*ret_why = s.why;
	*ret_at = s.rest;
	return -EBADMSG;
}
