#include "lab/rules.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdlib.h>

struct lab_rule {
	enum lab_rule_of of;
	struct span pattern;
	struct lab_behaviour behaviour;
};

void lab_rules_done(struct lab_rules *r)
{
	free(r->at);
	arena_done(&r->texts);
	*r = (struct lab_rules){0};
}

static void add(struct lab_rules *r, enum lab_rule_of of, struct span pattern,
	const struct lab_behaviour *behaviour)
{
	r->at = alloc_grow(r->at, r->n + 1, sizeof *r->at);
	r->at[r->n++] = (struct lab_rule){
		.of = of,
		.pattern = arena_copy(&r->texts, pattern),
		.behaviour = *behaviour,
	};
}

/* Spaces and tabs part the pattern from the behaviour. */
static struct span take_pattern(struct span *line)
{
	size_t n = 0;

	while (n < line->len && line->at[n] != ' ' && line->at[n] != '\t')
		n++;
	struct span word = span_slice(*line, 0, n);

	*line = span_trim(span_slice(*line, n, line->len));
	return word;
}

static int read_line(
	struct lab_rules *r, struct span line, struct lab_behaviour *session, struct span *ret_bad)
{
	struct lab_behaviour b = {0};
	struct span pattern = take_pattern(&line);
	enum lab_rule_of of = LAB_RULE_RECIPIENT;

	if (line.len == 0) {
		*ret_bad = pattern;
		return -EINVAL;
	}
	if (span_equal(pattern, SPAN_LIT("session")))
		return lab_behaviour_read(line, &r->texts, session, ret_bad);
	if (span_take_nocase(&pattern, SPAN_LIT("sender:")))
		of = LAB_RULE_SENDER;
	int rc = lab_behaviour_read(line, &r->texts, &b, ret_bad);

	if (rc == 0)
		add(r, of, pattern, &b);
	return rc;
}

int lab_rules_read(struct lab_rules *r, struct span text, struct lab_behaviour *session,
	unsigned *ret_line, struct span *ret_bad)
{
	for (unsigned number = 1; text.len > 0; number++) {
		struct span line = text;

		if (!span_take_until(&text, '\n', &line))
			text = span_slice(text, text.len, 0);
		line = span_trim(line);
		if (line.len == 0 || line.at[0] == '#')
			continue;
		int rc = read_line(r, line, session, ret_bad);

		if (rc < 0) {
			*ret_line = number;
			return rc;
		}
	}
	return 0;
}

/* Iterative: goes back to the last star only, so a pattern costs n * m at most. */
static bool matches(struct span p, struct span s)
{
	size_t i = 0, j = 0, star = SIZE_MAX, mark = 0;

	while (j < s.len) {
		if (i < p.len && p.at[i] == '*') {
			star = i++;
			mark = j;
		} else if (i < p.len && byte_lower(p.at[i]) == byte_lower(s.at[j])) {
			i++;
			j++;
		} else if (star != SIZE_MAX) {
			i = star + 1;
			j = ++mark;
		} else {
			return false;
		}
	}
	while (i < p.len && p.at[i] == '*')
		i++;
	return i == p.len;
}

const struct lab_behaviour *lab_rules_find(
	const struct lab_rules *r, enum lab_rule_of of, struct span address)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->at[i].of == of && matches(r->at[i].pattern, address))
			return &r->at[i].behaviour;
	return NULL;
}
