#include "receive/stage.h"
#include "conf/snapshot.h"
#include "ipc/kinds.h"
#include "ipc/messages/commit.h"
#include "ipc/messages/facts.h"
#include "ipc/messages/plain.h"
#include "ipc/socket.h"
#include "receive/receive.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer_result(struct ipc_channel *c, uint32_t request, int64_t error, int fd)
{
	struct ipc_result result = {.error = error};

	(void)ipc_send(c, &(struct ipc_out){.type = IPC_RESULT,
				  .request = request,
				  .is_answer = true,
				  .body = &result,
				  .fds = &fd,
				  .fds_n = fd >= 0 ? 1 : 0});
}

static void on_commit(struct stage *s, struct ipc_channel *c, struct ipc_packet *p)
{
	const struct ipc_commit *in = p->body;

	s->commits++;
	s->last_id = in->id;
	s->content_crc = in->content_crc;
	s->was_in_file = in->content_in_file;
	if (!in->content_in_file) {
		buf_clear(&s->content);
		(void)buf_add(&s->content, p->bytes);
	}
	task_gate_wake_all(&s->happened);
	if (s->commits_to_lose > 0) {
		s->commits_to_lose--;
		s->queue = NULL;
		ipc_close(c);
		return;
	}
	answer_result(c, p->request, s->answer, -1);
}

static void on_make(struct stage *s, struct ipc_channel *c, struct ipc_packet *p)
{
	(void)snprintf(s->path, sizeof s->path, "/tmp/abide-serve-test.XXXXXX");
	int fd = mkostemp(s->path, O_CLOEXEC);

	MUST(fd >= 0);
	s->makes++;
	answer_result(c, p->request, 0, fd);
	close(fd);
}

static void on_queue(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct stage *s = arg;

	if (p->type == IPC_QUEUE_HELLO) {
		struct ipc_queue_welcome w = {.generation = ++s->generation, .instance = 7};

		(void)ipc_send(c, &(struct ipc_out){.type = IPC_QUEUE_WELCOME,
					  .request = p->request,
					  .is_answer = true,
					  .body = &w});
	} else if (p->type == IPC_COMMIT) {
		on_commit(s, c, p);
	} else if (p->type == IPC_CONTENT_MAKE) {
		on_make(s, c, p);
	} else if (p->type == IPC_CONTENT_DISCARD) {
		s->discards++;
		(void)unlink(s->path);
		task_gate_wake_all(&s->happened);
	}
}

static void on_facts(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct stage *s = arg;
	struct ipc_facts_verdict v = {.too_many_from_network = s->is_full};

	if (p->type == IPC_FACTS_ENTER) {
		s->entered++;
		(void)ipc_send(c, &(struct ipc_out){.type = IPC_FACTS_VERDICT,
					  .request = p->request,
					  .is_answer = true,
					  .body = &v});
	} else if (p->type == IPC_FACTS_LEAVE) {
		s->left++;
	}
	task_gate_wake_all(&s->happened);
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
}

void stage_await(struct stage *s, const unsigned *count, unsigned least)
{
	nanos deadline = SOON;

	while (*count < least)
		MUST(task_gate_wait(&s->happened, deadline) == 0);
}

