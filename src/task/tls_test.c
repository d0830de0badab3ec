/* TLS over streams: every kind of key, versions, what the DNS proves, resumption. */
#include "task/task_test.h"
#include "task/sched.h"
#include "task/tls_stage.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the two sides ---- */

struct play {
	struct tls_server *server;
	int fd; /* of the server's side */
	int rc;
	struct tls_info info;
	ssize_t last; /* what its last read gave */
	size_t deepest;
	ssize_t binding_len[2];
	unsigned char binding[2][TLS_BINDING_MAX];
};

#if defined(TASK_THREAD) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static void paint(void)
{
}

static size_t measure(void)
{
	return 0;
}
#else
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* The part of the running task's stack that is not in use yet; under valgrind it may not be read. */
static struct span unused(void)
{
	const struct stack *s = &task_self()->context.stack;
	char here;

	if (RUNNING_ON_VALGRIND)
		return (struct span){0};
	return span_of(s->bottom, (size_t)(&here - s->bottom) - 512);
}

static __attribute__((noinline)) void paint(void)
{
	struct span s = unused();

	memset((char *)(uintptr_t)s.at, 0xa5, s.len);
}

/* How much has ever been used, of the whole. */
static __attribute__((noinline)) size_t measure(void)
{
	struct span s = unused();
	size_t n = 0;

	while (n < s.len && (unsigned char)s.at[n] == 0xa5)
		n++;
	return s.len ? task_self()->context.stack.size - n : 0;
}
#endif

static void serve(void *arg)
{
	struct play *p = arg;
	struct stream *s;

	paint();
	CHECK(stream_open_fd(p->fd, &s) == 0);
	p->rc = tls_accept(s, p->server, SOON, &p->info);
	p->deepest = measure();
	p->binding_len[0] = tls_binding(s, TLS_BINDING_EXPORTER, p->binding[0]);
	p->binding_len[1] = tls_binding(s, TLS_BINDING_END_POINT, p->binding[1]);
	while (p->rc == 0 && (p->last = stream_fill(s, SOON)) > 0) {
		CHECK(stream_write(s, stream_input(s), SOON) == 0);
		stream_consume(s, stream_input(s).len);
	}
	stream_close(s);
}

static struct task *start(struct play *p, int *ret_fd)
{
	int fds[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	p->fd = fds[1];
	*ret_fd = fds[0];
	return task_spawn("serve", serve, p);
}

static void echo_through(struct stream *s)
{
	static char out[200000], in[200000];
	size_t n = 0;

	for (size_t i = 0; i < sizeof out; i++)
		out[i] = (char)(i * 7 >> 2);
	for (size_t at = 0; at < sizeof out;) { /* pieces of all sizes, each answered */
		size_t piece = 1 + at / 3;

		piece = piece < sizeof out - at ? piece : sizeof out - at;
		piece = piece < 30000 ? piece : 30000;
		CHECK(stream_write(s, span_of(out + at, piece), SOON) == 0);
		at += piece;
		while (n < at && stream_fill(s, SOON) > 0) {
			struct span got = stream_input(s);

			memcpy(in + n, got.at, got.len);
			n += got.len;
			stream_consume(s, got.len);
		}
	}
	CHECK(n == sizeof out && memcmp(in, out, n) == 0);
}

struct scene {
	struct tls_server *server;
	struct tls_client *client;
	const char *host;
	size_t deepest;
};

static struct scene scene;

/* RFC 5929 4.1: the hash of the certificate that was asked for; Ed25519 has none. */
static void check_end_point(const struct play *p)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	for (size_t i = 0; i < STAGE_KINDS; i++) {
		if (strcmp(stage_identities[i].host, scene.host) != 0)
			continue;
		bool has_none = strcmp(stage_identities[i].kind, "ED25519") == 0;

		CHECK(EVP_Digest(stage_identities[i].der, stage_identities[i].der_len, hash, &len,
			      EVP_sha256(), NULL) == 1);
		CHECK(p->binding_len[1] == (has_none ? -ENOTSUP : (ssize_t)len));
		CHECK(has_none || memcmp(p->binding[1], hash, len) == 0);
	}
}

