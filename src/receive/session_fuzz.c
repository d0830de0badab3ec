/*
 * A whole session whose client is the fuzzer: whatever it sends, the session ends, every reply is
 * a catalogue entry in canonical lines, and what queue is given has no line end but CRLF.
 * The first byte says what goes wrong inside; \f cuts what one read gives.
 */
#include "receive/testing.h"
#include <assert.h>
#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static void check_replies(struct span replies)
{
	struct span line;

	while (replies.len > 0) {
		bool has_end = span_take_until(&replies, '\n', &line);

		assert(has_end && line.len >= 5 && line.len <= 511 &&
			line.at[line.len - 1] == '\r');
		assert(line.at[0] >= '2' && line.at[0] <= '5' &&
			(line.at[3] == ' ' || line.at[3] == '-'));
		for (size_t i = 0; i + 1 < line.len; i++)
			assert((unsigned char)line.at[i] >= ' ');
	}
}

static void check_message(const struct testing_message *m)
{
	for (size_t i = 0; i < m->content_len; i++) {
		char before = i > 0 ? m->content[i - 1] : 0, c = m->content[i];

		assert(c != 0);
		assert((c == '\n') == (before == '\r') || (c != '\n' && before != '\r'));
	}
	assert(m->content_len == 0 || m->content[m->content_len - 1] != '\r');
	assert(strlen(m->recipients) > 0);
}

static void play(void *arg)
{
	static const int errors[] = {0, -EPIPE, -ENOSPC, -EIO};
	const struct input *in = arg;
	uint8_t how = in->data[0];
	static struct testing t; /* kept: reading a configuration takes longer than a session */

	if (!t.server.conf)
		testing_init(&t,
			"limits { message_size = 65536  command_line = 512  errors = 5 }\n"
			"domain \"ours.example\" { to = \"127.0.0.1:2527\" recipients = \"x\" }\n"
			"always_bcc = \"archive@ours.example\"\n"
			"map m { file = \"/m\" }\nrewrite_sender = \"map:m\"\n"
			"tls { certificate = \"/a\" key = \"/b\" }\n"
			"users { from = \"file:/u\" mechanisms = {\"PLAIN\", \"LOGIN\", "
			"\"SCRAM-SHA-256\"} }\n");
	t.client.bytes[0] = (how & 128) ? 192 : 127; /* a stranger, or one who may relay */
	t.queue.commit_rc = errors[how & 3];
	t.queue.make_rc = errors[how >> 2 & 3];
	t.queue.ready_rc = (how & 16) ? -EPIPE : 0;
	t.breaks_off = how & 32;
	t.is_silent = how & 64;
	t.has_no_keys = (how & 3) == 3;
	t.tls_rc = (how & 12) == 12 ? -EPROTO : 0;
	t.door.tls = (how & 48) == 48 ? CONF_LISTENER_TLS_REQUIRED : CONF_LISTENER_TLS_OFFERED;
	t.door.is_proxied = (how & 192) == 192;
	t.door.may_xclient = how & 1;
	t.door.auth = (how & 24) == 24 ? CONF_AUTH_TLS : CONF_AUTH_ALWAYS;
	testing_session(&t, span_of(in->data + 1, in->size - 1));
	check_replies(buf_span(&t.replies));
	for (const struct testing_message *m = t.queue.messages; m; m = m->next)
		check_message(m);
	assert(t.server.sessions_n == 0);
	testing_queue_done(&t.queue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	if (size > 0)
		testing_run(play, &in);
	return 0;
}
