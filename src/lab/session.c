#include "lab/session.h"
#include "lab/say.h"
#include "lab/seen.h"
#include "lab/verbs.h"
#include "base/alloc.h"
#include "task/stream.h"
#include "task/task.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

nanos lab_session_deadline(const struct lab_session *s)
{
	return clock_after(s->lab->max_time);
}

void lab_session_refused(
	struct lab_session *s, enum lab_stage stage, unsigned code, struct span what)
{
	lab_json_begin(&s->line, "refused");
	lab_json_number(&s->line, "session", s->number);
	lab_json_span(&s->line, "client", s->client);
	lab_json_span(&s->line, "stage", span_str(lab_stage_name(stage)));
	lab_json_number(&s->line, "code", code);
	if (s->t.open)
		lab_json_span(&s->line, "mail", s->t.mail);
	if (what.len > 0)
		lab_json_span(&s->line, stage == LAB_MAIL ? "mail" : "rcpt", what);
	if (stage >= LAB_DATA && s->t.n > 0)
		lab_json_spans(&s->line, "rcpts", s->t.recipients, s->t.n);
	lab_record_end(&s->lab->record, &s->line);
}

/* Keeps the connection and says nothing, until the peer closes it or the time is over. */
static void hang(struct lab_session *s, enum lab_stage stage)
{
	nanos deadline = lab_session_deadline(s);

	if (stage == LAB_BODY) {
		(void)task_sleep(deadline);
		return;
	}
	while (stream_fill(s->io, deadline) > 0)
		stream_consume(s->io, stream_input(s->io).len);
}

