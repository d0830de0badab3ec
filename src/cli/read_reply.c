#include "cli/read_reply.h"
#include "reply/wrapper.h"

/* "in.example.org[192.0.2.1]:25" and "in.example.org. [192.0.2.1]" without what is no name. */
static struct span host_name(struct span host)
{
	size_t len = 0;

	while (len < host.len && (byte_is_alpha(host.at[len]) || byte_is_digit(host.at[len]) ||
					 host.at[len] == '.' || host.at[len] == '-'))
		len++;
	return span_slice(host, 0, len > 0 && host.at[len - 1] == '.' ? len - 1 : len);
}

static void read_inner(const struct reply_context *outer, struct arena *arena, struct read_reply *r)
{
	struct reply_context context = {.now_wall_ms = outer->now_wall_ms,
		.own = outer->own,
		.memo = outer->memo,
		.needs_no_template = outer->needs_no_template};
	struct reply_inner inner;

	if (!reply_nested(r->line.reply, &inner))
		return;
	context.stage = inner.stage;
	r->inner_text = inner.text;
	reply_read(&context, 0, (struct reply_status){0}, inner.text, arena, &r->inner);
}

void read_reply(struct span text, const struct reply_context *context, struct arena *arena,
	struct read_reply *ret)
{
	struct reply_context with = *context;

	*ret = (struct read_reply){0};
	log_line_read(text, arena, &ret->line);
	if (with.stage == REPLY_STAGE_NONE)
		with.stage = ret->line.stage;
	with.host = host_name(ret->line.host);
	log_line_mean(&ret->line, &with, arena, &ret->meaning);
	read_inner(&with, arena, ret);
}
