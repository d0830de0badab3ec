#include "receive/testing.h"
#include "auth/scram.h"
#include "base/alloc.h"
#include "base/crc.h"
#include "base/log.h"
#include "lookup/trouble.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- the queue ---- */

static int ready(void *self, nanos deadline)
{
	return ((struct testing_queue *)self)->ready_rc;
}

static int new_id(void *self, struct id *ret)
{
	struct testing_queue *q = self;

	*ret = id_make(1700000000000, 1, 1, ++q->counter);
	return 0;
}

static int content_make(void *self, struct id id, nanos deadline, int *ret_fd)
{
	struct testing_queue *q = self;

	if (q->make_rc < 0)
		return q->make_rc;
	int fd = memfd_create("content", MFD_CLOEXEC);
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	assert(fd >= 0 && own >= 0);
	if (q->files_n > 0)
		close(q->files[0]);
	q->files[0] = own;
	q->files_n = 1;
	q->made++;
	*ret_fd = fd;
	if (q->write_error) {
		close(fd);
		*ret_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	}
	return *ret_fd < 0 ? -errno : 0;
}

static void content_discard(void *self, struct id id)
{
	((struct testing_queue *)self)->discarded++;
}

static void keep_content(struct testing_queue *q, struct testing_message *m, uint64_t len)
{
	m->content = alloc_zero(len + 1);
	m->content_len = (size_t)len;
	ssize_t n = pread(q->files[0], m->content, len + 1, 0);

	assert(n == (ssize_t)len);
}

static int commit(void *self, const struct ipc_commit *c, struct span content, nanos deadline,
	uint32_t *ret_ms)
{
	struct testing_queue *q = self;

	if (q->commit_rc < 0)
		return q->commit_rc;
	struct testing_message *m = alloc_zero(sizeof *m);
	struct buf all = BUF_INIT(4 << 20);

	for (size_t i = 0; i < c->recipients_n; i++) {
		(void)buf_add_str(&all, i > 0 ? " " : "");
		(void)buf_add(&all, c->recipients[i].address);
	}
	m->sender = alloc_copy(c->sender.at, c->sender.len);
	m->recipients = alloc_copy(all.at, all.len);
	m->edits = alloc_copy(c->edits.at, c->edits.len);
	m->is_8bit = c->body_8bit;
	m->is_utf8 = c->smtputf8;
	m->was_in_file = c->content_in_file;
	if (c->content_in_file) {
		keep_content(q, m, c->content_len);
	} else {
		assert(content.len == c->content_len);
		m->content = alloc_copy(content.at, content.len);
		m->content_len = content.len;
	}
	assert(crc32c(0, span_of(m->content, m->content_len)) == c->content_crc);
	buf_done(&all);
	m->next = q->messages;
	q->messages = m;
	q->messages_n++;
	*ret_ms = 0;
	return 0;
}

const struct commit_ops testing_queue_ops = {
	.ready = ready,
	.new_id = new_id,
	.content_make = content_make,
	.content_discard = content_discard,
	.commit = commit,
};

void testing_queue_done(struct testing_queue *q)
{
	while (q->messages) {
		struct testing_message *m = q->messages;

		q->messages = m->next;
		free(m->sender);
		free(m->recipients);
		free(m->edits);
		free(m->content);
		free(m);
	}
	if (q->files_n > 0)
		close(q->files[0]);
	*q = (struct testing_queue){0};
}

/* ---- lookup: what the local part says is what comes of it ---- */

static void ask_map(void *self, struct span map, struct span key, nanos deadline,
	struct arena *arena, struct ipc_lookup_answer *ret)
{
	*ret = (struct ipc_lookup_answer){.state = IPC_LOOKUP_MISSING};
}

static void add_person(struct arena *arena, const char *address, const char *sender,
	struct ipc_lookup_recipients *ret)
{
	if (!ret->recipients)
		ret->recipients = arena_array(arena, 300, sizeof *ret->recipients);
	ret->recipients[ret->recipients_n++] = (struct ipc_lookup_recipient){
		.address = arena_copy(arena, span_str(address)), .sender = span_str(sender)};
}

static void add_people(struct arena *arena, unsigned n, struct ipc_lookup_recipients *ret)
{
	for (unsigned i = 0; i < n; i++)
		add_person(arena, arena_str(arena, arena_printf(arena, "person%u@ours.example", i)),
			NULL, ret);
}

