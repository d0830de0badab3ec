#include "conf/schema.h"
#include "reply/taxonomy.h"

#define NEAR_MAX 40 /* longer words are not compared */

/* Levenshtein's distance, where a case is no difference. */
static size_t distance(struct span a, struct span b)
{
	size_t row[NEAR_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t swap =
				diagonal + (byte_lower(a.at[i - 1]) != byte_lower(b.at[j - 1]));
			size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

			diagonal = row[j];
			row[j] = swap < best ? swap : best;
		}
	}
	return row[b.len];
}

const char *schema_nearest(struct span word, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t least = word.len / 2 + 1;

	if (word.len > NEAR_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct span name = span_str(names[i]);
		size_t d = name.len <= NEAR_MAX ? distance(word, name) : NEAR_MAX;

		if (d < least) {
			least = d;
			best = names[i];
		}
	}
	return best;
}

const char *schema_nearest_cause(struct span word)
{
	const char *names[REPLY_CAUSES];
	size_t n = 0;

	for (unsigned cause = REPLY_NONE + 1; cause < REPLY_CAUSES; cause++)
		names[n++] = reply_cause_text(cause);
	return schema_nearest(word, names, n);
}
