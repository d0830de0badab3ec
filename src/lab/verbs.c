#include "lab/verbs.h"
#include "lab/say.h"
#include "lab/seen.h"
#include "task/stream.h"
#include "task/task.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NO_TEXT ((struct span){0})

void lab_transaction_end(struct lab_session *s)
{
	struct lab_transaction *t = &s->t;

	if (t->in_content)
		lab_content_done(&t->content);
	arena_done(&t->memory);
	t->open = t->in_content = t->bdat = false;
	t->recipients = t->recipient_params = NULL;
	t->ends = NULL;
	t->n = t->room = t->asked = t->now = 0;
	t->mail = t->params = NO_TEXT;
	t->kept = NULL;
	t->b = s->lab->session;
}

static const struct {
	unsigned bit;
	const char *line;
} offers[] = {
	{LAB_PIPELINING, "PIPELINING"},
	{LAB_8BITMIME, "8BITMIME"},
	{LAB_SMTPUTF8, "SMTPUTF8"},
	{LAB_CHUNKING, "CHUNKING"},
	{LAB_DSN, "DSN"},
	{LAB_STATUSCODES, "ENHANCEDSTATUSCODES"},
};

/* Lines with '\n' between them: lab_say makes a multi-line reply of them. */
static struct span offered(struct lab_session *s)
{
	struct buf b = BUF_INIT(1024);

	(void)buf_printf(&b, "%s", s->lab->hostname);
	for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++)
		if (!(s->t.b.hidden & offers[i].bit))
			(void)buf_printf(&b, "\n%s", offers[i].line);
	if (!(s->t.b.hidden & LAB_SIZE))
		(void)buf_printf(&b, "\nSIZE %llu", (unsigned long long)s->t.b.size);
	struct span text = arena_copy(&s->memory, buf_span(&b));

	buf_done(&b);
	return text;
}

static void verb_helo(struct lab_session *s, struct span rest, bool extended)
{
	lab_transaction_end(s);
	s->helo = arena_copy(&s->memory, span_trim(rest));
	unsigned code = extended && s->t.b.ehlo_code ? s->t.b.ehlo_code : 250;
	struct span text = code != 250 ? NO_TEXT
			   : extended  ? offered(s)
				       : span_str(s->lab->hostname);

	code = lab_answer(s, LAB_HELO, code, text);
	s->extended = extended && code / 100 == 2;
	if (code == 0 || code >= 400)
		lab_session_refused(s, LAB_HELO, code, NO_TEXT);
}

/* "<path> params" or a bare path up to the first space; the path keeps what stands in it. */
static bool take_path(struct span rest, struct span *ret_path, struct span *ret_params)
{
	bool quoted = false;
	size_t n = 1;

	rest = span_trim(rest);
	if (rest.len == 0)
		return false;
	if (rest.at[0] != '<') {
		if (!span_take_until(&rest, ' ', ret_path)) {
			*ret_path = rest;
			rest = NO_TEXT;
		}
		*ret_params = span_trim(rest);
		return true;
	}
	for (; n < rest.len && (quoted || rest.at[n] != '>'); n++) {
		if (rest.at[n] == '"')
			quoted = !quoted;
		else if (rest.at[n] == '\\' && quoted)
			n++;
	}
	if (n >= rest.len)
		return false;
	*ret_path = span_slice(rest, 1, n - 1);
	*ret_params = span_trim(span_slice(rest, n + 1, rest.len));
	return true;
}

/* What a rule or the local part says about an address, laid over the transaction's behaviour. */
static void lay_address(struct lab_session *s, enum lab_rule_of of, struct span address)
{
	const struct lab_behaviour *rule = lab_rules_find(&s->lab->rules, of, address);
	struct lab_behaviour named = {0};
	struct span bad;
	size_t n = 0;

	if (rule) {
		lab_behaviour_lay(&s->t.b, rule);
		return;
	}
	while (n < address.len && !strchr("@.+", address.at[n] ? address.at[n] : ' '))
		n++;
	if (!s->lab->plain && n > 0 &&
		lab_behaviour_read(span_slice(address, 0, n), NULL, &named, &bad) == 0)
		lab_behaviour_lay(&s->t.b, &named);
}

static bool lies_about(const struct lab_session *s, struct span params)
{
	static const struct {
		const char *param;
		unsigned bit;
	} known[] = {{"SIZE=", LAB_SIZE}, {"BODY=", LAB_8BITMIME}, {"SMTPUTF8", LAB_SMTPUTF8},
		{"RET=", LAB_DSN}, {"ENVID=", LAB_DSN}, {"NOTIFY=", LAB_DSN}, {"ORCPT=", LAB_DSN}};
	struct span word;

	while (params.len > 0) {
		if (!span_take_until(&params, ' ', &word)) {
			word = params;
			params = NO_TEXT;
		}
		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			if (span_starts_nocase(word, span_str(known[i].param)) &&
				(s->t.b.lies & known[i].bit || s->t.b.hidden & known[i].bit))
				return true;
	}
	return false;
}

