#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "web/request.h"

#define HOST "Host: localhost:8025\r\n"

static void heads_are_read(void **state)
{
	static const struct {
		const char *in;
		enum web_status status;
		const char *path, *query, *host;
		bool is_head, wants_json;
	} rows[] = {
		{"GET / HTTP/1.1\r\n" HOST "\r\n", WEB_OK, "/", "", "localhost:8025", false, false},
		{"HEAD /a?b=c&d HTTP/1.1\r\n" HOST "\r\n", WEB_OK, "/a", "b=c&d", "localhost:8025",
			true, false},
		{"GET /a?b?c HTTP/1.0\r\n\r\n", WEB_OK, "/a", "b?c", "", false, false},
		{"GET / HTTP/1.1\r\nhOsT:x\r\nAccept: application/json\r\n\r\n", WEB_OK, "/", "",
			"x", false, true},
		{"GET / HTTP/1.1\r\n" HOST "Accept: text/html,application/json\r\n\r\n", WEB_OK,
			"/", "", "localhost:8025", false, false},
		{"GET http://h:1/p?q HTTP/1.1\r\n" HOST "\r\n", WEB_OK, "/p", "q", "h:1", false,
			false},
		{"GET http://h HTTP/1.1\r\n" HOST "\r\n", WEB_OK, "/", "", "h", false, false},
		{"GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", WEB_OK, "/", "",
			"localhost:8025", false, false},
		/* what would change something, or could be read in two ways */
		{"POST / HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_METHOD, 0, 0, 0, 0, 0},
		{"get / HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_METHOD, 0, 0, 0, 0, 0},
		{"G(T / HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{" GET / HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET  / HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/1.1 \r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET /\r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/2.0\r\n" HOST "\r\n", WEB_BAD_VERSION, 0, 0, 0, 0, 0},
		{"GET a HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET * HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET /#a HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET /\x7f HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET http:///p HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET https://h/ HTTP/1.1\r\n" HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/1.1\r\n\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/1.1\r\n" HOST HOST "\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/1.1\r\n" HOST " b\r\n\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/1.1\r\n" HOST "a: b\nc: d\r\n\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/1.1\r\n" HOST "a: b\rc\r\n\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/1.1\r\n" HOST "nocolon\r\n\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n", WEB_BAD_REQUEST, 0, 0, 0, 0,
			0},
		{"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", WEB_BAD_REQUEST, 0,
			0, 0, 0, 0},
		{"GET / HTTP/1.1\r\n" HOST, WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"GET / HTTP/1.1\r\n" HOST "\r\nmore", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
		{"", WEB_BAD_REQUEST, 0, 0, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct web_request r = {0};

		if (web_request_read(span_str(rows[i].in), &r) != rows[i].status) {
			print_error("row %zu\n", i);
			fail();
		}
		if (rows[i].status != WEB_OK)
			continue;
		assert_true(span_equal(r.path, span_str(rows[i].path)));
		assert_true(span_equal(r.query, span_str(rows[i].query)));
		assert_true(span_equal(r.host, span_str(rows[i].host)));
		assert_int_equal(r.is_head, rows[i].is_head);
		assert_int_equal(r.wants_json, rows[i].wants_json);
	}
}

static void the_end_of_a_head_is_found(void **state)
{
	assert_int_equal(web_request_len(SPAN_LIT("")), 0);
	assert_int_equal(web_request_len(SPAN_LIT("GET / HTTP/1.1\r\n\r")), 0);
	assert_int_equal(web_request_len(SPAN_LIT("GET / HTTP/1.1\r\n\r\nrest")), 18);
	assert_int_equal(web_request_len(SPAN_LIT("a\n\n")), 0);
}

static void queries_are_decoded(void **state)
{
	static const struct {
		const char *query, *name, *value; /* NULL: there is none */
	} rows[] = {
		{"text=451+4.7.1%20x", "text", "451 4.7.1 x"},
		{"a=1&text=%3Cb%3e", "text", "<b>"},
		{"text", "text", ""},
		{"text=", "text", ""},
		{"texts=1", "text", NULL},
		{"text=%4", "text", NULL},
		{"text=%zz", "text", NULL},
		{"text=%", "text", NULL},
		{"", "text", NULL},
		{"&&text=a&text=b", "text", "a"},
		{"a=text=b", "text", NULL},
		{"text=123456789012345678901234567890123", "text", NULL},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf out = BUF_INIT(32);
		bool is_there = web_query_get(span_str(rows[i].query), rows[i].name, &out);

		if (is_there != (rows[i].value != NULL)) {
			print_error("row %zu\n", i);
			fail();
		}
		if (rows[i].value)
			assert_true(span_equal(buf_span(&out), span_str(rows[i].value)));
		buf_done(&out);
	}
	assert_true(web_query_has(SPAN_LIT("a=b&json"), "json"));
	assert_false(web_query_has(SPAN_LIT("a=json"), "json"));
}

static void foreign_hosts_are_known(void **state)
{
	static const struct span names[] = {SPAN_LIT("mx.example.org"), SPAN_LIT("")};
	static const struct {
		const char *host;
		bool is_ours;
	} rows[] = {
		{"127.0.0.1", true},
		{"127.0.0.1:8025", true},
		{"[::1]:8025", true},
		{"[::1]", true},
		{"localhost", true},
		{"LocalHost:1", true},
		{"mx.example.org:8025", true},
		{"MX.example.org", true},
		{"", false},
		{":8025", false},
		{"evil.example", false},
		{"localhost.evil.example", false},
		{"127.0.0.1.evil.example", false},
		{"::1", false},
		{"[127.0.0.1]", false},
		{"[]", false},
		{"xmx.example.org", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (web_host_is_ours(span_str(rows[i].host), names, 2) != rows[i].is_ours) {
			print_error("row %zu\n", i);
			fail();
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_read),
		cmocka_unit_test(the_end_of_a_head_is_found),
		cmocka_unit_test(queries_are_decoded),
		cmocka_unit_test(foreign_hosts_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
