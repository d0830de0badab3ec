#include "wire/path.h"
#include "base/utf8.h"
#include <assert.h>
#include <errno.h>

static const char *const texts[WIRE_PATH_ERRORS] = {
	[WIRE_PATH_OK] = "a valid address",
	[WIRE_PATH_KEYWORD] = "FROM: or TO: is missing",
	[WIRE_PATH_BRACKET] = "the address must stand between < and >",
	[WIRE_PATH_TRAILING] = "something follows the closing >",
	[WIRE_PATH_LONG] = "the address is longer than 254 bytes",
	[WIRE_PATH_ROUTE] = "the source route is malformed",
	[WIRE_PATH_LOCAL_EMPTY] = "nothing stands before the @",
	[WIRE_PATH_LOCAL_SYNTAX] = "the part before the @ must be quoted, or is malformed",
	[WIRE_PATH_LOCAL_LONG] = "the part before the @ is longer than 64 bytes",
	[WIRE_PATH_DOMAIN_MISSING] = "there is no @ and domain",
	[WIRE_PATH_DOMAIN_EMPTY] = "nothing stands behind the @",
	[WIRE_PATH_DOMAIN_SYNTAX] = "the domain is malformed",
	[WIRE_PATH_DOMAIN_LONG] = "the domain is longer than 255 bytes",
	[WIRE_PATH_LABEL_LONG] = "a part of the domain is longer than 63 characters",
	[WIRE_PATH_LITERAL] = "no IP address stands between [ and ]",
	[WIRE_PATH_UTF8] = "it holds bytes that are not UTF-8",
	[WIRE_PATH_NULL_RECIPIENT] = "<> can't receive mail",
};

const char *wire_path_error_text(enum wire_path_error error)
{
	return error < WIRE_PATH_ERRORS ? texts[error] : "";
}

