#include "mail/transfer.h"

#define ENCODED_LINE 76U  /* RFC 2045 6.7 (5), 6.8 */
#define MENDED_LINE  300U /* more than what a right line of 76 octets grows to */
#define UNREAD_LINE  900U

static const char hex[] = "0123456789ABCDEF";
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void transfer_init(struct transfer *t, enum transfer_kind kind)
{
	*t = (struct transfer){.kind = kind};
}

static void new_line(struct transfer *t, struct buf *out)
{
	(void)buf_add_str(out, "\r\n");
	t->line = 0;
}

/* ---- quoted-printable ---- */

static void put_qp(struct transfer *t, const char *token, size_t n, size_t most, struct buf *out)
{
	if (t->line + n > most - 1) { /* room for the "=" of a soft line break */
		(void)buf_add_byte(out, '=');
		new_line(t, out);
	}
	(void)buf_add(out, span_of(token, n));
	t->line += n;
}

static void put_escaped(struct transfer *t, char c, size_t most, struct buf *out)
{
	const char token[3] = {'=', hex[(unsigned char)c >> 4], hex[c & 15]};

	put_qp(t, token, sizeof token, most, out);
}

static void put_held(struct transfer *t, bool is_line_end, struct buf *out)
{
	if (t->n_held > 0 && is_line_end)
		put_escaped(t, t->held[0], ENCODED_LINE, out);
	else if (t->n_held > 0)
		put_qp(t, t->held, 1, ENCODED_LINE, out);
	t->n_held = 0;
}

/* A line end stays one; a CR or LF that is none is a byte as others are. */
static void add_qp(struct transfer *t, char c, struct buf *out)
{
	if (t->is_after_cr) {
		t->is_after_cr = false;
		if (c == '\n') {
			put_held(t, true, out);
			new_line(t, out);
			return;
		}
		put_held(t, false, out);
		put_escaped(t, '\r', ENCODED_LINE, out);
	}
	if (c == '\r') {
		t->is_after_cr = true;
		return;
	}
	put_held(t, false, out);
	if (c == ' ' || c == '\t') {
		t->held[0] = c;
		t->n_held = 1;
	} else if (c > ' ' && c < 127 && c != '=') {
		put_qp(t, &c, 1, ENCODED_LINE, out);
	} else {
		put_escaped(t, c, ENCODED_LINE, out);
	}
}

/* Two octets behind a "=" are never parted from it: n_held counts them down. */
static void add_to_qp(struct transfer *t, char c, struct buf *out)
{
	if (c == '\r' || c == '\n') {
		(void)buf_add_byte(out, c);
		t->line = t->n_held = 0;
		return;
	}
	if ((unsigned char)c > 127) {
		t->n_held = 0;
		put_escaped(t, c, MENDED_LINE, out);
		return;
	}
	if (t->n_held > 0) {
		t->n_held--;
		t->line++;
		(void)buf_add_byte(out, c);
		return;
	}
	t->n_held = c == '=' ? 2 : 0;
	put_qp(t, &c, 1, c == '=' ? MENDED_LINE - 3 : MENDED_LINE, out);
}

/* ---- base64 ---- */

static void encode_group(const char *in, size_t n, char out[4])
{
	uint32_t bits = 0;

	memcpy(out, "====", 4);
	for (size_t k = 0; k < 3; k++)
		bits = bits << 8 | (k < n ? (unsigned char)in[k] : 0);
	for (size_t k = 0; k <= n; k++)
		out[k] = digits[bits >> (18 - 6 * k) & 63];
}

static void put_group(struct transfer *t, struct buf *out)
{
	char group[4];

	if (t->line + sizeof group > ENCODED_LINE)
		new_line(t, out);
	encode_group(t->held, t->n_held, group);
	(void)buf_add(out, span_of(group, sizeof group));
	t->line += sizeof group;
	t->n_held = 0;
}

static void add_base64(struct transfer *t, char c, struct buf *out)
{
	t->held[t->n_held++] = c;
	if (t->n_held == sizeof t->held)
		put_group(t, out);
}

int transfer_base64(struct span in, struct buf *out)
{
	char group[4];

	for (size_t i = 0; i < in.len; i += 3) {
		encode_group(in.at + i, in.len - i < 3 ? in.len - i : 3, group);
		(void)buf_add(out, span_of(group, sizeof group));
	}
	return out->error;
}

/* Line breaks mean nothing there. */
static void add_folded(struct transfer *t, char c, struct buf *out)
{
	if (c == '\n')
		t->line = 0;
	else if (t->line++ >= UNREAD_LINE && c != '\r') {
		new_line(t, out);
		t->line = 1;
	}
	(void)buf_add_byte(out, t->kind == TRANSFER_UNREAD && (unsigned char)c > 127 ? '?' : c);
}

/* ---- both ---- */

int transfer_add(struct transfer *t, struct span in, struct buf *out)
{
	if (t->kind == TRANSFER_AS_IS)
		return buf_add(out, in);
	for (size_t i = 0; i < in.len && !out->error; i++)
		switch (t->kind) {
		case TRANSFER_QP:
			add_qp(t, in.at[i], out);
			break;
		case TRANSFER_BASE64:
			add_base64(t, in.at[i], out);
			break;
		case TRANSFER_MEND_QP:
			add_to_qp(t, in.at[i], out);
			break;
		case TRANSFER_MEND_BASE64:
		case TRANSFER_UNREAD:
		case TRANSFER_AS_IS:
			add_folded(t, in.at[i], out);
			break;
		}
	return out->error;
}

int transfer_end(struct transfer *t, struct buf *out)
{
	if (t->kind == TRANSFER_QP) {
		put_held(t, true, out);
		if (t->is_after_cr)
			put_escaped(t, '\r', ENCODED_LINE, out);
	} else if (t->kind == TRANSFER_BASE64 && t->n_held > 0) {
		put_group(t, out);
	}
	t->is_after_cr = false;
	t->n_held = 0;
	return out->error;
}
