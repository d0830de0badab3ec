/*
 * A map that is where mail goes: it is asked as a client asks that has mail for the address, and
 * hangs up before there is any (RFC 5321 3.3, RFC 2033).
 *
 *	S: 220 ...          C: LHLO us          S: 250-...
 *	C: MAIL FROM:<>     S: 250 ...          C: RCPT TO:<anna@example.org>
 *	S: 250: she is there. 550 that means so: nobody of that name. All else says nothing of her.
 *
 * A connection for each question, so that none is in the way of a store that serves one at a time.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "ipc/role.h"
#include "lookup/map.h"
#include "reply/meaning.h"
#include "reply/reader.h"
#include "task/stream.h"
#include "task/task.h"
#include "wire/ehlo.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_ROOM 1024U

struct store_map {
	struct map map;
	unsigned talks;
	struct task_gate ended;
};

struct talk {
	struct map *map;
	struct stream *stream;
	struct reply_reader reader;
	struct wire_ehlo ehlo;
	nanos deadline;
	struct map_answer *answer;
};

static bool fail(struct talk *t, const char *step, int rc, const char *what)
{
	enum lookup_trouble trouble = rc == -ETIMEDOUT ? LOOKUP_TIMED_OUT
				      : rc < 0         ? LOOKUP_UNREACHABLE
						       : LOOKUP_ANSWER_WRONG;

	map_fail(t->answer, trouble, step, "%s", what ? what : log_strerror(rc));
	return false;
}

/* The supervisor may open what only root may. */
static int dial_socket(
	struct map *m, const struct conf_address *a, nanos deadline, struct stream **ret)
{
	int fd = -1, rc = role_connect(m->role, a->text, deadline, &fd);

	return rc < 0 ? rc : stream_open_fd(fd, ret);
}

static int dial(struct map *m, const struct conf_address *a, nanos deadline, struct stream **ret)
{
	if (m->role && conf_is_socket(a))
		return dial_socket(m, a, deadline, ret);
	struct sockaddr_storage to;
	unsigned len = conf_sockaddr(a, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	return stream_connect(fd, (const struct sockaddr *)&to, len, deadline, ret);
}

static bool open_stream(struct talk *t)
{
	const struct conf_map *c = &t->map->conf;
	int rc = -EADDRNOTAVAIL; /* a name without an address */

	for (size_t i = 0; i < c->n_addresses && rc < 0 && rc != -ETIMEDOUT; i++)
		rc = dial(t->map, &c->addresses[i], t->deadline, &t->stream);
	return rc == 0 || fail(t, "connect", rc, NULL);
}

/* Its next reply. False: the answer says why. */
static bool hear(struct talk *t, const char *step)
{
	for (;;) {
		size_t used = 0;
		struct span in = stream_input(t->stream);
		int rc = in.len > 0 ? reply_reader_feed(&t->reader, in, &used) : 0;

		stream_consume(t->stream, used);
		if (rc == 1)
			return true;
		if (rc < 0)
			return fail(t, step, 1, "what it said is no reply");
		ssize_t n = stream_fill(t->stream, t->deadline);

		if (n == 0)
			return fail(t, step, -ECONNRESET, "it closed the connection");
		if (n < 0)
			return fail(t, step, (int)n, NULL);
	}
}

static bool say(struct talk *t, const char *step, struct span line)
{
	int rc = stream_write(t->stream, line, t->deadline);

	if (rc == 0)
		rc = stream_flush(t->stream, t->deadline);
	return rc == 0 || fail(t, step, rc, NULL);
}

/* Says a line, and wants a good reply. What it says instead is the cause. */
static bool ask_for(struct talk *t, const char *step, struct span line, unsigned wanted)
{
	if ((line.len > 0 && !say(t, step, line)) || !hear(t, step))
		return false;
	if (t->reader.reply.code == wanted)
		return true;
	map_fail(t->answer, LOOKUP_ANSWER_WRONG, step, "it said %u %.*s", t->reader.reply.code,
		SPAN_F(t->reader.reply.text));
	return false;
}

static bool greet(struct talk *t)
{
	const struct conf_map *c = &t->map->conf;
	struct buf line = BUF_INIT(LINE_ROOM);
	struct span none = {0}, rest, one;

	(void)buf_printf(
		&line, "%s %.*s\r\n", c->type == CONF_MAP_LMTP ? "LHLO" : "EHLO", SPAN_F(c->hello));
	bool good = ask_for(t, "greeting", none, 220) && ask_for(t, "hello", buf_span(&line), 250);

	buf_done(&line);
	if (!good)
		return false;
	rest = t->reader.reply.text;
	(void)reply_next_line(&rest, &one);
	while (reply_next_line(&rest, &one))
		wire_ehlo_add(&t->ehlo, one);
	return true;
}

static bool is_ascii(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] > 127)
			return false;
	return true;
}

