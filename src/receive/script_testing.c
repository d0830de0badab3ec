#include "receive/script_testing.h"
#include <stdio.h>

/* Runs in a task, out of which cmocka must not jump: says what is wrong, and whether. */
static bool check(const struct script *c, size_t cut, struct testing *t, struct buf *codes)
{
	const struct testing_message *m = t->queue.messages;

	testing_codes(buf_span(&t->replies), codes);
	if (span_equal(buf_span(codes), span_str(c->codes)) && t->queue.messages_n == c->messages &&
		(!c->content || strcmp(m->content, c->content) == 0) &&
		(!c->recipients || strcmp(m->recipients, c->recipients) == 0) &&
		(!c->writes || cut != SIZE_MAX || t->writes == c->writes) &&
		t->server.sessions_n == 0)
		return true;
	fprintf(stderr, "%s, cut at %zd:\n%.*s\n%s\n%u messages; %s: %s\n", c->what, (ssize_t)cut,
		SPAN_F(buf_span(codes)), c->codes, t->queue.messages_n, m ? m->recipients : "",
		m ? m->content : "");
	return false;
}

static bool play(const struct script *c, size_t cut)
{
	static struct testing t;
	struct buf codes = BUF_INIT(1 << 20);

	testing_init(&t, c->conf);
	t.cut = cut;
	t.is_silent = c->is_silent;
	t.queue.ready_rc = c->ready_rc;
	t.queue.make_rc = c->make_rc;
	t.queue.commit_rc = c->commit_rc;
	t.tls_rc = c->tls_rc;
	t.has_no_keys = c->has_no_keys;
	t.door = c->door;
	if (c->client && wire_ip_read(span_str(c->client), &t.client) < 0)
		return false;
	testing_session(&t, span_of(c->in, c->in_len));
	bool is_right = check(c, cut, &t, &codes);

	buf_done(&codes);
	testing_done(&t);
	return is_right;
}

/* Each script as it stands, and cut once more at every byte. */
void script_play_table(void *arg)
{
	struct script_table *t = arg;

	for (size_t i = 0; i < t->n; i++) {
		bool is_right = play(&t->at[i], SIZE_MAX);

		for (size_t cut = 1; is_right && cut < t->at[i].in_len && !t->at[i].is_whole; cut++)
			is_right = play(&t->at[i], cut);
		t->wrong += !is_right;
	}
}
