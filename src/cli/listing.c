#include "cli/listing.h"
#include "base/clock.h"
#include "cli/json_text.h"
#include "diagnose/sentence.h"
#include "reply/catalogue.h"
#include "reply/explain.h"
#include "reply/meaning.h"
#include <jansson.h>
#include <stdio.h>

json_t *listing_time(int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	return wall_ms > 0 ? json_text(clock_rfc3339(wall_ms, text)) : json_null();
}

/*
 * The meaning as it was understood when the reply came: from its cause. abide's own events say more
 * than their cause does, and whose side they are on, so those are known again by their text.
 */
static bool cause_of(
	const struct ipc_control_recipient *r, struct arena *arena, struct reply_meaning *ret)
{
	struct span status = r->status;
	struct reply_status number = {0};

	(void)reply_status_take(&status, &number);
	if (r->code > 0 && catalogue_is_event(r->code, number, r->reply)) {
		reply_read(&(struct reply_context){0}, r->code, number, r->reply, arena, ret);
		return true;
	}
	status = r->status;
	*ret = (struct reply_meaning){.code = r->code, .wait_seconds = -1, .confidence = 1};
	(void)reply_status_take(&status, &ret->status);
	if (!reply_cause_parse(r->cause, &ret->cause))
		return false;
	const struct reply_cause_info *info = reply_cause_info(ret->cause);

	ret->side = info->side;
	ret->scope = info->scope;
	ret->nature = info->nature;
	ret->action = info->action;
	return true;
}

json_t *listing_reply(const struct ipc_control_recipient *r)
{
	struct arena arena = {0};
	json_t *text = r->code == 0 ? json_null()
				    : json_text(arena_printf(&arena, "%u%s%.*s%s%.*s", r->code,
					      r->status.len ? " " : "", SPAN_F(r->status),
					      r->reply.len ? " " : "", SPAN_F(r->reply)));

	arena_done(&arena);
	return text;
}

static void explain(const struct ipc_control_recipient *r, const struct reply_meaning *m,
	bool known, enum reply_lang lang, struct buf *out)
{
	if (span_equal(r->state, SPAN_LIT("maybe")))
		(void)buf_add_str(out, reply_entry_words(lang, EVENT_LOST_AFTER_DOT, REPLY_ADVICE));
	if (out->len > 0)
		(void)buf_add_byte(out, ' ');
	if (known)
		(void)reply_tell(m, &(struct reply_voice){.lang = lang}, REPLY_TELL_ALL, out);
}

void listing_meaning(const struct ipc_control_recipient *r, enum reply_lang lang, struct buf *out,
	const char **ret_side)
{
	struct reply_meaning m;
	struct arena arena = {0};
	bool known = cause_of(r, &arena, &m);

	explain(r, &m, known, lang, out);
	if (known)
		*ret_side = reply_side_text(m.side);
	arena_done(&arena);
}

static json_t *recipient_json(const struct ipc_control_recipient *r, enum reply_lang lang)
{
	struct reply_meaning m;
	struct buf words = BUF_INIT(4096);
	struct arena arena = {0};
	bool known = cause_of(r, &arena, &m);

	explain(r, &m, known, lang, &words);
	json_t *o = json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "address",
		json_text(r->address), "site", json_text(r->site), "state", json_text(r->state),
		"attempts", (json_int_t)r->attempts, "next_try", listing_time(r->next_try_wall_ms),
		"reply", listing_reply(r), "cause", known ? json_text(r->cause) : json_null(),
		"side", known ? json_string(reply_side_text(m.side)) : json_null(), "explanation",
		known ? json_text(buf_span(&words)) : json_null(), "tls",
		r->tls.len > 0 ? json_text(r->tls) : json_null());

	(void)json_object_set_new(o, "finding", listing_said_json(r->finding));
	buf_done(&words);
	arena_done(&arena);
	return o;
}

