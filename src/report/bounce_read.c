#include "report/automatic.h"
#include "report/bounce.h"
#include "report/mailbox.h"
#include "report/notice.h"
#include "report/prose.h"
#include "report/prose_code.h"
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

struct span bounce_join(const struct bounce_work *w, size_t from, size_t to, size_t max)
{
	size_t room = 0, len = 0;

	for (size_t i = from; i < to && room < max; i++)
		room += w->lines->at[i].text.len + 1;
	if (room > max)
		room = max;
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

/* Where status fields name recipients, the header's list says no more, or an alias of them. */
static void keep_reported(struct bounce *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct bounce_recipient *r = &b->recipients[i];

		if (r->action.len > 0 || reply_status_is_set(r->status) || r->reply.len > 0)
			b->recipients[n++] = *r;
	}
	b->n = n > 0 ? n : b->n;
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
	ptrdiff_t code = text_is_code(inner.text) ? 0 : text_find_code(inner.text);

	if (code > 0)
		inner.text = text_from(inner.text, (size_t)code);

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

/* Answers that are more than a guess: a code stood there, or the words are known. */
static bool is_sure(const struct reply_meaning *m, double least)
{
	return !is_vague(m) && (m->code != 0 || m->confidence >= least);
}

/* How sure the reading of words without a code must be: a status report's, a reason's, a sentence's. */
static double least_of(const struct bounce_work *w, const struct bounce_recipient *r)
{
	return r->is_prose ? 0.75 : w->is_status && r->action.len > 0 ? 0.3 : 0.45;
}

/* No text says why: the status, a sentence anywhere, or that nothing is known. */
static void read_vague(struct bounce_work *w, struct bounce_recipient *r, struct span all)
{
	struct reply_meaning m;
	enum reply_cause cause = reason_find(all);

	if (reply_status_is_set(r->status)) {
		read_reply(SPAN_LIT(""), r->status, w->arena, &m);
		if (!is_vague(&m)) {
			r->meaning = m;
			return;
		}
	}
	if (r->meaning.code != 0)
		return;
	if (!w->of_all) {
		w->of_all = ARENA_NEW(w->arena, struct reply_meaning);
		read_text(all, w->arena, w->of_all);
	}
	if (cause != REPLY_NONE || is_sure(w->of_all, 0.75)) {
		r->meaning = *w->of_all;
	} else if (!is_vague(&r->meaning)) {
		reply_settle(&r->meaning, REPLY_REJECTED_UNSPECIFIED);
		r->meaning.confidence = 0.5;
		r->meaning.evidence = "no reason given";
	}
	if (r->reply.len == 0)
		r->reply = all;
}

/* Behind the first "#": "<mx.example.org #5.0.0 smtp; 550 …>". */
static size_t hash_end(struct span text)
{
	ptrdiff_t at = span_find(text, '#');

	return at < 0 ? text.len : (size_t)at + 1;
}

/* The first of the texts that says why; a code alone is an answer too. */
static void read_cause(struct bounce_work *w, struct bounce_recipient *r, struct span all)
{
	struct reply_meaning m;
	struct span coded = prose_coded(w, r->address);

	if (r->reply.len == 0)
		r->reply = coded;
	read_text(r->reply, w->arena, &r->meaning);
	if (!is_sure(&r->meaning, least_of(w, r)) && coded.len > 0) {
		read_text(coded, w->arena, &m);
		if (!is_vague(&m) || r->meaning.code == 0) {
			r->meaning = m;
			r->reply = coded;
			r->is_prose = false;
		}
	}
	if (!is_sure(&r->meaning, least_of(w, r)))
		read_vague(w, r, all);
	if (!reply_status_is_set(r->status))
		r->status = r->meaning.status;
	if (!reply_status_is_set(r->status))
		(void)bounce_status(text_from(r->reply, hash_end(r->reply)), &r->status);
	if (!reply_status_is_set(r->status) && w->bounce->n == 1)
		r->status = prose_status(w);
}

/* What follows from what happened: nothing is wrong where the mail arrived; a delay has its reason. */
static void settle_by_kind(struct bounce_recipient *r, enum bounce_kind kind)
{
	if (kind == BOUNCE_DELIVERED && r->meaning.code == 0)
		reply_settle(&r->meaning, REPLY_NONE);
	if (kind == BOUNCE_DELAYED && is_vague(&r->meaning))
		reply_settle(&r->meaning, REPLY_MESSAGE_EXPIRED);
}

static enum bounce_kind kind_of_recipient(const struct bounce_recipient *r)
{
	static const struct {
		const char *action;
		enum bounce_kind kind;
	} actions[] = {{"failed", BOUNCE_FAILED}, {"delayed", BOUNCE_DELAYED},
		{"delivered", BOUNCE_DELIVERED}, {"relayed", BOUNCE_DELIVERED},
		{"expanded", BOUNCE_DELIVERED}};

	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		if (span_equal_nocase(r->action, span_str(actions[i].action)))
			return actions[i].kind;
	return r->meaning.code / 100 == 2 || r->status.class == 2 ? BOUNCE_DELIVERED
								  : BOUNCE_FAILED;
}

/* Words of a warning, in the prose or the Subject: the server goes on trying. */
static bool is_warning(const struct bounce_work *w, struct span all)
{
	static const char *const words[] = {"warning message only", "this is a warning only",
		"do not need to resend", "no need to resend", "has not yet been delivered",
		"will keep trying", "delivery attempts will continue", "recipient has been delayed",
		"will be retried for", "still being retried", NULL};

	return text_has_any(all, words) || text_has_any(w->subject, words);
}

/* The worst that happened to one of them; who got the mail is left out where others did not. */
static enum bounce_kind kind_of(struct bounce_work *w, struct span all)
{
	struct bounce *b = w->bounce;
	bool has[BOUNCE_KINDS] = {0};

