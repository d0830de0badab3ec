/* A map that is a directory: a few connections, each served by a task and a helper thread. */
#include "base/alloc.h"
#include "lookup/ldap_conn.h"
#include "task/task.h"
#include <errno.h>
#include <stdlib.h>

#define WAITING_MOST 1000U
/* The thread keeps the deadline by itself; this is for what it can't bound (a resolver, say). */
#define LATE (500 * NANOS_MS)

struct ldap_map {
	struct map map;
	struct list waiting; /* struct question */
	unsigned waiting_n;
	struct task_gate work;
	struct list workers;
};

struct worker {
	struct list node;
	struct ldap_map *ldap;
	struct ldap_conn *conn;
	struct task *task;
};

struct question { /* of two owners: who asks, and who answers */
	struct list node;
	struct ldap_query query;
	struct ldap_conn *conn; /* while a thread works on it */
	unsigned refs;
	bool is_done;
	struct task_gate done;
	char text[];
};

static void question_put(struct question *q)
{
	if (--q->refs > 0)
		return;
	buf_done(&q->query.values);
	if (q->query.password.len > 0)
		explicit_bzero((char *)(uintptr_t)q->query.password.at, q->query.password.len);
	free(q);
}

static void work_on(void *arg)
{
	struct question *q = arg;

	ldap_conn_ask(q->conn, &q->query);
}

static void answer(struct worker *w, struct question *q)
{
	q->conn = w->conn;
	if (clock_now() >= q->query.deadline || task_offload(work_on, q) < 0) {
		q->query.state = IPC_LOOKUP_FAILED;
		q->query.trouble = LOOKUP_BUSY;
		q->query.step = "wait";
		(void)span_copy(SPAN_LIT("all connections were in use until it was too late"),
			q->query.why, sizeof q->query.why);
	}
	q->is_done = true;
	task_gate_wake_all(&q->done);
	question_put(q);
}

static void close_conn(void *conn)
{
	ldap_conn_free(conn);
}

static void serve(void *arg)
{
	struct worker *w = arg;
	struct ldap_map *l = w->ldap;

	while (!l->map.is_closed) {
		struct list *first = list_take(&l->waiting);

		if (first) {
			l->waiting_n--;
			answer(w, container_of(first, struct question, node));
		} else if (task_gate_wait(&l->work, CLOCK_NEVER) < 0) {
			break;
		}
	}
	if (task_offload(close_conn, w->conn) < 0)
		ldap_conn_free(w->conn);
	list_remove(&w->node);
	free(w);
	map_put(&l->map);
}

static struct map *open_map(void)
{
	struct ldap_map *l = alloc_zero(sizeof *l);

	list_init(&l->waiting);
	list_init(&l->workers);
	task_gate_init(&l->work);
	return &l->map;
}

static void start(struct map *m)
{
	struct ldap_map *l = container_of(m, struct ldap_map, map);

	for (uint32_t i = 0; i < m->conf.connections; i++) {
		struct worker *w = alloc_zero(sizeof *w);

		*w = (struct worker){.ldap = l, .conn = ldap_conn_new(&m->conf)};
		w->task = task_spawn("directory", serve, w);
		if (!w->task) {
			ldap_conn_free(w->conn);
			free(w);
			return;
		}
		list_add_tail(&l->workers, &w->node);
		map_get(m);
	}
}

/* Who still waits is told that there is no such map any more, by its own deadline at the latest. */
static void stop(struct map *m)
{
	struct ldap_map *l = container_of(m, struct ldap_map, map);

	list_for_each (node, &l->workers) {
		struct worker *w = container_of(node, struct worker, node);

		task_cancel(w->task);
		task_detach(w->task);
	}
}

/* ---- asking ---- */

static struct question *question_new(
	struct span key, struct span password, bool is_login, nanos deadline)
{
	struct question *q = alloc_zero(sizeof *q + key.len + password.len + 1);

	list_init(&q->node);
	task_gate_init(&q->done);
	q->refs = 1;
	if (key.len > 0)
		memcpy(q->text, key.at, key.len);
	if (password.len > 0)
		memcpy(q->text + key.len, password.at, password.len);
	q->query = (struct ldap_query){.key = span_of(q->text, key.len),
		.password = span_of(q->text + key.len, password.len),
		.is_login = is_login,
		.deadline = deadline};
	buf_init(&q->query.values, LDAP_VALUES_MAX);
	return q;
}

static void copy_values(const struct ldap_query *q, struct arena *arena, struct map_answer *ret)
{
	struct pack_cursor c = {.rest = buf_span(&q->values)};

	ret->values = arena_array(arena, q->n, sizeof *ret->values);
	for (size_t i = 0; i < q->n; i++)
		ret->values[i] = arena_copy(arena, pack_get_bytes(&c, (size_t)pack_get_u(&c, 4)));
	ret->n = q->n;
}

static void wait_for(
	struct ldap_map *l, struct question *q, struct arena *arena, struct map_answer *ret)
{
	nanos until =
		q->query.deadline > CLOCK_NEVER - LATE ? CLOCK_NEVER : q->query.deadline + LATE;

	while (!q->is_done && task_gate_wait(&q->done, until) == 0)
		;
	if (!q->is_done) {
		bool was_waiting = !list_is_empty(&q->node);

		map_fail(ret, was_waiting ? LOOKUP_BUSY : LOOKUP_TIMED_OUT,
			was_waiting ? "wait" : "connect",
			was_waiting ? "all connections are in use" : "no end of it in sight");
		if (was_waiting) {
			list_remove(&q->node);
			l->waiting_n--;
			question_put(q);
		}
		return;
	}
	if (q->query.state == IPC_LOOKUP_FAILED) {
		map_fail(ret, q->query.trouble, q->query.step, "%s", q->query.why);
		return;
	}
	*ret = (struct map_answer){.state = q->query.state};
	if (arena)
		copy_values(&q->query, arena, ret);
}

static void put_question(
	struct ldap_map *l, struct question *q, struct arena *arena, struct map_answer *ret)
{
	if (l->waiting_n >= WAITING_MOST || l->map.is_closed) {
		map_fail(ret, l->map.is_closed ? LOOKUP_NO_MAP : LOOKUP_BUSY, "wait",
			l->map.is_closed ? "the configuration has changed"
					 : "too many questions wait");
	} else {
		q->refs++;
		l->waiting_n++;
		list_add_tail(&l->waiting, &q->node);
		(void)task_gate_wake_one(&l->work);
		wait_for(l, q, arena, ret);
	}
	question_put(q);
}

static void ask(
	struct map *m, struct span key, nanos deadline, struct arena *arena, struct map_answer *ret)
{
	struct span none = {0};

	put_question(container_of(m, struct ldap_map, map),
		question_new(key, none, false, deadline), arena, ret);
}

/* A search for nobody: connection, login and an answer. */
static void probe(struct map *m, nanos deadline, struct map_answer *ret)
{
	struct span none = {0};

	put_question(container_of(m, struct ldap_map, map),
		question_new(SPAN_LIT("abide-probe"), none, false, deadline), NULL, ret);
}

static void login(struct map *m, const struct map_login *who, nanos deadline, struct arena *arena,
	struct map_answer *ret)
{
	put_question(container_of(m, struct ldap_map, map),
		question_new(who->user, who->password, true, deadline), arena, ret);
}

static void free_map(struct map *m)
{
	free(container_of(m, struct ldap_map, map));
}

const struct map_kind map_ldap = {.name = "ldap",
	.is_remote = true,
	.open = open_map,
	.start = start,
	.ask = ask,
	.probe = probe,
	.login = login,
	.stop = stop,
	.free = free_map};
