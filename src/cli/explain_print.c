#include "cli/explain_print.h"
#include "base/utf8.h"
#include "reply/utf8.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
	WIDTH = 80,
	INDENT = 2,
	SCRATCH_MAX = 1 << 16,
	SHOWN_MAX = 1000, /* bytes of a stranger's text */
};

void explain_print_status(struct buf *out, struct reply_status s)
{
	(void)buf_add_number(out, s.class);
	(void)buf_add_byte(out, '.');
	(void)buf_add_number(out, s.subject);
	(void)buf_add_byte(out, '.');
	(void)buf_add_number(out, s.detail);
}

void explain_print_safe(struct buf *out, struct span s)
{
	for (;;) {
		size_t plain = utf8_plain_len(s);

		(void)buf_add(out, span_slice(s, 0, plain));
		s = span_slice(s, plain, s.len);
		if (s.len == 0)
			return;
		size_t n = utf8_len(s);

		if (n > 0 && !utf8_is_control(s))
			(void)buf_add(out, span_slice(s, 0, n));
		else
			(void)buf_add_byte(out, s.at[0] == '\n' ? ' ' : '?');
		s = span_slice(s, n ? n : 1, s.len);
	}
}

/* 0.985 as "98" or "99", as printf rounds it. */
static void put_percent(struct buf *out, double share)
{
	double percent = share * 100;
	unsigned n = (unsigned)percent;
	double rest = percent - n;

	if (rest > 0.499999 && rest < 0.500001)
		(void)buf_printf(out, "%.0f", percent);
	else
		(void)buf_add_number(out, n + (rest > 0.5));
}

void explain_style_init(struct explain_style *style)
{
	*style = (struct explain_style){0};
	buf_init(&style->scratch, SCRATCH_MAX);
	explain_blocks_init(&style->blocks);
}

void explain_style_done(struct explain_style *style)
{
	buf_done(&style->scratch);
	explain_blocks_done(&style->blocks);
}

/* Columns that a text takes: code points, near enough. */
static size_t columns(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.at[i] & 0xc0) != 0x80;
	return n;
}

static void read_lens(struct explain_style *style)
{
	for (unsigned i = 0; i < REPLY_CAUSES; i++)
		style->lens.causes[i] = (unsigned char)strlen(reply_cause_text(i));
	for (unsigned i = 0; i < REPLY_SIDES; i++)
		style->lens.sides[i] = (unsigned char)strlen(reply_side_text(i));
	for (unsigned i = 0; i < REPLY_NATURES; i++)
		style->lens.natures[i] = (unsigned char)strlen(reply_nature_text(i));
	for (unsigned i = 0; i < REPLY_ACTIONS; i++)
		style->lens.actions[i] = (unsigned char)strlen(reply_action_text(i));
}

/* Looks the labels up, once, and how wide those before the texts are. */
static void read_labels(struct explain_style *style)
{
	for (unsigned i = 0; i < REPLY_LABEL_NOTICE_SUBJECT; i++) {
		struct span text = span_str(reply_label_words(style->voice.lang, i));

		style->labels[i].text = text;
		style->labels[i].columns = columns(text);
		if (i <= REPLY_LABEL_READING && style->labels[i].columns > style->label_columns)
			style->label_columns = style->labels[i].columns;
	}
}

/* The bytes of text that fit into so many columns: up to a blank, or all of a long word. */
static size_t fitting(struct span text, size_t room)
{
	size_t column = 0, last = 0;

	if (!text.at || text.len <= room)
		return text.len;
	if (utf8_plain_len(span_slice(text, 0, room + 1)) == room + 1) { /* a column a byte */
		const char *blank = memrchr(text.at, ' ', room + 1);

		if (!blank || blank == text.at)
			blank = memchr(text.at + room, ' ', text.len - room);
		return blank ? (size_t)(blank - text.at) : text.len;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == ' ')
			last = i;
		column += ((unsigned char)text.at[i] & 0xc0) != 0x80;
		if (column > room && last > 0)
			return last;
	}
	return text.len;
}