	if (w->has_kind)
		return w->kind;
	if (has_kind(w, LINE_FEEDBACK))
		return BOUNCE_FEEDBACK;
	for (size_t i = 0; i < b->n; i++)
		has[kind_of_recipient(&b->recipients[i])] = true;
	if (b->n > 0 && !has[BOUNCE_FAILED] && !has[BOUNCE_DELAYED])
		return BOUNCE_DELIVERED;
	if (has[BOUNCE_DELIVERED]) {
		size_t n = 0;

		for (size_t i = 0; i < b->n; i++)
			if (kind_of_recipient(&b->recipients[i]) != BOUNCE_DELIVERED)
				b->recipients[n++] = b->recipients[i];
		b->n = n;
	}
	if (!has[BOUNCE_FAILED] && has[BOUNCE_DELAYED])
		return BOUNCE_DELAYED;
	return !w->is_status && is_warning(w, all) ? BOUNCE_DELAYED : BOUNCE_FAILED;
}

/* No bounce: somebody's answer, which names its writer, or any other mail, which names nobody. */
static void read_other(struct bounce_work *w, bool is_reply)
{
	w->bounce->n = 0;
	if (is_reply && w->from.len > 0)
		(void)bounce_recipient(w, w->from);
	for (size_t i = 0; i < w->bounce->n; i++)
		read_text(SPAN_LIT(""), w->arena, &w->bounce->recipients[i].meaning);
	w->bounce->kind = is_reply ? BOUNCE_VACATION : BOUNCE_OTHER;
}

/* What the mail itself says, without what may be forwarded in it. */
static void read_mail(struct bounce_work *w)
{
	read_header(w);
	status_fields_read(w);
	if (w->is_status)
		keep_reported(w->bounce);
	else if (w->bounce->n == 0)
		(void)notice_read(w);
	bool is_reply = automatic_is_reply(w);

	if (is_reply ||
		(!has_kind(w, LINE_FEEDBACK) && w->bounce->n == 0 && !automatic_is_report(w))) {
		read_other(w, is_reply);
		return;
	}
	if (!w->has_kind)
		prose_read(w);
	if (w->bounce->n == 0)
		read_returned(w);
	struct span all = prose_all(w);

	for (size_t i = 0; i < w->bounce->n; i++)
		read_cause(w, &w->bounce->recipients[i], all);
	w->bounce->kind = kind_of(w, all);
	for (size_t i = 0; i < w->bounce->n; i++)
		settle_by_kind(&w->bounce->recipients[i], w->bounce->kind);
}

/* A bounce that somebody forwards to whom can read it: the mail in the mail is meant. */
static bool read_forwarded(const struct bounce_work *outer, struct bounce *ret)
{
	struct lines lines;
	struct bounce bounce = {0};
	struct bounce_work w = {.lines = &lines, .arena = outer->arena, .bounce = &bounce};

	if (outer->lines->mail.len == 0 || automatic_is_from_system(outer) ||
		automatic_has_code(outer))
		return false;
	lines_read(outer->lines->mail, outer->arena, &lines);
	if (!automatic_is_from_system(&w))
		return false;
	read_mail(&w);
	if (bounce.n == 0)
		return false;
	*ret = bounce;
	return true;
}

void bounce_read(struct span message, struct arena *arena, struct bounce *ret)
{
	struct lines lines;
	struct bounce bounce = {0};
	struct bounce_work w = {.lines = &lines, .arena = arena, .bounce = &bounce};

	lines_read(message, arena, &lines);
	if (!read_forwarded(&w, &bounce))
		read_mail(&w);
	*ret = bounce;
}

const char *bounce_kind_text(enum bounce_kind kind)
{
	static const char *const names[BOUNCE_KINDS] = {
		"failed", "delayed", "delivered", "feedback", "vacation", "other"};

	return names[kind];
}
