/*
 * server - what all sessions of a receive process share.
 *
 * Plain data of one process; whoever starts sessions fills it in: serve.c in
 * the product, tests and fuzzers with a queue of their own. Nothing here waits.
 */
#pragma once
#include "base/list.h"
#include "conf/conf.h"
#include "receive/commit.h"
#include "receive/facts.h"
#include "receive/load.h"
#include "receive/lookup.h"
#include "receive/encrypt.h"
#include "receive/pool.h"
#include "resolve/ops.h"
#include "reply/catalogue.h"
#include "task/task.h"

struct role;

struct server {
	struct role *role;       /* NULL in tests: then conf is fixed */
	const struct conf *conf; /* see server_conf */
	const struct commit_ops *commit;
	void *commit_self;
	const struct facts_ops *facts; /* NULL: nobody counts */
	void *facts_self;
	const struct resolve_ops *resolve; /* NULL: no name can be asked for */
	void *resolve_self;
	const struct lookup_ops *lookup;
	void *lookup_self;
	const struct encrypt_ops *encrypt; /* NULL: no TLS */
	void *encrypt_self;
	uint32_t index; /* of the process, and */
	uint32_t born;  /* when it began: for the names of sessions */
	uint32_t last_session;
	struct list sessions; /* struct session */
	size_t sessions_n;
	struct list active; /* of these, who had a turn lately, the longest ago first (load.h), */
	size_t active_n;
	uint32_t sessions_all; /* of all processes, as facts said last */
	struct load load;
	nanos login_step;      /* log-ins that fail are answered at whole steps of it; 0: at once */
	bool is_stopping;      /* take no new transaction */
	struct task_gate left; /* a session has ended */
	nanos alarmed[CONF_DNSBLS_MAX]; /* of that list, last */
	struct pool replies;            /* for what is said, and other small texts */
	struct pool contents;           /* for messages, CONTENT_HELD_MAX each */
};

void server_init(struct server *v);
void server_done(struct server *v);

/* The configuration now in force: valid until the caller waits. */
const struct conf *server_conf(const struct server *v);
/* The same, held until server_conf_put (NULL is fine). */
const struct conf *server_conf_get(struct server *v);
void server_conf_put(struct server *v, const struct conf *conf);
