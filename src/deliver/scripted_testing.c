#include "deliver/scripted_testing.h"
#include "deliver/connection.h"
#include "deliver/deliver.h"
#include <arpa/inet.h>
#include <sys/socket.h>

/* ---- the peer ---- */

struct peer {
	struct task_fd *listener;
	struct span script;
	struct buf heard;   /* verbs, in order; "." for a content */
	struct buf content; /* bytes of the last content, with the dot */
};

struct one { /* a connection of the peer */
	struct peer *peer;
	struct stream *stream;
	bool in_data;
};

static bool take_line(struct one *c, struct buf *line)
{
	for (;;) {
		struct span in = stream_input(c->stream);
		ptrdiff_t end = span_find_span(in, SPAN_LIT("\r\n"));

		if (end >= 0) {
			buf_clear(line);
			(void)buf_add(line, span_slice(in, 0, (size_t)end));
			stream_consume(c->stream, (size_t)end + 2);
			return true;
		}
		if (stream_fill(c->stream, CLOCK_NEVER) <= 0)
			return false;
	}
}

/* One command, or one content up to its dot. */
static bool hear(struct one *c, bool *ret_quit)
{
	struct buf line = BUF_INIT(4096);
	bool ok = take_line(c, &line);

	if (c->in_data)
		buf_clear(&c->peer->content);
	while (ok && c->in_data) {
		(void)buf_add(&c->peer->content, buf_span(&line));
		(void)buf_add_str(&c->peer->content, "\r\n");
		if (span_equal(buf_span(&line), SPAN_LIT(".")))
			break;
		ok = take_line(c, &line);
	}
	struct span rest = buf_span(&line), verb = rest;

	if (ok) {
		(void)span_take_until(&rest, ' ', &verb);
		(void)buf_add_str(&c->peer->heard, c->peer->heard.len > 0 ? " " : "");
		(void)buf_add(&c->peer->heard, verb.len > 0 ? verb : buf_span(&line));
	}
	*ret_quit = ok && span_equal(verb, SPAN_LIT("QUIT"));
	c->in_data = false;
	buf_done(&line);
	return ok;
}

static void await_end(struct one *c)
{
	while (stream_fill(c->stream, CLOCK_NEVER) > 0)
		stream_consume(c->stream, stream_input(c->stream).len);
}

/* False: the connection is over. */
static bool answer(struct one *c, struct span text)
{
	bool is_last = span_take(&text, '!');

	if (span_equal(text, SPAN_LIT("#close")))
		return false;
	if (span_equal(text, SPAN_LIT("#hang"))) {
		await_end(c);
		return false;
	}
	c->in_data = span_starts(text, SPAN_LIT("354"));
	(void)stream_write(c->stream, text, CLOCK_NEVER);
	(void)stream_write(c->stream, SPAN_LIT("\r\n"), CLOCK_NEVER);
	(void)stream_flush(c->stream, CLOCK_NEVER);
	return !is_last;
}

static void serve_one(struct peer *p, int fd, struct span script)
{
	struct one c = {.peer = p};
	bool quit = false;

	assert_int_equal(stream_open_fd(fd, &c.stream), 0);
	for (struct span text; script.len > 0;) {
		if (!span_take_until(&script, '|', &text)) {
			text = script;
			script.len = 0;
		}
		if (!answer(&c, text) || !hear(&c, &quit) || quit)
			break;
	}
	if (quit)
		(void)answer(&c, SPAN_LIT("221 2.0.0 Bye"));
	stream_close(c.stream);
}

static void serve_peer(void *arg)
{
	struct peer *p = arg;

	for (struct span script; p->script.len > 0;) {
		int fd = task_fd_accept(p->listener, NULL, NULL, CLOCK_NEVER);

		if (fd < 0)
			return;
		if (!span_take_until(&p->script, '/', &script)) {
			script = p->script;
			p->script.len = 0;
		}
		serve_one(p, fd, script);
	}
}

static unsigned listen_somewhere(struct peer *p)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof to;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&to, len) == 0);
	assert_true(listen(fd, 8) == 0 && getsockname(fd, (struct sockaddr *)&to, &len) == 0);
	assert_int_equal(task_fd_open(fd, &p->listener), 0);
	return ntohs(to.sin_port);
}
/* ---- one case ---- */

struct run {
	const struct scripted *c;
	struct peer peer;
	struct conf conf;
	struct buf fates;
};

