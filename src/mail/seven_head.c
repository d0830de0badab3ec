#include "base/alloc.h"
#include "mail/ascii.h"
#include "mail/seven_in.h"

static void read_fields(struct span header, struct seven_head *h)
{
	struct mail_header fields;
	struct mail_field f;

	mail_header_init(&fields, header);
	while (mail_header_next(&fields, &f)) {
		if (mail_field_is(&f, "MIME-Version"))
			h->has_version = true;
		if (!h->has_type && mail_field_is(&f, "Content-Type")) {
			h->has_type = true;
			mime_type_read(f.value, &h->type);
		}
		if (!h->has_encoding && mail_field_is(&f, "Content-Transfer-Encoding")) {
			h->has_encoding = true;
			h->encoding = mime_encoding_read(f.value);
		}
	}
}

/* The place of the next body in the plan; NULL: there are too many. */
static struct seven_part *next_part(struct seven *s)
{
	struct seven_plan *p = s->plan;

	if (s->is_measuring) {
		if (p->n == SEVEN_PARTS_MOST)
			return NULL;
		if (p->n == p->room) {
			p->room = p->room ? p->room * 2 : 16;
			p->parts = alloc_grow(p->parts, p->room, sizeof *p->parts);
		}
		p->parts[p->n++] = (struct seven_part){0};
	}
	return s->part < p->n ? &p->parts[s->part++] : NULL;
}

static bool is_identity(enum mime_encoding e)
{
	return e == MIME_7BIT || e == MIME_8BIT || e == MIME_BINARY;
}

/* Text that most of can be read as it is stays readable; else the shorter one. */
static enum transfer_kind kind_for(const struct seven_part *p)
{
	return p->high > p->bytes / 3 ? TRANSFER_BASE64 : TRANSFER_QP;
}

static void choose(struct seven *s, const struct seven_part *p, struct seven_head *h)
{
	struct seven_wish w = s->plan->wish;
	bool is_high = w.body && p->high > 0;

	if (!is_high && !(w.lines && p->has_long)) {
		if (w.body && !s->is_sealed &&
			(h->encoding == MIME_8BIT || h->encoding == MIME_BINARY))
			h->label = "7bit";
		return;
	}
	if (s->is_sealed) {
		seven_fail(s, SEVEN_SIGNED);
	} else if (h->encoding == MIME_QP) {
		h->transfer = TRANSFER_MEND_QP;
	} else if (h->encoding == MIME_BASE64 && !is_high) {
		h->transfer = TRANSFER_MEND_BASE64;
	} else if (!is_identity(h->encoding) || h->type.class == MIME_MULTIPART ||
		   (h->type.class == MIME_MESSAGE && !h->type.is_global)) {
		seven_fail(s, SEVEN_PART);
	} else {
		h->transfer = kind_for(p);
		h->label = h->transfer == TRANSFER_QP ? "quoted-printable" : "base64";
	}
}

bool seven_head_read(struct seven *s, struct span header, struct seven_head *ret)
{
	struct seven_head h = {.type = {.class = MIME_TEXT}};

	if (s->is_default_message)
		h.type = (struct mime_type){.class = MIME_MESSAGE, .is_rfc822 = true};
	read_fields(header, &h);
	h.is_multipart = h.type.class == MIME_MULTIPART && h.type.boundary_len > 0 &&
			 is_identity(h.encoding) && s->n_levels < SEVEN_LEVELS_MOST;
	h.is_message = h.type.is_rfc822 && is_identity(h.encoding) && s->depth < SEVEN_DEPTH_MOST;
	if (h.is_multipart || h.is_message) {
		if (s->plan->wish.body && !s->is_sealed && h.encoding != MIME_7BIT)
			h.label = "7bit";
	} else {
		const struct seven_part *p = next_part(s);

		if (!p)
			seven_fail(s, SEVEN_BIG);
		else if (!s->is_measuring)
			choose(s, p, &h);
	}
	*ret = h;
	return s->fault == SEVEN_OK;
}

/* ---- writing ---- */

static void add_field(
	struct seven *s, const struct mail_field *f, struct span whole, struct buf *out)
{
	static const enum seven_fault faults[] = {[ASCII_ADDRESS] = SEVEN_ADDRESS,
		[ASCII_FIELD] = SEVEN_FIELD,
		[ASCII_LONG] = SEVEN_LONG,
		[ASCII_MEMORY] = SEVEN_BIG};
	size_t from = out->len;
	enum ascii_fault fault =
		ascii_field(f, whole, s->plan->wish.header, s->plan->wish.lines, out);

	if (fault != ASCII_OK)
		seven_fail(s, faults[fault]);
	else if (s->is_sealed && !span_equal(span_slice(buf_span(out), from, out->len), whole))
		seven_fail(s, SEVEN_SIGNED);
}

/* What a reader needs to undo the encoding. */
static void add_missing(struct seven *s, const struct seven_head *h, struct buf *out)
{
	const struct seven_part *p = s->part > 0 ? &s->plan->parts[s->part - 1] : NULL;

	if (s->is_message && !h->has_version)
		(void)buf_add_str(out, "MIME-Version: 1.0\r\n");
	if (!h->has_type && p && h->transfer != TRANSFER_AS_IS)
		(void)buf_printf(out, "Content-Type: text/plain; charset=%s\r\n",
			p->high == 0        ? "us-ascii"
			: p->is_broken_utf8 ? "unknown-8bit"
					    : "utf-8");
	(void)buf_printf(out, "Content-Transfer-Encoding: %s\r\n", h->label);
}

void seven_head_write(
	struct seven *s, struct span header, const struct seven_head *h, struct buf *out)
{
	struct mail_header fields;
	struct mail_field f;

	mail_header_init(&fields, header);
	while (!s->fault && mail_header_next(&fields, &f)) {
		if (h->label && mail_field_is(&f, "Content-Transfer-Encoding"))
			continue;
		add_field(s, &f, span_slice(header, f.offset, f.len), out);
	}
	if (h->label)
		add_missing(s, h, out);
	if (out->error)
		seven_fail(s, SEVEN_BIG);
}