static bool too_big(const struct lab_session *s, struct span params)
{
	uint64_t size;
	ptrdiff_t at = -1;

	for (size_t i = 0; i + 5 <= params.len; i++)
		if (span_starts_nocase(span_slice(params, i, 5), SPAN_LIT("SIZE=")))
			at = (ptrdiff_t)i + 5;
	if (at < 0 || s->t.b.size == 0)
		return false;
	params = span_slice(params, (size_t)at, params.len);
	return span_take_u64(&params, &size) && size > s->t.b.size;
}

static void verb_mail(struct lab_session *s, struct span rest)
{
	struct span path, params;
	unsigned code = 250;
	struct span text = NO_TEXT;

	if (s->t.open || s->helo.len == 0) {
		(void)lab_answer(s, LAB_MAIL, 503, NO_TEXT);
		return;
	}
	if (!take_path(rest, &path, &params)) {
		(void)lab_answer(s, LAB_MAIL, 501, NO_TEXT);
		return;
	}
	s->t.mail = arena_copy(&s->t.memory, path);
	s->t.params = arena_copy(&s->t.memory, params);
	lay_address(s, LAB_RULE_SENDER, s->t.mail);
	if (s->t.b.max_messages && s->messages >= s->t.b.max_messages) {
		code = 421;
		text = SPAN_LIT("4.7.0 Too many messages on this connection");
	} else if (lies_about(s, params)) {
		code = 555;
	} else if (too_big(s, params)) {
		code = 552;
	}
	code = lab_answer(s, LAB_MAIL, code, text);
	s->t.open = code / 100 == 2;
	if (!s->t.open) {
		lab_session_refused(s, LAB_MAIL, code, s->t.mail);
		lab_transaction_end(s);
	}
}

static struct span greylisted(struct lab_session *s, struct span rcpt, unsigned left)
{
	static const char postgrey[] = "4.2.0 <%.*s>: Recipient address rejected: Greylisted, see "
				       "http://postgrey.example/; come back in %02u:%02u:%02u";
	struct arena *a = &s->t.memory;
	unsigned h = left / 3600, m = left / 60 % 60, sec = left % 60;

	switch (s->t.b.greylist_style) {
	case LAB_HMS:
		return arena_printf(a,
			"4.7.1 Greylisting in action, please come back in %02u:%02u:%02u", h, m,
			sec);
	case LAB_SECONDS:
		return arena_printf(a,
			"4.2.0 <%.*s>: Recipient address rejected: Greylisted for %u seconds",
			SPAN_F(rcpt), left);
	case LAB_MINUTES:
		return arena_printf(
			a, "4.7.1 Greylisted, please try again in %u minutes", (left + 59) / 60);
	case LAB_UNSTATED:
		return SPAN_LIT("4.7.1 Greylisting in action, please try again later");
	default:
		return arena_printf(a, postgrey, SPAN_F(rcpt), h, m, sec);
	}
}

/* 0, or the seconds that this triple has still to wait. */
static unsigned greylist_left(struct lab_session *s, struct span rcpt)
{
	if (s->t.b.greylist_style == LAB_STYLE_NONE)
		return 0;
	struct span key = arena_printf(&s->t.memory, "%.*s %.*s %.*s grey", SPAN_F(s->address),
		SPAN_F(s->t.mail), SPAN_F(rcpt));
	const struct lab_seen *seen = lab_seen_try(&s->lab->seen, key);
	nanos due = seen ? seen->first + (nanos)s->t.b.greylist_s * NANOS_S : 0;
	nanos now = clock_now();

	return due > now ? (unsigned)((due - now + NANOS_S - 1) / NANOS_S) : 0;
}

static void keep_recipient(struct lab_session *s, struct span rcpt, struct span params)
{
	struct lab_transaction *t = &s->t;

	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 8;
		struct span *names = arena_array(&t->memory, room, sizeof *names);
		struct span *p = arena_array(&t->memory, room, sizeof *p);
		struct lab_step *ends = arena_array(&t->memory, room, sizeof *ends);

		if (t->n > 0) {
			memcpy(ends, t->ends, t->n * sizeof *ends);
			memcpy(names, t->recipients, t->n * sizeof *names);
			memcpy(p, t->recipient_params, t->n * sizeof *p);
		}
		t->recipients = names;
		t->recipient_params = p;
		t->ends = ends;
		t->room = room;
	}
	t->recipients[t->n] = rcpt;
	t->ends[t->n] = t->b.at[LAB_EOD];
	t->recipient_params[t->n++] = arena_copy(&t->memory, params);
}