static void load_conf(struct run *r, unsigned port, struct arena *arena)
{
	bool two = r->c->conf && strcmp(r->c->conf, "two") == 0;
	struct buf text = BUF_INIT(4096), errors = BUF_INIT(CONF_ERRORS_MAX);

	(void)buf_printf(&text,
		"hostname = \"test.example\"\nlisten \"127.0.0.1:2525\" { }\n"
		"timeouts { greeting = \"5s\" command = \"1s\" data = \"5s\" final = \"1s\" }\n"
		"limits { %s }\n"
		"route \"*\" { to = {\"%s127.0.0.1:%u\"%s",
		r->c->conf && !two ? r->c->conf : "", r->c->lmtp ? "lmtp:" : "", port,
		two ? ", " : "");
	if (two)
		(void)buf_printf(&text, "\"127.0.0.1:%u\"", port);
	(void)buf_add_str(&text, "} }\n");
	int rc = conf_parse("test", buf_span(&text), arena, &r->conf, &errors);

	if (rc < 0)
		print_error("%.*s", SPAN_F(buf_span(&errors)));
	assert_int_equal(rc, 0);
	buf_done(&text);
	buf_done(&errors);
}

static const char content[] = "Subject: x\r\n\r\n.one\r\n..two\r\n.\r\nend";

static void note_fates(struct run *r, const struct ipc_outcome *o)
{
	static const char letters[] = {[IPC_FATE_DELIVERED] = 'L',
		[IPC_FATE_RELAYED] = 'R',
		[IPC_FATE_DEFERRED] = 'D',
		[IPC_FATE_FAILED] = 'F',
		[IPC_FATE_MAYBE] = 'M'};

	assert_int_equal(o->fates_n, r->c->recipients);
	for (size_t i = 0; i < o->fates_n; i++) {
		const struct ipc_fate *f = &o->fates[i];

		assert_int_equal(f->n, i + 10);
		assert_in_range(f->outcome, 1, IPC_FATE_MAYBE);
		(void)buf_printf(&r->fates, "%s%c%u%.*s", r->fates.len ? " " : "",
			letters[f->outcome], f->code, SPAN_F(f->stage));
	}
}

static void attempt(struct run *r, struct deliver_slot *slot)
{
	struct deliver_job *job = alloc_zero(sizeof *job);
	struct ipc_job *b = &job->body;

	list_init(&job->node);
	job->content_fd = -1;
	struct span bytes = span_str(r->c->content ? r->c->content : content);

	job->bytes = alloc_copy(bytes.at, bytes.len);
	b->content_len = bytes.len;
	b->body_8bit = r->c->body_8bit;
	b->fresh = r->c->fresh;
	b->recipients_most = r->c->recipients_most;
	b->sender = SPAN_LIT("me@here.test");
	b->recipients_n = r->c->recipients;
	b->recipients = arena_array(&job->arena, b->recipients_n, sizeof *b->recipients);
	for (unsigned i = 0; i < b->recipients_n; i++)
		b->recipients[i] = (struct ipc_job_recipient){
			.n = i + 10, .address = arena_printf(&job->arena, "%c@one.test", 'a' + i)};
	if (r->c->address)
		b->recipients[0].address = span_str(r->c->address);
	deliver_attempt(slot, job, &r->conf);
	note_fates(r, &job->outcome);
	deliver_job_free(job);
}

static void run_case(void *arg)
{
	struct run *r = arg;
	struct arena arena = {0};
	struct deliver d = {0};
	struct deliver_slot slot = {.deliver = &d};
	unsigned port = listen_somewhere(&r->peer);
	struct task *t = task_spawn("peer", serve_peer, &r->peer);

	load_conf(r, port, &arena);
	for (unsigned i = 0; i == 0 || i < r->c->jobs; i++)
		attempt(r, &slot);
	connection_close(slot.connection, clock_after(5 * NANOS_S));
	task_cancel(t);
	assert_int_equal(task_join(t, CLOCK_NEVER), 0);
	task_fd_close(r->peer.listener);
	arena_done(&arena);
}
static void check(const char *name, const char *what, struct buf *have, const char *want)
{
	if (span_equal(buf_span(have), span_str(want)))
		return;
	print_error("%s: %s\n  have %.*s\n  want %s\n", name, what, SPAN_F(buf_span(have)), want);
	fail();
}

static struct run run_of(const struct scripted *c)
{
	return (struct run){.c = c,
		.peer = {.script = span_str(c->script),
			.heard = BUF_INIT(4096),
			.content = BUF_INIT(4096)},
		.fates = BUF_INIT(4096)};
}

static void run_done(struct run *r)
{
	buf_done(&r->peer.heard);
	buf_done(&r->peer.content);
	buf_done(&r->fates);
}

void scripted_check(const struct scripted *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct run r = run_of(&cases[i]);

		assert_int_equal(task_run(NULL, run_case, &r), 0);
		check(cases[i].name, "fates", &r.fates, cases[i].fates);
		check(cases[i].name, "commands", &r.peer.heard, cases[i].heard);
		run_done(&r);
	}
}

void scripted_check_content(const struct scripted *c, const char *want)
{
	struct run r = run_of(c);

	assert_int_equal(task_run(NULL, run_case, &r), 0);
	check(c->name, "bytes", &r.peer.content, want);
	run_done(&r);
}
