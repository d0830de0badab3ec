/* The queue and its sites for programs: the same objects as abide queue --json and abide sites --json. */
#include "cli/json_text.h"
#include "cli/listing.h"
#include "cli/site_json.h"
#include "web/answer.h"
#include "web/cursor.h"

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

static json_t *cursor_json(const struct ipc_web_messages *m)
{
	char text[CURSOR_TEXT_MAX];

	return m->more ? json_text(cursor_text(&m->next, text)) : json_null();
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
		cursor_read(value_of(a, "after", &after), &list.after) < 0)
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
