/*
 * content_naive - what wire/content.h must agree with: one byte at a time, for tests alone.
 *
 * Shares nothing with the real one but the names of the faults.
 */
#pragma once
#include "wire/content.h"

struct naive {
	enum wire_content_fault fault;
	bool is_ended, has_8bit;
	size_t used, len; /* bytes taken, bytes of content */
	bool is_at_line_start;
};

/* The fault of one content byte after those already there; line counts bytes of this line. */
static inline enum wire_content_fault naive_byte(
	const char *content, size_t len, size_t line, char c, size_t max_line, uint64_t max_size)
{
	bool after_cr = len > 0 && content[len - 1] == '\r';

	if (after_cr && c != '\n')
		return WIRE_CONTENT_BARE_CR;
	if (!after_cr && c == '\n')
		return WIRE_CONTENT_BARE_LF;
	if (c == '\0')
		return WIRE_CONTENT_NUL;
	if (max_line && line >= max_line)
		return WIRE_CONTENT_LINE_LONG;
	return max_size && len >= max_size ? WIRE_CONTENT_SIZE : WIRE_CONTENT_OK;
}

/* out must hold in.len bytes. is_data: dots are taken away and end it; else all is content. */
static inline struct naive naive_read(
	struct span in, bool is_data, size_t max_line, uint64_t max_size, char *out)
{
	struct naive n = {.is_at_line_start = true};
	size_t line = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.at[i];

		if (is_data && n.is_at_line_start && c == '.') {
			if (in.len - i >= 3 && in.at[i + 1] == '\r' && in.at[i + 2] == '\n') {
				n.is_ended = true;
				n.used = i + 3;
				return n;
			}
			n.is_at_line_start = false;
			/* ".CR" at the very end: it can't be judged yet */
			if (in.len - i == 2 && in.at[i + 1] == '\r')
				break;
			continue;
		}
		enum wire_content_fault fault = naive_byte(out, n.len, line, c, max_line, max_size);

		if (n.fault == WIRE_CONTENT_OK)
			n.fault = fault;
		n.has_8bit = n.has_8bit || (unsigned char)c > 127;
		n.is_at_line_start = c == '\n' && n.len > 0 && out[n.len - 1] == '\r';
		line = n.is_at_line_start ? 0 : line + 1;
		out[n.len++] = c;
	}
	n.used = in.len;
	return n;
}
