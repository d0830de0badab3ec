#include "auth/dkim.h"
#include "auth/base64.h"
#include "base/alloc.h"
#include "mail/header.h"
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#define LINE_MOST 72U /* of the field, where it can be folded */

/* What a reader goes by, or what changes how a message is shown. All are named once more than they are there. */
static const char *const signed_fields[] = {"From", "Sender", "Reply-To", "To", "Cc", "Subject",
	"Date", "Message-ID", "In-Reply-To", "References", "MIME-Version", "Content-Type",
	"Content-Transfer-Encoding"};
#define SIGNED (sizeof signed_fields / sizeof signed_fields[0])

#define INSTANCES_MOST \
	8U /* of one field; a message with more is odd, and what is above them is not signed */

/* ---- the body (RFC 6376 3.4.4) ---- */

int dkim_body_init(struct dkim_body *b)
{
	*b = (struct dkim_body){.hash = EVP_MD_CTX_new()};
	return b->hash && EVP_DigestInit_ex(b->hash, EVP_sha256(), NULL) > 0 ? 0 : -ENOMEM;
}

static void emit(struct dkim_body *b, struct span bytes)
{
	if (b->emit)
		b->emit(b->arg, bytes);
	else
		(void)EVP_DigestUpdate(b->hash, bytes.at, bytes.len);
}

static void end_line(struct dkim_body *b)
{
	b->is_blank = false;
	if (!b->has_text)
		b->empty_lines++;
	else
		emit(b, SPAN_LIT("\r\n"));
	b->has_text = false;
}

static void begin_text(struct dkim_body *b)
{
	for (; b->empty_lines > 0; b->empty_lines--)
		emit(b, SPAN_LIT("\r\n"));
	if (b->is_blank)
		emit(b, SPAN_LIT(" "));
	b->is_blank = false;
	b->has_text = true;
}

static bool is_special(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A CR without LF is text; what goes out has none (wire/content.h). */
static void add_special(struct dkim_body *b, char c)
{
	bool was_cr = b->is_after_cr;

	b->is_after_cr = c == '\r';
	if (was_cr && c == '\n') {
		end_line(b);
		return;
	}
	if (was_cr) {
		begin_text(b);
		emit(b, SPAN_LIT("\r"));
	}
	if (c == '\n') {
		begin_text(b);
		emit(b, SPAN_LIT("\n"));
	} else if (c != '\r') {
		b->is_blank = true;
	}
}

/* How many of the first bytes are neither blanks nor CR nor LF. Eight at a time while all are above a blank. */
static size_t plain_len(const char *at, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	size_t i = 0;

	for (uint64_t x; n - i >= sizeof x; i += sizeof x) {
		memcpy(&x, at + i, sizeof x);
		if ((x - ones * (' ' + 1)) & ~x & high)
			break;
	}
	while (i < n && !is_special(at[i]))
		i++;
	return i;
}

/*
 * How many of the first bytes stay as they are: text with single spaces and line ends between, of
 * which each is followed by text. s begins with text.
 */
static size_t run_len(struct span s)
{
	size_t i = 0;

	for (;;) {
		i += plain_len(s.at + i, s.len - i);
		if (s.len - i > 1 && s.at[i] == ' ' && !is_special(s.at[i + 1]))
			i += 1;
		else if (s.len - i > 2 && s.at[i] == '\r' && s.at[i + 1] == '\n' &&
			 !is_special(s.at[i + 2]))
			i += 2;
		else
			return i;
	}
}

void dkim_body_add(struct dkim_body *b, struct span bytes)
{
	size_t i = 0;

	while (i < bytes.len) {
		size_t from = i;

		if (!is_special(bytes.at[i]))
			i += run_len(span_slice(bytes, i, bytes.len));
		if (i > from) {
			if (b->is_after_cr) {
				begin_text(b);
				emit(b, SPAN_LIT("\r"));
				b->is_after_cr = false;
			}
			begin_text(b);
			emit(b, span_slice(bytes, from, i - from));
		}
		if (i < bytes.len)
			add_special(b, bytes.at[i++]);
	}
}

bool dkim_body_end(struct dkim_body *b, unsigned char ret[DKIM_DIGEST])
{
	if (b->is_after_cr) {
		begin_text(b);
		emit(b, SPAN_LIT("\r"));
		b->is_after_cr = false;
	}
	if (b->has_text)
		end_line(b);
	return EVP_DigestFinal_ex(b->hash, ret, NULL) > 0;
}

void dkim_body_done(struct dkim_body *b)
{
	EVP_MD_CTX_free(b->hash);
	b->hash = NULL;
}

/* ---- the header (3.4.2) ---- */

int dkim_relax_field(struct span name, struct span value, struct buf *out)
{
	bool is_blank = false, has_text = false;

	name = span_trim(name);
	for (size_t i = 0; i < name.len; i++)
		(void)buf_add_byte(out, byte_lower(name.at[i]));
	(void)buf_add_byte(out, ':');
	for (size_t i = 0; i < value.len; i++) {
		if (is_special(value.at[i])) {
			is_blank = true;
			continue;
		}
		if (is_blank && has_text)
			(void)buf_add_byte(out, ' ');
		is_blank = false;
		has_text = true;
		(void)buf_add_byte(out, value.at[i]);
	}
	return buf_add_str(out, "\r\n");
}

struct found { /* the last ones of a field, the lowest first */
	struct mail_field at[INSTANCES_MOST];
	size_t n;
	bool is_cut; /* there are more */
};

static void find(struct span header, const char *name, struct found *ret)
{
	struct mail_header h;
	struct mail_field f;

	ret->n = 0;
	ret->is_cut = false;
	mail_header_init(&h, header);
	while (mail_header_next(&h, &f)) {
		if (!mail_field_is(&f, name))
			continue;
		ret->is_cut |= ret->n == INSTANCES_MOST;
		ret->n -= ret->n == INSTANCES_MOST;
		memmove(&ret->at[1], &ret->at[0], ret->n * sizeof ret->at[0]);
		ret->at[0] = f;
		ret->n++;
	}
}

/* ---- From ---- */

/* Takes what is between quotes or parentheses; s begins with the opening one. */
static void skip_quoted(struct span *s)
{
	char open = s->at[0], close = open == '(' ? ')' : '"';
	unsigned depth = 1;
	size_t i = 1;

	for (; i < s->len && depth > 0; i++) {
		if (s->at[i] == '\\')
			i++;
		else if (s->at[i] == close)
			depth--;
		else if (s->at[i] == '(' && open == '(')
			depth++;
	}
	*s = span_slice(*s, i < s->len ? i : s->len, s->len);
}

static bool is_domain_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '.' || c == '_' || (unsigned char)c > 127;
}

