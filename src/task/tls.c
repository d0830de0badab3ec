/*
 * A stream's TLS: the stream as it was becomes `lower`, which moves the encrypted bytes, and the
 * stream itself gets this transport. OpenSSL reads from lower's input and writes into its output,
 * and is left each time that one is empty or the other full: only then is waited.
 */
#include "base/alloc.h"
#include "task/stream_buffer.h"
#include "task/stream_inner.h"
#include "task/tls_inner.h"
#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* ---- lower, as OpenSSL sees it ---- */

static int bio_read(BIO *b, char *at, size_t len, size_t *ret)
{
	const struct tls *t = BIO_get_data(b);
	struct span in = stream_input(t->lower);

	BIO_clear_retry_flags(b);
	if (in.len == 0) {
		BIO_set_retry_read(b);
		return 0;
	}
	*ret = in.len < len ? in.len : len;
	memcpy(at, in.at, *ret);
	stream_consume(t->lower, *ret);
	return 1;
}

/* Never more than the output holds, so that stream_write does not wait. */
static int bio_write(BIO *b, const char *at, size_t len, size_t *ret)
{
	const struct tls *t = BIO_get_data(b);
	size_t used = stream_unflushed(t->lower);

	BIO_clear_retry_flags(b);
	if (len > STREAM_OUTPUT_MAX - 1 - used)
		len = STREAM_OUTPUT_MAX - 1 - used;
	if (len == 0) {
		BIO_set_retry_write(b);
		return 0;
	}
	if (stream_write(t->lower, span_of(at, len), 0) < 0)
		return 0;
	*ret = len;
	return 1;
}

static long bio_control(BIO *b, int what, long n, void *at)
{
	return what == BIO_CTRL_FLUSH ? 1 : 0; /* we flush when we wait */
}

static BIO_METHOD *bio_method;

static void make_method(void)
{
	bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
	if (!bio_method)
		return;
	(void)BIO_meth_set_read_ex(bio_method, bio_read);
	(void)BIO_meth_set_write_ex(bio_method, bio_write);
	(void)BIO_meth_set_ctrl(bio_method, bio_control);
}

static BIO *new_bio(struct tls *t)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, make_method);
	BIO *b = bio_method ? BIO_new(bio_method) : NULL;

	if (b) {
		BIO_set_data(b, t);
		BIO_set_init(b, 1);
	}
	return b;
}

/* ---- the transport ---- */

/*
 * After a call of OpenSSL that did not succeed: waits for what it wants. 0: try again; 1: the other
 * side has ended it in order; else -errno.
 */
static int await(struct tls *t, int returned, nanos deadline)
{
	ssize_t n;

	switch (SSL_get_error(t->ssl, returned)) {
	case SSL_ERROR_WANT_READ:
		n = stream_fill(t->lower, deadline);
		return n > 0 ? 0 : n == 0 ? -ECONNRESET : (int)n;
	case SSL_ERROR_WANT_WRITE:
		return stream_flush(t->lower, deadline);
	case SSL_ERROR_ZERO_RETURN:
		t->has_ended = true;
		return 1;
	default:
		t->is_broken = true;
		return stream_error(t->lower) < 0 ? stream_error(t->lower) : -EPROTO;
	}
}

static ssize_t tls_read(void *self, void *at, size_t len, nanos deadline)
{
	struct tls *t = self;

	while (!t->has_ended && !t->is_broken) {
		size_t n = 0;

		ERR_clear_error();
		int rc = SSL_read_ex(t->ssl, at, len, &n);

		if (rc > 0)
			return (ssize_t)n;
		rc = await(t, rc, deadline);
		if (rc < 0)
			return rc;
	}
	return t->is_broken ? -EPROTO : 0;
}

/* A record at a time, and sent: the stream above has gathered already. */
static ssize_t tls_write(void *self, const void *at, size_t len, nanos deadline)
{
	struct tls *t = self;

	while (!t->is_broken) {
		size_t n = 0;

		ERR_clear_error();
		int rc = SSL_write_ex(t->ssl, at, len, &n);

		if (rc > 0) {
			rc = stream_flush(t->lower, deadline);
			return rc < 0 ? rc : (ssize_t)n;
		}
		rc = await(t, rc, deadline);
		if (rc != 0)
			return rc < 0 ? rc : -EPIPE;
	}
	return -EPROTO;
}

static int tls_wait_read(void *self, nanos deadline)
{
	struct tls *t = self;

	if (t->is_broken || t->has_ended || SSL_pending(t->ssl) > 0 ||
		stream_input(t->lower).len > 0)
		return 0;
	ssize_t n = stream_fill(t->lower, deadline);

	return n < 0 ? (int)n : n == 0 ? -ECONNRESET : 0;
}

