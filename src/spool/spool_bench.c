/*
 * spool_bench - how fast the spool takes and lets go of mail, on the disk of a folder.
 *
 *	spool_bench DIR [producers [KiB [pairs [fill]]]]
 *
 * pairs: each producer accepts a message and ends it, one after the other. With fill, that many
 * messages are accepted first and drained in scattered order, and the pairs run after that: LMDB
 * slows down there when free pages have to be contiguous (INVARIANTS.md S12).
 */
#include "base/alloc.h"
#include "base/crc.h"
#include "spool/spool.h"
#include "task/task.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct bench {
	struct spool *s;
	struct span content;
	uint32_t crc, producers, pairs, fill, next, counter, running, generation;
	struct id *ids;
	struct task_gate gate;
};

static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "spool_bench: %s: %d\n", what, rc);
	exit(1);
}

static struct id accept_one(struct bench *b)
{
	struct id id = id_make((uint64_t)clock_wall_ms(), 1, b->generation, b->counter++);
	struct spool_recipient r = {
		.address = SPAN_LIT("someone@destination.example"),
		.state = SPOOL_QUEUED,
		.lane = 1,
		.next_at = spool_now(b->s),
	};
	struct spool_lane lane = {
		.number = 1,
		.name = SPAN_LIT("destination.example"),
		.site = SPAN_LIT("mx.destination.example"),
	};
	struct spool_op op = {
		.kind = SPOOL_OP_ACCEPT,
		.accept =
			{
				.message =
					{
						.id = id,
						.sender = SPAN_LIT("sender@source.example"),
						.client = SPAN_LIT("192.0.2.1"),
						.helo = SPAN_LIT("client.example"),
						.content_len = b->content.len,
						.content_crc = b->crc,
						.recipients = 1,
						.edits = SPAN_LIT("Received: from client.example "
								  "(192.0.2.1)\r\n\tby "
								  "mx.example.org with "
								  "ESMTP;\r\n\tMon, 23 Nov "
								  "2026 22:45:01 +0000\r\n"),
					},
				.recipients = &r,
				.recipients_n = 1,
				.lanes = &lane,
				.lanes_n = 1,
				.content = {.bytes = b->content},
			},
	};

	must(spool_apply(b->s, &op), "accept");
	return id;
}

static void end_one(struct bench *b, struct id id, bool is_deferred)
{
	struct arena arena = {0};
	struct spool_job job;

	must(spool_job_load(b->s, id, 0, &arena, &job), "load");
	struct spool_result result = {
		.end = is_deferred ? 0 : SPOOL_RELAYED, .recipient = job.recipients[0]};

	result.recipient.code = is_deferred ? 451 : 250;
	result.recipient.reply =
		is_deferred ? SPAN_LIT("Greylisted, see "
				       "http://postgrey.example/help/destination.example")
			    : SPAN_LIT("2.0.0 Ok: queued as 4F1C2A3B4D");
	if (is_deferred) {
		result.recipient.next_at = spool_now(b->s) + 300000;
		result.recipient.cause = SPAN_LIT("greylisting");
	}
	result.recipient.peer = SPAN_LIT("mx.destination.example [192.0.2.2]:25");
	result.recipient.attempts = 1;
	struct spool_op op = {
		.kind = SPOOL_OP_OUTCOME,
		.outcome =
			{
				.id = id,
				.lane = 1,
				.due = job.recipients[0].next_at,
				.results = &result,
				.results_n = 1,
			},
	};

	must(spool_apply(b->s, &op), "outcome");
	arena_done(&arena);
}

static void producer_end(struct bench *b)
{
	if (--b->running == 0)
		task_gate_wake_all(&b->gate);
}

static void pairs(void *arg)
{
	struct bench *b = arg;

	while (b->next < b->pairs) {
		b->next++;
		end_one(b, accept_one(b), false);
	}
	producer_end(b);
}

static void fill(void *arg)
{
	struct bench *b = arg;

	while (b->next < b->fill) {
		uint32_t i = b->next++;

		b->ids[i] = accept_one(b);
	}
	producer_end(b);
}

static void drain(void *arg)
{
	struct bench *b = arg;

	while (b->next < b->fill) {
		uint32_t i = b->next++;

		end_one(b, b->ids[i], false);
	}
	producer_end(b);
}

static void defer(void *arg)
{
	struct bench *b = arg;

	while (b->next < b->fill) {
		uint32_t i = b->next++;

		end_one(b, b->ids[i], true);
	}
	producer_end(b);
}

static void phase(struct bench *b, const char *name, task_fn *fn, uint32_t n)
{
	struct spool_figures before = spool_figures(b->s);
	nanos start = clock_now();

	b->next = 0;
	b->running = b->producers;
	for (uint32_t i = 0; i < b->producers; i++)
		task_detach(task_spawn(name, fn, b));
	while (b->running > 0)
		(void)task_gate_wait(&b->gate, CLOCK_NEVER);
	double s = (double)(clock_now() - start) / (double)NANOS_S;
	struct spool_figures now = spool_figures(b->s);

	printf("%-8s %8.0f/s  %6.2f s  %5.1f operations a batch  %.2f ms a batch  %llu MiB used\n",
		name, n / s, s,
		(double)(now.operations - before.operations) /
			(double)(now.batches - before.batches),
		s * 1000 / (double)(now.batches - before.batches),
		(unsigned long long)now.map_used >> 20);
	fflush(stdout);
}

static void shuffle(struct bench *b)
{
	uint64_t x = 88172645463325252U;

	for (uint32_t i = b->fill; i > 1; i--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		struct id other = b->ids[x % i];

		b->ids[x % i] = b->ids[i - 1];
		b->ids[i - 1] = other;
	}
}

static const char *folder;

static void bench(void *arg)
{
	struct bench *b = arg;
	struct spool_options o = {.dir = folder};
	struct spool_op op = {.kind = SPOOL_OP_GENERATION};
	const char *why = "";
	int rc = spool_open(&o, &b->s, &why);

	must(rc, why);
	must(spool_start(b->s), "start");
	must(spool_apply(b->s, &op), "generation");
	b->generation = op.generation;
	task_gate_init(&b->gate);
	if (b->fill > 0) {
		b->ids = alloc_array(b->fill, sizeof *b->ids);
		phase(b, "fill", fill, b->fill);
		shuffle(b);
		phase(b, "defer", defer, b->fill);
		phase(b, "drain", drain, b->fill);
		free(b->ids);
	}
	if (b->pairs > 0)
		phase(b, "pairs", pairs, b->pairs);
	spool_close(b->s);
}

int main(int argc, char **argv)
{
	unsigned long numbers[] = {20, 16, 50000, 0};

	for (int i = 2; i < argc && i < 6; i++)
		numbers[i - 2] = strtoul(argv[i], NULL, 10);
	if (argc < 2 || numbers[0] == 0) {
		fprintf(stderr, "usage: spool_bench DIR [producers [KiB [pairs [fill]]]]\n");
		return 64;
	}
	struct bench *b = alloc_zero(sizeof *b);
	char *bytes = alloc_zero(numbers[1] * 1024);

	memset(bytes, 'x', numbers[1] * 1024);
	folder = argv[1];
	b->content = span_of(bytes, numbers[1] * 1024);
	b->crc = crc32c(0, b->content);
	b->producers = (uint32_t)numbers[0];
	b->pairs = (uint32_t)numbers[2];
	b->fill = (uint32_t)numbers[3];
	int rc = task_run(NULL, bench, b);

	free(bytes);
	free(b);
	return rc < 0;
}
