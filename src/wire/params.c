#include "wire/params.h"
#include "base/utf8.h"
#include <errno.h>

static int upper_hex(char c)
{
	return byte_is_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * RFC 3461 4: xtext = *( xchar / hexchar ); xchar = %d33-42 / %d44-60 / %d62-126;
 * hexchar = "+" and two upper-case hexadecimal digits. The byte at the front, or -1.
 */
static int take_xtext(struct span *s)
{
	char c = s->at[0];

	if (c < '!' || c > '~' || c == '=')
		return -1;
	if (c != '+') {
		*s = span_slice(*s, 1, s->len);
		return c;
	}
	if (s->len < 3 || upper_hex(s->at[1]) < 0 || upper_hex(s->at[2]) < 0)
		return -1;
	int byte = upper_hex(s->at[1]) << 4 | upper_hex(s->at[2]);

	*s = span_slice(*s, 3, s->len);
	return byte;
}

bool wire_xtext_is_valid(struct span text)
{
	while (text.len > 0)
		if (take_xtext(&text) < 0)
			return false;
	return true;
}

int wire_xtext_decode(struct span text, struct buf *out)
{
	if (!wire_xtext_is_valid(text))
		return -EBADMSG;
	while (text.len > 0)
		(void)buf_add_byte(out, (char)take_xtext(&text));
	return out->error;
}

int wire_xtext_encode(struct span bytes, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.at[i];
		const char coded[3] = {'+', hex[c >> 4], hex[c & 15]};

		if (c < '!' || c > '~' || c == '+' || c == '=')
			(void)buf_add(out, span_of(coded, 3));
		else
			(void)buf_add_byte(out, (char)c);
	}
	return out->error;
}

/* xtext whose meaning could stand in a header field: no control character comes out of it. */
static bool is_clean_xtext(struct span text)
{
	while (text.len > 0) {
		int byte = take_xtext(&text);

		if (byte < ' ' || byte == 0x7f)
			return false;
	}
	return true;
}

struct param {
	struct span all, keyword, value;
	bool has_value;
};

/*
 * esmtp-param   = esmtp-keyword ["=" esmtp-value]
 * esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
 * esmtp-value   = 1*(%d33-60 / %d62-126 / UTF8-non-ascii)
 */
static bool split_param(struct span all, struct param *ret)
{
	struct param p = {.all = all, .keyword = all};

	p.value = all;
	p.has_value = span_take_until(&p.value, '=', &p.keyword);
	for (size_t i = 0; i < p.keyword.len; i++)
		if (!byte_is_alpha(p.keyword.at[i]) && !byte_is_digit(p.keyword.at[i]) &&
			(p.keyword.at[i] != '-' || i == 0))
			return false;
	if (p.keyword.len == 0 || (p.has_value && p.value.len == 0))
		return false;
	for (size_t i = 0; p.has_value && i < p.value.len; i++)
		if ((unsigned char)p.value.at[i] <= ' ' || p.value.at[i] == '=' ||
			p.value.at[i] == 0x7f)
			return false;
	if (p.has_value && !utf8_is_valid(p.value))
		return false;
	if (!p.has_value)
		p.value = span_slice(all, all.len, 0);
	*ret = p;
	return true;
}

/* size-value ::= 1*20DIGIT (RFC 1870 3); what 64 bits can't hold is too large anyway. */
static enum wire_param_error read_size(const struct param *p, struct wire_mail_params *m)
{
	struct span rest = p->value;

	if (rest.len == 0 || rest.len > 20)
		return WIRE_PARAM_VALUE;
	for (size_t i = 0; i < rest.len; i++)
		if (!byte_is_digit(rest.at[i]))
			return WIRE_PARAM_VALUE;
	if (!span_take_u64(&rest, &m->size))
		m->size = UINT64_MAX;
	m->has_size = true;
	return WIRE_PARAM_OK;
}

