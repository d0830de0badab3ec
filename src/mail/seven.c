#include "mail/seven.h"
#include "base/alloc.h"
#include "base/utf8.h"
#include "mail/ascii.h"
#include "mail/seven_in.h"
#include <stdlib.h>

#define LINE_LOOK 1024U /* octets that are looked at as one: boundaries are shorter */

const char *seven_fault_text(enum seven_fault fault)
{
	static const char *const texts[SEVEN_FAULTS] = {
		[SEVEN_OK] = "",
		[SEVEN_SIGNED] = "it is signed as it is",
		[SEVEN_PART] = "a part of it may not be encoded",
		[SEVEN_ADDRESS] = "an address in its header is not ASCII",
		[SEVEN_FIELD] = "a field of its header can't be encoded",
		[SEVEN_LONG] = "a line of its header can't be folded",
		[SEVEN_BIG] = "it has too many or too large headers",
	};

	return texts[fault];
}

void seven_plan_done(struct seven_plan *p)
{
	free(p->parts);
	*p = (struct seven_plan){.wish = p->wish};
}

void seven_init(struct seven *s, struct seven_plan *plan, bool is_measuring)
{
	*s = (struct seven){.plan = plan,
		.is_measuring = is_measuring,
		.is_in_header = true,
		.is_message = true,
		.levels = alloc_array(SEVEN_LEVELS_MOST, sizeof *s->levels),
		.line = BUF_INIT(SEVEN_HEADER_MOST),
		.header = BUF_INIT(SEVEN_HEADER_MOST)};
}

void seven_done(struct seven *s)
{
	buf_done(&s->line);
	buf_done(&s->header);
	free(s->levels);
	s->levels = NULL;
}

void seven_fail(struct seven *s, enum seven_fault fault)
{
	if (s->fault == SEVEN_OK)
		s->fault = fault;
}

static void put(struct seven *s, struct span bytes, struct buf *out)
{
	if (!s->is_measuring && buf_add(out, bytes) < 0)
		seven_fail(s, SEVEN_BIG);
}

/* ---- bodies ---- */

/* Is it built as UTF-8 is? Loosely: it only decides under which name its bytes go. */
static void look_at_utf8(struct seven *s, struct seven_part *p, unsigned char c)
{
	if (s->utf8_left > 0 && (c & 0xc0) == 0x80) {
		s->utf8_left--;
		return;
	}
	p->is_broken_utf8 |= s->utf8_left > 0 || (c > 127 && (c < 0xc2 || c > 0xf4));
	s->utf8_left = c < 0xc2 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
}

static void measure(struct seven *s, struct span text)
{
	struct seven_part *p = &s->plan->parts[s->part - 1];

	p->bytes += text.len;
	s->long_line += text.len;
	p->has_long |= s->long_line > ASCII_LINE_MOST;
	if (utf8_is_ascii(text) && s->utf8_left == 0)
		return;
	for (size_t i = 0; i < text.len; i++) {
		p->high += (unsigned char)text.at[i] > 127;
		look_at_utf8(s, p, (unsigned char)text.at[i]);
	}
}

/* Text of a body without a line end in it. */
static void add_text(struct seven *s, struct span text, struct buf *out)
{
	struct seven_wish w = s->plan->wish;

	if (s->is_leaf && s->is_measuring)
		measure(s, text);
	if (s->is_unread && s->is_stiff &&
		((w.body && !utf8_is_ascii(text)) ||
			(w.lines && (s->is_mid_line || text.len > ASCII_LINE_MOST))))
		seven_fail(s, SEVEN_SIGNED);
	if (!s->is_measuring && transfer_add(&s->transfer, text, out) < 0)
		seven_fail(s, SEVEN_BIG);
}

static void add_held_end(struct seven *s, struct buf *out)
{
	if (s->holds_end) {
		s->holds_end = false;
		if (!s->is_measuring && transfer_add(&s->transfer, SPAN_LIT("\r\n"), out) < 0)
			seven_fail(s, SEVEN_BIG);
	}
}

/* Outside of all parts nobody is shown anything, but what is signed around it stays. */
static void begin_unread(struct seven *s, bool is_sealed)
{
	struct seven_wish w = s->plan->wish;
	enum transfer_kind kind = w.body    ? TRANSFER_UNREAD
				  : w.lines ? TRANSFER_MEND_BASE64
					    : TRANSFER_AS_IS;

	s->is_leaf = s->is_in_header = false;
	s->is_unread = true;
	s->is_stiff = is_sealed;
	transfer_init(&s->transfer, is_sealed ? TRANSFER_AS_IS : kind);
}

static void end_body(struct seven *s, struct buf *out)
{
	if (!s->is_measuring && transfer_end(&s->transfer, out) < 0)
		seven_fail(s, SEVEN_BIG);
	s->is_leaf = s->is_unread = false;
}

/* ---- headers ---- */

/* The next body: its parts, its message, or bytes. */
static void enter(struct seven *s, const struct seven_head *h)
{
	buf_clear(&s->header);
	s->is_in_header = false;
	s->holds_end = s->is_default_message = false;
	s->long_line = 0;
	s->utf8_left = 0;
	if (h->is_multipart) {
		struct seven_level *l = &s->levels[s->n_levels++];

		*l = (struct seven_level){
			.type = h->type, .depth = s->depth, .was_sealed = s->is_sealed};
		s->is_sealed |= h->type.is_signed;
		begin_unread(s, l->was_sealed);
	} else if (h->is_message) {
		s->depth++;
		s->is_in_header = s->is_message = true;
	} else {
		s->is_leaf = true;
		transfer_init(&s->transfer, h->transfer);
	}
}

