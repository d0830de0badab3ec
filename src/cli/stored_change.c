#include "base/alloc.h"
#include "base/log.h"
#include "cli/stored.h"
#include "task/task.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

static const struct {
	const char *name;
	enum spool_change_kind kind;
} verbs[] = {{"hold", SPOOL_HOLD}, {"release", SPOOL_RELEASE}, {"retry", SPOOL_RETRY},
	{"drop", SPOOL_DROP}};

static bool find_kind(struct span verb, enum spool_change_kind *ret)
{
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		if (!span_equal(verb, span_str(verbs[i].name)))
			continue;
		*ret = verbs[i].kind;
		return true;
	}
	return false;
}

static bool is_wanted_state(enum spool_change_kind kind, struct span state)
{
	bool held = span_equal(state, SPAN_LIT("held"));

	return kind == SPOOL_DROP || held == (kind == SPOOL_RELEASE);
}

struct changes { /* of one request: one batch */
	struct task_gate done;
	size_t running;
	struct one {
		struct spool_op op;
		struct arena arena;
		struct changes *all;
		int result;
	} * at;
};

static void one_done(struct spool_op *op, void *arg)
{
	struct one *one = arg;

	one->result = op->result;
	if (--one->all->running == 0)
		task_gate_wake_all(&one->all->done);
}

static void begin(struct spooled *s, const struct ipc_control_list *filter, struct one *one,
	enum spool_change_kind kind, struct id id)
{
	struct select_source from = stored_source(s);
	struct ipc_control_message m;
	struct spool_job job;

	one->result = spool_message_load(s->spool, id, &one->arena, &job);
	if (one->result < 0)
		return;
	uint32_t *only = arena_array(&one->arena, job.recipients_n, sizeof *only);
	struct spool_change *c = &one->op.change;

	*c = (struct spool_change){.id = id, .kind = kind, .only = only};
	describe_message(&from.from, &job, &one->arena, &m);
	for (size_t i = 0; i < m.recipients_n; i++)
		if (describe_wants(&m.recipients[i], filter) &&
			is_wanted_state(kind, m.recipients[i].state))
			only[c->only_n++] = m.recipients[i].n;
	if (c->only_n == 0)
		return;
	one->op.kind = SPOOL_OP_CHANGE;
	one->op.done = one_done;
	one->op.arg = one;
	one->all->running++;
	spool_submit(s->spool, &one->op);
}

static void count(struct one *one, struct ipc_control_end *ret)
{
	if (one->result == 0) {
		ret->messages += one->op.changed > 0;
		ret->count += one->op.changed;
	}
	ret->unknown += one->result == -ENOENT;
	ret->failed += one->result < 0 && one->result != -ENOENT;
	arena_done(&one->arena);
}

static int mark_all(struct spooled *s, struct ipc_control_end *ret)
{
	struct spool_op op = {.kind = SPOOL_OP_MARK};
	int rc = spool_apply(s->spool, &op);

	if (rc < 0) {
		(void)fprintf(stderr, "abide: %s\n", log_strerror(rc));
		return EX_IOERR;
	}
	ret->messages = op.mark.messages;
	ret->count = op.mark.recipients;
	return EX_OK;
}

int stored_change(
	struct spooled *s, const struct ipc_control_change *change, struct ipc_control_end *ret)
{
	struct ipc_control_list filter = {
		.site = change->site, .cause = change->cause, .recipient = change->recipient};
	enum spool_change_kind kind;
	size_t n = change->ids.len / ID_BYTES;
	struct changes all = {0};

	if (!find_kind(change->verb, &kind)) {
		(void)fprintf(stderr, "abide: start abide first: %.*s needs the running queue\n",
			SPAN_F(change->verb));
		return EX_UNAVAILABLE;
	}
	if (change->all)
		return mark_all(s, ret);
	task_gate_init(&all.done);
	all.at = alloc_zero((n + 1) * sizeof *all.at);
	for (size_t i = 0; i < n; i++) {
		all.at[i].all = &all;
		begin(s, &filter, &all.at[i], kind,
			id_from_bytes((const unsigned char *)change->ids.at + i * ID_BYTES));
	}
	while (all.running > 0)
		(void)task_gate_wait(&all.done, CLOCK_NEVER);
	for (size_t i = 0; i < n; i++)
		count(&all.at[i], ret);
	free(all.at);
	return EX_OK;
}

struct progress {
	void (*fn)(const struct ipc_control_progress *p, void *arg);
	void *arg;
};

static void on_progress(uint64_t rows, uint64_t of, void *arg)
{
	struct progress *p = arg;

	p->fn(&(struct ipc_control_progress){.done = rows, .of = of}, p->arg);
}

int stored_compact(
	struct spooled *s, void (*fn)(const struct ipc_control_progress *p, void *arg), void *arg)
{
	struct progress p = {fn, arg};
	struct spool_compacted made;
	int rc = spool_compact(s->spool, on_progress, &p, &made);

	if (rc < 0) {
		(void)fprintf(stderr, "abide: the spool was not compacted: %s\n", log_strerror(rc));
		return rc == -ENOSPC ? EX_CANTCREAT : EX_IOERR;
	}
	fn(&(struct ipc_control_progress){.before = made.before,
		   .after = made.after,
		   .took_ms = (uint64_t)(made.took / NANOS_MS),
		   .paused_ms = (uint64_t)(made.paused / NANOS_MS)},
		arg);
	return EX_OK;
}
