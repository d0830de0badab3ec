#include "web/visit.h"
#include "base/alloc.h"
#include "web/answer.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define DRAIN_TIME (NANOS_S / 2) /* what comes behind a refused request is read and forgotten */

/* ---- reading ---- */

/* The head, in the stream's buffer; *ret_len 0: there is none, and status says why (0: nobody is there). */
static unsigned read_head(struct stream *s, nanos deadline, size_t *ret_len)
{
	*ret_len = 0;
	for (;;) {
		struct span input = stream_input(s);
		size_t len = web_request_len(span_slice(input, 0, WEB_HEAD_MAX));

		if (len > 0) {
			*ret_len = len;
			return 0;
		}
		if (input.len >= WEB_HEAD_MAX)
			return WEB_HEAD_TOO_LONG;
		ssize_t rc = stream_fill(s, deadline);

		if (rc == -ETIMEDOUT)
			return input.len > 0 ? WEB_TIMEOUT : 0;
		if (rc <= 0)
			return 0;
	}
}

/* ---- writing ---- */

static const char *reason_of(unsigned status)
{
	static const struct {
		unsigned status;
		const char *reason;
	} rows[] = {{200, "OK"}, {WEB_BAD_REQUEST, "Bad Request"}, {WEB_NOT_FOUND, "Not Found"},
		{WEB_BAD_METHOD, "Method Not Allowed"}, {WEB_TIMEOUT, "Request Timeout"},
		{WEB_TOO_LONG, "URI Too Long"}, {WEB_MISDIRECTED, "Misdirected Request"},
		{WEB_HEAD_TOO_LONG, "Request Header Fields Too Large"},
		{WEB_UNAVAILABLE, "Service Unavailable"},
		{WEB_BAD_VERSION, "HTTP Version Not Supported"}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].status == status)
			return rows[i].reason;
	return "Error";
}

/* IMF-fixdate (RFC 9110 5.6.7): that of mail, with GMT for its zone. */
static struct span date(char out[CLOCK_TEXT_MAX])
{
	struct span text = clock_rfc5322(clock_wall_ms(), out);

	return span_slice(text, 0, text.len > 5 ? text.len - 5 : 0);
}

static void put_head(struct buf *out, const struct answer *a, const char *nonce)
{
	char when[CLOCK_TEXT_MAX];

	(void)buf_printf(out,
		"HTTP/1.1 %u %s\r\nDate: %.*sGMT\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Connection: close\r\nCache-Control: no-store\r\n"
		"Content-Security-Policy: default-src 'none'; style-src 'nonce-%s'; "
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n"
		"X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
		"Referrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n"
		"Cross-Origin-Opener-Policy: same-origin\r\n",
		a->status, reason_of(a->status), SPAN_F(date(when)), a->type, a->body.len, nonce);
	if (a->status == WEB_BAD_METHOD)
		(void)buf_add_str(out, "Allow: GET, HEAD\r\n");
	if (a->status == WEB_UNAVAILABLE)
		(void)buf_add_str(out, "Retry-After: 5\r\n");
	(void)buf_add_str(out, "\r\n");
}

static void send_answer(struct stream *s, const struct answer *a, const char *nonce, bool is_head)
{
	nanos deadline = clock_after(VISIT_WRITE_TIME);
	struct buf head = BUF_INIT(4096);

	put_head(&head, a, nonce);
	int rc = stream_write(s, buf_span(&head), deadline);

	if (rc == 0 && !is_head)
		rc = stream_write(s, buf_span(&a->body), deadline);
	if (rc == 0)
		rc = stream_end(s, deadline);
	/* Closing while bytes are unread would take the answer back from who sent them (a reset). */
	deadline = clock_after(DRAIN_TIME);
	for (size_t n = 0; rc == 0 && n < WEB_HEAD_MAX;) {
		struct span more = stream_input(s);

		n += more.len;
		stream_consume(s, more.len);
		if (stream_fill(s, deadline) <= 0)
			break;
	}
	buf_done(&head);
}

/* ---- one request ---- */

static void make_nonce(char nonce[HTML_NONCE_LEN + 1])
{
	unsigned char bytes[HTML_NONCE_LEN / 2];
	static const char digits[] = "0123456789abcdef";

	/* Never short or interrupted for so few bytes (getrandom(2)). */
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		memset(bytes, 0, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++) {
		nonce[2 * i] = digits[bytes[i] >> 4];
		nonce[2 * i + 1] = digits[bytes[i] & 15];
	}
	nonce[HTML_NONCE_LEN] = '\0';
}

static bool is_ours(const struct conf *conf, struct span host)
{
	struct span *names = alloc_array(conf->web.n_names + 1, sizeof *names);

	names[0] = conf->hostname;
	for (size_t i = 0; i < conf->web.n_names; i++)
		names[i + 1] = conf->web.names[i].text;
	bool is = web_host_is_ours(host, names, conf->web.n_names + 1);

	free(names);
	return is;
}

static void serve_request(struct visit *s, const struct conf *conf, size_t len, unsigned status)
{
	char nonce[HTML_NONCE_LEN + 1];
	struct web_request r = {0};
	struct answer a = {.body = BUF_INIT(HTML_MAX)};
	struct span head = span_slice(stream_input(s->stream), 0, len);

	make_nonce(nonce);
	if (status == 0)
		status = web_request_read(head, &r);
	if (status == 0 && r.host.len > 0 && !is_ours(conf, r.host))
		status = WEB_MISDIRECTED;
	if (status == 0)
		answer_make(&(struct answering){.view = s->view,
				    .conf = conf,
				    .request = &r,
				    .nonce = nonce,
				    .deadline = clock_after(VISIT_ASK_TIME)},
			&a);
	else
		answer_refuse(conf, nonce, status, &a);
	if (a.body.error < 0)
		answer_refuse(conf, nonce, WEB_UNAVAILABLE, &a);
	stream_consume(s->stream, len);
	send_answer(s->stream, &a, nonce, r.is_head);
	buf_done(&a.body);
}

void visit_serve(struct visit *s)
{
	const struct conf *conf = role_conf_get(s->role);
	size_t len;
	unsigned status = read_head(s->stream, clock_after(VISIT_READ_TIME), &len);

	list_remove(&s->node);
	if (len > 0 || status > 0)
		serve_request(s, conf, len, status);
	role_conf_put(conf);
}