/* RFC 5322 3.2.3 */
static bool is_atext(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_high(char c)
{
	return (unsigned char)c > 127;
}

/* Dot-string = Atom *("." Atom) */
static bool is_dot_string(struct span s)
{
	char before = '.';

	for (size_t i = 0; i < s.len; before = s.at[i++])
		if (s.at[i] == '.' ? before == '.' : !is_atext(s.at[i]) && !is_high(s.at[i]))
			return false;
	return s.len > 0 && before != '.';
}

/* Moves over characters that may stand in an unquoted local part. */
static enum wire_path_error take_plain(struct span *s, struct span *ret)
{
	size_t n = 0;

	while (n < s->len) {
		size_t len = 1;

		if (is_high(s->at[n]) && (len = utf8_text_len(span_slice(*s, n, s->len))) == 0)
			return WIRE_PATH_UTF8;
		if (len == 1 && s->at[n] != '.' && !is_atext(s->at[n]))
			break;
		n += len;
	}
	*ret = span_slice(*s, 0, n);
	*s = span_slice(*s, n, s->len);
	return WIRE_PATH_OK;
}

/*
 * Quoted-string  = DQUOTE *QcontentSMTP DQUOTE
 * QcontentSMTP   = qtextSMTP / quoted-pairSMTP
 * quoted-pairSMTP = %d92 %d32-126
 * qtextSMTP      = %d32-33 / %d35-91 / %d93-126 / UTF8-non-ascii
 */
static enum wire_path_error take_quoted(struct span *s, struct span *ret)
{
	size_t n = 1;

	while (n < s->len && s->at[n] != '"') {
		size_t len = 1;

		if (s->at[n] == '\\' && (++n == s->len || is_high(s->at[n])))
			return WIRE_PATH_LOCAL_SYNTAX;
		if (is_high(s->at[n]) && (len = utf8_text_len(span_slice(*s, n, s->len))) == 0)
			return WIRE_PATH_UTF8;
		if ((unsigned char)s->at[n] < ' ' || s->at[n] == 0x7f)
			return WIRE_PATH_LOCAL_SYNTAX;
		n += len;
	}
	if (n == s->len)
		return WIRE_PATH_LOCAL_SYNTAX;
	*ret = span_slice(*s, 0, n + 1);
	*s = span_slice(*s, n + 1, s->len);
	return WIRE_PATH_OK;
}

/* Local-part = Dot-string / Quoted-string; then "@", the end, or ">" must follow. */
static enum wire_path_error take_local(struct span *s, struct wire_path *p)
{
	p->is_quoted = s->len > 0 && s->at[0] == '"';
	enum wire_path_error error =
		p->is_quoted ? take_quoted(s, &p->local) : take_plain(s, &p->local);
	bool is_end = s->len == 0 || s->at[0] == '@' || s->at[0] == '>';

	if (error)
		return error;
	if (p->local.len == 0 && is_end)
		return WIRE_PATH_LOCAL_EMPTY;
	if (!is_end || (!p->is_quoted && !is_dot_string(p->local)))
		return WIRE_PATH_LOCAL_SYNTAX;
	if (p->local.len > WIRE_LOCAL_MAX)
		return WIRE_PATH_LOCAL_LONG;
	return WIRE_PATH_OK;
}

/* Takes what may be a domain: to the end of a literal, or to a space, comma, colon or ">". */
static struct span take_domain_text(struct span *s)
{
	size_t n = 0;
	ptrdiff_t end = span_find(*s, ']');

	if (s->len > 0 && s->at[0] == '[' && end > 0)
		n = (size_t)end + 1;
	while (n < s->len && !strchr(" ,:>", s->at[n] ? s->at[n] : 1))
		n++;
	struct span text = span_slice(*s, 0, n);

	*s = span_slice(*s, n, s->len);
	return text;
}

/* "@" ( Domain / address-literal ) */
static enum wire_path_error take_domain(struct span *s, struct wire_path *p)
{
	struct wire_ip ip;

	if (!span_take(s, '@'))
		return WIRE_PATH_DOMAIN_MISSING;
	p->domain = take_domain_text(s);
	p->is_literal = p->domain.len > 0 && p->domain.at[0] == '[';
	if (p->is_literal)
		return wire_literal_read(p->domain, &ip) == -EBADMSG ? WIRE_PATH_LITERAL
								     : WIRE_PATH_OK;
	return wire_domain_read(p->domain);
}

/* Mailbox = Local-part "@" ( Domain / address-literal ) */
static enum wire_path_error take_mailbox(struct span *s, struct wire_path *p)
{
	enum wire_path_error error = take_local(s, p);

	if (!error)
		error = take_domain(s, p);
	p->is_utf8 = !utf8_is_ascii(p->local) || !utf8_is_ascii(p->domain);
	return error;
}

/* A-d-l = "@" Domain *( "," "@" Domain ); then ":". Read and ignored, as 4.1.1.3 asks. */
static enum wire_path_error skip_route(struct span *s)
{
	if (s->len == 0 || s->at[0] != '@')
		return WIRE_PATH_OK;
	do {
		if (!span_take(s, '@') || wire_domain_read(take_domain_text(s)) != WIRE_PATH_OK)
			return WIRE_PATH_ROUTE;
	} while (span_take(s, ','));
	return span_take(s, ':') ? WIRE_PATH_OK : WIRE_PATH_ROUTE;
}

/* "<@>" and "<@b.example>" are no routes but addresses without a local part. */
static bool is_route(struct span s)
{
	struct span inner;

	return s.len > 0 && s.at[0] == '@' && span_take_until(&s, '>', &inner) &&
	       span_find(inner, ':') >= 0;
}

/*
 * Path = "<" [ A-d-l ":" ] Mailbox ">"
 * Forward-path may be "<Postmaster>" too. *s begins behind the "<" and ends behind the ">".
 */
static enum wire_path_error take_path(struct span *s, bool is_rcpt, struct wire_path *p)
{
	const char *start = s->at;
	enum wire_path_error error = is_route(*s) ? skip_route(s) : WIRE_PATH_OK;
	struct span local;

	if (error)
		return error;
	struct span rest = *s;

	if (is_rcpt && s->at == start && take_plain(&rest, &local) == WIRE_PATH_OK &&
		span_equal_nocase(local, SPAN_LIT("postmaster")) && span_take(&rest, '>')) {
		*p = (struct wire_path){.kind = WIRE_PATH_POSTMASTER, .local = local};
		*s = rest;
		return WIRE_PATH_OK;
	}
	p->kind = WIRE_PATH_MAILBOX;
	error = take_mailbox(s, p);
	if (error == WIRE_PATH_DOMAIN_MISSING &&
		s->len == 0) /* "<a": what is missing first of all */
		error = WIRE_PATH_BRACKET;
	if (error)
		return error;
	if (!span_take(s, '>'))
		return s->len == 0 || s->at[0] == ' ' ? WIRE_PATH_BRACKET : WIRE_PATH_DOMAIN_SYNTAX;
	if ((size_t)(s->at - start) + 1 > WIRE_PATH_MAX)
		return WIRE_PATH_LONG;
	return WIRE_PATH_OK;
}

static enum wire_path_error read_argument(struct span argument, struct span keyword, bool is_rcpt,
	struct wire_path *ret_path, struct span *ret_params)
{
	struct wire_path p = {0};

	if (!span_take_nocase(&argument, keyword))
		return WIRE_PATH_KEYWORD;
	while (span_take(&argument, ' '))
		;
	if (!span_take(&argument, '<'))
		return WIRE_PATH_BRACKET;
	bool is_null = span_take(&argument, '>');

	if (is_null && is_rcpt)
		return WIRE_PATH_NULL_RECIPIENT;
	enum wire_path_error error = is_null ? WIRE_PATH_OK : take_path(&argument, is_rcpt, &p);

	if (error)
		return error;
	if (argument.len > 0 && argument.at[0] != ' ')
		return WIRE_PATH_TRAILING;
	while (span_take(&argument, ' '))
		;
	*ret_path = p;
	*ret_params = argument;
	return WIRE_PATH_OK;
}

/* mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF */
enum wire_path_error wire_mail_read(
	struct span argument, struct wire_path *ret_path, struct span *ret_params)
{
	return read_argument(argument, SPAN_LIT("FROM:"), false, ret_path, ret_params);
}

/*
 * rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path )
 *        [SP Rcpt-parameters] CRLF
 */
enum wire_path_error wire_rcpt_read(
	struct span argument, struct wire_path *ret_path, struct span *ret_params)
{
	return read_argument(argument, SPAN_LIT("TO:"), true, ret_path, ret_params);
}

enum wire_path_error wire_address_read(struct span text, struct wire_path *ret)
{
	struct wire_path p = {.kind = WIRE_PATH_MAILBOX};
	struct span rest = text;
	enum wire_path_error error = take_mailbox(&rest, &p);

	if (error)
		return error;
	if (rest.len > 0)
		return WIRE_PATH_DOMAIN_SYNTAX;
	if (text.len + 2 > WIRE_PATH_MAX)
		return WIRE_PATH_LONG;
	*ret = p;
	return WIRE_PATH_OK;
}

/* What a quoted local part means, without quotes and backslashes. */
static struct span unquoted(struct span local, char out[WIRE_LOCAL_MAX])
{
	size_t n = 0;

	assert(local.len >= 2 && local.len <= WIRE_LOCAL_MAX);
	for (size_t i = 1; i + 1 < local.len; i++) {
		if (local.at[i] == '\\')
			i++;
		out[n++] = local.at[i];
	}
	return span_of(out, n);
}

static void add_local(const struct wire_path *p, struct buf *out)
{
	char raw[WIRE_LOCAL_MAX];
	struct span local = p->is_quoted ? unquoted(p->local, raw) : p->local;

	if (is_dot_string(local)) {
		(void)buf_add(out, local);
		return;
	}
	(void)buf_add_byte(out, '"');
	for (size_t i = 0; i < local.len; i++) {
		if (local.at[i] == '"' || local.at[i] == '\\')
			(void)buf_add_byte(out, '\\');
		(void)buf_add_byte(out, local.at[i]);
	}
	(void)buf_add_byte(out, '"');
}

static void add_domain(const struct wire_path *p, struct buf *out)
{
	char text[WIRE_IP_TEXT_MAX];
	struct wire_ip ip;

	if (p->is_literal && wire_literal_read(p->domain, &ip) == 0) {
		(void)buf_add_str(out, ip.is_v4 ? "[" : "[IPv6:");
		(void)buf_add(out, wire_ip_text(&ip, text));
		(void)buf_add_byte(out, ']');
		return;
	}
	for (size_t i = 0; i < p->domain.len; i++)
		(void)buf_add_byte(out, byte_lower(p->domain.at[i]));
}

int wire_path_text(const struct wire_path *path, struct buf *out)
{
	if (path->kind == WIRE_PATH_POSTMASTER)
		return buf_add_str(out, "postmaster");
	if (path->kind == WIRE_PATH_NULL)
		return out->error;
	add_local(path, out);
	(void)buf_add_byte(out, '@');
	add_domain(path, out);
	return out->error;
}
