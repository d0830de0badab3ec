#include "wire/content.h"
#include "wire/block.h"
#include <sys/uio.h>

void wire_content_init(struct wire_content *c, size_t max_line, uint64_t max_size)
{
	*c = (struct wire_content){
		.is_at_line_start = true,
		/* Lines that begin and end within one block need no look at their length. */
		.max_line = max_line > 0 && max_line < BLOCK ? BLOCK : max_line,
		.max_size = max_size,
	};
}

static uint64_t below(size_t n)
{
	return n >= BLOCK ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

static size_t lowest(uint64_t bits)
{
	return bits ? (size_t)__builtin_ctzll(bits) : BLOCK;
}

/* Keeps the fault that comes first in the stream. */
struct first {
	enum wire_content_fault fault;
	size_t at;
};

static void note(struct first *f, enum wire_content_fault fault, size_t at)
{
	if (at < f->at)
		*f = (struct first){fault, at};
}

/* Slow and exact: which rule was broken first among n bytes. State is that before them. */
static void find_fault(struct wire_content *c, const char *at, size_t n)
{
	struct block b = block_look(at);
	uint64_t after_cr = b.cr << 1 | c->is_after_cr, valid = below(n);
	size_t line = lowest(b.lf & after_cr & valid) + 1;
	const char *nul = memchr(at, '\0', n);
	struct first f = {WIRE_CONTENT_OK, n};

	note(&f, WIRE_CONTENT_BARE_CR, lowest(after_cr & ~b.lf & valid));
	note(&f, WIRE_CONTENT_BARE_LF, lowest(b.lf & ~after_cr & valid));
	if (nul)
		note(&f, WIRE_CONTENT_NUL, (size_t)(nul - at));
	if (c->max_line && c->line + (line < n ? line : n) > c->max_line)
		note(&f, WIRE_CONTENT_LINE_LONG, c->line < c->max_line ? c->max_line - c->line : 0);
	if (c->max_size && n > c->max_size - c->size)
		note(&f, WIRE_CONTENT_SIZE, (size_t)(c->max_size - c->size));
	if (c->fault == WIRE_CONTENT_OK)
		c->fault = f.fault;
}

static bool has_high(const char *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)at[i] > 127)
			return true;
	return false;
}

/*
 * Moves the state over n <= BLOCK bytes (BLOCK are readable), or up to a dot at the start of a
 * line where stops_at_dot. Returns how many. A line end is a LF behind a CR; any other CR or LF
 * is a fault, and a CR is judged when the byte behind it is seen, be it in the next piece.
 */
static inline __attribute__((always_inline)) size_t scan_block(
	struct wire_content *c, const char *at, size_t n, bool stops_at_dot)
{
	struct block b = block_look(at);
	uint64_t after_cr = b.cr << 1 | c->is_after_cr;
	uint64_t crlf = b.lf & after_cr, valid = below(n);

	if (stops_at_dot) {
		uint64_t dots = (crlf << 1 | c->is_at_line_start) & b.dot & valid;

		if (dots) {
			n = lowest(dots);
			valid = below(n);
			if (n == 0)
				return 0;
		}
	}
	crlf &= valid;
	size_t line = crlf ? lowest(crlf) + 1 : n;
	bool is_bad = ((b.lf ^ after_cr) & valid) != 0 || b.has_nul ||
		      (c->max_line && c->line + line > c->max_line) ||
		      (c->max_size && n > c->max_size - c->size);

	if (__builtin_expect(is_bad && c->fault == WIRE_CONTENT_OK, 0))
		find_fault(c, at, n);
	if (b.has_high)
		c->has_8bit = c->has_8bit || n == BLOCK || has_high(at, n);
	c->line = crlf ? n - (BLOCK - (size_t)__builtin_clzll(crlf)) : c->line + n;
	c->is_after_cr = b.cr >> (n - 1) & 1;
	c->is_at_line_start = crlf >> (n - 1) & 1;
	c->size += n;
	return n;
}

