#include "lookup/rows_in.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct row {
	uint32_t hash;
	uint32_t key, value; /* offsets in the text */
	uint32_t value_len;
	uint32_t line;
	uint32_t key_len;
};

struct rows {
	char *text;
	struct row *rows;
	size_t n, room;
	uint32_t *slots; /* index of a row + 1; 0: free */
	size_t slots_n;  /* a power of two, at least twice n */
};

struct reader {
	struct rows *rows;
	size_t len, at; /* of the text */
	unsigned line;  /* that at stands in */
	enum rows_format format;
	struct rows_fault *fault;
};

/* FNV-1a with a last mix: keys are the administrator's, and a walk is short at half load. */
static uint32_t hash_of(struct span key)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < key.len; i++)
		h = (h ^ (unsigned char)byte_lower(key.at[i])) * UINT64_C(0x100000001b3);
	return (uint32_t)(h ^ h >> 29);
}

static int fail(struct reader *r, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct reader *r, unsigned line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(r->fault->why, sizeof r->fault->why, format, ap);
	va_end(ap);
	r->fault->line = line;
	return -EINVAL;
}

/* ---- lines ---- */

/* The next line without its end; false at the end of the text. *ret_whole: it has an end. */
static bool take_line(struct reader *r, struct span *ret, bool *ret_whole)
{
	char *at = r->rows->text + r->at;

	if (r->at >= r->len)
		return false;
	char *end = memchr(at, '\n', r->len - r->at);
	size_t len = end ? (size_t)(end - at) : r->len - r->at;

	*ret_whole = end != NULL;
	r->at += len + (end != NULL);
	r->line++;
	if (len > 0 && at[len - 1] == '\r')
		len--;
	*ret = span_of(at, len);
	return true;
}

static bool is_comment(struct span line)
{
	struct span s = span_trim(line);

	return s.len == 0 || s.at[0] == '#';
}

/* What may stand in a line: text. NUL and other control characters come from half-written files. */
static int check_line(struct reader *r, struct span line, bool is_whole)
{
	if (!is_whole)
		return fail(r, r->line,
			"the last line has no end: the file may be half written; end it with a "
			"line end");
	for (size_t i = 0; i < line.len; i++)
		if (((unsigned char)line.at[i] < ' ' && line.at[i] != '\t') || line.at[i] == 0x7f)
			return fail(r, r->line, "a control character (byte %zu); write plain text",
				i + 1);
	return 0;
}

/* ---- one row ---- */

/* Where the key ends: behind quotes, at the first space or colon. 0: its quotes have no end. */
static size_t end_of_key(const struct reader *r, struct span line)
{
	size_t i = 0;

	while (i < line.len && !rows_is_space(line.at[i]) &&
		(r->format == ROWS_PLAIN || line.at[i] != ':')) {
		i = line.at[i] == '"' ? rows_end_of_quotes(line, i) : i + 1;
		if (i == 0)
			return 0;
	}
	return i;
}

/* A quoted local part that needs no quotes is the same without. */
static struct span unquote(struct span key)
{
	static const char plain[] = "!#$%&'*+-/=?^_`{|}~.";

	if (key.len < 3 || key.at[0] != '"' || key.at[key.len - 1] != '"')
		return key;
	struct span inner = span_slice(key, 1, key.len - 2);

	for (size_t i = 0; i < inner.len; i++)
		if (!byte_is_alpha(inner.at[i]) && !byte_is_digit(inner.at[i]) &&
			!memchr(plain, inner.at[i], sizeof plain - 1))
			return key;
	return inner;
}

static int split_line(
	struct reader *r, struct span line, struct span *ret_key, struct span *ret_value)
{
	size_t end = end_of_key(r, line);
	struct span rest;

	if (end == 0 && line.at[0] == '"')
		return fail(r, r->line, "the quotes of the key have no end; add the second one");
	rest = span_slice(line, end, line.len);
	if (r->format == ROWS_ALIASES) {
		rest = span_trim(rest);
		if (end == 0 || !span_take(&rest, ':'))
			return fail(r, r->line,
				"is not \"name: address\"; write a colon behind the "
				"name");
	}
	if (end > ROWS_KEY_MAX)
		return fail(r, r->line, "the key has more than %u bytes; write a shorter one",
			ROWS_KEY_MAX);
	*ret_key = unquote(span_slice(line, 0, end));
	*ret_value = span_trim(rest);
	return 0;
}

/* Lines that begin with a space go on; they are moved up behind what was there. */
static int take_more(struct reader *r, struct span *value)
{
	char *text = r->rows->text;

	while (r->at < r->len) {
		struct reader before = *r;
		struct span line;
		bool is_whole;

		if (!rows_is_space(text[r->at]) && text[r->at] != '#' && text[r->at] != '\n' &&
			text[r->at] != '\r')
			return 0;
		(void)take_line(r, &line, &is_whole);
		int rc = check_line(r, line, is_whole);

		if (rc < 0)
			return rc;
		if (is_comment(line))
			continue;
		if (!rows_is_space(line.at[0])) {
			*r = before;
			return 0;
		}
		line = span_trim(line);
		char *to = text + (value->at - text) + value->len;

		if (value->len + 1 + line.len > ROWS_VALUE_MAX)
			return fail(r, r->line, "more than %zu bytes for one key; write fewer",
				ROWS_VALUE_MAX);
		if (value->len > 0)
			*to++ = ' ';
		memmove(to, line.at, line.len);
		value->len = (size_t)(to - (text + (value->at - text))) + line.len;
	}
	return 0;
}

