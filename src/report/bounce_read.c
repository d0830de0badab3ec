#include "report/bounce.h"
#include "report/mailbox.h"
#include "report/prose.h"
#include "report/reason.h"
#include "report/text.h"
#include "reply/settle.h"
#include "reply/wrapper.h"

struct bounce_recipient *bounce_recipient(struct bounce_work *w, struct span address)
{
	struct bounce *b = w->bounce;

	for (size_t i = 0; i < b->n; i++)
		if (span_equal_nocase(b->recipients[i].address, address))
			return &b->recipients[i];
	if (b->n == BOUNCE_RECIPIENTS_MAX)
		return NULL;
	if ((b->n & (b->n - 1)) == 0) { /* 0, 1, 2, 4 …: full */
		size_t room = b->n ? b->n * 2 : 1;
		struct bounce_recipient *more = arena_array(w->arena, room, sizeof *more);

		if (b->n > 0)
			memcpy(more, b->recipients, b->n * sizeof *more);
		b->recipients = more;
	}
	struct bounce_recipient *r = &b->recipients[b->n++];

	*r = (struct bounce_recipient){.address = address};
	return r;
}

struct span bounce_join(const struct bounce_work *w, size_t from, size_t to)
{
	size_t room = 0, len = 0;

	for (size_t i = from; i < to && room < REPLY_READ_MAX; i++)
		room += w->lines->at[i].text.len + 1;
	if (room > REPLY_READ_MAX)
		room = REPLY_READ_MAX;
	char *at = arena_array(w->arena, room + 1, 1);

	for (size_t i = from; i < to && len < room; i++) {
		struct span text = span_trim(w->lines->at[i].text);

		if (len > 0 && text.len > 0)
			at[len++] = ' ';
		text = span_slice(text, 0, room - len);
		if (text.len > 0)
			memcpy(at + len, text.at, text.len);
		len += text.len;
	}
	return span_of(at, len);
}

/* The bounce's own header: whom it is from and to, and recipients that it names. */
static void read_header(struct bounce_work *w)
{
	bool is_failed_list = false;

	for (size_t i = 0; i < w->lines->n && w->lines->at[i].kind == LINE_HEADER; i++) {
		struct span line = w->lines->at[i].text, address;
		bool is_fold = line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t');

		if (!is_fold)
			is_failed_list = span_take_nocase(&line, SPAN_LIT("X-Failed-Recipients:"));
		while (is_failed_list && mailbox_find(&line, &address))
			(void)bounce_recipient(w, address);
		if (span_take_nocase(&line, SPAN_LIT("From:")))
			(void)mailbox_find(&line, &w->from);
		else if (span_take_nocase(&line, SPAN_LIT("To:")))
			(void)mailbox_find(&line, &w->to);
		else if (span_take_nocase(&line, SPAN_LIT("Subject:")))
			w->subject = span_trim(line);
	}
}

static bool has_kind(const struct bounce_work *w, enum line_kind kind)
{
	for (size_t i = 0; i < w->lines->n; i++)
		if (w->lines->at[i].kind == kind)
			return true;
	return false;
}

/* For a bounce that names nobody: whom the returned mail was for. */
static void read_returned(struct bounce_work *w)
{
	static const char *const fields[] = {"X-Failed-Recipients:", "Original-Rcpt-To:",
		"Removal-Recipient:", "X-Actual-Recipient:", "To:"};

	for (size_t k = 0; k < sizeof fields / sizeof fields[0] && w->bounce->n == 0; k++)
		for (size_t i = 0; i < w->lines->n && w->bounce->n == 0; i++) {
			struct span line = span_trim(w->lines->at[i].text), address;

			if ((w->lines->at[i].kind == LINE_RETURNED ||
				    w->lines->at[i].kind == LINE_FEEDBACK) &&
				span_take_nocase(&line, span_str(fields[k])) &&
				mailbox_find(&line, &address))
				(void)bounce_recipient(w, address);
		}
}

