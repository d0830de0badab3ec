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
#include "receive/pool.h"
#include "reply/catalogue.h"
#include "task/task.h"

struct role;
struct session;

struct facts_ops { /* who counts the sessions */
	/* REPLY_ID_NONE, or why the client may not enter. Then it has not entered. Waits. */
	enum reply_id (*enter)(void *self, struct session *s);
	void (*leave)(void *self, struct session *s);
};

struct server {
	struct role *role;       /* NULL in tests: then conf is fixed */
	const struct conf *conf; /* see server_conf */
	const struct commit_ops *commit;
	void *commit_self;
	const struct facts_ops *facts; /* NULL: nobody counts */
	void *facts_self;
	uint32_t index; /* of the process, and */
	uint32_t born;  /* when it began: for the names of sessions */
	uint32_t last_session;
	struct list sessions; /* struct session */
	size_t sessions_n;
	bool is_stopping;      /* take no new transaction */
	struct task_gate left; /* a session has ended */
	struct pool replies;   /* for what is said, and other small texts */
	struct pool contents;  /* for messages, CONTENT_HELD_MAX each */
};

void server_init(struct server *v);
void server_done(struct server *v);

/* The configuration now in force: valid until the caller waits. */
const struct conf *server_conf(const struct server *v);
/* The same, held until server_conf_put (NULL is fine). */
const struct conf *server_conf_get(struct server *v);
void server_conf_put(struct server *v, const struct conf *conf);