static void put_blanks(struct buf *out, size_t n)
{
	static const char blanks[] = "                                ";

	(void)buf_add(out, span_of(blanks, n < sizeof blanks - 1 ? n : sizeof blanks - 1));
}

/* The text in as many lines as it needs; the first one stands in a line that has begun. */
static void put_lines(struct buf *out, size_t left, struct span text)
{
	for (bool is_first = true; text.len > 0; is_first = false) {
		size_t n = fitting(text, WIDTH - left);

		if (!is_first)
			put_blanks(out, left);
		(void)buf_add(out, span_slice(text, 0, n));
		(void)buf_add_byte(out, '\n');
		text = span_trim(span_slice(text, n, text.len));
	}
}

static size_t text_column(struct explain_style *style)
{
	if (style->label_columns == 0) {
		read_labels(style);
		read_lens(style);
	}
	return INDENT + style->label_columns + 2;
}

/* A label, and beside it the text. */
static void put_beside(
	struct buf *out, enum reply_label label, struct span text, struct explain_style *style)
{
	size_t left = text_column(style);

	put_blanks(out, INDENT);
	(void)buf_add(out, style->labels[label].text);
	put_blanks(out, left - INDENT - style->labels[label].columns);
	put_lines(out, left, text);
}

static void print_tale(struct buf *out, enum reply_label label, enum reply_tale what,
	struct reply_telling *telling, struct explain_style *style)
{
	struct buf *text = &style->scratch;
	struct reply_sentences s;

	reply_telling_plan(telling, what, &s);
	struct span before = explain_blocks_find(&style->blocks, label, &s, telling);

	if (before.len > 0) {
		(void)buf_add(out, before);
		return;
	}
	buf_clear(text);
	(void)reply_telling_add(telling, what, text);
	if (text->len == 0)
		return;
	size_t from = out->len;

	put_beside(out, label, buf_span(text), style);
	if (!out->error)
		explain_blocks_keep(&style->blocks, label, &s, telling,
			span_of(out->at + from, out->len - from));
}

/* "99 % sure: greylisting, nobody_wait, transient, retry_same, 120 s (by greylist*)". */
static void put_reading(struct buf *out, const struct reply_meaning *m, struct explain_style *style)
{
	struct buf *text = &style->scratch;

	(void)text_column(style); /* labels and names are known */
	const struct span names[] = {
		span_of(reply_cause_text(m->cause), style->lens.causes[m->cause]),
		span_of(reply_side_text(m->side), style->lens.sides[m->side]),
		span_of(reply_nature_text(m->nature), style->lens.natures[m->nature]),
		span_of(reply_action_text(m->action), style->lens.actions[m->action])};

	buf_clear(text);
	put_percent(text, m->confidence);
	(void)buf_add_byte(text, ' ');
	(void)buf_add(text, style->labels[REPLY_LABEL_SURE].text);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)buf_add_byte(text, i == 0 ? ':' : ',');
		(void)buf_add_byte(text, ' ');
		(void)buf_add(text, names[i]);
	}
	if (m->wait_seconds >= 0) {
		(void)buf_add(text, SPAN_LIT(", "));
		(void)buf_add_number(text, (uint64_t)m->wait_seconds);
		(void)buf_add(text, SPAN_LIT(" s"));
	}
	(void)buf_add(text, SPAN_LIT(" ("));
	explain_print_safe(text, span_str(m->evidence));
	(void)buf_add_byte(text, ')');
	(void)buf_add_byte(out, '\n');
	put_beside(out, REPLY_LABEL_READING, buf_span(text), style);
}

static void print_reading(
	struct buf *out, const struct reply_meaning *m, struct explain_style *style)
{
	struct span before = explain_blocks_find_reading(&style->blocks, m);
	size_t from = out->len;

	if (before.len > 0) {
		(void)buf_add(out, before);
		return;
	}
	put_reading(out, m, style);
	if (!out->error)
		explain_blocks_keep_reading(
			&style->blocks, m, span_of(out->at + from, out->len - from));
}

