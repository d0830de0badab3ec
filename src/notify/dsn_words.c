#include "base/utf8.h"
#include "mail/header.h"
#include "notify/dsn_in.h"
#include "reply/explain.h"
#include "report/decode.h"

enum {
	SUBJECT_READ_MAX = 1000,
	SUBJECT_SHOWN_MAX = 120,
	REPLY_SHOWN_MAX = 800,
	TALE_MAX = 8192,
	NAMED_OF_MANY = 10
};

static bool is_good(enum dsn_action a)
{
	return a == DSN_DELIVERED || a == DSN_RELAYED || a == DSN_EXPANDED;
}

static size_t count(const struct dsn *d, enum dsn_action action)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_recipients; i++)
		n += d->recipients[i].action == action;
	return n;
}

enum dsn_action dsn_mood(const struct dsn *d)
{
	for (enum dsn_action a = DSN_FAILED; a < DSN_ACTIONS; a++)
		if (count(d, a) > 0)
			return a;
	return DSN_FAILED;
}

static bool all_were_told(const struct dsn *d)
{
	for (size_t i = 0; i < d->n_recipients; i++)
		if (!d->recipients[i].was_told)
			return false;
	return true;
}

enum reply_label dsn_subject(const struct dsn *d)
{
	static const enum reply_label labels[DSN_ACTIONS] = {
		[DSN_FAILED] = REPLY_LABEL_NOTICE_SUBJECT,
		[DSN_DELAYED] = REPLY_LABEL_NOTICE_SUBJECT_DELAYED,
		[DSN_DELIVERED] = REPLY_LABEL_NOTICE_SUBJECT_DELIVERED,
		[DSN_RELAYED] = REPLY_LABEL_NOTICE_SUBJECT_RELAYED,
		[DSN_EXPANDED] = REPLY_LABEL_NOTICE_SUBJECT_EXPANDED,
	};
	enum dsn_action mood = dsn_mood(d);

	if (d->messages > 1)
		return REPLY_LABEL_NOTICE_SUBJECT_MANY;
	if (is_good(mood) && d->recipients[0].was_told)
		return REPLY_LABEL_NOTICE_SUBJECT_NOW;
	if (mood == DSN_DELAYED && all_were_told(d))
		return REPLY_LABEL_NOTICE_SUBJECT_STILL;
	return labels[mood];
}

/* What is said above the recipients of one action. */
static enum reply_label intro(enum dsn_action a, bool was_told, bool needs_sender, size_t n)
{
	switch (a) {
	case DSN_FAILED:
		return n == 1 ? REPLY_LABEL_NOTICE_ONE : REPLY_LABEL_NOTICE_SEVERAL;
	case DSN_DELAYED:
		return needs_sender ? REPLY_LABEL_NOTICE_CHANGE
		       : was_told   ? REPLY_LABEL_NOTICE_STILL
				    : REPLY_LABEL_NOTICE_DELAYED;
	case DSN_DELIVERED:
		return was_told ? REPLY_LABEL_NOTICE_NOW_DELIVERED : REPLY_LABEL_NOTICE_DELIVERED;
	case DSN_RELAYED:
		return was_told ? REPLY_LABEL_NOTICE_NOW_RELAYED : REPLY_LABEL_NOTICE_RELAYED;
	default:
		return REPLY_LABEL_NOTICE_EXPANDED;
	}
}

static void tell(
	struct page *p, const struct dsn_recipient *r, enum reply_tale what, enum reply_label title)
{
	struct buf text = BUF_INIT(TALE_MAX);

	(void)reply_tell(r->meaning, &(struct reply_voice){.lang = p->lang}, what, &text);
	page_item(p, title, (struct span){0}, buf_span(&text));
	buf_done(&text);
}

/* Seconds: "in 2 hours", not "in 1 hour 59 minutes". */
static int64_t wait_until(int64_t now, int64_t then)
{
	int64_t wait = (then - now + 999) / 1000;

	return wait > 3600 ? (wait + 150) / 300 * 300 : wait > 90 ? (wait + 30) / 60 * 60 : wait;
}