static void post(struct stage *s, uint16_t type, const void *body, int *fds, size_t n)
{
	MUST(ipc_socket_post(s->supervisor,
		     &(struct ipc_out){.type = type, .body = body, .fds = fds, .fds_n = n}) == 0);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void bring(
	struct stage *s, enum ipc_role kind, ipc_handler *handler, struct ipc_channel **ret)
{
	int pair[2];
	struct ipc_role_peer peer = {.role = (uint8_t)kind};

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	MUST(ipc_open(pair[0], role_kind_name(kind), ipc_kinds, ipc_kinds_n, handler, on_end, s,
		     ret) == 0);
	post(s, IPC_ROLE_PEER, &peer, &pair[1], 1);
}

static int snapshot(uint16_t port, const char *more, uint32_t number)
{
	struct arena a = {0};
	struct buf text = BUF_INIT(4096), errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf conf;

	(void)buf_printf(&text,
		"hostname = \"mx.example.org\"\nspool = \"/tmp/s\"\nrelay_from = "
		"{\"127.0.0.0/8\"}\n"
		"listen \"127.0.0.1:%u\" { protocol = smtp }\nroute \"*\" { to = "
		"\"127.0.0.1:2526\" }\n%s",
		port, more);
	MUST(conf_parse("test", buf_span(&text), &a, &conf, &errors) == 0);
	int fd = conf_seal_memfd(&conf, number);

	MUST(fd >= 0);
	buf_done(&text);
	buf_done(&errors);
	arena_done(&a);
	return fd;
}

static int listener(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons(*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 64) == 0 &&
		getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void run_body(void *arg)
{
	struct stage *s = arg;

	s->exit_status = receive_serve(s->role);
}

void stage_init(struct stage *s, const char *conf)
{
	int pair[2], fds[2];
	struct ipc_role_start start = {.role = IPC_RECEIVE, .of = 1, .listeners = 1};
	struct arena a = {0};
	struct ipc_packet p;

	*s = (struct stage){.content = BUF_INIT(1 << 20), .exit_status = -1};
	task_gate_init(&s->happened);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	s->supervisor = pair[0];
	fds[1] = listener(&s->port);
	fds[0] = snapshot(s->port, conf, 1);
	post(s, IPC_ROLE_START, &start, fds, 2);
	MUST(role_start(pair[1], &s->role) == 0);
	bring(s, IPC_QUEUE, on_queue, &s->queue);
	bring(s, IPC_FACTS, on_facts, &s->facts);
	s->body = task_spawn("body", run_body, s);
	while (s->generation == 0)
		MUST(task_yield() == 0);
	MUST(ipc_socket_take(s->supervisor, &a, &p) == 0 && p.type == IPC_ROLE_READY);
	arena_done(&a);
}

void stage_stop(struct stage *s)
{
	post(s, IPC_ROLE_STOP, NULL, NULL, 0);
}

void stage_done(struct stage *s)
{
	MUST(task_join(s->body, SOON) == 0);
	MUST(s->exit_status == 0);
	role_done(s->role);
	ipc_close(s->queue);
	ipc_close(s->facts);
	close(s->supervisor);
	buf_done(&s->content);
	(void)unlink(s->path);
}

void stage_bring_queue(struct stage *s)
{
	bring(s, IPC_QUEUE, on_queue, &s->queue);
}

void stage_bring_facts(struct stage *s)
{
	bring(s, IPC_FACTS, on_facts, &s->facts);
}

void stage_configure(struct stage *s, const char *conf, uint32_t number)
{
	int fds[2];

	s->port = 0;
	fds[1] = listener(&s->port);
	fds[0] = snapshot(s->port, conf, number);
	post(s, IPC_ROLE_CONFIG, NULL, fds, 2);
}

/* ---- a client ---- */

struct stream *stage_dial(const struct stage *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stream *c;

	MUST(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
	MUST(stream_open_fd(fd, &c) == 0);
	return c;
}

void stage_tell(struct stream *c, struct span bytes)
{
	MUST(stream_write(c, bytes, SOON) == 0 && stream_flush(c, SOON) == 0);
}

/* The next reply begins with this (its last line, where it has several). */
void stage_hear(struct stream *c, const char *begin)
{
	for (;;) {
		struct span in = stream_input(c);
		ptrdiff_t lf = span_find(in, '\n');

		if (lf < 0) {
			MUST(stream_fill(c, SOON) > 0);
			continue;
		}
		bool is_last = lf > 4 && in.at[3] == ' ';
		bool is_it = span_starts(in, span_str(begin));

		if (is_last && !is_it)
			fprintf(stderr, "heard %.*s, not %s\n", (int)lf, in.at, begin);
		MUST(!is_last || is_it);
		stream_consume(c, (size_t)lf + 1);
		if (is_last)
			return;
	}
}

void stage_hear_end(struct stream *c)
{
	MUST(stream_fill(c, SOON) == 0);
	stream_close(c);
}

void stage_say(struct stream *c, const char *line, const char *reply)
{
	stage_tell(c, span_str(line));
	stage_hear(c, reply);
}

struct stream *stage_greeted(const struct stage *s)
{
	struct stream *c = stage_dial(s);

	stage_hear(c, "220");
	stage_say(c, "EHLO client.example\r\n", "250");
	return c;
}
