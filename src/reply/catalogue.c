#include "reply/catalogue.h"
#include "reply/settle.h"
#include "reply/template.h"
#include <assert.h>
#include <stdio.h>

#define ENTRY(id, number, c, s, d, text, why, internal, on_side)                        \
	{                                                                               \
		.name = #id, .code = number, .status = {c, s, d}, .cause = REPLY_##why, \
		.side = on_side, .is_internal = internal, .template = text              \
	}

static const struct reply_entry entries[REPLY_IDS] = {
#define REPLY(id, code, c, s, d, text, cause) \
	[SAY_##id] = ENTRY(id, code, c, s, d, text, cause, false, 0),
#define INTERNAL(id, code, c, s, d, text, cause, side) \
	[EVENT_##id] = ENTRY(id, code, c, s, d, text, cause, true, REPLY_##side),
#include "reply/catalogue.def"
#undef REPLY
#undef INTERNAL
};

/* Code and status in one number; their parts are less than 1000 here. */
#define KEY(code, c, s, d) \
	((uint32_t)(code) << 22 ^ (uint32_t)(c) << 19 ^ (uint32_t)(s) << 10 ^ (uint32_t)(d))

enum { KEYS_AT_ONCE = 16, KEYS = (REPLY_IDS + KEYS_AT_ONCE - 1) / KEYS_AT_ONCE * KEYS_AT_ONCE };

/* Those of all entries, close together: they are looked through for each reply that is read. */
static const uint32_t keys[KEYS] = {
#define REPLY(id, code, c, s, d, ...)    [SAY_##id] = KEY(code, c, s, d),
#define INTERNAL(id, code, c, s, d, ...) [EVENT_##id] = KEY(code, c, s, d),
#include "reply/catalogue.def"
#undef REPLY
#undef INTERNAL
};

const struct reply_entry *catalogue_get(enum reply_id id)
{
	assert(id > REPLY_ID_NONE && id < REPLY_IDS);
	return &entries[id];
}

struct reply_entry catalogue_entry(enum reply_id id, const struct reply_words *words)
{
	struct reply_entry e = *catalogue_get(id);

	if (!words)
		return e;
	if (words->code / 100 == e.code / 100 && words->code < 600)
		e.code = words->code;
	if (words->status[0] == e.status.class && words->status[1] < 1000 &&
		words->status[2] < 1000) {
		e.status.subject = (uint16_t)words->status[1];
		e.status.detail = (uint16_t)words->status[2];
	}
	return e;
}

static size_t write_text(enum reply_id id, const struct reply_words *words, char *out, size_t max)
{
	struct template_values values;

	template_values_init(words, &values);
	return template_write(
		catalogue_get(id)->template, &values, words && words->is_utf8, out, max);
}

/* "550-5.7.1 "; returns its length. */
static size_t write_prefix(const struct reply_entry *e, bool is_last, char out[32])
{
	int n = snprintf(out, 32, "%03u%c", e->code, is_last ? ' ' : '-');

	if (reply_status_is_set(e->status))
		n += snprintf(out + n, 32 - (size_t)n, "%u.%u.%u ", e->status.class,
			e->status.subject, e->status.detail);
	return (size_t)n;
}

/* Bytes of the first line of text that fit into room: up to a space, or within a long word. */
static size_t fitting(struct span text, size_t room)
{
	if (text.len <= room)
		return text.len;
	for (size_t i = room; i > room / 2; i--)
		if (text.at[i] == ' ')
			return i;
	while (room > 1 && ((unsigned char)text.at[room] & 0xc0) == 0x80)
		room--;
	return room;
}

/* One text as one or more lines of the reply. */
static void say_lines(const struct reply_entry *e, struct span text, bool is_last, struct buf *out)
{
	enum { LINE_ROOM = 512 - 2 };
	char prefix[32];

	do {
		size_t before = write_prefix(e, false, prefix);
		size_t len = fitting(text, LINE_ROOM - before);

		if (is_last && len == text.len)
			before = write_prefix(e, true, prefix);
		(void)buf_add(out, span_of(prefix, before));
		(void)buf_add(out, span_slice(text, 0, len));
		(void)buf_add(out, SPAN_LIT("\r\n"));
		text = span_slice(text, len, text.len);
		(void)span_take(&text, ' ');
	} while (text.len > 0);
}

enum { NAME_ROOM = 64 };

int catalogue_say(enum reply_id id, const struct reply_words *words, struct buf *out)
{
	const struct reply_entry e = catalogue_entry(id, words);
	char text[TEMPLATE_TEXT_MAX + NAME_ROOM];
	size_t len = write_text(id, words, text, TEMPLATE_TEXT_MAX);
	size_t more = words ? words->n_lines : 0;

	assert(!e.is_internal);
	if (e.code >= 400)
		len += (size_t)snprintf(text + len, NAME_ROOM, " [%s]", e.name);
	say_lines(&e, span_of(text, len), more == 0, out);
	for (size_t i = 0; i < more; i++)
		say_lines(&e, words->lines[i], i + 1 == more, out);
	return out->error;
}

int catalogue_text(enum reply_id id, const struct reply_words *words, struct buf *out)
{
	char text[TEMPLATE_TEXT_MAX];

	return buf_add(out, span_of(text, write_text(id, words, text, sizeof text)));
}

int catalogue_line(enum reply_id id, const struct reply_words *words, struct buf *out)
{
	const struct reply_entry e = catalogue_entry(id, words);
	char prefix[32];

	(void)buf_add(out, span_of(prefix, write_prefix(&e, true, prefix)));
	return catalogue_text(id, words, out);
}

void catalogue_meaning(enum reply_id id, const struct reply_words *words, enum reply_stage stage,
	struct reply_meaning *ret)
{
	const struct reply_entry *e = catalogue_get(id);
	struct reply_meaning m = {
		.code = e->code,
		.status = e->status,
		.stage = stage,
		.wait_seconds = -1,
		.confidence = 1,
		.evidence = e->name,
		.entry = id,
		.template = span_str(e->template),
		.has_template = true,
	};

	reply_settle(&m, e->cause);
	if (e->side != REPLY_SIDE_NONE)
		m.side = e->side;
	if (words && words->wait > 0 && strstr(e->template, "retry=<time>")) {
		m.wait_seconds = words->wait;
		m.wait_source = REPLY_WAIT_STATED;
	}
	*ret = m;
}

static bool same_status(struct reply_status a, struct reply_status b)
{
	return a.class == b.class && a.subject == b.subject && a.detail == b.detail;
}

typedef uint32_t four __attribute__((vector_size(16)));

static bool has_key(const uint32_t block[KEYS_AT_ONCE], uint32_t key)
{
	four found = {0}, wanted = {key, key, key, key}, some;

	for (unsigned i = 0; i < KEYS_AT_ONCE; i += 4) {
		memcpy(&some, block + i, sizeof some);
		found |= (four)(some == wanted);
	}
	return found[0] | found[1] | found[2] | found[3];
}

enum reply_id catalogue_find(struct span name)
{
	for (unsigned id = REPLY_ID_NONE + 1; id < REPLY_IDS; id++)
		if (!entries[id].is_internal && span_equal_nocase(name, span_str(entries[id].name)))
			return id;
	return REPLY_ID_NONE;
}

struct span catalogue_bare(struct span text, struct span *ret_name)
{
	size_t at = text.len;

	*ret_name = (struct span){0};
	if (at == 0 || text.at[--at] != ']')
		return text;
	size_t end = at;

	while (at > 0 &&
		(text.at[at - 1] == '_' || (text.at[at - 1] >= '0' && text.at[at - 1] <= '9') ||
			(text.at[at - 1] >= 'A' && text.at[at - 1] <= 'Z')))
		at--;
	if (at == end || at < 2 || text.at[at - 1] != '[' ||
		(text.at[at - 2] != ' ' && text.at[at - 2] != '\n'))
		return text;
	*ret_name = span_slice(text, at, end - at);
	return span_slice(text, 0, at - 2);
}

/* Its text, with its name behind it or without. */
static bool is_text_of(
	const struct reply_entry *e, struct span text, struct span bare, struct span name)
{
	struct template_values values;

	if (name.len > 0 && !e->is_internal && span_equal(name, span_str(e->name)))
		return template_match(e->template, bare, &values);
	return template_match(e->template, text, &values);
}

enum reply_id catalogue_recognise(unsigned code, struct reply_status status, struct span text)
{
	struct span line = text, name;

	if (code < 300) {
		struct span rest = text;

		(void)span_take_until(&rest, '\n', &line);
	}
	uint32_t key = KEY(code, status.class, status.subject, status.detail);
	struct span bare = catalogue_bare(line, &name);

	for (unsigned block = 0; block < KEYS; block += KEYS_AT_ONCE) {
		if (!has_key(keys + block, key))
			continue;
		for (unsigned id = block; id < block + KEYS_AT_ONCE && id < REPLY_IDS; id++)
			if (keys[id] == key && id != REPLY_ID_NONE && entries[id].code == code &&
				same_status(entries[id].status, status) &&
				is_text_of(&entries[id], line, bare, name))
				return id;
	}
	return REPLY_ID_NONE;
}

bool catalogue_is_event(unsigned code, struct reply_status status, struct span text)
{
	enum reply_id id = catalogue_recognise(code, status, text);

	return id != REPLY_ID_NONE && catalogue_get(id)->is_internal;
}