static void reset(struct lab_session *s)
{
	struct linger l = {.l_onoff = 1};

	(void)setsockopt(stream_fd(s->io), SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

const struct lab_step *lab_step_now(struct lab_session *s, enum lab_stage stage, unsigned code)
{
	const struct lab_step *step = &s->t.b.at[stage];

	if (step->act == LAB_NORMAL || code >= 400)
		return NULL;
	if (step->first_tries == 0)
		return step;
	struct arena *a = &s->t.memory;
	size_t which = stage == LAB_RCPT && s->t.n > 0 ? s->t.n - 1 : s->t.now;
	struct span last = s->t.n > 0 ? s->t.recipients[which] : (struct span){0};
	struct span key = arena_printf(a, "%.*s %.*s %.*s %s", SPAN_F(s->address),
		SPAN_F(s->t.mail), SPAN_F(last), lab_stage_name(stage));
	const struct lab_seen *seen = lab_seen_try(&s->lab->seen, key);

	return seen && seen->tries <= step->first_tries ? step : NULL;
}

static unsigned code_of(struct span raw)
{
	unsigned code = 0;

	(void)span_take_number(&raw, 3, 3, &code);
	return code;
}

static unsigned say(struct lab_session *s, enum lab_stage stage, unsigned code, struct span text)
{
	int rc = lab_say(s->io, &s->t.b, stage, code, text, lab_session_deadline(s));

	if (rc < 0 || s->t.b.at[stage].close_after || code == 421)
		s->over = true;
	return code;
}

static unsigned say_raw(struct lab_session *s, const struct lab_step *step)
{
	if (lab_say_bytes(s->io, &s->t.b, step->text, lab_session_deadline(s)) < 0 ||
		step->close_after)
		s->over = true;
	return code_of(step->text);
}

unsigned lab_answer_by(struct lab_session *s, enum lab_stage stage, const struct lab_step *step,
	unsigned code, struct span text)
{
	unsigned delay = s->t.b.at[stage].delay_ms;

	if (delay && task_sleep(clock_after(delay * NANOS_MS)) == -ECANCELED)
		s->over = true;
	switch (step ? step->act : LAB_NORMAL) {
	case LAB_REPLY:
		return say(s, stage, step->code, step->text);
	case LAB_RAW:
		return say_raw(s, step);
	case LAB_RESET:
		reset(s);
		break;
	case LAB_HANG:
		hang(s, stage);
		break;
	case LAB_CLOSE:
		break;
	default:
		return say(s, stage, code, text);
	}
	s->over = true;
	return 0;
}

unsigned lab_answer(struct lab_session *s, enum lab_stage stage, unsigned code, struct span text)
{
	return lab_answer_by(s, stage, lab_step_now(s, stage, code), code, text);
}

/*
 * The next line, without its end, copied into memory that lives until the next call. False at
 * the end of the session. Input that came with a line before its reply counts as early where
 * no pipelining was offered.
 */
static bool read_line(struct lab_session *s, struct buf *out)
{
	nanos wait = s->t.b.idle_ms ? s->t.b.idle_ms * NANOS_MS : s->lab->max_time;
	nanos deadline = clock_after(wait);

	for (;;) {
		struct span in = stream_input(s->io), line;

		if (span_take_until(&in, '\n', &line)) {
			buf_clear(out);
			(void)buf_add(out, line);
			stream_consume(s->io, line.len + 1);
			if (out->len > 0 && out->at[out->len - 1] == '\r')
				out->len--;
			else
				s->bare_lf++;
			return true;
		}
		ssize_t n = stream_fill(s->io, deadline);

		if (n == -ETIMEDOUT && s->t.b.idle_ms)
			(void)lab_say(s->io, &s->t.b, LAB_NOOP, 421, (struct span){0},
				lab_session_deadline(s));
		if (n <= 0)
			return false;
	}
}

static bool greet(struct lab_session *s)
{
	struct lab *lab = s->lab;
	unsigned code = 220;
	struct span text =
		arena_printf(&s->memory, "%s %s lab", lab->hostname, lab->lmtp ? "LMTP" : "ESMTP");

	if (lab->session.max_connections && lab->open > lab->session.max_connections) {
		code = 421;
		text = SPAN_LIT("4.7.0 Too many concurrent connections from your address");
	}
	code = lab_answer(s, LAB_CONNECT, code, text);
	s->refused = code / 100 == 5;
	if (code == 0 || code >= 400)
		lab_session_refused(s, LAB_CONNECT, code, (struct span){0});
	return !s->over;
}

static void count_early(struct lab_session *s)
{
	bool offered = s->extended && !(s->t.b.hidden & LAB_PIPELINING);

	if (!offered && stream_input(s->io).len > 0)
		s->early++;
	if (s->t.b.lies & LAB_PIPELINING && s->extended)
		stream_consume(s->io, stream_input(s->io).len);
}

static void serve(struct lab_session *s)
{
	struct buf line = BUF_INIT(STREAM_INPUT_MAX);

	if (greet(s))
		while (!s->over && read_line(s, &line)) {
			s->commands++;
			count_early(s);
			lab_verb(s, buf_span(&line));
			(void)lab_say_pace(&s->t.b, line.len, lab_session_deadline(s));
		}
	buf_done(&line);
}

static void note_connection(struct lab_session *s, const char *event)
{
	lab_json_begin(&s->line, event);
	lab_json_number(&s->line, "session", s->number);
	lab_json_span(&s->line, "client", s->client);
	lab_json_number(&s->line, "open", s->lab->open);
	if (s->commands > 0) {
		lab_json_span(&s->line, "helo", s->helo);
		lab_json_number(&s->line, "messages", s->messages);
		lab_json_number(&s->line, "commands", s->commands);
		lab_json_number(&s->line, "early", s->early);
		lab_json_number(&s->line, "bare_lf", s->bare_lf);
		lab_json_bool(&s->line, "quit", s->quit);
	}
	lab_record_end(&s->lab->record, &s->line);
}

static struct span without_port(struct span client)
{
	size_t n = client.len;

	while (n > 0 && client.at[n - 1] != ':')
		n--;
	return span_slice(client, 0, n > 0 ? n - 1 : client.len);
}

void lab_session_run(struct lab *lab, int fd, struct span client)
{
	struct lab_session *s = alloc_zero(sizeof *s);
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	s->lab = lab;
	s->task = task_self();
	s->line = BUF_INIT(LAB_RECORD_MAX);
	s->t.b = lab->session;
	s->t.content.keep = -1;
	s->number = ++lab->n_sessions;
	s->client = arena_copy(&s->memory, client);
	s->address = without_port(s->client);
	list_add_tail(&lab->sessions, &s->node);
	lab->open++;
	note_connection(s, "connect");
	if (stream_open_fd(fd, &s->io) == 0)
		serve(s);
	note_connection(s, "disconnect");
	lab->open--;
	list_remove(&s->node);
	lab_transaction_end(s);
	stream_close(s->io);
	arena_done(&s->t.memory);
	arena_done(&s->memory);
	buf_done(&s->line);
	free(s);
}

void lab_session_cancel_all(struct lab *lab)
{
	list_for_each (node, &lab->sessions)
		task_cancel(container_of(node, struct lab_session, node)->task);
}
