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

/* The codes again, close together: they are looked through for each reply that is read. */
static const uint16_t codes[REPLY_IDS] = {
#define REPLY(id, code, ...)    [SAY_##id] = code,
#define INTERNAL(id, code, ...) [EVENT_##id] = code,
#include "reply/catalogue.def"
#undef REPLY
#undef INTERNAL
};

const struct reply_entry *catalogue_get(enum reply_id id)
{
	assert(id > REPLY_ID_NONE && id < REPLY_IDS);
	return &entries[id];
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

int catalogue_say(enum reply_id id, const struct reply_words *words, struct buf *out)
{
	const struct reply_entry *e = catalogue_get(id);
	char text[TEMPLATE_TEXT_MAX];
	size_t len = write_text(id, words, text, sizeof text);
	size_t more = words ? words->n_lines : 0;

	assert(!e->is_internal);
	say_lines(e, span_of(text, len), more == 0, out);
	for (size_t i = 0; i < more; i++)
		say_lines(e, words->lines[i], i + 1 == more, out);
	return out->error;
}

int catalogue_text(enum reply_id id, const struct reply_words *words, struct buf *out)
{
	char text[TEMPLATE_TEXT_MAX];

	return buf_add(out, span_of(text, write_text(id, words, text, sizeof text)));
}

int catalogue_line(enum reply_id id, const struct reply_words *words, struct buf *out)
{
	char prefix[32];

	(void)buf_add(out, span_of(prefix, write_prefix(catalogue_get(id), true, prefix)));
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
	};

	reply_settle(&m, e->cause);
	if (e->side != REPLY_SIDE_NONE)
		m.side = e->side;
	if (words && words->wait > 0 && strstr(e->template, "<wait>")) {
		m.wait_seconds = words->wait;
		m.wait_source = REPLY_WAIT_STATED;
	}
	*ret = m;
}

static bool same_status(struct reply_status a, struct reply_status b)
{
	return a.class == b.class && a.subject == b.subject && a.detail == b.detail;
}

enum reply_id catalogue_recognise(unsigned code, struct reply_status status, struct span text)
{
	struct template_values values;
	struct span line = text;

	if (code < 300) {
		struct span rest = text;

		(void)span_take_until(&rest, '\n', &line);
	}
	for (unsigned id = REPLY_ID_NONE + 1; id < REPLY_IDS; id++)
		if (codes[id] == code && same_status(entries[id].status, status) &&
			template_match(entries[id].template, line, &values))
			return id;
	return REPLY_ID_NONE;
}

bool catalogue_is_event(unsigned code, struct reply_status status, struct span text)
{
	enum reply_id id = catalogue_recognise(code, status, text);

	return id != REPLY_ID_NONE && catalogue_get(id)->is_internal;
}