/* When it is tried again, and for how long. */
static void tell_times(struct page *p, const struct dsn_recipient *r)
{
	int64_t now = p->w->dsn->now_ms;
	char room[REPLY_MOMENT_MAX];

	if (r->next_try_ms > 0 && r->next_try_ms <= now)
		page_note(p, REPLY_LABEL_NOTICE_SOON, &(struct page_words){0});
	if (r->next_try_ms > now) {
		page_note(p, REPLY_LABEL_NOTICE_NEXT,
			&(struct page_words){.wait = wait_until(now, r->next_try_ms),
				.time = reply_moment_words(now, r->next_try_ms, room)});
	}
	if (r->retry_until_ms > now)
		page_note(p, REPLY_LABEL_NOTICE_UNTIL,
			&(struct page_words){
				.time = reply_moment_words(now, r->retry_until_ms, room)});
}

/* "Your mail is tried again" is no truth of mail that is not: the other side said for good what passes. */
static bool is_worth_again(const struct dsn_recipient *r)
{
	const struct reply_meaning *m = r->meaning;

	return r->action == DSN_FAILED && m->entry == REPLY_ID_NONE &&
	       m->cause != REPLY_MAILBOX_FULL &&
	       reply_cause_info(m->cause)->nature == REPLY_TRANSIENT;
}

static void tell_writer(struct page *p, const struct dsn_recipient *r)
{
	if (is_worth_again(r))
		page_item(p, REPLY_LABEL_NOTICE_WRITER, (struct span){0},
			span_str(reply_label_words(p->lang, REPLY_LABEL_NOTICE_AGAIN)));
	else
		tell(p, r, REPLY_TELL_WRITER, REPLY_LABEL_NOTICE_WRITER);
}

static void tell_trouble(struct page *p, const struct dsn_recipient *r)
{
	if (r->meaning) {
		tell(p, r, REPLY_TELL_HAPPENED, REPLY_LABELS);
		tell(p, r, REPLY_TELL_SIDE, REPLY_LABELS);
	}
	if (r->action == DSN_DELAYED && p->w->dsn->messages <= 1)
		tell_times(p, r);
	if (r->meaning) {
		tell_writer(p, r);
		tell(p, r, REPLY_TELL_ADVICE, REPLY_LABEL_NOTICE_ADMIN);
	}
}

/* n of them with the same story; most of them are named. */
static void put_story(struct page *p, const struct dsn_recipient *r, size_t n, size_t most)
{
	page_people(p, r, n < most ? n : most);
	if (n > most)
		page_note(p, REPLY_LABEL_NOTICE_OTHERS, &(struct page_words){.number = n - most});
	if (!is_good(r->action))
		tell_trouble(p, r);
	if (r->reply.len > 0 && r->action != DSN_EXPANDED)
		page_quote(p,
			r->host.len > 0 && !r->is_own ? REPLY_LABEL_NOTICE_WORDS
						      : REPLY_LABEL_NOTICE_DETAIL,
			r->host, span_slice(r->reply, 0, REPLY_SHOWN_MAX));
	page_people_end(p);
}

static enum reply_cause cause_of(const struct dsn_recipient *r)
{
	return r->meaning ? r->meaning->cause : REPLY_NONE;
}

/* The same happened to both, at the same time: it is told once. Of many messages the cause alone counts. */
static bool is_alike(
	const struct dsn *d, const struct dsn_recipient *a, const struct dsn_recipient *b)
{
	if (d->messages > 1)
		return (span_equal(a->host, b->host) || (a->is_own && b->is_own)) &&
		       cause_of(a) == cause_of(b) && a->was_told == b->was_told &&
		       a->needs_sender == b->needs_sender;
	return a->action == b->action && a->was_told == b->was_told &&
	       a->needs_sender == b->needs_sender && a->next_try_ms == b->next_try_ms &&
	       span_equal(a->host, b->host) && span_equal(a->reply, b->reply);
}