/* ---- values ---- */

static int check_value(struct reader *r, unsigned line, struct span value)
{
	struct span rest = value, one;
	bool open = false;

	if (r->format == ROWS_ALIASES && value.len == 0)
		return fail(r, line, "leads nowhere; write an address behind the colon");
	while (rows_take_value(&rest, &one, &open)) {
		const char *why = r->format == ROWS_ALIASES ? rows_refused_target(one) : NULL;

		if (why)
			return fail(r, line, "%.*s %s", (int)(one.len < 60 ? one.len : 60), one.at,
				why);
	}
	return open ? fail(r, line, "quotes have no end; add the second one") : 0;
}

/* ---- the index ---- */

static bool has_key(const struct rows *r, const struct row *row, struct span key)
{
	return span_equal_nocase(span_of(r->text + row->key, row->key_len), key);
}

static int add_row(struct reader *r, unsigned line, struct span key, struct span value)
{
	struct rows *rows = r->rows;

	if (rows->n == rows->room) {
		size_t room = rows->room ? rows->room * 2 : 64;
		struct row *grown = realloc(rows->rows, room * sizeof *grown);

		if (!grown)
			return -ENOMEM;
		rows->rows = grown;
		rows->room = room;
	}
	if (value.len == 0)
		value.at = key.at;
	rows->rows[rows->n++] = (struct row){.hash = hash_of(key),
		.key = (uint32_t)(key.at - rows->text),
		.key_len = (uint32_t)key.len,
		.value = (uint32_t)(value.at - rows->text),
		.value_len = (uint32_t)value.len,
		.line = line};
	return 0;
}

static const struct row *find_row(
	const struct rows *r, struct span key, uint32_t hash, size_t *ret_slot)
{
	size_t slot = hash & (r->slots_n - 1);

	for (; r->slots[slot]; slot = (slot + 1) & (r->slots_n - 1)) {
		const struct row *row = &r->rows[r->slots[slot] - 1];

		if (row->hash == hash && has_key(r, row, key))
			return row;
	}
	*ret_slot = slot;
	return NULL;
}

static int index_rows(struct reader *r)
{
	struct rows *rows = r->rows;

	for (rows->slots_n = 16; rows->slots_n < rows->n * 2;)
		rows->slots_n *= 2;
	rows->slots = calloc(rows->slots_n, sizeof *rows->slots);
	if (!rows->slots)
		return -ENOMEM;
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *row = &rows->rows[i];
		struct span key = span_of(rows->text + row->key, row->key_len);
		size_t slot = 0;
		const struct row *twin = find_row(rows, key, row->hash, &slot);

		if (twin)
			return fail(r, row->line,
				"%.*s is there a second time; keep this or line %u",
				(int)(key.len < 100 ? key.len : 100), key.at, twin->line);
		rows->slots[slot] = (uint32_t)i + 1;
	}
	return 0;
}

static int read_rows(struct reader *r)
{
	struct span line, key = {0}, value = {0};
	bool is_whole;

	while (take_line(r, &line, &is_whole)) {
		unsigned number = r->line;
		int rc = check_line(r, line, is_whole);

		if (rc < 0)
			return rc;
		if (is_comment(line))
			continue;
		if (rows_is_space(line.at[0]))
			return fail(r, number,
				"goes on with a key that is not there; begin the line "
				"with the key");
		rc = split_line(r, line, &key, &value);
		if (rc == 0)
			rc = take_more(r, &value);
		if (rc == 0)
			rc = check_value(r, number, value);
		if (rc == 0)
			rc = add_row(r, number, key, value);
		if (rc < 0)
			return rc;
	}
	return index_rows(r);
}

int rows_read(char *text, size_t len, enum rows_format format, struct rows **ret,
	struct rows_fault *ret_fault)
{
	struct rows *rows = alloc_zero(sizeof *rows);
	struct reader r = {.rows = rows, .len = len, .format = format, .fault = ret_fault};
	int rc = -EMSGSIZE;

	rows->text = text;
	if (len <= ROWS_TEXT_MAX)
		rc = read_rows(&r);
	if (rc < 0)
		rows_free(rows);
	else
		*ret = rows;
	return rc;
}

void rows_free(struct rows *r)
{
	if (!r)
		return;
	free(r->text);
	free(r->rows);
	free(r->slots);
	free(r);
}

size_t rows_count(const struct rows *r)
{
	return r->n;
}

bool rows_find(const struct rows *r, struct span key, struct span *ret_value, unsigned *ret_line)
{
	size_t slot;
	const struct row *row = find_row(r, key, hash_of(key), &slot);

	if (!row)
		return false;
	*ret_value = span_of(r->text + row->value, row->value_len);
	*ret_line = row->line;
	return true;
}