static void ask_recipient(void *self, const struct ipc_lookup_rcpt *q, struct arena *arena,
	struct ipc_lookup_recipients *ret)
{
	static const struct {
		struct span begins;
		enum ipc_lookup_verdict verdict;
	} rows[] = {{SPAN_LIT("nobody"), IPC_LOOKUP_UNKNOWN},
		{SPAN_LIT("full"), IPC_LOOKUP_OVER_QUOTA}, {SPAN_LIT("loop"), IPC_LOOKUP_LOOP},
		{SPAN_LIT("many"), IPC_LOOKUP_TOO_MANY}, {SPAN_LIT("bad"), IPC_LOOKUP_BAD_ALIAS},
		{SPAN_LIT("wrong"), IPC_LOOKUP_SRS_WRONG},
		{SPAN_LIT("old"), IPC_LOOKUP_SRS_EXPIRED},
		{SPAN_LIT("bounces"), IPC_LOOKUP_SRS_SENDER},
		{SPAN_LIT("sick"), IPC_LOOKUP_IN_TROUBLE},
		{SPAN_LIT("foreign"), IPC_LOOKUP_FOREIGN}};

	*ret = (struct ipc_lookup_recipients){
		.verdict = IPC_LOOKUP_TAKE, .trouble = LOOKUP_UNREACHABLE};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (span_starts(q->address, rows[i].begins))
			ret->verdict = (uint8_t)rows[i].verdict;
	if (ret->verdict == IPC_LOOKUP_FOREIGN)
		add_person(arena, "x@else.example", NULL, ret);
	else if (ret->verdict != IPC_LOOKUP_TAKE)
		return;
	else if (span_starts(q->address, SPAN_LIT("list")))
		add_people(arena, 2, ret);
	else if (span_starts(q->address, SPAN_LIT("crowd")))
		add_people(arena, 300, ret);
	else if (span_starts(q->address, SPAN_LIT("away")))
		add_person(arena, "x@else.example", "srs@ours.example", ret);
	else
		add_person(arena, arena_str(arena, q->address), NULL, ret);
}

static void ask_sender(void *self, struct span address, nanos deadline, struct arena *arena,
	struct ipc_lookup_answer *ret)
{
	static struct ipc_lookup_value changed = {SPAN_LIT("new@ours.example")};

	*ret = (struct ipc_lookup_answer){.state = IPC_LOOKUP_MISSING};
	if (span_starts(address, SPAN_LIT("sick")))
		*ret = (struct ipc_lookup_answer){
			.state = IPC_LOOKUP_FAILED, .trouble = LOOKUP_TIMED_OUT};
	else if (span_starts(address, SPAN_LIT("old")))
		*ret = (struct ipc_lookup_answer){
			.state = IPC_LOOKUP_FOUND, .values = &changed, .values_n = 1};
}

/* The password is "pencil" (RFC 7677 3); "sick" can't be asked, "bound" has senders of its own. */
static void ask_login(void *self, const struct ipc_lookup_auth *q, struct arena *arena,
	struct ipc_lookup_authed *ret)
{
	static const struct span salt = SPAN_LIT("0123456789abcdef");
	struct scram_keys keys;
	unsigned char proof[SCRAM_KEY], *signature = arena_zero(arena, SCRAM_KEY);
	bool is_it = span_equal(q->password, SPAN_LIT("pencil"));

	if (q->step == IPC_AUTH_PROOF && q->proof.len == SCRAM_KEY &&
		scram_derive(SPAN_LIT("pencil"), salt, 4096, &keys)) {
		memcpy(proof, q->proof.at, SCRAM_KEY);
		is_it = scram_prove(&keys, q->message, proof, signature);
	}
	*ret = (struct ipc_lookup_authed){
		.verdict = is_it || q->step == IPC_AUTH_SALT ? IPC_AUTH_YES : IPC_AUTH_NO,
		.login = q->login,
		.salt = salt,
		.iterations = 4096,
		.signature = span_of(signature, SCRAM_KEY)};
	if (span_equal(q->login, SPAN_LIT("sick")))
		*ret = (struct ipc_lookup_authed){
			.verdict = IPC_AUTH_IN_TROUBLE, .trouble = LOOKUP_TIMED_OUT};
	if (span_equal(q->login, SPAN_LIT("bound")))
		ret->senders = SPAN_LIT("b@ours.example, @else.example");
}

static const struct lookup_ops lookup = {
	.ask = ask_map, .recipient = ask_recipient, .sender = ask_sender, .login = ask_login};

/* ---- the client ---- */

struct client {
	struct testing *testing;
	struct span script;
	size_t at;
};

