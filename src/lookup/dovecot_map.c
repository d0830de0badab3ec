/*
 * Dovecot's auth process, as a directory of passwords: its protocol for clients (auth-protocol.txt,
 * version 1). A connection for each question: nothing is left over when Dovecot was started again.
 *
 *	S: VERSION 1 2 / MECH PLAIN ... / SPID n / CUID n / COOKIE x / DONE
 *	C: VERSION 1 1 / CPID n / AUTH 1 PLAIN service=smtp ... resp=BASE64
 *	S: OK 1 user=NAME ...  or  FAIL 1 user=NAME [temp] [code=temp_fail] ...
 *
 * Fields are separated by tabs, lines end with LF.
 */
#include "auth/base64.h"
#include "base/alloc.h"
#include "base/log.h"
#include "lookup/map.h"
#include "task/stream.h"
#include "task/task.h"
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MOST    8192U
#define LINES_MOST   100U /* before DONE */
#define AT_ONCE      200U /* questions */
#define QUESTION_MAX 8192U

struct dovecot_map {
	struct map map;
	unsigned asking;
};

struct talk { /* one connection */
	struct map *map;
	struct stream *stream;
	nanos deadline;
	struct map_answer *answer; /* gets what fails */
};

static bool fail(struct talk *t, const char *step, int rc, const char *what)
{
	enum lookup_trouble trouble = rc == -ETIMEDOUT ? LOOKUP_TIMED_OUT
				      : rc < 0         ? LOOKUP_UNREACHABLE
						       : LOOKUP_ANSWER_WRONG;

	map_fail(t->answer, trouble, step, "%.*s: %s", SPAN_F(t->map->conf.file),
		what      ? what
		: rc == 0 ? "it closed the connection"
			  : log_strerror(rc));
	return false;
}

/* ---- lines ---- */

/* The next line without its LF, borrowed until the next one. */
static bool read_line(struct talk *t, struct span *ret)
{
	for (;;) {
		struct span in = stream_input(t->stream);
		ptrdiff_t lf = span_find(in, '\n');

		if (lf >= 0 && lf <= (ptrdiff_t)LINE_MOST) {
			*ret = span_slice(in, 0, (size_t)lf);
			return true;
		}
		if (in.len > LINE_MOST)
			return fail(t, "read", 1, "a line of it is too long");
		ssize_t n = stream_fill(t->stream, t->deadline);

		if (n <= 0)
			return fail(t, "read", n == 0 ? -ECONNRESET : (int)n, NULL);
	}
}

static struct span take_field(struct span *line)
{
	struct span field;

	if (!span_take_until(line, '\t', &field)) {
		field = *line;
		*line = span_slice(*line, line->len, 0);
	}
	return field;
}

/* What it says first; it must know version 1 and PLAIN. */
static bool read_greeting(struct talk *t)
{
	bool has_version = false, has_plain = false;

	for (unsigned i = 0; i < LINES_MOST; i++) {
		struct span line;

		if (!read_line(t, &line))
			return false;
		struct span rest = line, word = take_field(&rest), first = take_field(&rest);

		has_version |=
			span_equal(word, SPAN_LIT("VERSION")) && span_equal(first, SPAN_LIT("1"));
		has_plain |= span_equal(word, SPAN_LIT("MECH")) &&
			     span_equal_nocase(first, SPAN_LIT("PLAIN"));
		bool is_done = span_equal(word, SPAN_LIT("DONE"));

		stream_consume(t->stream, line.len + 1);
		if (!is_done)
			continue;
		if (!has_version)
			return fail(t, "greeting", 1, "it speaks another version than 1");
		return has_plain || fail(t, "greeting", 1, "it has no PLAIN among auth_mechanisms");
	}
	return fail(t, "greeting", 1, "its greeting has no end");
}

/* ---- connection ---- */

static int dial(struct talk *t)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct span path = t->map->conf.file;
	struct task_fd *f;

	if (path.len >= sizeof to.sun_path)
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path.at, path.len);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int rc = task_fd_open(fd, &f);

	if (rc < 0) {
		close(fd);
		return rc;
	}
	rc = task_fd_connect(f, (const struct sockaddr *)&to, sizeof to, t->deadline);
	if (rc < 0) {
		task_fd_close(f);
		return rc;
	}
	return stream_open_task_fd(f, &t->stream);
}

/* It must be another one for each connection that is open at the same time. */
static uint32_t client_number(void)
{
	uint32_t n = 0;

	(void)RAND_bytes((unsigned char *)&n, sizeof n);
	return (n & 0x7fffffffU) | 1U;
}

static bool say(struct talk *t, const char *step, struct span text)
{
	int rc = stream_write(t->stream, text, t->deadline);

	if (rc == 0)
		rc = stream_flush(t->stream, t->deadline);
	return rc == 0 || fail(t, step, rc, NULL);
}

static bool begin(struct talk *t)
{
	char text[64];
	int rc = dial(t);

	if (rc < 0)
		return fail(t, "connect", rc, NULL);
	int n = snprintf(text, sizeof text, "VERSION\t1\t1\nCPID\t%u\n", client_number());

	return say(t, "connect", span_of(text, (size_t)n)) && read_greeting(t);
}

