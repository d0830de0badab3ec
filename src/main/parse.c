/*
 * The configuration is read by a process of its own without any rights: it gets the opened file and
 * hands back a sealed snapshot. What is wrong with the file it says itself.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "conf/snapshot.h"
#include "ipc/kinds.h"
#include "ipc/role.h"
#include "ipc/socket.h"
#include "main/supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARSE_MOST (120 * NANOS_S) /* names of next hops are looked up meanwhile */

static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	int *snapshot = arg;

	if (p->type != IPC_ROLE_CONFIG || p->fds_n != 1 || *snapshot >= 0)
		return;
	*snapshot = p->fds[0];
	p->fds[0] = -1;
}

/* The file's own trouble is told like an error in it. */
static int say(bool is_reload, const char *file, const char *what)
{
	if (is_reload)
		log_event(LOG_ERROR, "config_wrong", LOG_STR("file", file), LOG_STR("error", what));
	else
		dprintf(2, "%s: %s\n", file, what);
	return 78;
}

static int start_parser(
	struct supervisor *s, uint32_t number, bool is_reload, int file, int *snapshot)
{
	bool is_json = s->conf.log == CONF_LOG_JSON; /* of the old one: it tells about the new */
	const char *mode = !is_reload ? "start" : is_json ? "reload-json" : "reload";
	char number_text[16];
	char *argv[] = {(char *)(uintptr_t) "abide", (char *)(uintptr_t) "role",
		(char *)(uintptr_t) "parse", (char *)(uintptr_t)s->file, number_text,
		(char *)(uintptr_t)mode, NULL};
	int fds[2];

	(void)snprintf(number_text, sizeof number_text, "%u", number);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	int rc = ipc_open(fds[0], "parse", ipc_kinds, ipc_kinds_n, on_packet, NULL, snapshot,
		&s->parser.channel);

	if (rc == 0)
		rc = child_launch(s, argv, fds[1], file);
	close(fds[1]);
	if (rc < 0) {
		ipc_close(s->parser.channel);
		s->parser.channel = NULL;
		return rc;
	}
	s->parser.pid = rc;
	return 0;
}

/* Its exit status, or 75 where it had to be ended. */
static int wait_parser(struct supervisor *s)
{
	nanos deadline = clock_after(PARSE_MOST);
	bool was_killed = false;

	while (s->parser.pid > 0) {
		(void)task_gate_wait(&s->changed, deadline);
		if (s->parser.pid <= 0 || (clock_now() < deadline && !s->is_stopping) || was_killed)
			continue;
		(void)kill(s->parser.pid, SIGKILL);
		was_killed = true;
		deadline = CLOCK_NEVER;
	}
	return WIFEXITED(s->parser.status) ? WEXITSTATUS(s->parser.status) : 75;
}

int parse_configuration(struct supervisor *s, uint32_t number, bool is_reload, int *ret_snapshot)
{
	_cleanup_(fd_close) int file = open(s->file, O_RDONLY | O_CLOEXEC);
	int snapshot = -1;

	if (file < 0)
		return say(is_reload, s->file, strerrordesc_np(errno));
	int rc = start_parser(s, number, is_reload, file, &snapshot);

	if (rc < 0) {
		(void)say(is_reload, s->file, strerrordesc_np(-rc));
		return 71;
	}
	int status = wait_parser(s);

	/* The snapshot was sent before it ended: read what is there. */
	while (ipc_is_open(s->parser.channel))
		(void)task_yield();
	ipc_close(s->parser.channel);
	s->parser.channel = NULL;
	if (status == 0 && snapshot >= 0) {
		*ret_snapshot = snapshot;
		return 0;
	}
	fd_close(&snapshot);
	if (status == 0 || status == 75)
		(void)say(is_reload, s->file, "it could not be read in time");
	return status ? status : 75;
}

/* ---- the process that parses ---- */

static int read_file(int fd, struct buf *text)
{
	ssize_t n;

	do {
		if (buf_reserve(text, 4096) < 0)
			return text->error;
		n = read(fd, text->at + text->len, text->room - text->len);
		if (n > 0)
			buf_added(text, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static void print_lines(struct span lines, bool is_reload, bool is_wrong)
{
	struct span line;

	while (span_take_until(&lines, '\n', &line)) {
		if (is_reload)
			log_event(is_wrong ? LOG_ERROR : LOG_WARN,
				is_wrong ? "config_wrong" : "config_warning",
				LOG_SPAN("error", line));
		else
			dprintf(2, "%.*s\n", SPAN_F(line));
	}
}

static int hand_back(const struct conf *conf, uint32_t number)
{
	_cleanup_(fd_close) int fd = conf_seal_memfd(conf, number);

	if (fd < 0)
		return 71;
	return ipc_socket_post(
		       3, &(struct ipc_out){.type = IPC_ROLE_CONFIG, .fds = &fd, .fds_n = 1}) < 0
		       ? 71
		       : 0;
}

static int parse(char **argv, bool is_reload, struct arena *arena, struct buf *text)
{
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf conf;
	int rc = read_file(4, text);

	if (rc < 0)
		return say(is_reload, argv[3], strerrordesc_np(-rc));
	rc = conf_parse_all(argv[3], buf_span(text), arena, &conf, &errors);
	print_lines(buf_span(&errors), is_reload, rc < 0);
	buf_done(&errors);
	return rc < 0 ? 78 : hand_back(&conf, (uint32_t)strtoul(argv[4], NULL, 10));
}

/* abide role parse FILE NUMBER start|reload|reload-json; 3: the supervisor, 4: the file. */
int parse_main(int argc, char **argv)
{
	struct arena arena = {0};
	struct buf text = BUF_INIT(CONF_FILE_MAX + 4096);

	if (argc != 6 || users_become(users_nobody(), false) < 0)
		return 71;
	log_init("parse", strcmp(argv[5], "reload-json") == 0, LOG_INFO);
	int status = parse(argv, strcmp(argv[5], "start") != 0, &arena, &text);

	buf_done(&text);
	arena_done(&arena);
	return status;
}