static ssize_t client_read(void *self, void *at, size_t len, nanos deadline)
{
	struct client *c = self;
	struct testing *t = c->testing;

	if (c->at < c->script.len && c->script.at[c->at] == '\f')
		c->at++;
	struct span rest = span_slice(c->script, c->at, len);
	ptrdiff_t wait = span_find(rest, '\f');

	if (wait >= 0)
		rest.len = (size_t)wait;
	if (c->at < t->cut && t->cut - c->at < rest.len)
		rest.len = t->cut - c->at;
	if (rest.len == 0 && c->at < c->script.len) /* \f\f */
		return client_read(self, at, len, deadline);
	if (rest.len == 0)
		return t->breaks_off ? -ECONNRESET : t->is_silent ? -ETIMEDOUT : 0;
	memcpy(at, rest.at, rest.len);
	c->at += rest.len;
	return (ssize_t)rest.len;
}

static ssize_t client_write(void *self, const void *at, size_t len, nanos deadline)
{
	struct client *c = self;

	c->testing->writes++;
	(void)buf_add(&c->testing->replies, span_of(at, len));
	return (ssize_t)len;
}

void testing_session(struct testing *t, struct span script)
{
	static const struct stream_transport transport = {
		.read = client_read, .write = client_write};
	struct client client = {.testing = t, .script = script};
	struct stream *stream;
	int rc = stream_open(&transport, &client, &stream);

	assert(rc == 0);
	buf_clear(&t->replies);
	t->writes = 0;
	struct session *s = session_new(&t->server, stream, &t->client, 12345);

	s->task = task_self();
	s->door = t->door;
	session_run(s);
	session_free(s);
}

/* ---- TLS that is none ---- */

static bool encrypt_ready(void *self, nanos deadline)
{
	return !((struct testing *)self)->has_no_keys;
}

static int encrypt_accept(void *self, struct stream *s, nanos deadline, struct tls_info *ret)
{
	*ret = (struct tls_info){.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384"};
	return ((struct testing *)self)->tls_rc;
}

static ssize_t encrypt_binding(void *self, const struct stream *s, enum tls_binding kind,
	unsigned char out[TLS_BINDING_MAX])
{
	memset(out, 'x', 32);
	return 32;
}

static const struct encrypt_ops encrypt_ops = {
	.ready = encrypt_ready, .accept = encrypt_accept, .binding = encrypt_binding};

/* ---- around them ---- */

static const char base_conf[] = "hostname = \"mx.example.org\"\n"
				"spool = \"/tmp/none\"\n"
				"relay_from = {\"127.0.0.0/8\"}\n"
				"listen \"127.0.0.1:2525\" { protocol = smtp }\n"
				"route \"*\" { to = \"127.0.0.1:2526\" }\n";

void testing_init(struct testing *t, const char *conf_text)
{
	struct buf text = BUF_INIT(64 * 1024), errors = BUF_INIT(CONF_ERRORS_MAX);

	*t = (struct testing){.cut = SIZE_MAX, .replies = BUF_INIT(16 << 20)};
	(void)buf_add_str(&text, conf_text && strstr(conf_text, "hostname") ? "" : base_conf);
	(void)buf_add_str(&text, conf_text ? conf_text : "");
	if (conf_parse("test.conf", buf_span(&text), &t->arena, &t->conf, &errors) < 0) {
		fprintf(stderr, "%.*s\n", SPAN_F(buf_span(&errors)));
		abort();
	}
	buf_done(&text);
	buf_done(&errors);
	server_init(&t->server);
	t->server.conf = &t->conf;
	t->server.commit = &testing_queue_ops;
	t->server.commit_self = &t->queue;
	t->server.lookup = &lookup;
	t->server.encrypt = &encrypt_ops;
	t->server.encrypt_self = t;
	int rc = wire_ip_read(SPAN_LIT("127.0.0.1"), &t->client);

	assert(rc == 0);
}

void testing_done(struct testing *t)
{
	server_done(&t->server);
	testing_queue_done(&t->queue);
	buf_done(&t->replies);
	arena_done(&t->arena);
}

void testing_run(task_fn *fn, void *arg)
{
	static int nowhere = -1;

	/* All is logged, so that what a line borrows is looked at too. */
	if (nowhere < 0) {
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
		log_init("test", false, LOG_DEBUG);
		log_to(nowhere);
	}
	int rc = task_run(NULL, fn, arg);

	assert(rc == 0);
}

void testing_codes(struct span replies, struct buf *out)
{
	struct span line;

	buf_clear(out);
	while (span_take_until(&replies, '\n', &line)) {
		if (line.len < 4 || line.at[3] != ' ')
			continue;
		(void)buf_add_str(out, out->len > 0 ? " " : "");
		(void)buf_add(out, span_slice(line, 0, 3));
		struct span rest = span_slice(line, 4, line.len), status;

		if (line.at[0] > '2' && span_take_until(&rest, ' ', &status) && status.len >= 5 &&
			status.at[1] == '.')
			(void)buf_printf(out, ":%.*s", SPAN_F(status));
	}
}
