/*
 * A session: connect, EHLO, STARTTLS, the handshake (TLS 1.3 as both sides like it; full, or with the
 * ticket of the fiber's last session), EHLO, a message, QUIT. The first one that goes wrong ends all.
 */
#include "lab/load.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "lab/place.h"
#include "task/stream.h"
#include "task/task.h"
#include "task/tls.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define PATIENCE (30 * NANOS_S) /* for a session */

struct load {
	const struct lab_load *options;
	struct sockaddr_storage to;
	socklen_t to_len;
	struct tls_client *tls;
	struct buf message; /* with its dot */
	nanos begun, until, ended;
	unsigned long sessions, resumed;
	const char *wrong;
	char why[TLS_WHY_MAX];
};

struct caller { /* one fiber */
	struct load *load;
	struct task *task;
	char name[24]; /* of its TLS session */
	struct stream *stream;
	nanos deadline;
};

static bool say(struct caller *c, struct span text)
{
	return stream_write(c->stream, text, c->deadline) == 0 &&
	       stream_flush(c->stream, c->deadline) == 0;
}

/* A whole reply, and whether it begins with that digit. */
static bool hear(struct caller *c, char digit)
{
	for (;;) {
		struct span in = stream_input(c->stream), line;
		bool has_line = span_take_until(&in, '\n', &line);

		if (has_line && line.len < 4)
			return false;
		if (has_line) {
			bool is_last = line.at[3] != '-', is_it = line.at[0] == digit;

			stream_consume(c->stream, line.len + 1);
			if (is_last)
				return is_it;
		} else if (stream_fill(c->stream, c->deadline) <= 0) {
			return false;
		}
	}
}

static bool ask(struct caller *c, const char *command, char digit)
{
	return say(c, span_str(command)) && hear(c, digit);
}

static const char *shake_hands(struct caller *c)
{
	struct load *l = c->load;
	const struct tls_wish wish = {.host = "",
		.proof = TLS_PROOF_NONE,
		.session = l->options->resumes ? span_str(c->name) : (struct span){0}};
	struct tls_info info;

	if (tls_connect(c->stream, l->tls, &wish, c->deadline, &info) < 0) {
		(void)snprintf(l->why, sizeof l->why, "%s", info.why);
		return "the handshake failed";
	}
	l->resumed += info.is_resumed;
	return NULL;
}

static const char *send_message(struct caller *c)
{
	return ask(c, "MAIL FROM:<s@src.example.test>\r\n", '2') &&
			       ask(c, "RCPT TO:<r@example.test>\r\n", '2') &&
			       ask(c, "DATA\r\n", '3') && say(c, buf_span(&c->load->message)) &&
			       hear(c, '2')
		       ? NULL
		       : "the message was not taken";
}

static const char *talk(struct caller *c)
{
	const char *wrong;

	if (!hear(c, '2') || !ask(c, "EHLO load.example.test\r\n", '2') ||
		!ask(c, "STARTTLS\r\n", '2'))
		return "no STARTTLS";
	if ((wrong = shake_hands(c)))
		return wrong;
	if (!ask(c, "EHLO load.example.test\r\n", '2'))
		return "no EHLO under TLS";
	if (c->load->options->octets > 0 && (wrong = send_message(c)))
		return wrong;
	return ask(c, "QUIT\r\n", '2') ? NULL : "no QUIT";
}

static const char *run_session(struct caller *c)
{
	const struct load *l = c->load;
	int fd = socket(l->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *wrong = "no connection";

	c->deadline = clock_after(PATIENCE);
	if (fd >= 0 && stream_connect(fd, (const struct sockaddr *)&l->to, l->to_len, c->deadline,
			       &c->stream) == 0) {
		wrong = talk(c);
		stream_close(c->stream);
	}
	return wrong;
}

static void call(void *arg)
{
	struct caller *c = arg;
	struct load *l = c->load;

	while (!l->wrong && clock_now() < l->until) {
		const char *wrong = run_session(c);

		if (wrong && !l->wrong)
			l->wrong = wrong;
		l->sessions += !wrong;
	}
}

static void make_message(struct load *l)
{
	const struct span line =
		SPAN_LIT("0123456789012345678901234567890123456789012345678901234567890123\r\n");

	(void)buf_add_str(&l->message, "Subject: load\r\n\r\n");
	while (l->message.len + line.len <= l->options->octets)
		(void)buf_add(&l->message, line);
	(void)buf_add_str(&l->message, ".\r\n");
}

static void run(void *arg)
{
	struct load *l = arg;
	struct caller *all = alloc_array(l->options->sessions, sizeof *all);

	l->begun = clock_now();
	l->until = clock_after(l->options->seconds * NANOS_S);
	for (unsigned i = 0; i < l->options->sessions; i++) {
		all[i] = (struct caller){.load = l};
		(void)snprintf(all[i].name, sizeof all[i].name, "load %u", i);
		all[i].task = task_spawn("load", call, &all[i]);
		if (!all[i].task)
			l->wrong = "no memory";
	}
	for (unsigned i = 0; i < l->options->sessions; i++)
		if (all[i].task)
			(void)task_join(all[i].task, CLOCK_NEVER);
	l->ended = clock_now();
	free(all);
}

static int print(const struct load *l)
{
	(void)printf("sessions=%lu resumed=%lu seconds=%.3f\n", l->sessions, l->resumed,
		(double)(l->ended - l->begun) / (double)NANOS_S);
	if (l->wrong)
		(void)fprintf(
			stderr, "abide lab: %s%s%s\n", l->wrong, l->why[0] ? ": " : "", l->why);
	return l->wrong ? EX_UNAVAILABLE : EX_OK;
}

int lab_load_run(const struct lab_load *o)
{
	struct load l = {.options = o, .message = BUF_INIT(LAB_LOAD_OCTETS_MOST + 1024U)};
	int status = EX_OSERR;

	if (lab_place_read(span_str(o->to), &l.to, &l.to_len) < 0) {
		(void)fprintf(
			stderr, "abide lab: --load needs ADDR:PORT, as in 127.0.0.1:25, or PATH\n");
		return EX_USAGE;
	}
	make_message(&l);
	if (tls_client_new((struct span){0}, &l.tls) == 0 && task_run(NULL, run, &l) == 0)
		status = print(&l);
	else
		(void)fprintf(stderr, "abide lab: it can't run\n");
	tls_client_free(l.tls);
	buf_done(&l.message);
	return status;
}