/* What the lab thinks of a recipient before its behaviour at this stage has its say. */
static unsigned judge_recipient(
	struct lab_session *s, struct span rcpt, struct span params, struct span *ret_text)
{
	static const unsigned mixed[] = {250, 451, 550};
	struct lab_transaction *t = &s->t;
	size_t most = t->b.max_recipients ? t->b.max_recipients : LAB_RECIPIENTS_MAX;
	unsigned left = greylist_left(s, rcpt);

	if (lies_about(s, params))
		return 555;
	if (t->n >= most) {
		*ret_text = SPAN_LIT("4.5.3 Too many recipients");
		return 452;
	}
	if (left > 0) {
		*ret_text = greylisted(s, rcpt, left);
		return t->b.greylist_style == LAB_POSTGREY || t->b.greylist_style == LAB_SECONDS
			       ? 450
			       : 451;
	}
	return t->b.mixed ? mixed[t->asked % 3] : 250;
}

static void verb_rcpt(struct lab_session *s, struct span rest)
{
	struct lab_transaction *t = &s->t;
	struct span path, params, text = NO_TEXT;

	if (!t->open) {
		(void)lab_answer(s, LAB_RCPT, 503, NO_TEXT);
		return;
	}
	if (!take_path(rest, &path, &params) || path.len == 0) {
		(void)lab_answer(s, LAB_RCPT, 501, NO_TEXT);
		return;
	}
	struct span rcpt = arena_copy(&t->memory, path);
	struct lab_behaviour before = t->b;

	lay_address(s, LAB_RULE_RECIPIENT, rcpt);
	unsigned code = judge_recipient(s, rcpt, params, &text);

	t->asked++;
	keep_recipient(s, rcpt, params);
	code = lab_answer(s, LAB_RCPT, code, text);
	/* What a recipient's name says of RCPT holds for it alone. */
	t->b.at[LAB_RCPT] = before.at[LAB_RCPT];
	t->b.greylist_style = before.greylist_style;
	t->b.mixed = before.mixed;
	if (s->lab->lmtp)
		t->b.at[LAB_EOD] = before.at[LAB_EOD];
	if (code / 100 != 2) {
		t->b = before;
		t->n--;
		lab_session_refused(s, LAB_RCPT, code, rcpt);
	}
}

static void verb_rset(struct lab_session *s)
{
	if (lab_answer(s, LAB_RSET, 250, NO_TEXT) / 100 == 2)
		lab_transaction_end(s);
}

static void verb_quit(struct lab_session *s)
{
	s->quit = true;
	(void)lab_answer(s, LAB_QUIT, 221, NO_TEXT);
	s->over = true;
}

static bool take_verb(struct span *line, struct span verb)
{
	struct span rest = *line;

	if (!span_take_nocase(&rest, verb) ||
		(rest.len > 0 && verb.at[verb.len - 1] != ':' && rest.at[0] != ' '))
		return false;
	*line = rest;
	return true;
}

void lab_verb(struct lab_session *s, struct span line)
{
	if (take_verb(&line, SPAN_LIT("QUIT")))
		verb_quit(s);
	else if (s->refused)
		(void)lab_answer(s, LAB_NOOP, 503, NO_TEXT);
	else if (take_verb(&line, s->lab->lmtp ? SPAN_LIT("LHLO") : SPAN_LIT("EHLO")))
		verb_helo(s, line, true);
	else if (!s->lab->lmtp && take_verb(&line, SPAN_LIT("HELO")))
		verb_helo(s, line, false);
	else if (take_verb(&line, SPAN_LIT("MAIL FROM:")))
		verb_mail(s, line);
	else if (take_verb(&line, SPAN_LIT("RCPT TO:")))
		verb_rcpt(s, line);
	else if (take_verb(&line, SPAN_LIT("DATA")))
		lab_verb_data(s);
	else if (take_verb(&line, SPAN_LIT("BDAT")))
		lab_verb_bdat(s, line);
	else if (take_verb(&line, SPAN_LIT("RSET")))
		verb_rset(s);
	else if (take_verb(&line, SPAN_LIT("NOOP")))
		(void)lab_answer(s, LAB_NOOP, 250, NO_TEXT);
	else if (take_verb(&line, SPAN_LIT("VRFY")))
		(void)lab_answer(s, LAB_NOOP, 252, NO_TEXT);
	else
		(void)lab_answer(s, LAB_NOOP, 500, NO_TEXT);
}