/*
 * Is it nobody of that name that the reply speaks of? Whose mailbox is closed is somebody: his mail is taken, and what the store
 * says when it comes is the true reason.
 */
static bool means_nobody(const struct reply *r, struct arena *arena)
{
	const struct reply_context context = {.stage = REPLY_STAGE_RCPT};
	struct reply_meaning m;

	if (!reply_is_permanent(r))
		return false;
	reply_read(&context, r->code, r->status, r->text, arena, &m);
	return m.cause == REPLY_USER_UNKNOWN;
}

static void ask_about(struct talk *t, struct span address, struct arena *arena)
{
	bool is_plain = is_ascii(address);
	struct buf line = BUF_INIT(LINE_ROOM);

	if (!is_plain && !t->ehlo.smtputf8) {
		t->answer->state = IPC_LOOKUP_FOUND; /* it can't be asked about */
		return;
	}
	(void)buf_printf(&line, "RCPT TO:<%.*s>\r\n", SPAN_F(address));
	if (ask_for(t, "mail",
		    is_plain ? SPAN_LIT("MAIL FROM:<>\r\n") : SPAN_LIT("MAIL FROM:<> SMTPUTF8\r\n"),
		    250) &&
		say(t, "recipient", buf_span(&line)) && hear(t, "recipient"))
		t->answer->state = means_nobody(&t->reader.reply, arena) ? IPC_LOOKUP_MISSING
									 : IPC_LOOKUP_FOUND;
	buf_done(&line);
}

/* address: empty where only the way there is tried. */
static void talk(struct map *m, struct span address, nanos deadline, struct arena *arena,
	struct map_answer *ret)
{
	struct store_map *s = container_of(m, struct store_map, map);
	struct talk *t = alloc_zero(sizeof *t);

	*t = (struct talk){.map = m, .deadline = deadline, .answer = ret};
	reply_reader_init(&t->reader);
	s->talks++;
	if (open_stream(t) && greet(t)) {
		ret->state = IPC_LOOKUP_MISSING;
		if (address.len > 0)
			ask_about(t, address, arena);
		if (ret->state != IPC_LOOKUP_FAILED)
			(void)(stream_write(t->stream, SPAN_LIT("QUIT\r\n"), deadline) == 0 &&
				stream_flush(t->stream, deadline) == 0);
	}
	stream_close(t->stream);
	free(t);
	s->talks--;
	(void)task_gate_wake_one(&s->ended);
}

static void ask(
	struct map *m, struct span key, nanos deadline, struct arena *arena, struct map_answer *ret)
{
	struct store_map *s = container_of(m, struct store_map, map);

	while (s->talks >= m->conf.connections)
		if (task_gate_wait(&s->ended, deadline) < 0) {
			map_fail(ret, LOOKUP_BUSY, "wait", "too many questions wait");
			return;
		}
	talk(m, key, deadline, arena, ret);
}

static void probe(struct map *m, nanos deadline, struct map_answer *ret)
{
	struct span none = {0};

	talk(m, none, deadline, NULL, ret);
}

static struct map *open_map(void)
{
	struct store_map *s = alloc_zero(sizeof *s);

	task_gate_init(&s->ended);
	return &s->map;
}

static void start(struct map *m)
{
	(void)m; /* it begins with the first question */
}

static void stop(struct map *m)
{
	task_gate_wake_all(&container_of(m, struct store_map, map)->ended);
}

static void free_map(struct map *m)
{
	free(container_of(m, struct store_map, map));
}

const struct map_kind map_store = {.name = "store",
	.is_remote = true,
	.keeps_case = true,
	.down = "it is tried again by itself; until then mail is taken for all of its recipients",
	.open = open_map,
	.start = start,
	.ask = ask,
	.probe = probe,
	.stop = stop,
	.free = free_map};
