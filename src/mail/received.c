#include "mail/received.h"
#include "base/clock.h"
#include "wire/command.h"
#include "wire/path.h"
#include "base/utf8.h"

#define LINE_MAX_LEN 78U /* RFC 5322 2.1.1: should not be longer, without CRLF */
#define HELO_SHOWN   64U /* bytes of a name that is none */

/* Indexed by TLS and AUTH: RFC 3848, RFC 6531 4.3. */
static const char *const protocols[3][4] = {
	{"ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA"},
	{"LMTP", "LMTPS", "LMTPA", "LMTPSA"},
	{"UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA"},
};
static const char *const utf8_lmtp[4] = {"UTF8LMTP", "UTF8LMTPS", "UTF8LMTPA", "UTF8LMTPSA"};

const char *mail_received_protocol(const struct mail_received *r)
{
	unsigned security = (r->has_tls ? 1U : 0U) + (r->has_auth ? 2U : 0U);

	if (r->is_lmtp)
		return r->is_utf8 ? utf8_lmtp[security] : protocols[1][security];
	if (r->is_utf8)
		return protocols[2][security];
	return r->is_esmtp ? protocols[0][security] : "SMTP";
}

struct folder {
	struct buf *out;
	size_t column;
};

static void fold(struct folder *f)
{
	(void)buf_add_str(f->out, "\r\n\t");
	f->column = 1;
}

/* A word that must not be broken, on this line if it fits. */
static void add_word(struct folder *f, struct span word)
{
	if (f->column > 1 && f->column + 1 + word.len > LINE_MAX_LEN)
		fold(f);
	else if (f->column > 1) {
		(void)buf_add_byte(f->out, ' ');
		f->column++;
	}
	(void)buf_add(f->out, word);
	f->column += word.len;
}

/* Where the client's own name can stand as it came: a domain or an IP literal, no 8-bit unasked. */
static bool is_printable_helo(const struct mail_received *r)
{
	struct wire_ip ip;

	if (!r->is_utf8 && !utf8_is_ascii(r->helo))
		return false;
	switch (wire_helo_read(r->helo)) {
	case WIRE_HELO_DOMAIN:
	case WIRE_HELO_LOOSE:
		return true;
	case WIRE_HELO_LITERAL:
		return wire_literal_read(r->helo, &ip) == 0;
	default:
		return false;
	}
}

/* "(HELO what?they?said)": a comment that nothing can leave. */
static void add_helo_comment(struct folder *f, struct span helo)
{
	char text[HELO_SHOWN + 2];
	size_t n = 0;

	for (; n < helo.len && n < HELO_SHOWN; n++) {
		char c = helo.at[n];
		bool is_fine = c > ' ' && c < 127 && c != '(' && c != ')' && c != '\\';

		text[n] = is_fine ? c : '?';
	}
	text[n++] = ')';
	add_word(f, SPAN_LIT("(HELO"));
	add_word(f, span_of(text, n));
}

/* From-domain = "FROM" FWS Extended-Domain; Extended-Domain = Domain [ FWS "(" TCP-info ")" ] */
static void add_from(struct folder *f, const struct mail_received *r)
{
	char ip[WIRE_IP_TEXT_MAX], literal[WIRE_IP_TEXT_MAX + 16];
	struct buf b = {.at = literal, .room = sizeof literal, .max = sizeof literal};
	bool is_printable = is_printable_helo(r);

	(void)buf_add_str(&b, is_printable ? "([" : "[");
	(void)buf_add_str(&b, r->client.is_v4 ? "" : "IPv6:");
	(void)buf_add(&b, wire_ip_text(&r->client, ip));
	(void)buf_add_str(&b, is_printable ? "])" : "]");
	add_word(f, SPAN_LIT("from"));
	if (is_printable)
		add_word(f, r->helo);
	add_word(f, buf_span(&b));
	if (!is_printable && r->helo.len > 0)
		add_helo_comment(f, r->helo);
	fold(f);
}

/* "(TLSv1.3 TLS_AES_256_GCM_SHA384)": words of the library, without spaces. */
static void add_tls(struct folder *f, const struct mail_received *r)
{
	char text[100];
	struct buf b = {.at = text, .room = sizeof text, .max = sizeof text};

	(void)buf_add_str(&b, "(");
	(void)buf_add(&b, r->tls_version);
	add_word(f, buf_span(&b));
	buf_clear(&b);
	(void)buf_add(&b, r->tls_cipher);
	(void)buf_add_str(&b, ")");
	add_word(f, buf_span(&b));
}

/* "for" FWS Path: only where nobody else's address could be read out of it. */
static void add_for(struct folder *f, const struct mail_received *r)
{
	if (r->recipient.len == 0 || (!r->is_utf8 && !utf8_is_ascii(r->recipient)))
		return;
	fold(f);
	add_word(f, SPAN_LIT("for"));
	if (f->column + 3 + r->recipient.len > LINE_MAX_LEN)
		fold(f);
	add_word(f, SPAN_LIT("<"));
	(void)buf_add(f->out, r->recipient);
	(void)buf_add_byte(f->out, '>');
	f->column += r->recipient.len + 1;
}

/*
 * RFC 5321 4.4, but for its From-domain where that is left out:
 *   Time-stamp-line = "Received:" FWS Stamp CRLF
 *   Stamp           = From-domain By-domain Opt-info [CFWS] ";" FWS date-time
 *   Opt-info        = [Via] [With] [ID] [For]
 */
int mail_received_write(const struct mail_received *r, struct buf *out)
{
	struct folder f = {.out = out, .column = sizeof "Received:" - 1};
	char date[CLOCK_TEXT_MAX];

	(void)buf_add_str(out, "Received:");
	if (!r->is_local && !r->is_private)
		add_from(&f, r);
	add_word(&f, SPAN_LIT("by"));
	add_word(&f, r->by);
	if (!r->is_local) {
		add_word(&f, SPAN_LIT("with"));
		add_word(&f, span_str(mail_received_protocol(r)));
	}
	if (r->has_tls && r->tls_version.len > 0)
		add_tls(&f, r);
	if (r->id.len > 0) {
		add_word(&f, SPAN_LIT("id"));
		add_word(&f, r->id);
	}
	add_for(&f, r);
	(void)buf_add_byte(out, ';');
	fold(&f);
	add_word(&f, clock_rfc5322(r->wall_ms, date));
	return buf_add_str(out, "\r\n");
}
