#include "lab/behaviour.h"
#include "lab/atoms.h"
#include <errno.h>

static int hex(char c)
{
	if (byte_is_digit(c))
		return c - '0';
	c = byte_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that a backslash and what follows stand for. */
static char unescape(struct span *s)
{
	static const char from[] = "rnt0", to[] = "\r\n\t";
	char c = s->at[0];
	const char *known = strchr(from, c);

	*s = span_slice(*s, 1, s->len);
	if (c == 'x' && s->len >= 2 && hex(s->at[0]) >= 0 && hex(s->at[1]) >= 0) {
		c = (char)(hex(s->at[0]) * 16 + hex(s->at[1]));
		*s = span_slice(*s, 2, s->len);
		return c;
	}
	return known && c ? to[known - from] : c;
}

/* `"..."` with escapes, or all up to the next comma. */
static struct span take_text(struct span *s, struct arena *arena)
{
	bool quoted = span_take(s, '"');
	struct buf text = BUF_INIT(64 * 1024);

	while (s->len > 0 && s->at[0] != (quoted ? '"' : ',')) {
		char c = s->at[0];

		*s = span_slice(*s, 1, s->len);
		(void)buf_add_byte(&text, c == '\\' && s->len > 0 ? unescape(s) : c);
	}
	if (quoted)
		(void)span_take(s, '"');
	struct span kept = arena_copy(arena, buf_span(&text));

	buf_done(&text);
	return kept;
}

int lab_behaviour_read(
	struct span spec, struct arena *texts, struct lab_behaviour *b, struct span *ret_bad)
{
	for (spec = span_trim(spec); spec.len > 0; spec = span_trim(spec)) {
		size_t n = 0;
		struct span text = {0};

		while (n < spec.len && spec.at[n] != ',' && spec.at[n] != '=')
			n++;
		struct span atom = span_trim(span_slice(spec, 0, n));

		spec = span_slice(spec, n, spec.len);
		if (span_take(&spec, '=')) {
			if (texts)
				text = take_text(&spec, texts);
			else
				spec = span_slice(spec, spec.len, 0);
		}
		spec = span_trim(spec);
		(void)span_take(&spec, ',');
		if (lab_atom_read(atom, text, b) < 0) {
			*ret_bad = atom;
			return -EINVAL;
		}
	}
	return 0;
}

static void lay_step(struct lab_step *s, const struct lab_step *upper)
{
	struct lab_step was = *s;

	if (upper->act != LAB_NORMAL)
		*s = *upper;
	s->close_after = was.close_after || upper->close_after;
	s->delay_ms = upper->delay_ms ? upper->delay_ms : was.delay_ms;
	s->shape = upper->shape ? upper->shape : was.shape;
	s->shape_n = upper->shape ? upper->shape_n : was.shape_n;
}

#define LAY(member) (b->member = u->member ? u->member : b->member)
void lab_behaviour_lay(struct lab_behaviour *b, const struct lab_behaviour *u)
{
	for (int i = 0; i < LAB_STAGES; i++)
		lay_step(&b->at[i], &u->at[i]);
	b->hidden |= u->hidden;
	b->lies |= u->lies;
	LAY(ehlo_code);
	LAY(size);
	LAY(max_recipients);
	LAY(max_messages);
	LAY(max_connections);
	LAY(greylist_s);
	LAY(greylist_style);
	LAY(byte_ms);
	LAY(bytewise);
	LAY(rate);
	LAY(idle_ms);
	LAY(mixed);
	LAY(data_anyway);
}
#undef LAY
