/* Whatever a peer said and whatever the header holds: a bounce of clean CRLF lines. */
#include "notify/dsn.h"
#include "notify/language.h"
#include <assert.h>

static void check_lines(struct span out)
{
	struct span line;

	while (span_take_until(&out, '\n', &line)) {
		assert(line.len > 0 && line.len <= 999 && line.at[line.len - 1] == '\r');
		for (size_t i = 0; i + 1 < line.len; i++)
			assert(line.at[i] != '\r' && line.at[i] != '\0');
	}
	assert(out.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size), address = {0}, reply = {0};
	struct arena arena = {0};
	struct buf out = BUF_INIT(DSN_TEXT_MAX);
	struct reply_meaning meaning;
	bool is_8bit;

	(void)span_take_until(&in, '|', &address);
	(void)span_take_until(&in, '|', &reply);
	reply_read(&(struct reply_context){.stage = REPLY_STAGE_RCPT}, 0, (struct reply_status){0},
		reply, &arena, &meaning);
	const struct dsn_recipient recipient = {.action = (enum dsn_action)(size % DSN_ACTIONS),
		.address = address,
		.original = reply,
		.host = address,
		.reply = reply,
		.meaning = &meaning,
		.was_told = size % 3 == 0};
	const struct dsn b = {.hostname = SPAN_LIT("h.example"),
		.id = SPAN_LIT("1"),
		.sender = address,
		.envelope_id = reply,
		.is_news = size % 7 == 0,
		.language = language_of(in, size % 2 ? REPLY_LANG_EN : REPLY_LANG_DE),
		.recipients = &recipient,
		.n_recipients = 1,
		.header = in};

	assert(dsn_write(&b, &out, &is_8bit) == 0);
	check_lines(buf_span(&out));
	buf_done(&out);
	arena_done(&arena);
	return 0;
}
