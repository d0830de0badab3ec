#include "mail/header.h"
#include "mail/received.h"
#include "base/utf8.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fields follow each other without a gap, and each lies within the message. */
static void walk(struct span message)
{
	struct mail_header h;
	struct mail_field f;
	struct mail_facts facts;
	size_t at = 0;

	mail_header_init(&h, message);
	while (mail_header_next(&h, &f)) {
		assert(f.offset == at && f.name.len > 0 && f.len <= message.len - at);
		assert(f.name.at == message.at + at);
		assert(f.value.at + f.value.len + 2 == message.at + at + f.len);
		at += f.len;
	}
	mail_facts_read(message, &facts);
	assert(facts.header_len == at && facts.body_offset <= message.len);
}

/* Whatever was said at EHLO, what we write is one whole Received field. */
static void write_received(struct span text, bool is_utf8)
{
	struct buf b = BUF_INIT(1 << 16);
	struct mail_received r = {
		.helo = text,
		.client = {.bytes = {192, 0, 2, 1}, .is_v4 = true},
		.by = SPAN_LIT("mx.example.org"),
		.is_utf8 = is_utf8,
		.id = SPAN_LIT("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
	};
	struct mail_header h;
	struct mail_field f;
	int rc = mail_received_write(&r, &b);

	assert(rc == 0 && (is_utf8 || utf8_is_ascii(buf_span(&b))));
	mail_header_init(&h, buf_span(&b));
	bool has_field = mail_header_next(&h, &f);

	assert(has_field && f.len == b.len && mail_field_is(&f, "Received"));
	b.len = 0;
	rc = mail_text_clean(text, is_utf8, &b);
	assert(rc == 0 && utf8_is_valid(buf_span(&b)));
	for (size_t i = 0; i < b.len; i++)
		assert((unsigned char)b.at[i] >= ' ' && b.at[i] != 0x7f);
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span message = span_of(data, size);

	if (size > 4096)
		return 0;
	walk(message);
	write_received(message, false);
	write_received(message, true);
	return 0;
}
