#include "spool/testing.h"
#include "base/crc.h"
#include "task/task.h"
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHECK(x)                                                                \
	do {                                                                    \
		if (!(x)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                \
		}                                                               \
	} while (0)

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	return remove(path);
}

void testing_remove_dir(const char *dir)
{
	(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void testing_make_dir(char dir[64])
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(dir, 64, "%.40s/abide-spool-XXXXXX", tmp ? tmp : "/tmp");
	CHECK(mkdtemp(dir));
}

void testing_open(struct testing *t)
{
	/* A small ring: more laps, and less to write where many spools are made. */
	struct spool_options o = {.dir = t->dir,
		.map_size = t->map_size,
		.ends_kept = t->ends_kept,
		.tidy_every = t->tidy_every,
		.ring_size = 4 << 20};
	const char *why = "";

	if (spool_open(&o, &t->s, &why) < 0)
		fprintf(stderr, "spool_open: %s\n", why);
	CHECK(t->s);
	CHECK(spool_start(t->s) == 0);
}

void testing_close(struct testing *t)
{
	spool_close(t->s);
	t->s = NULL;
}

struct testing_start {
	void (*fn)(struct testing *t);
	struct testing t;
};

static void first_task(void *arg)
{
	struct testing_start *start = arg;

	start->fn(&start->t);
	testing_close(&start->t);
}

void testing_run(void (*fn)(struct testing *t))
{
	struct testing_start start = {.fn = fn};
	/* cmocka's frames are larger than a session's. */
	struct task_options o = {.stack_size = 256UL * 1024};

	testing_make_dir(start.t.dir);
	CHECK(task_run(&o, first_task, &start) == 0);
	arena_done(&start.t.arena);
	testing_remove_dir(start.t.dir);
}

struct id testing_id(uint32_t k)
{
	return id_make(1700000000000U + k, 7, 1, k);
}

struct span testing_content(struct arena *a, uint32_t k, size_t len)
{
	char *p = arena_zero(a, len + 1);

	for (size_t i = 0; i < len; i++)
		p[i] = (char)('a' + (k * 7 + i * 31 + i / 4080) % 26);
	return span_of(p, len);
}

static void fill_recipients(struct arena *a, const struct testing_mail *m, struct spool_accept *ret)
{
	for (uint32_t i = 0; i < m->recipients; i++)
		ret->recipients[i] = (struct spool_recipient){
			.n = i,
			.address = arena_printf(a, "user%u@dest%u.example", i, 1 + i % m->lanes),
			.state = SPOOL_QUEUED,
			.lane = 1 + i % m->lanes,
			.part = i % m->lanes,
			.next_at = m->due,
		};
	for (uint32_t i = 0; i < m->lanes; i++)
		ret->lanes[i] = (struct spool_lane){
			.number = i + 1,
			.name = arena_printf(a, "dest%u.example", i + 1),
			.site = arena_printf(a, "mx.dest%u.example", i + 1),
		};
}

struct spool_accept testing_accept(struct arena *a, const struct testing_mail *m)
{
	uint32_t lanes = m->lanes < m->recipients ? m->lanes : m->recipients;
	struct testing_mail mail = *m;
	struct spool_accept accept = {
		.message =
			{
				.id = testing_id(m->k),
				.arrived_at = 1,
				.arrived_wall_ms = 1700000000000 + m->k,
				.sender = m->null_sender ? (struct span){0}
							 : arena_printf(a,
								   "sender%u@source.example", m->k),
				.client = SPAN_LIT("192.0.2.1"),
				.helo = SPAN_LIT("client.example"),
				.content_in_file = m->in_file,
				.content_len = m->len,
				.recipients = m->recipients,
			},
		.recipients = arena_array(a, m->recipients, sizeof(struct spool_recipient)),
		.recipients_n = m->recipients,
		.lanes = arena_array(a, lanes, sizeof(struct spool_lane)),
		.lanes_n = lanes,
		.content = {.bytes = testing_content(a, m->k, m->len), .in_file = m->in_file},
	};

	mail.lanes = lanes;
	fill_recipients(a, &mail, &accept);
	accept.message.content_crc = crc32c(0, accept.content.bytes);
	if (m->edits)
		accept.message.edits = testing_content(a, m->k + 1, m->edits);
	return accept;
}

void testing_write_file(struct spool *s, struct id id, struct span bytes)
{
	int fd;

	CHECK(spool_content_make(s, id, &fd) == 0);
	CHECK(write(fd, bytes.at, bytes.len) == (ssize_t)bytes.len);
	CHECK(fsync(fd) == 0);
	close(fd);
}

int testing_mail(struct testing *t, const struct testing_mail *m)
{
	struct spool_op op = {.kind = SPOOL_OP_ACCEPT, .accept = testing_accept(&t->arena, m)};

	if (m->in_file) {
		testing_write_file(t->s, op.accept.message.id, op.accept.content.bytes);
		op.accept.content.bytes = (struct span){0};
	}
	return spool_apply(t->s, &op);
}

static void promise_durable(struct spool_op *op, void *arg)
{
	struct testing_promise *p = arg;

	p->is_durable = true;
	if (p->on_durable)
		p->on_durable(p);
}

static void promise_done(struct spool_op *op, void *arg)
{
	((struct testing_promise *)arg)->is_done = true;
}

void testing_promise(struct testing *t, const struct testing_mail *m, struct testing_promise *ret)
{
	ret->op = (struct spool_op){.kind = SPOOL_OP_ACCEPT,
		.accept = testing_accept(&t->arena, m),
		.durable = promise_durable,
		.done = promise_done,
		.arg = ret};
	spool_submit(t->s, &ret->op);
}

void testing_await(const bool *what)
{
	for (int i = 0; i < 20000 && !*what; i++)
		(void)task_sleep(clock_after(NANOS_MS));
	CHECK(*what);
}

void testing_settle(struct spool *s, const struct testing_promise *p)
{
	for (int i = 0; i < 20000 && !p->is_done; i++) {
		if (p->is_durable)
			(void)spool_catch_up(s);
		(void)task_sleep(clock_after(NANOS_MS));
	}
	CHECK(p->is_done);
}

struct spool_outcome testing_outcome(
	struct arena *a, const struct spool_job *job, const uint8_t *how, const int64_t *next)
{
	struct spool_outcome o = {
		.id = job->message.id,
		.lane = job->recipients[0].lane,
		.part = job->recipients[0].part,
		.due = job->recipients[0].next_at,
		.results = arena_array(a, job->recipients_n, sizeof(struct spool_result)),
		.results_n = job->recipients_n,
	};

	for (size_t i = 0; i < job->recipients_n; i++) {
		struct spool_recipient r = job->recipients[i];

		r.attempts++;
		r.code = how[i] == SPOOL_RELAYED ? 250 : 451;
		r.reply = SPAN_LIT("4.7.1 come back later");
		r.cause = SPAN_LIT("greylisting");
		r.next_at = next[i];
		o.results[i] = (struct spool_result){.n = r.n, .end = how[i], .recipient = r};
	}
	return o;
}

int testing_finish(struct testing *t, uint32_t k, uint32_t part, uint8_t how, int64_t next)
{
	struct spool_job job;
	int rc = spool_job_load(t->s, testing_id(k), part, &t->arena, &job);

	if (rc < 0)
		return rc;
	uint8_t *hows = arena_array(&t->arena, job.recipients_n, sizeof *hows);
	int64_t *nexts = arena_array(&t->arena, job.recipients_n, sizeof *nexts);

	for (size_t i = 0; i < job.recipients_n; i++) {
		hows[i] = how;
		nexts[i] = next;
	}
	struct spool_op op = {
		.kind = SPOOL_OP_OUTCOME, .outcome = testing_outcome(&t->arena, &job, hows, nexts)};

	return spool_apply(t->s, &op);
}

static void tell(const char *table, struct span row, struct span wrong, void *arg)
{
	int *told = arg;

	if ((*told)++ < 10)
		fprintf(stderr, "audit: %s %.*s: %.*s\n", table, SPAN_F(row), SPAN_F(wrong));
}

long testing_audit(struct spool *s)
{
	struct spool_audit_totals totals;
	int told = 0;

	return spool_audit_deep(s, tell, &told, &totals);
}
