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
#include "lookup/dovecot_in.h"
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MOST 8192U
#define AT_ONCE   200U /* questions */

bool dovecot_fail(struct dovecot_talk *t, const char *step, int rc, const char *what)
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
static bool read_line(struct dovecot_talk *t, struct span *ret)
{
	for (;;) {
		struct span in = stream_input(t->stream);
		ptrdiff_t lf = span_find(in, '\n');

		if (lf >= 0 && lf <= (ptrdiff_t)LINE_MOST) {
			*ret = span_slice(in, 0, (size_t)lf);
			return true;
		}
		if (in.len > LINE_MOST)
			return dovecot_fail(t, "read", 1, "a line of it is too long");
		ssize_t n = stream_fill(t->stream, t->deadline);

		if (n <= 0)
			return dovecot_fail(t, "read", n == 0 ? -ECONNRESET : (int)n, NULL);
	}
}

struct span dovecot_take_field(struct span *line)
{
	struct span field;

	if (!span_take_until(line, '\t', &field)) {
		field = *line;
		*line = span_slice(*line, line->len, 0);
	}
	return field;
}

static bool has_no(struct dovecot_talk *t, const char *mechanism)
{
	char what[80];

	(void)snprintf(what, sizeof what, "it has no %s among auth_mechanisms", mechanism);
	return dovecot_fail(t, "greeting", 1, what);
}

/* What it says first; it must know version 1 and the mechanism. */
static bool read_greeting(struct dovecot_talk *t, const char *mechanism)
{
	bool has_version = false, is_known = false;

	for (unsigned i = 0; i < DOVECOT_LINES_MOST; i++) {
		struct span line;

		if (!read_line(t, &line))
			return false;
		struct span rest = line, word = dovecot_take_field(&rest),
			    first = dovecot_take_field(&rest);

		has_version |=
			span_equal(word, SPAN_LIT("VERSION")) && span_equal(first, SPAN_LIT("1"));
		is_known |= span_equal(word, SPAN_LIT("MECH")) &&
			    span_equal_nocase(first, span_str(mechanism));
		bool is_done = span_equal(word, SPAN_LIT("DONE"));

		stream_consume(t->stream, line.len + 1);
		if (!is_done)
			continue;
		if (!has_version)
			return dovecot_fail(t, "greeting", 1, "it speaks another version than 1");
		return is_known || has_no(t, mechanism);
	}
	return dovecot_fail(t, "greeting", 1, "its greeting has no end");
}

/* ---- connection ---- */

static int dial(struct dovecot_talk *t)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct span path = t->map->conf.file;

	if (path.len >= sizeof to.sun_path)
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path.at, path.len);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	return stream_connect(fd, (const struct sockaddr *)&to, sizeof to, t->deadline, &t->stream);
}

/* It must be another one for each connection that is open at the same time. */
static uint32_t client_number(void)
{
	uint32_t n = 0;

	(void)RAND_bytes((unsigned char *)&n, sizeof n);
	return (n & 0x7fffffffU) | 1U;
}

bool dovecot_say(struct dovecot_talk *t, const char *step, struct span text)
{
	int rc = stream_write(t->stream, text, t->deadline);

	if (rc == 0)
		rc = stream_flush(t->stream, t->deadline);
	return rc == 0 || dovecot_fail(t, step, rc, NULL);
}

bool dovecot_begin(struct dovecot_talk *t, const char *mechanism)
{
	char text[64];
	int rc = container_of(t->map, struct dovecot_map, map)->dial(t);

	if (rc < 0)
		return dovecot_fail(t, "connect", rc, NULL);
	int n = snprintf(text, sizeof text, "VERSION\t1\t1\nCPID\t%u\n", client_number());

	return dovecot_say(t, "connect", span_of(text, (size_t)n)) && read_greeting(t, mechanism);
}

/* ---- the question ---- */

bool dovecot_ask(struct dovecot_talk *t, const char *mechanism, const struct map_login *who,
	struct span message)
{
	struct buf text = BUF_INIT(DOVECOT_TEXT_MAX);

	(void)buf_reserve(&text, DOVECOT_TEXT_MAX); /* not moved, so that no copy is left */
	/* Its penalty keeps all clients of an address waiting, for longer than we do; facts has ours. */
	(void)buf_printf(&text, "AUTH\t1\t%s\tservice=smtp\tnologin\tno-penalty\tfinal-resp-ok\t",
		mechanism);
	(void)buf_add_str(&text, who->has_tls ? "secured\t" : "");
	(void)buf_add_str(&text, "rip=");
	(void)buf_add(&text, who->client);
	(void)buf_add_str(&text, "\tresp=");
	(void)base64_encode(message, &text);
	(void)buf_add_byte(&text, '\n');
	bool ok = text.error ? dovecot_fail(t, "login", 1, "the client's words are too long")
			     : dovecot_say(t, "login", buf_span(&text));

	explicit_bzero(text.at, text.len);
	buf_done(&text);
	return ok;
}

