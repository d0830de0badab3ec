#include "diagnose/novelty.h"
#include "base/alloc.h"
#include "base/table.h"
#include "diagnose/ledger.h"
#include <stdlib.h>

enum { PLACES = 8, TEXT_MOST = 512 };

struct row {
	uint64_t key; /* of a site alone, or of a site and a template; 0: free */
	int64_t first, last;
	uint32_t n;
};

struct novelty {
	struct row rows[NOVELTY_ROWS];
};

struct novelty *novelty_new(void)
{
	return alloc_zero(sizeof(struct novelty));
}

void novelty_free(struct novelty *n)
{
	free(n);
}

/* A word with a digit, @, / or several dots in it is different each time. */
static bool is_word_of_its_own(struct span word)
{
	size_t dots = 0;

	for (size_t i = 0; i < word.len; i++) {
		char c = word.at[i];

		if (byte_is_digit(c) || c == '@' || c == '/' || c == '<' || c == '=')
			return true;
		dots += c == '.' && i + 1 < word.len;
	}
	return dots > 0;
}

static uint64_t template_of(struct span site, struct span reply)
{
	char text[TEXT_MOST];
	size_t n = span_copy(site, text, 128);

	while (reply.len > 0 && n < sizeof text - 1) {
		struct span word = reply;

		if (!span_take_until(&reply, ' ', &word))
			reply = (struct span){0};
		text[n++] = ' ';
		if (!is_word_of_its_own(word))
			n += span_copy(word, text + n, sizeof text - n);
	}
	return table_hash(span_of(text, n));
}

/* Its row, which is new where nobody knows it. */
static struct row *row_of(struct novelty *n, uint64_t key, int64_t at)
{
	struct row *oldest = NULL;

	for (size_t i = 0; i < PLACES; i++) {
		struct row *r = &n->rows[(key + i) % NOVELTY_ROWS];

		if (r->key == key)
			return r;
		if (!oldest || r->last < oldest->last)
			oldest = r;
	}
	*oldest = (struct row){.key = key, .first = at};
	return oldest;
}

bool novelty_see(struct novelty *n, struct span site, struct span reply, int64_t at)
{
	struct row *known = row_of(n, ledger_hash(site), at);
	bool is_known = known->n >= NOVELTY_LEARNING && at - known->first >= NOVELTY_PATIENCE;

	known->n += known->n < UINT32_MAX;
	known->last = at;
	struct row *reply_row = row_of(n, template_of(site, reply), at);
	bool is_new = reply_row->n == 0;

	reply_row->n += reply_row->n < UINT32_MAX;
	reply_row->last = at;
	return is_known && is_new;
}
