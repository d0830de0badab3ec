#include "mail/header.h"
#include "base/utf8.h"

void mail_header_init(struct mail_header *h, struct span message)
{
	*h = (struct mail_header){.message = message};
}

/* Length of the line at offset with its CRLF; 0 where the bytes end before. */
static size_t line_len(struct span message, size_t at)
{
	size_t from = at;

	for (;;) {
		struct span rest = span_slice(message, from, message.len);
		ptrdiff_t lf = span_find(rest, '\n');

		if (lf < 0)
			return 0;
		from += (size_t)lf + 1;
		if (from - at >= 2 && message.at[from - 2] == '\r')
			return from - at;
	}
}

/*
 * field      = field-name ":" unstructured CRLF
 * field-name = 1*%d33-57 / %d59-126 ; RFC 5322 3.6.8, and spaces before the colon (4.5)
 */
static bool read_name(struct span line, struct span *ret_name, struct span *ret_value)
{
	struct span name, value = line;

	if (!span_take_until(&value, ':', &name))
		return false;
	while (name.len > 0 && (name.at[name.len - 1] == ' ' || name.at[name.len - 1] == '\t'))
		name.len--;
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] < 33 || name.at[i] > 126)
			return false;
	*ret_name = name;
	*ret_value = value;
	return name.len > 0;
}

static bool is_fold(struct span message, size_t at)
{
	return at < message.len && (message.at[at] == ' ' || message.at[at] == '\t');
}

bool mail_header_next(struct mail_header *h, struct mail_field *ret)
{
	struct mail_field f = {.offset = h->at};
	size_t len = line_len(h->message, h->at);

	if (h->is_complete || len == 0)
		return false;
	if (len == 2) {
		h->is_complete = h->has_empty_line = true;
		return false;
	}
	if (!read_name(span_slice(h->message, h->at, len), &f.name, &f.value)) {
		h->is_complete = true;
		return false;
	}
	f.len = len;
	while (is_fold(h->message, h->at + f.len)) {
		len = line_len(h->message, h->at + f.len);
		if (len == 0)
			return false;
		f.len += len;
	}
	const char *end = h->message.at + h->at + f.len - 2;

	f.value.len = (size_t)(end - f.value.at);
	h->at += f.len;
	*ret = f;
	return true;
}

bool mail_field_is(const struct mail_field *f, const char *name)
{
	return span_equal_nocase(f->name, span_str(name));
}

void mail_facts_read(struct span message, struct mail_facts *ret)
{
	struct mail_facts facts = {0};
	struct mail_header h;
	struct mail_field f;

	mail_header_init(&h, message);
	while (mail_header_next(&h, &f)) {
		facts.has_8bit = facts.has_8bit || !utf8_is_ascii(f.value);
		facts.received += mail_field_is(&f, "Received");
		facts.has_date = facts.has_date || mail_field_is(&f, "Date");
		facts.has_from = facts.has_from || mail_field_is(&f, "From");
		if (!facts.has_message_id && mail_field_is(&f, "Message-ID")) {
			facts.has_message_id = true;
			facts.message_id = span_trim(f.value);
		}
	}
	facts.is_complete = h.is_complete;
	facts.header_len = h.at;
	facts.body_offset = h.at + (h.has_empty_line ? 2 : 0);
	*ret = facts;
}

int mail_text_clean(struct span text, bool utf8, struct buf *out)
{
	while (text.len > 0 && !out->error) {
		size_t len = utf8_len(text);
		bool is_control =
			len == 1 && ((unsigned char)text.at[0] < ' ' || text.at[0] == 0x7f);

		if (utf8_text_len(text) == 0 || is_control || (len > 1 && !utf8))
			(void)buf_add_byte(out, '?');
		else
			(void)buf_add(out, span_slice(text, 0, len));
		text = span_slice(text, len ? len : 1, text.len);
	}
	return out->error;
}