/* body-value ::= "7BIT" / "8BITMIME" / "BINARYMIME" (RFC 6152, 3030) */
static enum wire_param_error read_body(const struct param *p, struct wire_mail_params *m)
{
	if (span_equal_nocase(p->value, SPAN_LIT("7BIT")))
		m->body = WIRE_BODY_7BIT;
	else if (span_equal_nocase(p->value, SPAN_LIT("8BITMIME")))
		m->body = WIRE_BODY_8BITMIME;
	else
		return span_equal_nocase(p->value, SPAN_LIT("BINARYMIME")) ? WIRE_PARAM_UNSUPPORTED
									   : WIRE_PARAM_VALUE;
	return WIRE_PARAM_OK;
}

static enum wire_param_error read_smtputf8(const struct param *p, struct wire_mail_params *m)
{
	m->smtputf8 = true;
	return p->has_value ? WIRE_PARAM_VALUE : WIRE_PARAM_OK;
}

/* ret-value = "FULL" / "HDRS" (RFC 3461 4.3) */
static enum wire_param_error read_ret(const struct param *p, struct wire_mail_params *m)
{
	if (span_equal_nocase(p->value, SPAN_LIT("FULL")))
		m->ret = WIRE_RET_FULL;
	else if (span_equal_nocase(p->value, SPAN_LIT("HDRS")))
		m->ret = WIRE_RET_HDRS;
	else
		return WIRE_PARAM_VALUE;
	return WIRE_PARAM_OK;
}

/* envid-parameter = "ENVID=" xtext (RFC 3461 4.4) */
static enum wire_param_error read_envid(const struct param *p, struct wire_mail_params *m)
{
	if (!p->has_value || p->value.len > WIRE_ENVID_MAX || !is_clean_xtext(p->value))
		return WIRE_PARAM_VALUE;
	m->envid = p->value;
	m->has_envid = true;
	return WIRE_PARAM_OK;
}

/* auth = "AUTH=" ( xtext / "<>" ) (RFC 4954 5) */
static enum wire_param_error read_auth(const struct param *p, struct wire_mail_params *m)
{
	if (!p->has_value || !is_clean_xtext(p->value))
		return WIRE_PARAM_VALUE;
	m->auth = p->value;
	m->has_auth = true;
	return WIRE_PARAM_OK;
}

static const struct {
	struct span keyword;
	enum wire_param_error (*read)(const struct param *p, struct wire_mail_params *m);
} mail_rows[] = {
	{SPAN_LIT("SIZE"), read_size},
	{SPAN_LIT("BODY"), read_body},
	{SPAN_LIT("SMTPUTF8"), read_smtputf8},
	{SPAN_LIT("RET"), read_ret},
	{SPAN_LIT("ENVID"), read_envid},
	{SPAN_LIT("AUTH"), read_auth},
};

/*
 * notify-value        = "NEVER" / notify-list-element *( "," notify-list-element )
 * notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"     (RFC 3461 4.1)
 */
static enum wire_param_error read_notify(const struct param *p, struct wire_rcpt_params *r)
{
	static const struct {
		struct span name;
		unsigned bit;
	} names[] = {
		{SPAN_LIT("NEVER"), WIRE_NOTIFY_NEVER},
		{SPAN_LIT("SUCCESS"), WIRE_NOTIFY_SUCCESS},
		{SPAN_LIT("FAILURE"), WIRE_NOTIFY_FAILURE},
		{SPAN_LIT("DELAY"), WIRE_NOTIFY_DELAY},
	};
	struct span rest = p->value, name;
	bool is_last = false;

	while (!is_last) {
		unsigned bit = 0;

		is_last = !span_take_until(&rest, ',', &name);
		if (is_last)
			name = rest;
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			if (span_equal_nocase(name, names[i].name))
				bit = names[i].bit;
		if (bit == 0 || (r->notify && (bit | r->notify) & WIRE_NOTIFY_NEVER))
			return WIRE_PARAM_VALUE;
		r->notify |= bit;
	}
	return WIRE_PARAM_OK;
}

/* utf-8-addr-unitext (RFC 6533 3): as xtext, but "+" stands for itself and UTF-8 may come raw. */
static bool is_unitext(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] <= ' ' || s.at[i] == 0x7f || s.at[i] == '=')
			return false;
	return utf8_is_valid(s);
}

