/*
 * A whole session whose server is the fuzzer: whatever it says, the session ends, every recipient
 * has a fate, the message ends by at most one dot that anybody was taken for, and what is sent are
 * whole lines. The first byte says how many recipients there are and how the bytes are cut.
 */
#include "deliver/transaction.h"
#include "task/task.h"
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char content[] = "Subject: x\r\n\r\n.one\r\n";

static void check_lines(struct span sent)
{
	struct span line;

	while (sent.len > 0) {
		bool has_end = span_take_until(&sent, '\n', &line);

		assert(has_end && line.len > 0 && line.at[line.len - 1] == '\r');
		for (size_t i = 0; i + 1 < line.len; i++)
			assert(line.at[i] != '\r' && line.at[i] != 0);
	}
}

static void check_fates(const struct transaction *t)
{
	bool is_after_dot = false;

	for (size_t i = 0; i < t->n; i++) {
		const struct ipc_fate *f = &t->fates[i];

		if (f->outcome == 0) {
			assert(t->before_mail);
			continue;
		}
		assert(f->n == i && f->outcome <= IPC_FATE_MAYBE);
		assert(f->code >= 200 && f->code <= 599);
		is_after_dot |= f->outcome == IPC_FATE_RELAYED ||
				f->outcome == IPC_FATE_DELIVERED || f->outcome == IPC_FATE_MAYBE;
	}
	/* Whoever may have it was sent it, and queue knows that it was. */
	assert(!is_after_dot || t->job->dot_sent);
}

static void converse(struct connection *c, const struct conf *conf, struct deliver_job *job)
{
	struct deliver d = {0};
	size_t n = job->body.recipients_n;
	size_t *who = arena_array(&job->arena, n, sizeof *who);
	struct transaction t = {.deliver = &d,
		.job = job,
		.connection = c,
		.conf = conf,
		.who = who,
		.n = n,
		.state = arena_zero(&job->arena, n),
		.fates = arena_array(&job->arena, n, sizeof *t.fates),
		.acts = arena_array(&job->arena, n, sizeof *t.acts),
		.again = arena_array(&job->arena, n, sizeof *t.again)};

	for (size_t i = 0; i < n; i++)
		who[i] = i;
	transaction_run(&t);
	check_fates(&t);
	if (!c->is_lost)
		(void)stream_flush(c->stream, CLOCK_NEVER);
	if (!c->is_lost || job->dot_sent)
		check_lines(stream_memory_written(c->stream));
}

static struct deliver_job *new_job(unsigned recipients, bool is_8bit)
{
	struct deliver_job *job = alloc_zero(sizeof *job);
	struct ipc_job *b = &job->body;

	list_init(&job->node);
	job->content_fd = -1;
	job->bytes = alloc_copy(content, sizeof content - 1);
	*b = (struct ipc_job){.content_len = sizeof content - 1,
		.body_8bit = is_8bit,
		.sender = SPAN_LIT("me@here.test"),
		.recipients_n = recipients};
	b->recipients = arena_array(&job->arena, recipients, sizeof *b->recipients);
	for (unsigned i = 0; i < recipients; i++)
		b->recipients[i] = (struct ipc_job_recipient){
			.n = i, .address = arena_printf(&job->arena, "%u@one.test", i)};
	return job;
}

static void run_one(void *arg)
{
	const struct span *in = arg;
	const uint8_t *data = (const uint8_t *)in->at;
	size_t size = in->len;
	struct conf conf = {.hostname = SPAN_LIT("test.example"),
		.timeouts = {.command = NANOS_S,
			.greeting = NANOS_S,
			.data = NANOS_S,
			.final = NANOS_S}};

	struct connection *c = alloc_zero(sizeof *c);
	struct deliver_job *job = new_job(1 + (data[0] & 3), data[0] & 4);
	struct trouble why;

	reply_reader_init(&c->reader);
	c->host = SPAN_LIT("peer.test");
	c->is_lmtp = data[0] & 8;
	if (stream_open_memory(
		    span_of((const char *)data + 1, size - 1), data[0] >> 3, &c->stream) < 0)
		abort();
	if (connection_greet(c, &conf, &why))
		converse(c, &conf, job);
	deliver_job_free(job);
	connection_close(c, CLOCK_NEVER);
}

/* In a task: what a peer of seven bits gets is converted on a helper thread. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct task_options options = {
		.stack_size = (size_t)1 << 20, .watchdog = 3600 * NANOS_S, .offload_threads = 1};
	struct span in = span_of(data, size);

	if (size > 0 && task_run(&options, run_one, &in) < 0)
		abort();
	return 0;
}
