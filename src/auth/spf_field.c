#include "auth/spf_field.h"

#define SHOWN_MAX 400U

/* comment = "(" *( ctext ) ")": no brackets of its own, so that nothing can end it. */
static void add_comment(struct buf *out, struct span receiver, struct span reason)
{
	(void)buf_add_str(out, " (");
	(void)buf_add(out, receiver);
	(void)buf_add_str(out, ": ");
	for (size_t i = 0; i < reason.len && i < SHOWN_MAX; i++) {
		char c = reason.at[i];

		(void)buf_add_byte(out, c == '('                          ? '['
					: c == ')'                        ? ']'
					: c == '\\' || c < ' ' || c > '~' ? '?'
									  : c);
	}
	(void)buf_add_str(out, ")");
}

/* key-value-pair = key [CFWS] "=" ( dot-atom / quoted-string ), on a line of its own */
static void add_pair(struct buf *out, const char *key, struct span value, bool is_last)
{
	(void)buf_add_str(out, "\r\n\t");
	(void)buf_add_str(out, key);
	(void)buf_add_str(out, "=\"");
	for (size_t i = 0; i < value.len && i < SHOWN_MAX; i++) {
		char c = value.at[i];

		if (c == '"' || c == '\\')
			(void)buf_add_byte(out, '\\');
		(void)buf_add_byte(out, c < ' ' || c > '~' ? '?' : c);
	}
	(void)buf_add_str(out, is_last ? "\"" : "\";");
}

/* header-field = "Received-SPF:" [CFWS] result FWS [comment FWS] [ key-value-list ] CRLF */
int spf_field_write(const struct spf_field *f, struct buf *out)
{
	const struct spf_verdict *v = f->verdict;
	char ip[WIRE_IP_TEXT_MAX];

	(void)buf_add_str(out, "Received-SPF: ");
	(void)buf_add_str(out, spf_result_text(v->result));
	add_comment(out, f->receiver, v->reason);
	add_pair(out, "client-ip", wire_ip_text(&f->client, ip), false);
	add_pair(out, "envelope-from", f->sender, false);
	add_pair(out, "helo", f->helo, false);
	add_pair(out, "receiver", f->receiver, false);
	if (v->mechanism.len > 0)
		add_pair(out, "mechanism", v->mechanism, false);
	add_pair(out, "identity", v->is_helo ? SPAN_LIT("helo") : SPAN_LIT("mailfrom"), true);
	return buf_add_str(out, "\r\n");
}