static void talk(void *arg)
{
	struct play p = {.server = scene.server};
	struct stream *s;
	struct tls_info info;
	int fd;
	struct task *t = start(&p, &fd);

	paint();
	CHECK(stream_open_fd(fd, &s) == 0);
	CHECK(!tls_is_on(s));
	int rc = tls_connect(s, scene.client,
		&(struct tls_wish){.host = scene.host, .proof = TLS_PROOF_AUTHORITIES}, SOON,
		&info);

	scene.deepest = measure();
	if (rc < 0)
		print_error("%s: %s\n", strerror(-rc), info.why);
	CHECK(rc == 0);
	CHECK(tls_is_on(s) && stream_fd(s) >= 0);
	CHECK(info.is_verified && strcmp(info.version, "TLSv1.3") == 0);
	unsigned char exported[TLS_BINDING_MAX];
	ssize_t n = tls_binding(s, TLS_BINDING_EXPORTER, exported);

	CHECK(n == 32);
	echo_through(s);
	CHECK(stream_end(s, SOON) == 0);
	CHECK(stream_fill(s, SOON) == 0); /* its close_notify */
	stream_close(s);
	CHECK(task_join(t, SOON) == 0);
	CHECK(p.rc == 0 && p.last == 0);
	CHECK(strcmp(p.info.name, scene.host) == 0 && !p.info.is_resumed);
	CHECK(p.binding_len[0] == n && memcmp(p.binding[0], exported, 32) == 0);
	check_end_point(&p);
	scene.deepest = p.deepest > scene.deepest ? p.deepest : scene.deepest;
}

/* Whichever key the first certificate has, the one that is asked for by name answers. */
static void every_key_serves(void **state)
{
	for (size_t first = 0; first < STAGE_KINDS; first++)
		for (size_t asked = 0; asked < STAGE_KINDS; asked++) {
			void *fn = (void *)(uintptr_t)talk;

			scene = (struct scene){.server = stage_server(first),
				.client = stage_client(asked),
				.host = stage_identities[asked].host};
			stage_signatures = 0;
			run_in_task(&fn);
			assert_int_equal(stage_signatures, 1);
			tls_server_free(scene.server);
			tls_client_free(scene.client);
		}
}

static void stack_is_enough(void **state)
{
	void *fn = (void *)(uintptr_t)talk;

	scene = (struct scene){.server = stage_server(0),
		.client = stage_client(1),
		.host = stage_identities[1].host};
	run_in_task(&fn);
	print_message("stack of a handshake: %zu bytes of %u\n", scene.deepest, 32U * 1024);
	assert_true(scene.deepest < 22U * 1024);
	tls_server_free(scene.server);
	tls_client_free(scene.client);
}

/* ---- what the DNS says of a server ---- */

#define ONE(u, s, m, who) {.usage = (u), .selector = (s), .matching = (m), .data = {0}}, (who)
static const struct proof_row {
	const char *what, *host;
	struct tls_tlsa record;
	size_t certificate; /* whose data the record has */
	enum tls_proof otherwise;
	bool works, is_by_dns, is_verified;
} proofs[] = {
	{"its certificate", "ec.example", ONE(3, 0, 0, 0), TLS_PROOF_NONE, true, true, true},
	{"its certificate, and it has another name", "x.example", ONE(3, 0, 0, 0), TLS_PROOF_NONE,
		true, true, true},
	{"another one", "ec.example", ONE(3, 0, 0, 1), TLS_PROOF_NONE, false, true, false},
	{"an authority that is none of its own", "ec.example", ONE(2, 0, 0, 1), TLS_PROOF_NONE,
		false, true, false},
	{"a usage that is for none here", "ec.example", ONE(1, 0, 0, 1), TLS_PROOF_NONE, true,
		false, false},
	{"the same, and authorities must do", "ec.example", ONE(0, 0, 0, 0), TLS_PROOF_AUTHORITIES,
		false, false, false},
	{"a selector that nobody knows", "ec.example", ONE(3, 7, 0, 0), TLS_PROOF_NONE, true, false,
		false},
	{"data that is no certificate", "ec.example", ONE(3, 0, 0, STAGE_KINDS), TLS_PROOF_NONE,
		true, false, false},
};