/* What stands under one intro: one action, told or not. Returns how many recipients are left out. */
static size_t put_group(struct page *p, enum dsn_action action, bool was_told, bool needs_sender)
{
	const struct dsn *d = p->w->dsn;
	size_t all = count(d, action), shown = 0, found = 0, left_out = 0;

	for (size_t i = 0, n; i < d->n_recipients; i += n) {
		const struct dsn_recipient *r = &d->recipients[i];

		n = 1;
		if (r->action != action || r->was_told != was_told ||
			r->needs_sender != needs_sender)
			continue;
		if (found++ == 0)
			page_say(p,
				d->messages > 1 ? REPLY_LABEL_NOTICE_MANY
						: intro(action, was_told, needs_sender, all),
				&(struct page_words){.number = d->messages});
		while (i + n < d->n_recipients && is_alike(d, r, r + n))
			n++;
		if (shown < DSN_STORIES_MAX)
			put_story(p, r, n, d->messages > 1 ? NAMED_OF_MANY : DSN_STORIES_MAX);
		else
			left_out += n;
		shown++;
	}
	return left_out;
}

/* Its first characters, as many as fit. */
static struct span cut(struct span s, size_t most)
{
	size_t n = 0, len;

	for (; n < s.len; n += len) {
		len = utf8_len(span_slice(s, n, s.len));
		len = len ? len : 1;
		if (n + len > most)
			break;
	}
	return span_slice(s, 0, n);
}

/* His subject as he wrote it, and when it came here: who sends much knows by these which one it is. */
static void put_about(struct page *p)
{
	const struct dsn *d = p->w->dsn;
	struct arena arena = {0};
	struct page_words words = {0};
	char room[REPLY_MOMENT_MAX];
	struct mail_header h;
	struct mail_field f;

	mail_header_init(&h, span_slice(d->header, 0, DSN_HEADER_MAX));
	while (words.text.len == 0 && mail_header_next(&h, &f))
		if (mail_field_is(&f, "Subject"))
			words.text = span_trim(
				decode_words(span_slice(f.value, 0, SUBJECT_READ_MAX), &arena));
	words.text = cut(words.text, SUBJECT_SHOWN_MAX);
	if (d->arrived_ms > 0)
		words.time = reply_moment_words(d->now_ms, d->arrived_ms, room);
	if (words.text.len > 0)
		page_say(p, REPLY_LABEL_NOTICE_ABOUT, &words);
	else if (words.time.len > 0)
		page_say(p, REPLY_LABEL_NOTICE_ABOUT_TIME, &words);
	arena_done(&arena);
}

/* Of many messages: when something happens next. */
static void put_many_times(struct page *p)
{
	const struct dsn *d = p->w->dsn;
	int64_t next = INT64_MAX, until = INT64_MAX;
	char room[REPLY_MOMENT_MAX];

	for (size_t i = 0; i < d->n_recipients; i++) {
		const struct dsn_recipient *r = &d->recipients[i];

		if (r->next_try_ms > d->now_ms && r->next_try_ms < next)
			next = r->next_try_ms;
		if (r->retry_until_ms > d->now_ms && r->retry_until_ms < until)
			until = r->retry_until_ms;
	}
	if (next < INT64_MAX)
		page_say(p, REPLY_LABEL_NOTICE_MANY_NEXT,
			&(struct page_words){.wait = wait_until(d->now_ms, next),
				.time = reply_moment_words(d->now_ms, next, room)});
	if (until < INT64_MAX)
		page_say(p, REPLY_LABEL_NOTICE_MANY_UNTIL,
			&(struct page_words){.time = reply_moment_words(d->now_ms, until, room)});
}

void put_stories(struct page *p)
{
	const struct dsn *d = p->w->dsn;
	size_t more = 0;

	page_begin(p, dsn_mood(d), dsn_subject(d));
	page_say(p, REPLY_LABEL_NOTICE_SERVER, &(struct page_words){.host = d->hostname});
	put_about(p);
	for (enum dsn_action a = DSN_FAILED; a < DSN_ACTIONS; a++)
		for (unsigned kind = 0; kind < 4; kind++)
			more += put_group(p, a, kind & 1, kind & 2);
	if (d->messages > 1)
		put_many_times(p);
	if (more > 0)
		page_say(p, d->is_news ? REPLY_LABEL_NOTICE_OTHERS : REPLY_LABEL_NOTICE_MORE,
			&(struct page_words){.number = more});
	if (d->header.len > 0 && !d->is_news)
		page_say(p,
			d->returned == DSN_RETURNS_ALL ? REPLY_LABEL_NOTICE_RETURNED_ALL
						       : REPLY_LABEL_NOTICE_RETURNED_HEADER,
			&(struct page_words){0});
	page_end(p);
}
