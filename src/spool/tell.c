#include "spool/spool_in.h"
#include <errno.h>

/* A notice while it is written. */
struct telling {
	struct store_txn *t;
	struct spool_tell *tell;
	struct arena arena;
	struct accept_packed notice;
	struct spool_recipient *marked; /* as they are to be, with the ids of their messages */
	struct id *ids;
};

/* 1: it waits still, and nobody told of it meanwhile. */
static int load(struct telling *g, const struct spool_told *who, struct spool_recipient *ret)
{
	struct store_key key = store_key_id_n(who->id, who->n);
	int rc = store_get_record(g->t, STORE_RECIPIENTS, store_key_span(&key),
		&spool_recipient_type, &g->arena, ret);

	if (rc == -ENOENT || rc == -EBADMSG)
		return 0;
	return rc < 0 ? rc : ret->told == who->told && ret->state != SPOOL_HELD;
}

/* All that can fail without a trace. */
static int check(struct telling *g, struct spool_op *op)
{
	struct spool_tell *tell = g->tell;

	g->marked = arena_array(&g->arena, tell->n, sizeof *g->marked);
	g->ids = arena_array(&g->arena, tell->n, sizeof *g->ids);
	for (size_t i = 0; i < tell->n; i++) {
		struct spool_recipient *r = &g->marked[tell->marked];
		int rc = load(g, &tell->of[i], r);

		if (rc < 0)
			return rc;
		if (rc == 0 && tell->all)
			return -ESTALE;
		if (rc == 0)
			continue;
		r->told++;
		r->told_at = tell->at;
		g->ids[tell->marked++] = tell->of[i].id;
	}
	if (tell->marked == 0)
		return -ESTALE;
	int rc = accept_check(g->t, tell->notice, &g->arena, &g->notice);

	return rc == 0 ? accept_place(g->t, tell->notice, &op->placed) : rc;
}

static int write(struct telling *g)
{
	int rc = accept_write(g->t, g->tell->notice, &g->notice);

	for (size_t i = 0; rc == 0 && i < g->tell->marked; i++)
		rc = parts_put_recipient(g->t, g->ids[i], &g->marked[i]);
	return rc;
}

/* New mail waits where the disk is nearly full; so does what could be told later as well. */
int tell_apply(struct store_txn *t, struct spool_op *op)
{
	struct telling g = {.t = t, .tell = &op->tell};
	int rc = 0;

	op->tell.marked = 0;
	op->result = t->accept_full ? -ENOSPC : check(&g, op);
	if (op->result == 0)
		rc = write(&g);
	arena_done(&g.arena);
	return rc;
}
