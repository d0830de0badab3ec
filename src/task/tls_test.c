/* TLS over streams: every kind of key, versions, resumption, cut and broken connections. */
#include "task/task_test.h"
#include "task/sched.h"
#include "task/tls.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- certificates of the test's own ---- */

struct identity {
	const char *kind, *host;
	EVP_PKEY *key;
	unsigned char *der;
	size_t der_len;
	char pem[4096];
	size_t pem_len;
};

static struct identity identities[] = {{.kind = "EC", .host = "ec.example"},
	{.kind = "RSA", .host = "rsa.example"}, {.kind = "ED25519", .host = "ed.example"}};
#define KINDS (sizeof identities / sizeof identities[0])

static EVP_PKEY *new_key(const char *kind)
{
	return strcmp(kind, "EC") == 0    ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
	       : strcmp(kind, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
					  : EVP_PKEY_Q_keygen(NULL, NULL, kind);
}

static void make_identity(struct identity *i)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	char alt[100];
	BIO *out = BIO_new(BIO_s_mem());

	i->key = new_key(i->kind);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(x), -60);
	(void)X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	(void)X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)i->host, -1, -1, 0);
	(void)X509_set_issuer_name(x, name);
	(void)X509_set_version(x, 2);
	(void)X509_set_pubkey(x, i->key);
	(void)snprintf(alt, sizeof alt, "DNS:%s", i->host);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt);

	(void)X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	assert_true(
		X509_sign(x, i->key, strcmp(i->kind, "ED25519") == 0 ? NULL : EVP_sha256()) > 0);
	i->der_len = (size_t)i2d_X509(x, &i->der);
	assert_true(PEM_write_bio_X509(out, x));
	i->pem_len = (size_t)BIO_read(out, i->pem, sizeof i->pem);
	BIO_free(out);
	X509_free(x);
}

static int make_identities(void **state)
{
	for (size_t i = 0; i < KINDS; i++)
		make_identity(&identities[i]);
	return 0;
}

static int free_identities(void **state)
{
	for (size_t i = 0; i < KINDS; i++) {
		EVP_PKEY_free(identities[i].key);
		OPENSSL_free(identities[i].der);
	}
	return 0;
}

/* ---- the holder of the keys: waits before it signs, as another process would make it ---- */

struct signing {
	uint32_t key;
	uint16_t scheme;
	struct span text;
	unsigned char *out;
	ssize_t n;
};

static unsigned signatures;

static const EVP_MD *digest_of(uint16_t scheme)
{
	switch (scheme) {
	case 0x0401:
	case 0x0403:
	case 0x0804:
		return EVP_sha256();
	case 0x0501:
	case 0x0503:
	case 0x0805:
		return EVP_sha384();
	case 0x0807:
		return NULL;
	default:
		return EVP_sha512();
	}
}

static void sign_here(void *arg)
{
	struct signing *s = arg;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *p;
	size_t len = TLS_SIGNATURE_MAX;
	bool is_pss = s->scheme >= 0x0804 && s->scheme <= 0x0806;

	s->n = -1;
	if (EVP_DigestSignInit(c, &p, digest_of(s->scheme), NULL, identities[s->key].key) > 0 &&
		(!is_pss ||
			(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) > 0 &&
				EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST) > 0)) &&
		EVP_DigestSign(c, s->out, &len, (const unsigned char *)s->text.at, s->text.len) > 0)
		s->n = (ssize_t)len;
	EVP_MD_CTX_free(c);
}

static ssize_t sign(void *self, uint32_t key, uint16_t scheme, struct span text,
	unsigned char signature[TLS_SIGNATURE_MAX])
{
	struct signing s = {key, scheme, text, signature, -1};

	signatures++;
	if (task_yield() < 0 || task_offload(sign_here, &s) < 0)
		return -1;
	ERR_clear_error();
	return s.n;
}

static const struct tls_signer signer = {.sign = sign};

/* All identities, the given one first. */
static struct tls_server *make_server(size_t first)
{
	struct span ders[KINDS];
	struct tls_chain chains[KINDS];
	struct tls_server *v = NULL;