static bool ask_password(struct dovecot_talk *t, const struct map_login *who)
{
	struct buf message = BUF_INIT(DOVECOT_TEXT_MAX);

	(void)buf_reserve(&message, DOVECOT_TEXT_MAX);
	(void)buf_add_byte(&message, '\0');
	(void)buf_add(&message, who->user);
	(void)buf_add_byte(&message, '\0');
	(void)buf_add(&message, who->password);
	bool ok = message.error ? dovecot_fail(t, "login", 1, "the password is too long")
				: dovecot_ask(t, "PLAIN", who, buf_span(&message));

	explicit_bzero(message.at, message.len);
	buf_done(&message);
	return ok;
}

struct span dovecot_user(struct span fields, struct arena *arena)
{
	while (fields.len > 0) {
		struct span one = dovecot_take_field(&fields);

		/* What it has escaped (\001) is no name that we want. */
		if (span_take_span(&one, SPAN_LIT("user=")) && span_find(one, '\001') < 0)
			return arena_copy(arena, one);
	}
	return (struct span){0};
}

static bool is_its_fault(struct span fields)
{
	while (fields.len > 0) {
		struct span one = dovecot_take_field(&fields);

		if (span_equal(one, SPAN_LIT("temp")) ||
			span_equal(one, SPAN_LIT("code=temp_fail")))
			return true;
	}
	return false;
}

/* The words of a line for us. */
static enum dovecot_said verdict_of(struct dovecot_talk *t, struct span word, struct span fields)
{
	if (span_equal(word, SPAN_LIT("OK")))
		return DOVECOT_OK;
	if (span_equal(word, SPAN_LIT("CONT")))
		return DOVECOT_GOES_ON;
	if (!span_equal(word, SPAN_LIT("FAIL")))
		(void)dovecot_fail(t, "login", 1, "it said neither OK nor FAIL");
	else if (is_its_fault(fields))
		(void)dovecot_fail(
			t, "login", 1, "it can't say now (temp), see Dovecot's log for why");
	else
		return DOVECOT_NO;
	return DOVECOT_FAILED;
}

enum dovecot_said dovecot_hear(struct dovecot_talk *t, struct span *ret_fields)
{
	for (unsigned i = 0; i < DOVECOT_LINES_MOST; i++) {
		struct span line;

		if (!read_line(t, &line))
			return DOVECOT_FAILED;
		struct span rest = line, word = dovecot_take_field(&rest);
		bool is_ours = span_equal(dovecot_take_field(&rest), SPAN_LIT("1"));

		stream_consume(
			t->stream, line.len + 1); /* stays where it is until the next is read */
		if (!is_ours)
			continue;
		*ret_fields = rest;
		return verdict_of(t, word, rest);
	}
	(void)dovecot_fail(t, "login", 1, "it answers what was not asked");
	return DOVECOT_FAILED;
}

static void ask_for(struct dovecot_talk *t, const struct map_login *who, struct arena *arena,
	struct map_answer *ret)
{
	struct span fields;

	if (!dovecot_begin(t, "PLAIN") || !ask_password(t, who))
		return;
	switch (dovecot_hear(t, &fields)) {
	case DOVECOT_FAILED:
		return;
	case DOVECOT_NO:
		*ret = (struct map_answer){.state = IPC_LOOKUP_MISSING};
		return;
	case DOVECOT_GOES_ON:
		(void)dovecot_fail(t, "login", 1, "it said neither OK nor FAIL");
		return;
	case DOVECOT_OK:
		*ret = (struct map_answer){.state = IPC_LOOKUP_FOUND};
		ret->values = ARENA_NEW(arena, struct span);
		ret->values[0] = dovecot_user(fields, arena);
		ret->n = 1;
	}
}

/* ---- the kind ---- */

static struct map *open_map(void)
{
	struct dovecot_map *d = alloc_zero(sizeof *d);

	d->dial = dial;
	list_init(&d->talks);
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
	struct dovecot_talk t = {.map = m, .deadline = deadline, .answer = ret};

	if (d->asking >= AT_ONCE) {
		map_fail(ret, LOOKUP_BUSY, "wait", "too many questions wait");
		return;
	}
	d->asking++;
	if (who->step == IPC_AUTH_SALT || who->step == IPC_AUTH_PROOF)
		dovecot_scram(d, who, deadline, arena, ret);
	else
		ask_for(&t, who, arena, ret);
	stream_close(t.stream);
	d->asking--;
}

static void probe(struct map *m, nanos deadline, struct map_answer *ret)
{
	struct dovecot_talk t = {.map = m, .deadline = deadline, .answer = ret};

	if (dovecot_begin(&t, "PLAIN"))
		*ret = (struct map_answer){.state = IPC_LOOKUP_MISSING};
	stream_close(t.stream);
}

static void free_map(struct map *m)
{
	struct dovecot_map *d = container_of(m, struct dovecot_map, map);

	dovecot_scram_end(d);
	free(d);
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