/* Mail for who has DANE would go to anybody, or to nobody. */
static void prove(void *arg)
{
	for (size_t i = 0; i < sizeof proofs / sizeof proofs[0]; i++) {
		const struct proof_row *row = &proofs[i];
		struct play p = {.server = scene.server};
		struct tls_tlsa record = row->record;
		struct stream *s;
		struct tls_info info;
		int fd;
		struct task *t = start(&p, &fd);

		record.data = row->certificate < STAGE_KINDS
				      ? span_of(stage_identities[row->certificate].der,
						stage_identities[row->certificate].der_len)
				      : SPAN_LIT("rubbish");
		CHECK(stream_open_fd(fd, &s) == 0);
		int rc = tls_connect(s, scene.client,
			&(struct tls_wish){.host = row->host,
				.proof = TLS_PROOF_TLSA,
				.tlsa = &record,
				.n_tlsa = 1,
				.otherwise = row->otherwise},
			SOON, &info);

		print_message("%s: %d %s\n", row->what, rc, info.why);
		CHECK((rc == 0) == row->works);
		CHECK(info.is_by_dns == row->is_by_dns && info.is_verified == row->is_verified);
		CHECK(row->works || info.is_untrusted);
		stream_close(s);
		CHECK(task_join(t, SOON) == 0);
	}
}

static void records_prove(void **state)
{
	void *fn = (void *)(uintptr_t)prove;

	scene = (struct scene){.server = stage_server(0), .client = stage_client(1)};
	run_in_task(&fn);
	tls_server_free(scene.server);
	tls_client_free(scene.client);
}

/* ---- sessions of before ---- */

static bool is_resumed(const char *session)
{
	struct play p = {.server = scene.server};
	struct stream *s;
	struct tls_info info;
	int fd;
	struct task *t = start(&p, &fd);

	CHECK(stream_open_fd(fd, &s) == 0);
	CHECK(tls_connect(s, scene.client,
		      &(struct tls_wish){.host = scene.host,
			      .proof = TLS_PROOF_AUTHORITIES,
			      .session = span_str(session)},
		      SOON, &info) == 0);
	CHECK(info.is_verified);
	CHECK(stream_write(s, SPAN_LIT("x"), SOON) == 0);
	CHECK(stream_fill(s, SOON) == 1);
	stream_close(s);
	CHECK(task_join(t, SOON) == 0);
	return info.is_resumed;
}

static void come_back(void *arg)
{
	static const struct tls_ticket_key key = {{1}, {2}, {3}};

	tls_server_set_tickets(scene.server, &key, 1);
	CHECK(!is_resumed("a"));
	CHECK(is_resumed("a"));
	CHECK(is_resumed("a"));  /* whether or not the second time gave a ticket */
	CHECK(!is_resumed("b")); /* made by other rules */
	CHECK(!is_resumed(""));
	CHECK(!is_resumed(""));
}

static void sessions_are_resumed(void **state)
{
	void *fn = (void *)(uintptr_t)come_back;

	scene = (struct scene){.server = stage_server(0),
		.client = stage_client(0),
		.host = stage_identities[0].host};
	run_in_task(&fn);
	tls_server_free(scene.server);
	tls_client_free(scene.client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stack_is_enough), /* the first one looks all algorithms up */
		cmocka_unit_test(every_key_serves),
		cmocka_unit_test(records_prove),
		cmocka_unit_test(sessions_are_resumed),
	};

	return cmocka_run_group_tests(tests, stage_begin, stage_end);
}