	for (size_t i = 0; i < KINDS; i++) {
		size_t k = (first + i) % KINDS;

		ders[i] = span_of(identities[k].der, identities[k].der_len);
		chains[i] =
			(struct tls_chain){span_str(identities[k].host), &ders[i], 1, (uint32_t)k};
	}
	assert_int_equal(tls_server_new(chains, KINDS, &signer, &v), 0);
	return v;
}

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

static struct tls_client *make_client(size_t who)
{
	struct tls_client *c = NULL;

	assert_int_equal(
		tls_client_new(span_of(identities[who].pem, identities[who].pem_len), &c), 0);
	return c;
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

	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(identities[i].host, scene.host) != 0)
			continue;
		bool has_none = strcmp(identities[i].kind, "ED25519") == 0;

		CHECK(EVP_Digest(identities[i].der, identities[i].der_len, hash, &len, EVP_sha256(),
			      NULL) == 1);
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
	for (size_t first = 0; first < KINDS; first++)
		for (size_t asked = 0; asked < KINDS; asked++) {
			void *fn = (void *)(uintptr_t)talk;

			scene = (struct scene){.server = make_server(first),
				.client = make_client(asked),
				.host = identities[asked].host};
			signatures = 0;
			run_in_task(&fn);
			assert_int_equal(signatures, 1);
			tls_server_free(scene.server);
			tls_client_free(scene.client);
		}
}

static void stack_is_enough(void **state)
{
	void *fn = (void *)(uintptr_t)talk;

	scene = (struct scene){
		.server = make_server(0), .client = make_client(1), .host = identities[1].host};
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
	{"data that is no certificate", "ec.example", ONE(3, 0, 0, KINDS), TLS_PROOF_NONE, true,
		false, false},
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

		record.data = row->certificate < KINDS
				      ? span_of(identities[row->certificate].der,
						identities[row->certificate].der_len)
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

	scene = (struct scene){.server = make_server(0), .client = make_client(1)};
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

	scene = (struct scene){
		.server = make_server(0), .client = make_client(0), .host = identities[0].host};
	run_in_task(&fn);
	tls_server_free(scene.server);
	tls_client_free(scene.client);
}

/* ---- peers that are not what they should be ---- */

struct wrong {
	struct span sent;
	bool stays; /* does not close */
	const char *why;
	int rc;
};

/* A ClientHello that offers TLS 1.0 and one cipher of that time. */
#define OLD_HELLO                                      \
	"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x01" \
	"0123456789abcdef0123456789abcdef\x00\x00\x02\x00\x2f\x01\x00"

static const struct wrong wrongs[] = {
	{SPAN_LIT("MAIL FROM:<a@b>\r\nRCPT"), false, "the client does not speak TLS", -EPROTO},
	{SPAN_LIT("GET / HTTP/1.0\r\n\r\n"), false, "the client speaks HTTP, not TLS", -EPROTO},
	{SPAN_LIT(OLD_HELLO), false,
		"the client speaks at most TLS 1.0, and TLS 1.2 is the least that is safe",
		-EPROTO},
	{SPAN_LIT(""), false, "the client closed the connection in the middle of it", -ECONNRESET},
	{SPAN_LIT("\x16\x03\x01\x02\x00\x01"), false,
		"the client closed the connection in the middle of it", -ECONNRESET},
	{SPAN_LIT("\x16\x03\x01\x02\x00\x01"), true, "the client took too long", -ETIMEDOUT},
};

static void be_wrong(void *arg)
{
	int fds[2];

	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		const struct wrong *w = &wrongs[i];
		struct stream *s;
		struct tls_info info;

		CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
		CHECK(stream_open_fd(fds[0], &s) == 0);
		CHECK(write(fds[1], w->sent.at, w->sent.len) == (ssize_t)w->sent.len);
		if (!w->stays)
			CHECK(shutdown(fds[1], SHUT_WR) == 0);
		int rc = tls_accept(s, scene.server,
			clock_after(w->stays ? NANOS_S / 50 : 20 * NANOS_S), &info);

		CHECK(rc == w->rc && strcmp(info.why, w->why) == 0);
		if (rc != w->rc || strcmp(info.why, w->why) != 0)
			print_error("%zu: %d %s\n", i, rc, info.why);
		CHECK(stream_write(s, SPAN_LIT("x"), SOON) == rc);
		CHECK(stream_fill(s, SOON) == rc);
		stream_close(s);
		close(fds[1]);
	}
}

