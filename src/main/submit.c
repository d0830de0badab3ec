#include "main/submit.h"
#include "deliver/connection.h"
#include "main/listener.h"
#include "reply/catalogue.h"
#include "reply/explain.h"
#include "task/task.h"
#include "wire/content.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define QUIT_MOST (5 * NANOS_S)

struct session {
	const struct submission *what;
	struct connection *c;
	struct arena arena;
	struct buf line;
	struct wire_content content; /* the state of dot-stuffing */
	struct trouble trouble;
};

static struct connection *connect_listener(
	const struct conf *conf, struct arena *arena, struct trouble *trouble)
{
	struct conf_address address;

	listener_of(conf, &address);
	struct conf_host host = {.text = address.text,
		.name = address.text,
		.addresses = &address,
		.n_addresses = 1};
	const struct conf_target target = {
		.text = address.text, .hosts = &host, .n_hosts = 1, .kind = CONF_TO_HOSTS};

	return connection_open(conf, &target, NULL, arena, trouble);
}

/* ---- what went wrong ---- */

static void read_trouble(struct session *s, struct reply_meaning *ret)
{
	const struct trouble *t = &s->trouble;
	const struct reply_context context = {.stage = t->stage, .now_wall_ms = clock_wall_ms()};

	if (t->event != REPLY_ID_NONE)
		catalogue_meaning(t->event, &t->words, t->stage, ret);
	else
		reply_read(&context, t->reply.code, t->reply.status, t->reply.text, &s->arena, ret);
}

/* What is wrong, in the server's words and in ours; about: a recipient, or empty. */
static int explain(struct session *s, struct span about)
{
	const struct trouble *t = &s->trouble;
	struct buf out = BUF_INIT(16384);
	struct reply_meaning m;

	read_trouble(s, &m);
	(void)buf_printf(&out, "sendmail: %.*s%s", SPAN_F(about), about.len > 0 ? ": " : "");
	if (t->event == REPLY_ID_NONE)
		(void)buf_printf(&out, "%u %.*s", t->reply.code, SPAN_F(t->reply.text));
	else
		(void)buf_add_str(&out, "abide could not be spoken to; the message was not taken");
	(void)buf_add_str(&out, "\nsendmail: ");
	(void)reply_explain(&m, &out);
	(void)buf_add_str(&out, "\n");
	(void)!write(2, out.at, out.len);
	buf_done(&out);
	if (t->event != REPLY_ID_NONE || t->reply.code / 100 != 5)
		return EX_TEMPFAIL;
	if (t->stage == REPLY_STAGE_RCPT)
		return EX_NOUSER;
	return t->reply.status.subject == 6 ? EX_DATAERR : EX_UNAVAILABLE;
}

/* ---- one command, one reply ---- */

static bool is_good(struct session *s, enum reply_stage stage, unsigned wanted, nanos most)
{
	if (!connection_reply(s->c, stage, clock_after(most), &s->trouble))
		return false;
	const struct reply *r = &s->c->reader.reply;

	if (s->what->is_verbose)
		printf("%u %.*s\n", r->code, SPAN_F(r->text));
	if (r->code / 100 == wanted / 100)
		return true;
	s->trouble = (struct trouble){.stage = stage, .reply = *r};
	return false;
}

static bool say(struct session *s, enum reply_stage stage, unsigned wanted)
{
	nanos most = s->what->conf->timeouts.command;

	if (s->what->is_verbose)
		printf(">>> %.*s\n", SPAN_F(buf_span(&s->line)));
	/* A failure to write shows when the reply is read, and so does what the server said first. */
	(void)connection_say(s->c, buf_span(&s->line), clock_after(most));
	buf_clear(&s->line);
	return is_good(s, stage, wanted, most);
}

static bool needs_utf8(const struct submission *what)
{
	for (size_t i = 0; i <= what->recipients->n; i++) {
		struct span a = i < what->recipients->n ? what->recipients->at[i] : what->sender;

		for (size_t k = 0; k < a.len; k++)
			if ((unsigned char)a.at[k] > 127)
				return true;
	}
	return false;
}

