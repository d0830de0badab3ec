#include "mail/ascii_in.h"
#include "base/utf8.h"

enum kind { KIND_TEXT, KIND_ADDRESSES, KIND_PARAMETERS, KIND_COMMENTS, KIND_TRACE };

/* What is not named is unstructured, as fields that nobody knows are taken to be (RFC 5322 3.6.8). */
static const struct {
	const char *name;
	enum kind kind;
} kinds[] = {
	{"From", KIND_ADDRESSES},
	{"Sender", KIND_ADDRESSES},
	{"Reply-To", KIND_ADDRESSES},
	{"To", KIND_ADDRESSES},
	{"Cc", KIND_ADDRESSES},
	{"Bcc", KIND_ADDRESSES},
	{"Resent-From", KIND_ADDRESSES},
	{"Resent-Sender", KIND_ADDRESSES},
	{"Resent-To", KIND_ADDRESSES},
	{"Resent-Cc", KIND_ADDRESSES},
	{"Resent-Bcc", KIND_ADDRESSES},
	{"Disposition-Notification-To", KIND_ADDRESSES},
	{"Return-Receipt-To", KIND_ADDRESSES},
	{"Errors-To", KIND_ADDRESSES},
	{"Content-Type", KIND_PARAMETERS},
	{"Content-Disposition", KIND_PARAMETERS},
	{"Received", KIND_TRACE},
	{"Return-Path", KIND_ADDRESSES},
	{"Delivered-To", KIND_TRACE},
	{"X-Original-To", KIND_TRACE},
	{"Authentication-Results", KIND_TRACE},
	{"Received-SPF", KIND_TRACE},
	{"Date", KIND_COMMENTS},
	{"Resent-Date", KIND_COMMENTS},
	{"Message-ID", KIND_COMMENTS},
	{"Resent-Message-ID", KIND_COMMENTS},
	{"In-Reply-To", KIND_COMMENTS},
	{"References", KIND_COMMENTS},
	{"MIME-Version", KIND_COMMENTS},
	{"Content-ID", KIND_COMMENTS},
	{"Content-Transfer-Encoding", KIND_COMMENTS},
	{"DKIM-Signature", KIND_COMMENTS},
	{"ARC-Seal", KIND_COMMENTS},
	{"ARC-Message-Signature", KIND_COMMENTS},
	{"List-Unsubscribe", KIND_COMMENTS},
	{"List-Post", KIND_COMMENTS},
	{"List-Help", KIND_COMMENTS},
	{"List-Subscribe", KIND_COMMENTS},
	{"List-Owner", KIND_COMMENTS},
	{"List-Archive", KIND_COMMENTS},
};

static enum kind kind_of(const struct mail_field *f)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (mail_field_is(f, kinds[i].name))
			return kinds[i].kind;
	return KIND_TEXT;
}

static enum ascii_fault add_value(const struct mail_field *f, struct buf *out)
{
	switch (kind_of(f)) {
	case KIND_ADDRESSES:
		return ascii_addresses(f->value, out);
	case KIND_PARAMETERS:
		return ascii_parameters(f->value, out);
	case KIND_COMMENTS:
		return ascii_comments(f->value, false, out);
	case KIND_TRACE:
		return ascii_comments(f->value, true, out);
	case KIND_TEXT:
		break;
	}
	ascii_text(f->value, out);
	return ASCII_OK;
}

/* ---- long lines ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Where a line that is too long is parted: before a blank (RFC 5322 2.2.3), which undoing the fold
 * gives back; or, with structure, behind a comma or the like, where a blank changes nothing. 0: nowhere.
 */
static size_t fold_at(struct span line, bool is_structured, bool *ret_adds_blank)
{
	for (size_t n = ASCII_LINE_MOST; n > 1; n--) {
		bool is_text_before = !is_blank(line.at[n - 1]);

		*ret_adds_blank = false;
		if (is_blank(line.at[n]) && is_text_before)
			return n;
		*ret_adds_blank = true;
		/* One octet more comes in front of the next line: n may be its own limit. */
		if (is_structured && strchr(",;>", line.at[n - 1]) && !is_blank(line.at[n]))
			return n;
	}
	return 0;
}

static size_t line_len(struct span s)
{
	ptrdiff_t end = span_find_span(s, SPAN_LIT("\r\n"));

	return end < 0 ? s.len : (size_t)end;
}

/*
 * field without its last CRLF. A structured field is parted behind a separator only outside of
 * quotes: what is between them might be shown with the blank.
 */
static enum ascii_fault add_folded(struct span field, bool is_structured, struct buf *out)
{
	is_structured = is_structured && span_find(field, '"') < 0;
	while (field.len > 0) {
		size_t len = line_len(field);

		while (len > ASCII_LINE_MOST) {
			bool adds_blank = false;
			size_t n = fold_at(field, is_structured, &adds_blank);

			if (n == 0)
				return ASCII_LONG;
			(void)buf_add(out, span_slice(field, 0, n));
			(void)buf_add_str(out, adds_blank ? "\r\n " : "\r\n");
			field = span_slice(field, n, field.len);
			len -= n;
		}
		(void)buf_add(out, span_slice(field, 0, len + 2));
		field = span_slice(field, len + 2, field.len);
	}
	return ASCII_OK;
}

static bool has_long_line(struct span s)
{
	while (s.len > 0) {
		size_t len = line_len(s);

		if (len > ASCII_LINE_MOST)
			return true;
		s = span_slice(s, len + 2, s.len);
	}
	return false;
}

enum ascii_fault ascii_field(const struct mail_field *f, struct span whole, bool is_to_ascii,
	bool is_to_fold, struct buf *out)
{
	struct buf field = BUF_INIT(out->max);
	enum ascii_fault fault = ASCII_OK;

	if (is_to_ascii && !utf8_is_ascii(whole)) {
		(void)buf_printf(&field, "%.*s:", SPAN_F(f->name));
		fault = add_value(f, &field);
		(void)buf_add_str(&field, "\r\n");
		whole = buf_span(&field);
	}
	if (fault == ASCII_OK && field.error)
		fault = ASCII_MEMORY;
	if (fault == ASCII_OK && is_to_fold && has_long_line(whole)) {
		size_t before = out->len;

		fault = add_folded(whole, kind_of(f) != KIND_TEXT, out);
		if (fault != ASCII_OK)
			out->len = before;
	} else if (fault == ASCII_OK) {
		(void)buf_add(out, whole);
	}
	if (fault == ASCII_OK && out->error)
		fault = ASCII_MEMORY;
	buf_done(&field);
	return fault;
}
