#include "lab/verbs.h"
#include "lab/say.h"
#include "task/stream.h"
#include "task/task.h"
#include <errno.h>
#include <unistd.h>

#define NO_TEXT ((struct span){0})

static bool begin_content(struct lab_session *s)
{
	struct lab_transaction *t = &s->t;

	if (t->in_content)
		return true;
	if (s->lab->keep)
		t->kept = arena_str(
			&t->memory, arena_printf(&t->memory, "%s/%llu-%u.eml", s->lab->keep,
					    (unsigned long long)s->number, s->messages + 1));
	t->in_content = lab_content_init(&t->content, t->kept) == 0;
	return t->in_content;
}

/* True once what the behaviour does in the middle of the content has ended the session. */
static bool ends_here(struct lab_session *s)
{
	struct lab_content *c = &s->t.content;
	const struct lab_step *step = &s->t.b.at[LAB_BODY];

	if (step->act == LAB_NORMAL || c->size < step->after)
		return false;
	unsigned code = lab_answer_by(s, LAB_BODY, step, 250, NO_TEXT);

	lab_session_refused(s, LAB_BODY, code, NO_TEXT);
	s->over = true;
	return true;
}

static void note_partial(struct lab_session *s)
{
	lab_json_begin(&s->line, "partial");
	lab_json_number(&s->line, "session", s->number);
	lab_json_span(&s->line, "client", s->client);
	lab_json_span(&s->line, "mail", s->t.mail);
	lab_json_spans(&s->line, "rcpts", s->t.recipients, s->t.n);
	lab_json_number(&s->line, "size", s->t.content.size);
	lab_record_end(&s->lab->record, &s->line);
	s->over = true;
}

/* Makes sure that there is input. False: the session is over, and that was noted. */
static bool more_input(struct lab_session *s)
{
	if (ends_here(s))
		return false;
	if (stream_input(s->io).len > 0 || stream_fill(s->io, lab_session_deadline(s)) > 0)
		return true;
	note_partial(s);
	return false;
}

static void use(struct lab_session *s, size_t n)
{
	stream_consume(s->io, n);
	(void)lab_say_pace(&s->t.b, n, lab_session_deadline(s));
}

/* Of recipients from .. from + n - 1. */
static void note_message(
	struct lab_session *s, const struct lab_step *step, unsigned code, size_t from, size_t n)
{
	struct lab_transaction *t = &s->t;
	struct lab_content *c = &t->content;

	lab_json_begin(&s->line, "message");
	lab_json_number(&s->line, "session", s->number);
	lab_json_span(&s->line, "client", s->client);
	lab_json_span(&s->line, "helo", s->helo);
	lab_json_bool(&s->line, "esmtp", s->extended);
	lab_json_span(&s->line, "mail", t->mail);
	lab_json_span(&s->line, "params", t->params);
	lab_json_spans(&s->line, "rcpts", t->recipients + from, n);
	lab_json_spans(&s->line, "rcpt_params", t->recipient_params + from, n);
	lab_json_bool(&s->line, "bdat", t->bdat);
	lab_json_number(&s->line, "size", c->size);
	lab_json_span(&s->line, "sha256", span_str(c->all_hex));
	lab_json_span(&s->line, "body_sha256", span_str(c->body_hex));
	lab_json_number(&s->line, "lines", c->lines);
	lab_json_number(&s->line, "max_line", c->max_line);
	lab_json_number(&s->line, "bare_cr", c->bare_cr);
	lab_json_number(&s->line, "bare_lf", c->bare_lf);
	lab_json_number(&s->line, "nul", c->nul);
	lab_json_number(&s->line, "eightbit", c->eightbit);
	lab_json_number(&s->line, "early", s->early);
	lab_json_bool(
		&s->line, "answered", !step || step->act == LAB_REPLY || step->act == LAB_RAW);
	lab_json_number(&s->line, "code", code);
	if (t->kept)
		lab_json_span(&s->line, "kept", span_str(t->kept));
	lab_record_end(&s->lab->record, &s->line);
}