static const struct {
	enum reply_label label;
	enum reply_tale what;
} tales[] = {{REPLY_LABEL_HAPPENED, REPLY_TELL_HAPPENED}, {REPLY_LABEL_SIDE, REPLY_TELL_SIDE},
	{REPLY_LABEL_DEED, REPLY_TELL_DEED}, {REPLY_LABEL_ADVICE, REPLY_TELL_ADVICE},
	{REPLY_LABEL_WRITER, REPLY_TELL_WRITER}};

/* All sentences; known: what is known of them already, or NULL. */
static void print_tales(struct buf *out, struct reply_telling *telling,
	const struct explain_tales *known, struct explain_style *style)
{
	struct reply_sentences s;
	size_t from = out->len;
	unsigned words = known ? known->words : 0;

	for (size_t i = 0; i < sizeof tales / sizeof tales[0]; i++) {
		print_tale(out, tales[i].label, tales[i].what, telling, style);
		if (known)
			continue;
		reply_telling_plan(telling, tales[i].what, &s);
		words |= reply_sentences_words(&s);
	}
	bool is_general = reply_telling_is_general(telling, words);

	if (!out->error && (is_general || !known))
		explain_blocks_keep_tales(&style->blocks, telling->meaning, words,
			span_of(out->at + from, is_general ? out->len - from : 0));
}

void explain_print_meaning(
	struct buf *out, const struct reply_meaning *m, struct explain_style *style)
{
	struct reply_telling telling;
	const struct explain_tales *known = explain_blocks_find_tales(&style->blocks, m);
	bool has_text = known && known->len > 0, holds = has_text && known->words == 0;

	if (!holds) {
		reply_telling_init(&telling, m, &style->voice);
		holds = has_text && reply_telling_is_general(&telling, known->words);
	}
	if (holds)
		(void)buf_add(out, explain_blocks_text(&style->blocks, known));
	else
		print_tales(out, &telling, known, style);
	print_reading(out, m, style);
}

void explain_print_why(struct buf *out, const struct reply_why *why, struct explain_style *style)
{
	struct buf *sentence = &style->scratch;
	struct buf text = BUF_INIT(SHOWN_MAX * 8);

	for (size_t i = 0;; i++) {
		buf_clear(sentence);
		if (!reply_why_tell(why, style->voice.lang, i, sentence))
			break;
		buf_clear(&text);
		explain_print_safe(&text, buf_span(sentence));
		if (i == 0) {
			put_beside(out, REPLY_LABEL_WHY, buf_span(&text), style);
			continue;
		}
		put_blanks(out, text_column(style));
		put_lines(out, text_column(style), buf_span(&text));
	}
	buf_done(&text);
}

void explain_print_inner(struct buf *out, struct span text, const struct reply_meaning *m,
	struct explain_style *style)
{
	struct reply_telling telling;

	reply_telling_init(&telling, m, &style->voice);
	explain_print_labelled(out, REPLY_LABEL_INNER, text, style);
	print_tale(out, REPLY_LABEL_HAPPENED, REPLY_TELL_HAPPENED, &telling, style);
	print_tale(out, REPLY_LABEL_ADVICE, REPLY_TELL_ADVICE, &telling, style);
	print_reading(out, m, style);
}

void explain_print_labelled(
	struct buf *out, enum reply_label label, struct span s, struct explain_style *style)
{
	struct buf *text = &style->scratch;

	if (s.len == 0)
		return;
	buf_clear(text);
	explain_print_safe(text, span_slice(s, 0, SHOWN_MAX));
	put_beside(out, label, buf_span(text), style);
}

int explain_flush(struct buf *out)
{
	struct span rest = buf_span(out);
	int rc = out->error;

	while (rc == 0 && rest.len > 0) {
		ssize_t n = write(STDOUT_FILENO, rest.at, rest.len);

		if (n < 0 && errno != EINTR)
			rc = -errno;
		rest = span_slice(rest, n > 0 ? (size_t)n : 0, rest.len);
	}
	buf_clear(out);
	return rc;
}