static void wrong_peers_are_named(void **state)
{
	void *fn = (void *)(uintptr_t)be_wrong;

	scene = (struct scene){.server = make_server(0)};
	run_in_task(&fn);
	tls_server_free(scene.server);
}

/* Takes what the other end sends without being asked for it, a byte at a time, and cuts it off. */
struct relay {
	int from, to;
	size_t most; /* bytes; then both ends close */
};

static void relay(void *arg)
{
	struct relay *r = arg;
	struct task_fd *from, *to;
	char c;

	CHECK(task_fd_open(r->from, &from) == 0 && task_fd_open(r->to, &to) == 0);
	for (size_t n = 0; n < r->most && task_fd_read(from, &c, 1, SOON) == 1; n++)
		if (task_fd_write(to, &c, 1, SOON) != 1)
			break;
	(void)shutdown(r->to, SHUT_WR);
	(void)shutdown(r->from, SHUT_RD);
	task_fd_close(from);
	task_fd_close(to);
}

struct cut_side {
	int fd;
	bool is_done;
};

static void cut_client(void *arg)
{
	struct cut_side *c = arg;
	struct stream *s;
	struct tls_info info;

	CHECK(stream_open_fd(c->fd, &s) == 0);
	if (tls_connect(s, scene.client, &(struct tls_wish){.host = ""}, SOON, &info) == 0 &&
		stream_write(s, SPAN_LIT("DATA\r\n.\r\n"), SOON) == 0 && stream_flush(s, SOON) == 0)
		c->is_done = true;
	else
		(void)stream_fill(s, SOON);
	stream_close(s);
}

/*
 * The client's bytes arrive one at a time, and no more than so many. What the server's last read
 * gave: 0 is an end in order.
 */
static ssize_t play_cut(size_t most, size_t *ret_got)
{
	int up[2], down[2];
	struct stream *s;
	struct tls_info info;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, up) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, down) == 0);
	/* client up[0] = up[1] -relay-> down[0] = down[1] server; and back */
	struct cut_side c = {.fd = up[0]};
	struct relay there = {up[1], down[0], most}, back = {dup(down[0]), dup(up[1]), SIZE_MAX};
	struct task *tasks[] = {task_spawn("client", cut_client, &c),
		task_spawn("there", relay, &there), task_spawn("back", relay, &back)};

	CHECK(stream_open_fd(down[1], &s) == 0);
	int rc = tls_accept(s, scene.server, SOON, &info);
	ssize_t n = rc;

	while (n >= 0 && (n = stream_fill(s, SOON)) > 0) {
		*ret_got += stream_input(s).len;
		stream_consume(s, stream_input(s).len);
	}
	stream_close(s);
	for (size_t i = 0; i < 3; i++)
		CHECK(task_join(tasks[i], SOON) == 0);
	return n;
}

static void cut_anywhere(void *arg)
{
	size_t cut_with_data = 0;
	ssize_t n = -1;

	for (size_t most = 0; most < 2000 && n != 0; most += most < 20 ? 1 : 7) {
		size_t got = 0;

		n = play_cut(most, &got);
		CHECK(n == -ECONNRESET || (n == 0 && got == 9));
		cut_with_data += n < 0 && got > 0;
	}
	CHECK(n == 0);
	CHECK(cut_with_data > 0); /* after the dot, before close_notify */
}

static void a_cut_is_no_end(void **state)
{
	void *fn = (void *)(uintptr_t)cut_anywhere;

	scene = (struct scene){.server = make_server(0), .client = make_client(0)};
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
		cmocka_unit_test(wrong_peers_are_named),
		cmocka_unit_test(a_cut_is_no_end),
	};

	return cmocka_run_group_tests(tests, make_identities, free_identities);
}
