#include "web/cursor.h"
#include <errno.h>
#include <stdio.h>

#define STAGE_MOST 2U /* queue/select.h */

/* A number up to most, and the "." behind it. */
static bool take_part(struct span *s, uint64_t most, uint64_t *ret)
{
	return span_take_u64(s, ret) && *ret <= most && span_take(s, '.');
}

int cursor_read(struct span text, struct ipc_cursor *ret)
{
	uint64_t stage, lane, due, part;
	struct span name;
	struct id id;

	if (!take_part(&text, STAGE_MOST, &stage) || !take_part(&text, UINT32_MAX, &lane) ||
		!take_part(&text, INT64_MAX, &due) || !span_take_until(&text, '.', &name) ||
		id_parse(name, &id) < 0 || !span_take_u64(&text, &part) || part > UINT32_MAX ||
		text.len > 0)
		return -EBADMSG;
	*ret = (struct ipc_cursor){.stage = (uint8_t)stage,
		.lane = (uint32_t)lane,
		.due = (int64_t)due,
		.id = id,
		.part = (uint32_t)part};
	return 0;
}

struct span cursor_text(const struct ipc_cursor *c, char out[CURSOR_TEXT_MAX])
{
	char id[ID_TEXT_LEN + 1];
	int len = snprintf(out, CURSOR_TEXT_MAX, "%u.%u.%lld.%s.%u", c->stage, c->lane,
		(long long)c->due, id_text(c->id, id), c->part);

	return span_of(out, len > 0 ? (size_t)len : 0);
}
