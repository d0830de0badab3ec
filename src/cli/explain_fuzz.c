/* Any bytes as a line of `abide explain`: JSON that others can read, and a text that no terminal obeys. */
#include "base/utf8.h"
#include "cli/explain_print.h"
#include "reply/wrapper.h"
#include <assert.h>
#include <jansson.h>

static void check_json(struct span line, const struct reply_meaning *m,
	const struct explain_around *around, const struct explain_style *style)
{
	struct buf out = BUF_INIT(16 << 20);

	explain_json(&out, line, m, around, style);
	assert(out.error == 0);
	json_t *o = json_loadb(out.at, out.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

	assert(json_is_object(o) && json_is_string(json_object_get(o, "text")));
	assert(json_is_object(json_object_get(o, "words")));
	assert(json_is_object(json_object_get(o, "inner")) == (around->inner_text.len > 0));
	json_decref(o);
	buf_done(&out);
}

static void check_text(struct span line, const struct reply_meaning *m,
	const struct explain_around *around, struct explain_style *style)
{
	struct buf out = BUF_INIT(1 << 20);

	explain_print_safe(&out, line);
	explain_print_meaning(&out, m, style);
	if (around->why)
		explain_print_why(&out, around->why, style);
	if (around->inner_text.len > 0)
		explain_print_inner(&out, around->inner_text, around->inner, style);
	assert(out.error == 0 && utf8_is_valid(buf_span(&out)));
	for (size_t i = 0; i < out.len; i++)
		assert((unsigned char)out.at[i] >= ' ' || out.at[i] == '\n');
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct span line = span_of(data, size);
	struct reply_meaning m, inner_meaning;
	struct explain_style style;
	struct reply_inner inner;
	struct reply_why why;
	struct log_line log;
	struct explain_around around = {.log = &log, .inner = &inner_meaning};

	explain_style_init(&style);
	style.voice = (struct reply_voice){
		size % 2 ? REPLY_LANG_DE : REPLY_LANG_EN, INT64_C(1763993100000), size % 3 == 0};
	log_line_read(line, &arena, &log);
	struct reply_context context = {.stage = log.stage};

	reply_read(&context, 0, log.status, log.reply, &arena, &m);
	if (reply_nested(log.reply, &inner)) {
		around.inner_text = inner.text;
		reply_read(
			&context, 0, (struct reply_status){0}, inner.text, &arena, &inner_meaning);
	}
	if (size < 300) { /* each word is a reading more */
		reply_why(&m, log.reply, &arena, &why);
		around.why = &why;
	}
	check_json(line, &m, &around, &style);
	check_text(line, &m, &around, &style);
	explain_style_done(&style);
	arena_done(&arena);
	return 0;
}