/* What stands behind the first "@" that is in no quotes and no comment. */
static bool find_domain(struct span value, struct span *ret)
{
	while (value.len > 0) {
		if (value.at[0] == '"' || value.at[0] == '(') {
			skip_quoted(&value);
			continue;
		}
		bool is_at = value.at[0] == '@';
		size_t n = 0;

		value = span_slice(value, 1, value.len);
		if (!is_at)
			continue;
		value = span_trim(value);
		while (n < value.len && is_domain_char(value.at[n]))
			n++;
		*ret = span_slice(value, 0, n);
		return n > 0;
	}
	return false;
}

bool dkim_from(struct span header, struct span *ret_domain)
{
	struct mail_header h;
	struct mail_field f;

	mail_header_init(&h, header);
	while (mail_header_next(&h, &f))
		if (mail_field_is(&f, "From"))
			return find_domain(f.value, ret_domain);
	return false;
}

/* ---- the field ---- */

struct folder { /* a list that is folded where it gets long */
	struct buf *out;
	size_t line;
};

static void add_folded(struct folder *f, const char *text)
{
	size_t len = strlen(text);

	if (f->line + len > LINE_MOST) {
		(void)buf_add_str(f->out, "\r\n\t");
		f->line = 8;
	}
	(void)buf_add_str(f->out, text);
	f->line += len;
}

static void add_base64(struct buf *out, struct span bytes)
{
	struct buf text = BUF_INIT(2048);
	struct span rest;

	(void)base64_encode(bytes, &text);
	rest = buf_span(&text);
	while (rest.len > 0) {
		struct span piece = span_slice(rest, 0, LINE_MOST);

		rest = span_slice(rest, piece.len, rest.len);
		(void)buf_add(out, piece);
		if (rest.len > 0)
			(void)buf_add_str(out, "\r\n\t");
	}
	buf_done(&text);
}

/*
 * Each name once for each that is there, and once more. Where there are more than were taken, the one more
 * would stand for one of these, and a verifier would hash it.
 */
static void add_names(const struct found *all, struct buf *field)
{
	struct folder f = {.out = field, .line = 10};

	for (size_t i = 0; i < SIGNED; i++)
		for (size_t k = 0, times = all[i].n + !all[i].is_cut; k < times; k++) {
			bool is_last = i + 1 == SIGNED && k + 1 == times;
			char text[64];
			size_t n = span_copy(span_str(signed_fields[i]), text, sizeof text - 2);

			text[n] = is_last ? ';' : ':';
			text[n + 1] = '\0';
			add_folded(&f, text);
		}
}

static bool digest(const struct found *all, struct span field, unsigned char ret[DKIM_DIGEST])
{
	struct buf text = BUF_INIT((size_t)4 << 20);
	struct span name, value = field;

	for (size_t i = 0; i < SIGNED; i++)
		for (size_t k = 0; k < all[i].n; k++)
			(void)dkim_relax_field(all[i].at[k].name, all[i].at[k].value, &text);
	(void)span_take_until(&value, ':', &name);
	bool ok = dkim_relax_field(name, value, &text) == 0;

	if (ok) {
		text.len -= 2; /* its CRLF is not signed (3.7) */
		ok = EVP_Digest(text.at, text.len, ret, NULL, EVP_sha256(), NULL) > 0;
	}
	buf_done(&text);
	return ok;
}

int dkim_begin(const struct dkim_signer *s, const unsigned char body[DKIM_DIGEST],
	struct span header, struct buf *field, unsigned char ret_digest[DKIM_DIGEST])
{
	struct found *all = alloc_array(SIGNED, sizeof *all);
	size_t from = field->len;

	for (size_t i = 0; i < SIGNED; i++)
		find(header, signed_fields[i], &all[i]);
	(void)buf_printf(field,
		"DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n\td=%.*s; s=%.*s;\r\n"
		"\tt=%lld; h=",
		s->algorithm == DKIM_RSA_SHA256 ? "rsa-sha256" : "ed25519-sha256",
		SPAN_F(s->domain), SPAN_F(s->selector), (long long)s->at_s);
	add_names(all, field);
	(void)buf_add_str(field, "\r\n\tbh=");
	add_base64(field, span_of(body, DKIM_DIGEST));
	int rc = buf_add_str(field, ";\r\n\tb=");

	if (rc == 0 && !digest(all, span_slice(buf_span(field), from, field->len), ret_digest))
		rc = -EMSGSIZE;
	alloc_free(&all);
	return rc;
}

int dkim_finish(struct span signature, struct buf *field)
{
	add_base64(field, signature);
	return buf_add_str(field, "\r\n");
}