/* orcpt-parameter = "ORCPT=" addr-type ";" xtext (RFC 3461 4.2); addr-type is an atom. */
static enum wire_param_error read_orcpt(const struct param *p, struct wire_rcpt_params *r)
{
	struct span type, address = p->value;

	if (p->value.len > WIRE_ORCPT_MAX || !span_take_until(&address, ';', &type))
		return WIRE_PARAM_VALUE;
	for (size_t i = 0; i < type.len; i++)
		if (!byte_is_alpha(type.at[i]) && !byte_is_digit(type.at[i]) &&
			(type.at[i] != '-' || i == 0))
			return WIRE_PARAM_VALUE;
	bool is_utf8 = span_equal_nocase(type, SPAN_LIT("utf-8"));

	if (type.len == 0 || address.len == 0 ||
		!(is_clean_xtext(address) || (is_utf8 && is_unitext(address))))
		return WIRE_PARAM_VALUE;
	r->has_orcpt = true;
	r->orcpt_is_utf8 = !utf8_is_ascii(address);
	r->orcpt = p->value;
	r->orcpt_type = type;
	r->orcpt_address = address;
	return WIRE_PARAM_OK;
}

static const struct {
	struct span keyword;
	enum wire_param_error (*read)(const struct param *p, struct wire_rcpt_params *r);
} rcpt_rows[] = {
	{SPAN_LIT("NOTIFY"), read_notify},
	{SPAN_LIT("ORCPT"), read_orcpt},
};

/* The next parameter: 1; 0 at the end; -EBADMSG where it is none. */
static int next_param(struct span *text, struct param *ret, struct span *ret_bad)
{
	struct span all;

	while (span_take(text, ' '))
		;
	if (text->len == 0)
		return 0;
	if (!span_take_until(text, ' ', &all)) {
		all = *text;
		*text = span_slice(*text, text->len, 0);
	}
	*ret_bad = all;
	return split_param(all, ret) ? 1 : -EBADMSG;
}

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

enum wire_param_error wire_mail_params_read(
	struct span text, struct wire_mail_params *ret, struct span *ret_bad)
{
	struct wire_mail_params m = {0};
	unsigned seen = 0;
	struct span bad;
	struct param p;
	int rc;

	while ((rc = next_param(&text, &p, &bad)) > 0) {
		enum wire_param_error error = WIRE_PARAM_UNKNOWN;

		for (size_t i = 0; i < ROWS(mail_rows); i++)
			if (span_equal_nocase(p.keyword, mail_rows[i].keyword)) {
				error = seen & 1U << i ? WIRE_PARAM_DUPLICATE
						       : mail_rows[i].read(&p, &m);
				seen |= 1U << i;
			}
		if (error) {
			*ret_bad = bad;
			return error;
		}
	}
	if (rc < 0) {
		*ret_bad = bad;
		return WIRE_PARAM_SYNTAX;
	}
	*ret = m;
	return WIRE_PARAM_OK;
}

enum wire_param_error wire_rcpt_params_read(
	struct span text, struct wire_rcpt_params *ret, struct span *ret_bad)
{
	struct wire_rcpt_params r = {0};
	unsigned seen = 0;
	struct span bad;
	struct param p;
	int rc;

	while ((rc = next_param(&text, &p, &bad)) > 0) {
		enum wire_param_error error = WIRE_PARAM_UNKNOWN;

		for (size_t i = 0; i < ROWS(rcpt_rows); i++)
			if (span_equal_nocase(p.keyword, rcpt_rows[i].keyword)) {
				error = seen & 1U << i ? WIRE_PARAM_DUPLICATE
						       : rcpt_rows[i].read(&p, &r);
				seen |= 1U << i;
			}
		if (error) {
			*ret_bad = bad;
			return error;
		}
	}
	if (rc < 0) {
		*ret_bad = bad;
		return WIRE_PARAM_SYNTAX;
	}
	*ret = r;
	return WIRE_PARAM_OK;
}