static void end_header(struct seven *s, bool has_empty_line, struct buf *out)
{
	struct seven_head h;
	bool is_first = s->depth == 0 && s->n_levels == 0;

	if (s->header.error)
		seven_fail(s, SEVEN_BIG);
	if (s->fault || !seven_head_read(s, buf_span(&s->header), &h))
		return;
	if (!s->is_measuring)
		seven_head_write(s, buf_span(&s->header), &h, out);
	/* What is no field may look like one when it is encoded. */
	if (has_empty_line || (!s->is_measuring && h.transfer != TRANSFER_AS_IS))
		put(s, SPAN_LIT("\r\n"), out);
	enter(s, &h);
	if (is_first) {
		s->has_body = true;
		s->body_at = s->is_measuring ? 0 : out->len;
	}
}

/* ---- lines ---- */

/* boundary := "--" and what the multipart named, "--" behind the last, and blanks (RFC 2046 5.1.1). */
static bool is_boundary(const struct seven_level *l, struct span line, bool *ret_last)
{
	struct span b = span_of(l->type.boundary, l->type.boundary_len);

	if (!span_take_span(&line, SPAN_LIT("--")) || !span_take_span(&line, b))
		return false;
	*ret_last = span_take_span(&line, SPAN_LIT("--"));
	return span_trim(line).len == 0;
}

/* An outer one ends what is within too. */
static bool take_boundary(struct seven *s, struct span line, struct buf *out)
{
	bool is_last = false;
	size_t n = s->n_levels;

	if (!span_starts(line, SPAN_LIT("--")))
		return false;
	while (n > 0 && !is_boundary(&s->levels[n - 1], line, &is_last))
		n--;
	if (n == 0)
		return false;
	if (s->is_in_header)
		end_header(s, false, out);
	end_body(s, out);
	for (; s->n_levels > n; s->n_levels--)
		s->is_sealed = s->levels[s->n_levels - 1].was_sealed;
	s->depth = s->levels[n - 1].depth;
	if (s->holds_end)
		put(s, SPAN_LIT("\r\n"), out);
	s->holds_end = false;
	put(s, line, out);
	put(s, SPAN_LIT("\r\n"), out);
	if (is_last) {
		s->is_sealed = s->levels[--s->n_levels].was_sealed;
		begin_unread(s, s->is_sealed);
	} else {
		s->is_in_header = true;
		s->is_message = false;
		s->is_default_message = s->levels[n - 1].type.is_digest;
	}
	return true;
}

/* A line that is no field ends the header too, and belongs to the body. */
static bool is_of_header(const struct seven *s, struct span line)
{
	struct span name, rest = line;

	if (line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t'))
		return s->header.len > 0;
	if (!span_take_until(&rest, ':', &name))
		return false;
	name = span_trim(name);
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] < 33 || name.at[i] > 126)
			return false;
	return name.len > 0;
}

static void add_line(struct seven *s, struct span line, struct buf *out)
{
	bool is_whole = !s->is_mid_line;

	s->plan->has_long |= line.len > ASCII_LINE_MOST;
	s->is_mid_line = false;
	if (is_whole && s->n_levels > 0 && take_boundary(s, line, out))
		return;
	if (s->is_in_header && line.len == 0) {
		end_header(s, true, out);
		return;
	}
	if (s->is_in_header && is_of_header(s, line)) {
		(void)buf_add(&s->header, line);
		(void)buf_add_str(&s->header, "\r\n");
		return;
	}
	/* A header that is none may be followed by that of a message within, which is none either. */
	while (s->is_in_header && !s->fault)
		end_header(s, false, out);
	if (s->fault || (is_whole && s->n_levels > 0 && take_boundary(s, line, out)))
		return;
	add_held_end(s, out);
	add_text(s, line, out);
	s->holds_end = true;
	s->long_line = 0;
}

/* Of a line that does not end soon; its last byte may be half of its end. */
static void add_piece(struct seven *s, struct buf *out)
{
	struct span text = span_slice(buf_span(&s->line), 0, s->line.len - 1);

	s->plan->has_long = true; /* beyond the limit, whatever it is */
	add_held_end(s, out);
	add_text(s, text, out);
	s->is_mid_line = true;
	buf_drop_front(&s->line, text.len);
}

bool seven_add(struct seven *s, struct span in, struct buf *out)
{
	while (in.len > 0 && !s->fault) {
		size_t room = s->is_in_header ? in.len : LINE_LOOK;
		struct span some = span_slice(in, 0, room);
		ptrdiff_t lf = span_find(some, '\n');

		some = span_slice(some, 0, lf < 0 ? some.len : (size_t)lf + 1);
		in = span_slice(in, some.len, in.len);
		if (buf_add(&s->line, some) < 0)
			seven_fail(s, SEVEN_BIG);
		else if (s->line.len >= 2 && lf >= 0 && s->line.at[s->line.len - 2] == '\r') {
			add_line(s, span_slice(buf_span(&s->line), 0, s->line.len - 2), out);
			buf_clear(&s->line);
		} else if (!s->is_in_header && s->line.len >= LINE_LOOK) {
			add_piece(s, out);
		}
	}
	return s->fault == SEVEN_OK;
}

bool seven_end(struct seven *s, struct buf *out)
{
	if (s->line.len > 0 && !s->fault) { /* its last line has no end */
		add_line(s, buf_span(&s->line), out);
		buf_clear(&s->line);
	}
	while (s->is_in_header && !s->fault)
		end_header(s, false, out);
	if (s->fault)
		return false;
	add_held_end(s, out);
	bool is_open = s->transfer.kind == TRANSFER_BASE64;

	end_body(s, out);
	if (is_open && s->transfer.line > 0)
		put(s, SPAN_LIT("\r\n"), out);
	return s->fault == SEVEN_OK;
}