/* The same over any length. */
static inline __attribute__((always_inline)) size_t scan(
	struct wire_content *c, struct span in, bool stops_at_dot)
{
	char tail[BLOCK];
	size_t at = 0;

	while (in.len - at >= BLOCK) {
		size_t n = scan_block(c, in.at + at, BLOCK, stops_at_dot);

		at += n;
		if (n < BLOCK)
			return at;
	}
	if (at == in.len)
		return at;
	memset(tail, 'a', sizeof tail);
	memcpy(tail, in.at + at, in.len - at);
	return at + scan_block(c, tail, in.len - at, stops_at_dot);
}

static void skip(struct span *in, size_t n)
{
	in->at += n;
	in->len -= n;
}

/*
 * A dot began the line (RFC 5321 4.5.2): with CRLF behind it, it ends the content; else it is
 * taken away, whatever follows.
 */
static void take_dot(struct wire_content *c, struct span *in)
{
	char next = in->at[0];

	if (c->dot == WIRE_DOT_SEEN && next == '\r') {
		c->dot = WIRE_DOT_CR_SEEN;
		skip(in, 1);
		return;
	}
	if (c->dot == WIRE_DOT_CR_SEEN && next == '\n') {
		c->is_ended = true;
		skip(in, 1);
		return;
	}
	bool had_cr = c->dot == WIRE_DOT_CR_SEEN;

	c->dot = WIRE_DOT_NONE;
	c->is_at_line_start = false;
	if (had_cr) /* it was content after all, and what follows will show it to be bare */
		(void)scan(c, SPAN_LIT("\r"), false);
}

struct span wire_data_take(struct wire_content *c, struct span *in)
{
	while (in->len > 0 && !c->is_ended) {
		if (c->dot != WIRE_DOT_NONE) {
			take_dot(c, in);
			continue;
		}
		struct span run = span_slice(*in, 0, scan(c, *in, true));

		skip(in, run.len);
		if (in->len > 0) {
			c->dot = WIRE_DOT_SEEN;
			skip(in, 1);
		}
		if (run.len > 0 && c->fault == WIRE_CONTENT_OK && !c->is_draining)
			return run;
	}
	return (struct span){in->at, 0};
}

void wire_data_drain(struct wire_content *c)
{
	c->is_draining = true;
}

bool wire_chunk_take(struct wire_content *c, struct span in)
{
	(void)scan(c, in, false);
	return c->fault == WIRE_CONTENT_OK;
}

bool wire_chunk_end(struct wire_content *c)
{
	if (c->is_after_cr && c->fault == WIRE_CONTENT_OK)
		c->fault = WIRE_CONTENT_BARE_CR;
	c->is_ended = true;
	return c->fault == WIRE_CONTENT_OK;
}

void wire_stuff_init(struct wire_content *c)
{
	wire_content_init(c, 0, 0);
}

/* RFC 5321 4.5.2: a line that begins with a dot gets another one in front. */
size_t wire_stuff_iov(struct wire_content *c, struct span *in, struct iovec *iov, size_t max)
{
	static const char dot[] = ".";
	size_t n = 0;

	while (in->len > 0 && max - n >= 2) {
		size_t len = scan(c, *in, true);

		if (len > 0)
			iov[n++] = (struct iovec){(void *)(uintptr_t)in->at, len};
		skip(in, len);
		if (in->len > 0) {
			iov[n++] = (struct iovec){(void *)(uintptr_t)dot, 1};
			c->is_at_line_start = false;
		}
	}
	return n;
}

int wire_stuff_buf(struct wire_content *c, struct span in, struct buf *out)
{
	while (in.len > 0 && !out->error) {
		size_t len = scan(c, in, true);

		(void)buf_add(out, span_slice(in, 0, len));
		skip(&in, len);
		if (in.len > 0) {
			(void)buf_add_byte(out, '.');
			c->is_at_line_start = false;
		}
	}
	return out->error;
}

struct span wire_stuff_end(struct wire_content *c)
{
	(void)wire_chunk_end(c);
	return c->is_at_line_start ? SPAN_LIT(".\r\n") : SPAN_LIT("\r\n.\r\n");
}