/* Records what is taken before it is answered, as a server must. True: it was taken. */
static bool end_for(struct lab_session *s, size_t from, size_t n)
{
	struct lab_transaction *t = &s->t;
	bool big = t->b.size && !(t->b.lies & LAB_SIZE) && t->content.size > t->b.size;
	unsigned code = n == 0 ? 554 : big ? 552 : 250;
	const struct lab_step *step = lab_step_now(s, LAB_EOD, code);
	bool says_yes = step && step->act == LAB_REPLY && step->code / 100 == 2;
	bool taken = code == 250 && (!step || step->take || step->act == LAB_RAW || says_yes);

	if (taken) {
		s->messages++;
		s->lab->n_messages++;
		note_message(s, step, step ? step->code : code, from, n);
	}
	code = lab_answer_by(s, LAB_EOD, step, code, NO_TEXT);
	if (!taken)
		lab_session_refused(s, LAB_EOD, code, s->lab->lmtp ? t->recipients[from] : NO_TEXT);
	return taken;
}

static void end_content(struct lab_session *s)
{
	struct lab_transaction *t = &s->t;
	bool taken = false;

	lab_content_digests(&t->content);
	if (!s->lab->lmtp)
		taken = end_for(s, 0, t->n);
	for (t->now = 0; s->lab->lmtp && t->now < t->n && !s->over; t->now++) {
		t->b.at[LAB_EOD] = t->ends[t->now];
		taken |= end_for(s, t->now, 1);
	}
	if (!taken && t->kept)
		(void)unlink(t->kept);
	lab_transaction_end(s);
}

void lab_verb_data(struct lab_session *s)
{
	struct lab_transaction *t = &s->t;
	unsigned code = !t->open || t->bdat ? 503 : t->n == 0 && !t->b.data_anyway ? 554 : 354;

	if (stream_input(s->io).len > 0 && code == 354)
		s->early++;
	code = lab_answer(s, LAB_DATA, code, NO_TEXT);
	if (code != 354) {
		lab_session_refused(s, LAB_DATA, code, NO_TEXT);
		return;
	}
	if (!begin_content(s)) {
		s->over = true;
		return;
	}
	while (!s->over && !t->content.ended && more_input(s))
		use(s, lab_content_data(&t->content, stream_input(s->io)));
	if (t->content.ended)
		end_content(s);
}

/* Reads a chunk; what can't be kept is read all the same. */
static bool read_chunk(struct lab_session *s, uint64_t left, bool keep)
{
	while (left > 0) {
		struct span in = stream_input(s->io);

		if (in.len == 0 &&
			!(keep ? more_input(s) : stream_fill(s->io, lab_session_deadline(s)) > 0))
			return false;
		in = stream_input(s->io);
		in = span_slice(in, 0, left < in.len ? (size_t)left : in.len);
		if (keep)
			lab_content_chunk(&s->t.content, in);
		left -= in.len;
		use(s, in.len);
	}
	return !keep || !ends_here(s);
}

/* "BDAT" SP chunk-size [SP "LAST"] (RFC 3030 2) */
void lab_verb_bdat(struct lab_session *s, struct span rest)
{
	struct lab_transaction *t = &s->t;
	uint64_t size = 0;

	rest = span_trim(rest);
	bool offered = !((t->b.hidden | t->b.lies) & LAB_CHUNKING);
	bool good = span_take_u64(&rest, &size);
	bool last = span_equal_nocase(span_trim(rest), SPAN_LIT("LAST"));

	if (!good || (!last && rest.len > 0)) {
		(void)lab_answer(s, LAB_DATA, 501, NO_TEXT);
		s->over = true;
		return;
	}
	bool keep = offered && t->open && t->n > 0 && begin_content(s);

	if (!read_chunk(s, size, keep)) {
		s->over = true;
		return;
	}
	t->bdat = keep;
	if (keep && last) {
		end_content(s);
		return;
	}
	unsigned code = lab_answer(s, LAB_DATA, keep ? 250 : offered ? 503 : 502, NO_TEXT);

	if (code / 100 == 2)
		return;
	lab_session_refused(s, LAB_DATA, code, NO_TEXT);
	lab_transaction_end(s);
}
