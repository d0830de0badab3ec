/* Connections to a policy service: opened, lent, used again, closed when idle. */
#include "base/alloc.h"
#include "base/log.h"
#include "lookup/service_in.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE_MOST (60 * NANOS_S)

static bool fail(struct service_failure *f, enum lookup_trouble trouble, const char *step, int rc)
{
	*f = (struct service_failure){
		.trouble = rc == -ETIMEDOUT ? LOOKUP_SERVICE_SLOW : trouble, .step = step};
	(void)snprintf(f->why, sizeof f->why, "%s", rc ? log_strerror(rc) : "it closed");
	return false;
}

/* ---- opening ---- */

static int dial(const struct conf_address *a, nanos deadline, struct stream **ret)
{
	struct sockaddr_storage to;
	unsigned len = conf_sockaddr(a, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	return stream_connect(fd, (const struct sockaddr *)&to, len, deadline, ret);
}

static struct service_conn *open_one(struct service *s, const struct conf_policy *conf,
	nanos deadline, struct service_failure *ret)
{
	struct stream *stream = NULL;
	int rc = -EADDRNOTAVAIL; /* a name without an address */

	s->conns++;
	for (size_t i = 0; i < conf->at.n_addresses && rc < 0 && rc != -ETIMEDOUT; i++)
		rc = dial(&conf->at.addresses[i], deadline, &stream);
	if (rc < 0) {
		s->conns--;
		(void)task_gate_wake_one(&s->freed);
		(void)fail(ret, LOOKUP_SERVICE_GONE, "connect", rc);
		return NULL;
	}
	struct service_conn *c = alloc_zero(sizeof *c);

	list_init(&c->node);
	c->stream = stream;
	return c;
}

struct service_conn *service_conn_take(struct service *s, const struct conf_policy *conf,
	nanos deadline, struct service_failure *ret)
{
	for (;;) {
		struct list *node = list_take(&s->idle);

		if (node)
			return container_of(node, struct service_conn, node);
		if (s->conns < conf->connections)
			return open_one(s, conf, deadline, ret);
		int rc = task_gate_wait(&s->freed, deadline);

		if (rc < 0) {
			(void)fail(ret, LOOKUP_BUSY, "wait", rc);
			return NULL;
		}
	}
}

/* ---- closing ---- */

static void close_one(struct service *s, struct service_conn *c)
{
	list_remove(&c->node);
	stream_close(c->stream);
	free(c);
	s->conns--;
}

void service_close_idle(struct service *s)
{
	list_for_each (node, &s->idle)
		close_one(s, container_of(node, struct service_conn, node));
}

static void reap(void *arg)
{
	struct service *s = arg;

	while (!list_is_empty(&s->idle)) {
		struct service_conn *oldest = container_of(s->idle.prev, struct service_conn, node);

		if (clock_now() >= oldest->since + IDLE_MOST)
			close_one(s, oldest);
		else if (task_sleep(oldest->since + IDLE_MOST) < 0)
			break;
	}
	s->is_reaping = false;
	service_put(s);
}

void service_conn_give(struct service *s, struct service_conn *c, bool is_good)
{
	(void)task_gate_wake_one(&s->freed);
	/* More input than the answer would be taken for the next one. */
	if (!is_good || s->is_closed || stream_input(c->stream).len > 0) {
		close_one(s, c);
		return;
	}
	c->is_used = true;
	c->since = clock_now();
	list_add_tail(s->idle.next, &c->node); /* in front: the least used grow old */
	struct task *t = s->is_reaping ? NULL : task_spawn("idle", reap, s);

	if (!t)
		return;
	s->is_reaping = true;
	s->refs++;
	task_detach(t);
}

/* ---- talking ---- */

bool service_conn_talk(struct service_conn *c, struct span question, nanos deadline,
	struct span *ret_answer, bool *ret_is_stale, struct service_failure *ret)
{
	int rc = stream_write(c->stream, question, deadline);

	if (rc == 0)
		rc = stream_flush(c->stream, deadline);
	*ret_is_stale = c->is_used && rc < 0 && rc != -ETIMEDOUT;
	if (rc < 0)
		return fail(ret, LOOKUP_SERVICE_GONE, "send", rc);
	for (;;) {
		struct span in = stream_input(c->stream);
		size_t end = advice_find_end(span_slice(in, 0, ADVICE_MAX));

		if (end > 0) {
			*ret_answer = span_slice(in, 0, end);
			return true;
		}
		if (in.len >= ADVICE_MAX)
			return fail(ret, LOOKUP_SERVICE_WRONG, "answer", -EMSGSIZE);
		ssize_t n = stream_fill(c->stream, deadline);

		if (n > 0)
			continue;
		*ret_is_stale = c->is_used && in.len == 0 && n != -ETIMEDOUT;
		return fail(ret, LOOKUP_SERVICE_GONE, "answer", (int)n);
	}
}