static bool is_vague(const struct reply_meaning *m)
{
	return m->cause == REPLY_NONE || m->cause == REPLY_REJECTED_UNSPECIFIED ||
	       m->cause == REPLY_DEFERRED_UNSPECIFIED;
}

static void read_reply(struct span text, struct reply_status status, struct arena *arena,
	struct reply_meaning *ret)
{
	struct reply_inner inner = reply_unwrap(text);
	struct reply_context context = {.stage = inner.stage};

	reply_read(&context, 0, status, inner.text, arena, ret);
}

/* What the text means: by the sentences that only bounces have, else as any reply. */
static void read_text(struct span text, struct arena *arena, struct reply_meaning *ret)
{
	enum reply_cause cause = reason_find(text);

	read_reply(text, (struct reply_status){0}, arena, ret);
	if (cause == REPLY_NONE)
		return;
	reply_settle(ret, cause);
	ret->confidence = 0.9;
	ret->evidence = "bounce sentence";
}

/* The first of the texts that says why; a code alone is an answer too. */
static void read_cause(
	struct bounce_work *w, struct bounce_recipient *r, struct span coded, struct span all)
{
	struct reply_meaning m;

	if (r->reply.len == 0)
		r->reply = coded;
	read_text(r->reply, w->arena, &r->meaning);
	if (is_vague(&r->meaning) && coded.len > 0) {
		read_text(coded, w->arena, &m);
		if (!is_vague(&m) || r->meaning.code == 0) {
			r->meaning = m;
			r->reply = coded;
		}
	}
	if (is_vague(&r->meaning) && reply_status_is_set(r->status)) {
		read_reply(r->reply, r->status, w->arena, &m);
		if (!is_vague(&m))
			r->meaning = m;
	}
	if (is_vague(&r->meaning) && r->meaning.code == 0) {
		read_text(all, w->arena, &m);
		if (!is_vague(&m) || r->reply.len == 0) {
			r->meaning = m;
			r->reply = r->reply.len > 0 ? r->reply : all;
		}
	}
	if (!reply_status_is_set(r->status))
		r->status = r->meaning.status;
}

static enum bounce_kind kind_of(const struct bounce_work *w)
{
	const struct bounce *b = w->bounce;
	struct span action = b->n > 0 ? b->recipients[0].action : (struct span){0};

	if (has_kind(w, LINE_FEEDBACK))
		return BOUNCE_FEEDBACK;
	if (span_starts_nocase(action, SPAN_LIT("delivered")) ||
		span_starts_nocase(action, SPAN_LIT("relayed")) ||
		span_starts_nocase(action, SPAN_LIT("expanded")))
		return BOUNCE_DELIVERED;
	if (span_starts_nocase(action, SPAN_LIT("delayed")))
		return BOUNCE_DELAYED;
	if (b->n > 0 &&
		(b->recipients[0].meaning.code / 100 == 2 || b->recipients[0].status.class == 2))
		return BOUNCE_DELIVERED;
	return BOUNCE_FAILED;
}

void bounce_read(struct span message, struct arena *arena, struct bounce *ret)
{
	struct lines lines;
	struct bounce bounce = {0};
	struct bounce_work w = {.lines = &lines, .arena = arena, .bounce = &bounce};

	lines_read(message, arena, &lines);
	read_header(&w);
	status_fields_read(&w);
	prose_read(&w);
	if (bounce.n == 0)
		read_returned(&w);
	struct span coded = prose_coded(&w), all = prose_all(&w);

	for (size_t i = 0; i < bounce.n; i++)
		read_cause(&w, &bounce.recipients[i], coded, all);
	bounce.kind = kind_of(&w);
	*ret = bounce;
}

const char *bounce_kind_text(enum bounce_kind kind)
{
	static const char *const names[BOUNCE_KINDS] = {
		"failed", "delayed", "delivered", "feedback"};

	return names[kind];
}
