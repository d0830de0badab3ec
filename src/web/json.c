/* The queue and its sites for programs: the same objects as abide queue --json and abide sites --json. */
#include "cli/listing.h"
#include "cli/site_json.h"
#include "web/answer.h"

static int append(const char *at, size_t len, void *out)
{
	return buf_add(out, span_of(at, len));
}

static void finish(json_t *o, struct answer *ret)
{
	if (o && json_dump_callback(o, append, &ret->body, JSON_COMPACT) == 0)
		(void)buf_add_byte(&ret->body, '\n');
	json_decref(o);
	ret->type = ANSWER_JSON;
}

static void refuse(unsigned status, const char *error, struct answer *ret)
{
	ret->status = status;
	finish(json_pack("{s:s}", "error", error), ret);
}

void answer_sites_json(const struct answering *a, struct answer *ret)
{
	struct view_now now;

	view_look(a->view, a->deadline, &now);
	if (!now.queue) {
		refuse(WEB_UNAVAILABLE, "the queue does not answer", ret);
		return;
	}
	json_t *sites = json_array();

	for (size_t i = 0; i < now.queue->sites_n; i++)
		(void)json_array_append_new(sites, site_json(&now.queue->sites[i]));
	finish(json_pack("{s:o, s:I}", "sites", sites, "all", (json_int_t)now.queue->sites_all),
		ret);
}

/* "STAGE.LANE.DUE.ID.PART", as next said. False: it is none of ours. */
static bool read_cursor(struct span text, struct ipc_cursor *ret)
{
	struct ipc_cursor c = {0};
	unsigned stage;
	uint64_t lane, due, part;
	struct span id;

	if (!span_take_number(&text, 1, 1, &stage) || !span_take(&text, '.') ||
		!span_take_u64(&text, &lane) || !span_take(&text, '.') ||
		!span_take_u64(&text, &due) || !span_take(&text, '.') ||
		!span_take_until(&text, '.', &id) || !span_take_u64(&text, &part) || text.len > 0)
		return false;
	if (stage > 2 || lane > UINT32_MAX || part > UINT32_MAX || due > INT64_MAX ||
		id_parse(id, &c.id) < 0)
		return false;
	c.stage = (uint8_t)stage;
	c.lane = (uint32_t)lane;
	c.due = (int64_t)due;
	c.part = (uint32_t)part;
	*ret = c;
	return true;
}

static json_t *cursor_json(const struct ipc_web_messages *m)
{
	char id[ID_TEXT_LEN + 1];

	if (!m->more)
		return json_null();
	return json_sprintf("%u.%u.%lld.%s.%u", m->next.stage, m->next.lane, (long long)m->next.due,
		id_text(m->next.id, id), m->next.part);
}

static struct span value_of(const struct answering *a, const char *name, struct buf *room)
{
	return web_query_get(a->request->query, name, room) ? buf_span(room) : (struct span){0};
}

static void tell_messages(
	const struct answering *a, const struct ipc_web_messages *m, struct answer *ret)
{
	json_t *messages = json_array();

	for (size_t i = 0; i < m->messages_n; i++)
		(void)json_array_append_new(
			messages, listing_object(&m->messages[i], a->conf->language));
	finish(json_pack("{s:o, s:o}", "messages", messages, "next", cursor_json(m)), ret);
}

void answer_queue_json(const struct answering *a, struct answer *ret)
{
	struct buf site = BUF_INIT(512), cause = BUF_INIT(128), after = BUF_INIT(128);
	struct ipc_control_list list = {
		.site = value_of(a, "site", &site), .cause = value_of(a, "cause", &cause)};
	const struct ipc_web_messages *messages = NULL;
	struct arena arena = {0};

	if (web_query_has(a->request->query, "after") &&
		!read_cursor(value_of(a, "after", &after), &list.after))
		refuse(WEB_BAD_REQUEST, "after is not what next said", ret);
	else if (view_list(a->view, &list, a->deadline, &arena, &messages) < 0)
		refuse(WEB_UNAVAILABLE, "the queue does not answer", ret);
	else
		tell_messages(a, messages, ret);
	arena_done(&arena);
	buf_done(&site);
	buf_done(&cause);
	buf_done(&after);
}
