/*
 * service_in - a policy service, as its two files share it.
 */
#pragma once
#include "lookup/advice.h"
#include "lookup/breaker.h"
#include "lookup/service.h"
#include "task/stream.h"
#include "task/task.h"

#define SERVICE_WHY_MAX 200U

struct service {
	struct list node;
	struct span name; /* address as written */
	unsigned refs;    /* questions, the task that closes what is idle, the list */
	bool is_closed;
	bool is_trying; /* one question asks whether it is back */
	struct breaker breaker;
	struct list idle; /* struct service_conn, the newest first */
	unsigned conns;   /* idle or in use */
	bool is_reaping;
	struct task_gate freed;
};

struct service_conn {
	struct list node;
	struct stream *stream;
	nanos since;  /* idle */
	bool is_used; /* has answered before: it may have been closed since */
};

struct service_failure {
	enum lookup_trouble trouble;
	const char *step;
	char why[SERVICE_WHY_MAX];
};

void service_put(struct service *s);
void service_close_idle(struct service *s);

/* ---- service_conn.c ---- */

/* One that is idle or new, before the deadline; NULL: *ret says why not. */
struct service_conn *service_conn_take(struct service *s, const struct conf_policy *conf,
	nanos deadline, struct service_failure *ret);
/* May it be used again? Else it is closed. */
void service_conn_give(struct service *s, struct service_conn *c, bool is_good);
/*
 * Sends the question and reads the answer, which is borrowed until the connection is given back.
 * False: *ret says why. *ret_is_stale: an old connection that had been closed; another may do better.
 */
bool service_conn_talk(struct service_conn *c, struct span question, nanos deadline,
	struct span *ret_answer, bool *ret_is_stale, struct service_failure *ret);