/* ---- the question ---- */

static bool ask_password(struct talk *t, const struct map_login *who)
{
	struct buf message = BUF_INIT(QUESTION_MAX), text = BUF_INIT(QUESTION_MAX);

	(void)buf_reserve(&message, QUESTION_MAX); /* not moved, so that no copy is left */
	(void)buf_reserve(&text, QUESTION_MAX);
	(void)buf_add_byte(&message, '\0');
	(void)buf_add(&message, who->user);
	(void)buf_add_byte(&message, '\0');
	(void)buf_add(&message, who->password);
	/* Its penalty keeps all clients of an address waiting, for longer than we do; facts has ours. */
	(void)buf_add_str(&text, "AUTH\t1\tPLAIN\tservice=smtp\tnologin\tno-penalty\t");
	(void)buf_add_str(&text, who->has_tls ? "secured\t" : "");
	(void)buf_add_str(&text, "rip=");
	(void)buf_add(&text, who->client);
	(void)buf_add_str(&text, "\tresp=");
	(void)base64_encode(buf_span(&message), &text);
	(void)buf_add_byte(&text, '\n');
	bool ok = !message.error && !text.error
			  ? say(t, "password", buf_span(&text))
			  : fail(t, "password", 1, "the password is too long");

	explicit_bzero(message.at, message.len);
	explicit_bzero(text.at, text.len);
	buf_done(&message);
	buf_done(&text);
	return ok;
}

static void take_user(struct span fields, struct arena *arena, struct map_answer *ret)
{
	while (fields.len > 0) {
		struct span one = take_field(&fields);

		/* What it has escaped (\001) is no name that we want. */
		if (span_take_span(&one, SPAN_LIT("user=")) && span_find(one, '\001') < 0) {
			ret->values = ARENA_NEW(arena, struct span);
			ret->values[0] = arena_copy(arena, one);
			ret->n = 1;
			return;
		}
	}
}

static bool is_its_fault(struct span fields)
{
	while (fields.len > 0) {
		struct span one = take_field(&fields);

		if (span_equal(one, SPAN_LIT("temp")) ||
			span_equal(one, SPAN_LIT("code=temp_fail")))
			return true;
	}
	return false;
}

static bool hear_verdict(struct talk *t, struct arena *arena, struct map_answer *ret)
{
	for (unsigned i = 0; i < LINES_MOST; i++) {
		struct span line;

		if (!read_line(t, &line))
			return false;
		struct span rest = line, word = take_field(&rest), number = take_field(&rest);

		if (!span_equal(number, SPAN_LIT("1"))) {
			stream_consume(t->stream, line.len + 1);
			continue;
		}
		if (span_equal(word, SPAN_LIT("OK"))) {
			*ret = (struct map_answer){.state = IPC_LOOKUP_FOUND};
			take_user(rest, arena, ret);
			return true;
		}
		if (!span_equal(word, SPAN_LIT("FAIL")))
			return fail(t, "password", 1, "it said neither OK nor FAIL");
		if (is_its_fault(rest))
			return fail(t, "password", 1,
				"it can't say now (temp), see Dovecot's log for why");
		*ret = (struct map_answer){.state = IPC_LOOKUP_MISSING};
		return true;
	}
	return fail(t, "password", 1, "it answers what was not asked");
}

/* ---- the kind ---- */

static struct map *open_map(void)
{
	struct dovecot_map *d = alloc_zero(sizeof *d);

	return &d->map;
}

static void nothing(struct map *m)
{
}

static void ask(
	struct map *m, struct span key, nanos deadline, struct arena *arena, struct map_answer *ret)
{
	map_fail(ret, LOOKUP_NO_MAP, "find", "Dovecot knows passwords only");
}

static void login(struct map *m, const struct map_login *who, nanos deadline, struct arena *arena,
	struct map_answer *ret)
{
	struct dovecot_map *d = container_of(m, struct dovecot_map, map);
	struct talk t = {.map = m, .deadline = deadline, .answer = ret};

	if (d->asking >= AT_ONCE) {
		map_fail(ret, LOOKUP_BUSY, "wait", "too many questions wait");
		return;
	}
	d->asking++;
	if (begin(&t) && ask_password(&t, who))
		(void)hear_verdict(&t, arena, ret);
	stream_close(t.stream);
	d->asking--;
}

static void probe(struct map *m, nanos deadline, struct map_answer *ret)
{
	struct talk t = {.map = m, .deadline = deadline, .answer = ret};

	if (begin(&t))
		*ret = (struct map_answer){.state = IPC_LOOKUP_MISSING};
	stream_close(t.stream);
}

static void free_map(struct map *m)
{
	free(container_of(m, struct dovecot_map, map));
}

const struct map_kind map_dovecot = {.name = "dovecot",
	.is_remote = true,
	.open = open_map,
	.start = nothing,
	.ask = ask,
	.probe = probe,
	.login = login,
	.stop = nothing,
	.free = free_map};
