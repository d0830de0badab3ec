/* Text for people, in a header: encoded-words (RFC 2047). */
#include "mail/ascii_in.h"
#include "mail/transfer.h"
#include "base/utf8.h"

#define WORD_MOST 75U /* octets of an encoded-word, RFC 2047 2 */
#define LINE_MOST 76U
#define AROUND    7U /* what stands around its charset and text */

static const char hex[] = "0123456789ABCDEF";

const char *ascii_charset(struct span text)
{
	return utf8_is_valid(text) ? "utf-8" : "unknown-8bit";
}

static size_t column(const struct buf *out)
{
	size_t n = 0;

	while (n < out->len && out->at[out->len - 1 - n] != '\n')
		n++;
	return n;
}

/* RFC 2047 5 (3): what may stand as it is in a phrase too. */
static bool is_safe(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || c == '!' || c == '*' || c == '+' ||
	       c == '-' || c == '/';
}

static size_t q_len(struct span text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += is_safe(text.at[i]) || text.at[i] == ' ' ? 1 : 3;
	return n;
}

static void add_q(struct span text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		const char escaped[3] = {'=', hex[(unsigned char)c >> 4], hex[c & 15]};

		if (is_safe(c) || c == ' ')
			(void)buf_add_byte(out, c == ' ' ? '_' : c);
		else
			(void)buf_add(out, span_of(escaped, sizeof escaped));
	}
}

/* As many whole characters as fit into room octets, one at least. */
static size_t piece_len(struct span text, bool is_q, bool is_utf8, size_t room)
{
	size_t n = 0;

	while (n < text.len) {
		size_t len = is_utf8 ? utf8_len(span_slice(text, n, text.len)) : 1;
		struct span more = span_slice(text, 0, n + (len ? len : 1));

		if (n > 0 && (is_q ? q_len(more) : (more.len + 2) / 3 * 4) > room)
			return n;
		n = more.len;
	}
	return n;
}

void ascii_words(struct span text, struct buf *out)
{
	const char *charset = ascii_charset(text);
	bool is_utf8 = charset[1] == 't', is_q = q_len(text) <= text.len * 2 + 2;
	size_t room = WORD_MOST - AROUND - strlen(charset);

	for (bool is_first = true; text.len > 0 && !out->error; is_first = false) {
		struct span piece = span_slice(text, 0, piece_len(text, is_q, is_utf8, room));
		size_t len = is_q ? q_len(piece) : (piece.len + 2) / 3 * 4;
		size_t at = column(out);

		/* A blank stands before each, but for the first where the caller wrote what is there. */
		if (is_first && at + len + WORD_MOST - room > LINE_MOST && out->len > 0 &&
			out->at[out->len - 1] == ' ') {
			out->len--;
			(void)buf_add_str(out, "\r\n ");
		} else if (!is_first) {
			(void)buf_add_str(out, "\r\n ");
		}
		(void)buf_printf(out, "=?%s?%c?", charset, is_q ? 'Q' : 'B');
		if (is_q)
			add_q(piece, out);
		else
			(void)transfer_base64(piece, out);
		(void)buf_add_str(out, "?=");
		text = span_slice(text, piece.len, text.len);
	}
}

/* ---- unstructured ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct words { /* a cursor: the next word and the blanks before it */
	struct span rest, blanks, word;
};

static bool next_word(struct words *w)
{
	size_t n = 0, from;

	while (n < w->rest.len && is_blank(w->rest.at[n]))
		n++;
	w->blanks = span_slice(w->rest, 0, n);
	for (from = n; n < w->rest.len && !is_blank(w->rest.at[n]);)
		n++;
	w->word = span_slice(w->rest, from, n - from);
	w->rest = span_slice(w->rest, n, w->rest.len);
	return w->word.len > 0;
}

static bool is_encoded_word(struct span word)
{
	return word.len > 6 && span_starts(word, SPAN_LIT("=?")) &&
	       span_ends_nocase(word, SPAN_LIT("?="));
}

/* Blanks as they are once folds are undone. */
static void add_unfolded(struct span blanks, struct buf *out)
{
	for (size_t i = 0; i < blanks.len; i++)
		if (blanks.at[i] == ' ' || blanks.at[i] == '\t')
			(void)buf_add_byte(out, blanks.at[i]);
}

/*
 * Blanks between two encoded-words are not shown, so those that stand between words that are encoded
 * are encoded with them.
 */
void ascii_text(struct span value, struct buf *out)
{
	struct words w = {.rest = value};
	struct buf text = BUF_INIT(out->max);
	bool was_encoded = false;

	while (next_word(&w)) {
		if (utf8_is_ascii(w.word)) {
			(void)buf_add(out, w.blanks);
			(void)buf_add(out, w.word);
			was_encoded = is_encoded_word(w.word);
			continue;
		}
		buf_clear(&text);
		if (was_encoded)
			add_unfolded(w.blanks, &text);
		(void)buf_add(out, w.blanks);
		(void)buf_add(&text, w.word);
		for (struct words ahead = w; next_word(&ahead);) {
			bool is_word = is_encoded_word(ahead.word);

			if (utf8_is_ascii(ahead.word) && !is_word)
				break;
			add_unfolded(ahead.blanks, &text);
			if (is_word)
				break;
			(void)buf_add(&text, ahead.word);
			w = ahead;
		}
		ascii_words(buf_span(&text), out);
		was_encoded = true;
	}
	(void)buf_add(out, w.blanks);
	if (text.error && !out->error)
		out->error = text.error;
	buf_done(&text);
}