static bool say_mail(struct session *s)
{
	const struct submission *what = s->what;
	const struct wire_ehlo *e = &s->c->ehlo;

	(void)buf_printf(&s->line, "MAIL FROM:<%.*s>", SPAN_F(what->sender));
	if (e->has_size)
		(void)buf_printf(
			&s->line, " SIZE=%llu", (unsigned long long)letter_size(what->letter));
	if (e->eightbit && what->letter->has_8bit)
		(void)buf_add_str(&s->line, " BODY=8BITMIME");
	if (e->smtputf8 && needs_utf8(what))
		(void)buf_add_str(&s->line, " SMTPUTF8");
	if (e->dsn && what->ret)
		(void)buf_printf(&s->line, " RET=%s", what->ret);
	if (e->dsn && what->envid)
		(void)buf_printf(&s->line, " ENVID=%s", what->envid);
	return say(s, REPLY_STAGE_MAIL, 250);
}

static bool say_rcpt(struct session *s, struct span address)
{
	(void)buf_printf(&s->line, "RCPT TO:<%.*s>", SPAN_F(address));
	if (s->c->ehlo.dsn && s->what->notify)
		(void)buf_printf(&s->line, " NOTIFY=%s", s->what->notify);
	return say(s, REPLY_STAGE_RCPT, 250);
}

/* ---- the content ---- */

static bool send_span(struct session *s, struct span bytes)
{
	buf_clear(&s->line);
	if (wire_stuff_buf(&s->content, bytes, &s->line) < 0)
		return false;
	return stream_write(s->c->stream, buf_span(&s->line),
		       clock_after(s->what->conf->timeouts.data)) == 0;
}

/* 0, or what went wrong with our own bytes; the server's trouble shows in its reply. */
static int send_content(struct session *s)
{
	const struct letter *l = s->what->letter;
	char *at = malloc(16384);
	uint64_t offset = 0;
	ssize_t n = at ? 1 : -ENOMEM;

	wire_stuff_init(&s->content);
	bool is_sent = send_span(s, buf_span(&l->header)) && send_span(s, SPAN_LIT("\r\n"));

	while (n > 0 && is_sent) {
		n = letter_read(l, offset, at, 16384);
		if (n > 0)
			is_sent = send_span(s, span_of(at, (size_t)n));
		offset += n > 0 ? (uint64_t)n : 0;
	}
	free(at);
	if (n >= 0 && s->content.fault != WIRE_CONTENT_OK)
		return -EBADMSG;
	buf_clear(&s->line);
	if (n >= 0 && is_sent)
		(void)stream_write(s->c->stream, wire_stuff_end(&s->content),
			clock_after(s->what->conf->timeouts.data));
	return n < 0 ? (int)n : 0;
}

static int transact(struct session *s)
{
	const struct mailbox_list *to = s->what->recipients;
	int status = EX_OK;

	if (!say_mail(s))
		return explain(s, s->what->sender);
	for (size_t i = 0; i < to->n && !s->c->is_lost; i++)
		if (!say_rcpt(s, to->at[i])) {
			int rc = explain(s, to->at[i]);

			/* What will never work counts for more than what may work later. */
			status = status == EX_OK || status == EX_TEMPFAIL ? rc : status;
		}
	if (status != EX_OK) {
		(void)fputs("sendmail: nothing was sent\n", stderr);
		return status;
	}
	(void)buf_add_str(&s->line, "DATA");
	if (!say(s, REPLY_STAGE_DATA, 354))
		return explain(s, (struct span){0});
	int rc = send_content(s);

	if (rc < 0) {
		s->c->is_lost = true; /* the message must not be ended */
		(void)fprintf(
			stderr, "sendmail: reading the message back: %s\n", strerrordesc_np(-rc));
		return EX_OSERR;
	}
	if (!is_good(s, REPLY_STAGE_EOD, 250, s->what->conf->timeouts.final))
		return explain(s, (struct span){0});
	return EX_OK;
}

int submit_letter(const struct submission *what)
{
	struct session s = {.what = what, .line = BUF_INIT(1 << 20)};
	int status;

	s.c = connect_listener(what->conf, &s.arena, &s.trouble);
	status = s.c ? transact(&s) : explain(&s, (struct span){0});
	connection_close(s.c, clock_after(QUIT_MOST));
	buf_done(&s.line);
	arena_done(&s.arena);
	return status;
}
