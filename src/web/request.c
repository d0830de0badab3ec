#include "web/request.h"

/* ---- bytes ---- */

/* tchar (RFC 9110 5.6.2) */
static bool is_token_byte(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_token_byte(s.at[i]))
			return false;
	return s.len > 0;
}

static bool is_visible(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' ||
			s.at[i] == 0x7f) /* bytes above ASCII are negative: refused too */
			return false;
	return s.len > 0;
}

/* field-vchar, SP and HTAB (RFC 9110 5.5) */
static bool is_value(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

size_t web_request_len(struct span input)
{
	ptrdiff_t at = span_find_span(input, SPAN_LIT("\r\n\r\n"));

	return at < 0 ? 0 : (size_t)at + 4;
}

/* A line without its CRLF; a CR or LF that stands alone belongs to it, and is refused with it. */
static bool take_line(struct span *s, struct span *ret)
{
	ptrdiff_t at = span_find_span(*s, SPAN_LIT("\r\n"));

	if (at < 0)
		return false;
	*ret = span_slice(*s, 0, (size_t)at);
	*s = span_slice(*s, (size_t)at + 2, s->len);
	return true;
}

/* ---- the first line ---- */

static enum web_status read_method(struct span method, struct web_request *r)
{
	r->is_head = span_equal(method, SPAN_LIT("HEAD"));
	if (r->is_head || span_equal(method, SPAN_LIT("GET")))
		return WEB_OK;
	return is_token(method) ? WEB_BAD_METHOD : WEB_BAD_REQUEST;
}

/* origin-form / absolute-form                                   ; RFC 9112 3.2 */
static enum web_status read_target(struct span target, struct web_request *r)
{
	ptrdiff_t at;

	if (!is_visible(target) || span_find(target, '#') >= 0)
		return WEB_BAD_REQUEST;
	if (span_take_nocase(&target, SPAN_LIT("http://"))) {
		at = span_find(target, '/');
		r->host = span_slice(target, 0, at < 0 ? target.len : (size_t)at);
		target = at < 0 ? SPAN_LIT("/") : span_slice(target, (size_t)at, target.len);
		if (r->host.len == 0)
			return WEB_BAD_REQUEST;
	}
	if (target.at[0] != '/')
		return WEB_BAD_REQUEST;
	at = span_find(target, '?');
	r->path = at < 0 ? target : span_slice(target, 0, (size_t)at);
	r->query = at < 0 ? (struct span){0} : span_slice(target, (size_t)at + 1, target.len);
	return WEB_OK;
}

/* method SP request-target SP HTTP-version                      ; RFC 9112 3 */
static enum web_status read_first(struct span line, struct web_request *r, bool *ret_old)
{
	struct span method, target;

	if (!span_take_until(&line, ' ', &method) || !span_take_until(&line, ' ', &target))
		return WEB_BAD_REQUEST;
	*ret_old = span_equal(line, SPAN_LIT("HTTP/1.0"));
	if (!*ret_old && !span_equal(line, SPAN_LIT("HTTP/1.1")))
		return span_starts(line, SPAN_LIT("HTTP/")) && is_visible(line) ? WEB_BAD_VERSION
										: WEB_BAD_REQUEST;
	enum web_status status = read_method(method, r);

	return status != WEB_OK ? status : read_target(target, r);
}

/* ---- fields ---- */

struct fields {
	unsigned hosts;
	struct span host;
	bool has_body;
	bool names_json, names_html;
};

static void note_field(struct fields *f, struct span name, struct span value)
{
	if (span_equal_nocase(name, SPAN_LIT("host"))) {
		f->hosts++;
		f->host = value;
	} else if (span_equal_nocase(name, SPAN_LIT("content-length"))) {
		f->has_body |= !span_equal(value, SPAN_LIT("0"));
	} else if (span_equal_nocase(name, SPAN_LIT("transfer-encoding"))) {
		f->has_body = true;
	} else if (span_equal_nocase(name, SPAN_LIT("accept"))) {
		f->names_json |= span_find_span(value, SPAN_LIT("application/json")) >= 0;
		f->names_html |= span_find_span(value, SPAN_LIT("text/html")) >= 0;
	}
}

/* field-line = field-name ":" OWS field-value OWS               ; RFC 9112 5; no folding */
static bool read_fields(struct span rest, struct fields *f)
{
	struct span line, name;

	while (take_line(&rest, &line) && line.len > 0) {
		if (!span_take_until(&line, ':', &name) || !is_token(name) || !is_value(line))
			return false;
		note_field(f, name, span_trim(line));
	}
	return rest.len == 0 && line.len == 0;
}

enum web_status web_request_read(struct span head, struct web_request *ret)
{
	struct web_request r = {0};
	struct fields f = {0};
	struct span rest = head, line;
	bool is_old = false;

	if (head.len > WEB_HEAD_MAX)
		return WEB_HEAD_TOO_LONG;
	if (!take_line(&rest, &line))
		return WEB_BAD_REQUEST;
	enum web_status status = read_first(line, &r, &is_old);

	if (status != WEB_OK)
		return status;
	if (!read_fields(rest, &f) || f.has_body || f.hosts > 1 || (f.hosts == 0 && !is_old))
		return WEB_BAD_REQUEST;
	if (r.host.len == 0) /* else the target's counts (RFC 9112 3.2.2) */
		r.host = f.host;
	if (r.host.len > 0 && !is_visible(r.host))
		return WEB_BAD_REQUEST;
	r.wants_json = f.names_json && !f.names_html;
	*ret = r;
	return WEB_OK;
}

/* ---- the query ---- */

static bool take_hex(struct span *s, unsigned *ret)
{
	static const char digits[] = "0123456789abcdef";

	*ret = 0;
	for (unsigned i = 0; i < 2; i++) {
		const char *at =
			s->len > 0 && s->at[0] ? strchr(digits, byte_lower(s->at[0])) : NULL;

		if (!at)
			return false;
		*ret = *ret * 16 + (unsigned)(at - digits);
		*s = span_slice(*s, 1, s->len);
	}
	return true;
}

static bool decode(struct span value, struct buf *out)
{
	while (value.len > 0) {
		char c = value.at[0];
		unsigned byte;

		value = span_slice(value, 1, value.len);
		if (c == '%') {
			if (!take_hex(&value, &byte))
				return false;
			c = (char)byte;
		} else if (c == '+') {
			c = ' ';
		}
		if (buf_add_byte(out, c) < 0)
			return false;
	}
	return true;
}

static bool find_value(struct span query, const char *name, struct span *ret)
{
	while (query.len > 0) {
		struct span one = query;

		if (!span_take_until(&query, '&', &one))
			query.len = 0;
		*ret = one;
		if (span_take_span(ret, span_str(name)) && (ret->len == 0 || span_take(ret, '=')))
			return true;
	}
	return false;
}

bool web_query_get(struct span query, const char *name, struct buf *out)
{
	struct span value;

	return find_value(query, name, &value) && decode(value, out);
}

bool web_query_has(struct span query, const char *name)
{
	struct span value;

	return find_value(query, name, &value);
}

/* ---- the host ---- */

static struct span without_port(struct span host)
{
	size_t len = host.len;

	while (len > 0 && byte_is_digit(host.at[len - 1]))
		len--;
	return len > 1 && host.at[len - 1] == ':' ? span_slice(host, 0, len - 1) : host;
}

static bool is_address(struct span host)
{
	struct wire_ip ip;

	if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
		return wire_ip_read(span_slice(host, 1, host.len - 2), &ip) == 0 && !ip.is_v4;
	return wire_ip_read(host, &ip) == 0 && ip.is_v4;
}

bool web_host_is_ours(struct span host, const struct span *names, size_t n)
{
	host = without_port(host);
	if (is_address(host) || span_equal_nocase(host, SPAN_LIT("localhost")))
		return true;
	for (size_t i = 0; i < n; i++)
		if (host.len > 0 && span_equal_nocase(host, names[i]))
			return true;
	return false;
}