json_t *listing_object(const struct ipc_control_message *m, enum reply_lang lang)
{
	char id[ID_TEXT_LEN + 1];
	json_t *recipients = json_array();

	for (size_t i = 0; i < m->recipients_n; i++)
		json_array_append_new(recipients, recipient_json(&m->recipients[i], lang));
	return json_pack("{s:s, s:o, s:I, s:o, s:o, s:o}", "id", id_text(m->id, id), "sender",
		json_text(m->sender), "size", (json_int_t)m->size, "arrived",
		listing_time(m->arrived_wall_ms), "expires", listing_time(m->expires_wall_ms),
		"recipients", recipients);
}

void listing_json(const struct ipc_control_message *m, enum reply_lang lang)
{
	json_t *o = listing_object(m, lang);

	if (o && json_dumpf(o, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(o);
}

static void print_in(const char *what, int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];
	int64_t seconds = (wall_ms - clock_wall_ms()) / 1000;
	struct span when = clock_rfc3339(wall_ms, text);

	if (seconds <= 0)
		(void)printf("%s now", what);
	else if (seconds < 120)
		(void)printf("%s in %lld s", what, (long long)seconds);
	else if (seconds < 7200)
		(void)printf("%s in %lld min", what, (long long)(seconds / 60));
	else
		(void)printf("%s in %lld h", what, (long long)(seconds / 3600));
	(void)printf(" (%.*s)", SPAN_F(when));
}

json_t *listing_said_json(struct span sentences)
{
	struct arena arena = {0};
	struct span text = sentence_text(sentences, REPLY_LANG_EN, &arena);
	json_t *o = text.len > 0 ? json_text(text) : json_null();

	arena_done(&arena);
	return o;
}

void listing_safe(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		(void)putchar(c == '\n' ? ' ' : c < 32 || c == 127 ? '?' : c);
	}
}

void listing_said(struct span sentences, enum reply_lang lang)
{
	struct arena arena = {0};

	listing_safe(sentence_text(sentences, lang, &arena));
	arena_done(&arena);
}

static void print_recipient(const struct ipc_control_recipient *r, enum reply_lang lang)
{
	struct reply_meaning m;
	struct buf words = BUF_INIT(4096);

	(void)printf("  to <");
	listing_safe(r->address);
	(void)printf(">: %.*s", SPAN_F(r->state));
	if (r->attempts > 0)
		(void)printf(", %u attempt%s", r->attempts, r->attempts == 1 ? "" : "s");
	if (r->next_try_wall_ms > 0)
		print_in(", next try", r->next_try_wall_ms);
	(void)putchar('\n');
	if (r->code > 0) {
		(void)printf("    %.*s", SPAN_F(r->peer));
		if (r->tls.len > 0)
			(void)printf(" (%.*s)", SPAN_F(r->tls));
		(void)printf(" said: %u %.*s ", r->code, SPAN_F(r->status));
		listing_safe(r->reply);
		(void)putchar('\n');
	}
	struct arena arena = {0};
	bool known = cause_of(r, &arena, &m);

	explain(r, &m, known, lang, &words);
	if (known && words.len > 0) {
		(void)printf("    %s (%.*s): ", reply_side_text(m.side), SPAN_F(r->cause));
		listing_safe(buf_span(&words));
		(void)putchar('\n');
	}
	if (r->finding.len > 0) {
		(void)printf("    ");
		listing_said(r->finding, lang);
		(void)putchar('\n');
	}
	arena_done(&arena);
	buf_done(&words);
}

void listing_text(const struct ipc_control_message *m, enum reply_lang lang)
{
	char id[ID_TEXT_LEN + 1], when[CLOCK_TEXT_MAX];
	struct span arrived = clock_rfc3339(m->arrived_wall_ms, when);

	(void)printf("%s  %.*s  %llu octets  from <", id_text(m->id, id), SPAN_F(arrived),
		(unsigned long long)m->size);
	listing_safe(m->sender);
	(void)printf(">\n");
	for (size_t i = 0; i < m->recipients_n; i++)
		print_recipient(&m->recipients[i], lang);
}