/* close_notify into lower's output, where the other side may still hear it. */
static void say_goodbye(struct tls *t)
{
	if (!t->is_done || t->is_broken || stream_error(t->lower) < 0 ||
		(SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN))
		return;
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

/* Without waiting: what the socket does not take at once is lost. */
static void tls_close(void *self)
{
	struct tls *t = self;

	say_goodbye(t);
	int fd = stream_fd(t->lower);

	if (fd >= 0 && t->lower->out_len > 0 && stream_error(t->lower) == 0)
		(void)send(fd, t->lower->out, t->lower->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	SSL_free(t->ssl);
	stream_close(t->lower);
	tls_server_release(t->server);
	tls_client_free(t->client);
	buf_done(&t->session);
	free(t);
}

static struct stream *tls_lower(void *self)
{
	return ((struct tls *)self)->lower;
}

static int tls_end(void *self, nanos deadline)
{
	struct tls *t = self;

	say_goodbye(t);
	return stream_flush(t->lower, deadline);
}

static const struct stream_transport transport = {
	.read = tls_read,
	.write = tls_write,
	.wait_read = tls_wait_read,
	.close = tls_close,
	.lower = tls_lower,
	.end = tls_end,
};

bool tls_is_on(const struct stream *s)
{
	return s->transport == &transport;
}

/* ---- the handshake ---- */

/* s takes the new transport; all that it held goes with the old one. */
static struct tls *wrap(struct stream *s)
{
	struct tls *t = alloc_zero(sizeof *t);

	t->lower = alloc_zero(sizeof *t->lower);
	*t->lower = *s;
	*s = (struct stream){.transport = &transport, .self = t, .in_next = STREAM_BUFFER_SMALL};
	return t;
}

static int begin(struct tls *t, SSL_CTX *context)
{
	BIO *b = new_bio(t);

	t->ssl = b ? SSL_new(context) : NULL;
	if (!t->ssl) {
		BIO_free(b);
		return -ENOMEM;
	}
	SSL_set_bio(t->ssl, b, b);
	return SSL_set_app_data(t->ssl, t) ? 0 : -ENOMEM;
}

static int shake_hands(struct tls *t, nanos deadline)
{
	for (;;) {
		ERR_clear_error();
		int rc = SSL_do_handshake(t->ssl);

		if (rc > 0) {
			/* What is left to send goes with the first words, or the wait for them. */
			t->is_done = true;
			return 0;
		}
		rc = await(t, rc, deadline);
		if (rc != 0)
			return rc < 0 ? rc : -ECONNRESET;
	}
}

static void describe(const struct tls *t, struct tls_info *ret)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(t->ssl);

	ret->version = SSL_get_version(t->ssl);
	ret->cipher = cipher ? SSL_CIPHER_get_name(cipher) : "";
	ret->is_resumed = SSL_session_reused(t->ssl);
}

static void explain(struct tls *t, int rc, struct tls_info *ret)
{
	bool is_server = t->server != NULL;
	const char *peer = is_server ? "the client" : "the server";

	if (rc == -EPROTO)
		tls_why(t, is_server, ret->why);
	else if (rc == -ECONNRESET || rc == -EPIPE)
		(void)snprintf(ret->why, sizeof ret->why,
			"%s closed the connection in the middle of it", peer);
	else if (rc == -ETIMEDOUT)
		(void)snprintf(ret->why, sizeof ret->why, "%s took too long", peer);
	else
		(void)snprintf(ret->why, sizeof ret->why, "%s", strerrordesc_np(-rc));
}

/* What OpenSSL has to say about a failure (an alert) goes out if it can. */
static int finish(struct stream *s, int rc, nanos deadline, struct tls_info *ret)
{
	struct tls *t = s->self;

	memcpy(ret->name, t->name, sizeof ret->name);
	if (rc == 0) {
		describe(t, ret);
		return 0;
	}
	if (t->ssl)
		explain(t, rc, ret);
	t->is_broken = true;
	if (rc == -EPROTO)
		(void)stream_flush(t->lower, deadline);
	s->error = rc;
	return rc;
}

int tls_accept(struct stream *s, struct tls_server *v, nanos deadline, struct tls_info *ret)
{
	struct tls *t = wrap(s);

	*ret = (struct tls_info){.version = "", .cipher = ""};
	t->server = tls_server_hold(v);
	int rc = begin(t, tls_server_context(v));

	if (rc == 0) {
		SSL_set_accept_state(t->ssl);
		rc = shake_hands(t, deadline);
	}
	return finish(s, rc, deadline, ret);
}

int tls_connect(struct stream *s, struct tls_client *c, const struct tls_wish *wish, nanos deadline,
	struct tls_info *ret)
{
	struct tls *t = wrap(s);

	*ret = (struct tls_info){.version = "", .cipher = ""};
	t->client = tls_client_hold(c);
	t->session = (struct buf)BUF_INIT(TLS_SESSION_NAME_MAX);
	(void)snprintf(t->name, sizeof t->name, "%s", wish->host);
	int rc = begin(t, c->context);

	if (rc == 0)
		rc = tls_client_expect(t, wish, ret);
	if (rc == 0) {
		SSL_set_connect_state(t->ssl);
		rc = shake_hands(t, deadline);
	}
	rc = finish(s, rc, deadline, ret);
	tls_client_tell(t, rc, ret);
	return rc;
}
