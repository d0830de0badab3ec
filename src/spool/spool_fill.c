/*
 * spool_fill - fills a spool with deferred messages, for measuring abide with a large queue.
 *
 *	spool_fill DIR [messages [sites [bytes [seconds [spread]]]]]
 *
 * Each message goes to one recipient at site1.fill.test, site2.fill.test ... in turn, was tried once
 * and is due `seconds` from now (negative: was due), spread over `spread` more. Run as the spool's user.
 */
#include "base/alloc.h"
#include "base/crc.h"
#include "spool/spool.h"
#include "task/task.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WORKERS 512U

struct fill {
	const char *dir;
	struct spool *s;
	uint32_t messages, sites, bytes, spread, next, running, generation;
	int64_t due_in;
	struct span content;
	uint32_t crc;
	struct task_gate done;
	int result;
};

static int accept_one(struct fill *f, uint32_t k, struct arena *a)
{
	uint32_t site = k % f->sites + 1;
	int64_t now = spool_now(f->s);
	struct span name = arena_printf(a, "site%u.fill.test", site);
	struct spool_recipient r = {.address = arena_printf(a, "user%u@site%u.fill.test", k, site),
		.state = SPOOL_QUEUED,
		.lane = site,
		.attempts = 1,
		.next_at = now + f->due_in + (f->spread ? k % f->spread : 0),
		.last_at = now,
		.code = 451,
		.status = SPAN_LIT("4.3.2"),
		.reply = SPAN_LIT("System not accepting network messages, try again later"),
		.cause = SPAN_LIT("service_unavailable"),
		.peer = arena_printf(a, "mx.site%u.fill.test [192.0.2.%u]:25", site, site % 250)};
	struct spool_lane lane = {.number = site, .name = name, .site = name};
	struct spool_op op = {.kind = SPOOL_OP_ACCEPT,
		.accept = {
			.message = {.id = id_make((uint64_t)clock_wall_ms(), 1, f->generation, k),
				.arrived_at = now,
				.arrived_wall_ms = clock_wall_ms(),
				.sender = SPAN_LIT("sender@source.example"),
				.client = SPAN_LIT("192.0.2.1"),
				.helo = SPAN_LIT("client.example"),
				.content_len = f->content.len,
				.content_crc = f->crc,
				.recipients = 1},
			.recipients = &r,
			.recipients_n = 1,
			.lanes = &lane,
			.lanes_n = 1,
			.content = {.bytes = f->content}}};

	return spool_apply(f->s, &op);
}

static void work(void *arg)
{
	struct fill *f = arg;

	while (f->next < f->messages && f->result == 0) {
		struct arena arena = {0};
		int rc = accept_one(f, f->next++, &arena);

		f->result = rc < 0 ? rc : f->result;
		arena_done(&arena);
	}
	if (--f->running == 0)
		task_gate_wake_all(&f->done);
}

static void fill(void *arg)
{
	struct fill *f = arg;
	struct spool_options o = {.dir = f->dir};
	struct spool_op op = {.kind = SPOOL_OP_GENERATION};
	const char *why = "";
	nanos start = clock_now();

	f->result = spool_open(&o, &f->s, &why);
	if (f->result < 0) {
		fprintf(stderr, "spool_fill: %s: %s\n", f->dir, why);
		return;
	}
	f->result = spool_start(f->s);
	if (f->result == 0)
		f->result = spool_apply(f->s, &op);
	f->generation = op.generation;
	task_gate_init(&f->done);
	f->running = WORKERS;
	for (uint32_t i = 0; i < WORKERS; i++)
		task_detach(task_spawn("fill", work, f));
	while (f->running > 0)
		(void)task_gate_wait(&f->done, CLOCK_NEVER);
	double s = (double)(clock_now() - start) / (double)NANOS_S;

	printf("%u messages to %u sites in %.1f s, %llu MiB\n", f->next, f->sites, s,
		(unsigned long long)spool_figures(f->s).map_used >> 20);
	spool_close(f->s);
}

int main(int argc, char **argv)
{
	long numbers[] = {1000000, 10000, 1024, 3600, 0};

	for (int i = 2; i < argc && i < 7; i++)
		numbers[i - 2] = strtol(argv[i], NULL, 10);
	if (argc < 2 || numbers[0] < 1 || numbers[1] < 1 || numbers[2] < 0 || numbers[4] < 0) {
		fprintf(stderr,
			"usage: spool_fill DIR [messages [sites [bytes [seconds [spread]]]]]\n");
		return 64;
	}
	struct fill f = {.dir = argv[1],
		.messages = (uint32_t)numbers[0],
		.sites = (uint32_t)numbers[1],
		.bytes = (uint32_t)numbers[2],
		.due_in = numbers[3] * 1000,
		.spread = (uint32_t)numbers[4] * 1000};
	char *bytes = alloc_zero(f.bytes + 1);

	memset(bytes, 'x', f.bytes);
	if (f.bytes > 2)
		memcpy(bytes + f.bytes - 2, "\r\n", 2);
	f.content = span_of(bytes, f.bytes);
	f.crc = crc32c(0, f.content);
	int rc = task_run(NULL, fill, &f);

	free(bytes);
	if (f.result < 0)
		fprintf(stderr, "spool_fill: %s\n", strerror(-f.result));
	return rc < 0 || f.result < 0;
}
