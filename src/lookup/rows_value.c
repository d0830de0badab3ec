#include "lookup/rows_in.h"

bool rows_is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* The end of a "..." that begins at i; 0: it has none. */
size_t rows_end_of_quotes(struct span s, size_t i)
{
	for (i++; i < s.len; i++) {
		if (s.at[i] == '\\')
			i++;
		else if (s.at[i] == '"')
			return i + 1;
	}
	return 0;
}

bool rows_take_value(struct span *rest, struct span *ret, bool *ret_open)
{
	size_t i = 0;

	while (rest->len > 0 && (rows_is_space(rest->at[0]) || rest->at[0] == ','))
		*rest = span_slice(*rest, 1, rest->len);
	if (rest->len == 0)
		return false;
	while (i < rest->len && !rows_is_space(rest->at[i]) && rest->at[i] != ',') {
		size_t end = rest->at[i] == '"' ? rows_end_of_quotes(*rest, i) : i + 1;

		*ret_open |= end == 0;
		i = end == 0 ? rest->len : end;
	}
	*ret = span_slice(*rest, 0, i);
	*rest = span_slice(*rest, i, rest->len);
	return true;
}

struct span *rows_split(struct span value, struct arena *arena, size_t *ret_n)
{
	struct span rest = value, one;
	size_t n = 0;
	bool open = false;

	while (rows_take_value(&rest, &one, &open))
		n++;
	struct span *all = arena_array(arena, n, sizeof *all);

	rest = value;
	for (size_t i = 0; i < n; i++)
		(void)rows_take_value(&rest, &all[i], &open);
	*ret_n = n;
	return all;
}

const char *rows_refused_target(struct span one)
{
	(void)span_take(&one, '"');
	if (span_starts(one, SPAN_LIT("|")))
		return "would start a program, which abide never does; deliver it to a server that "
		       "does";
	if (span_starts(one, SPAN_LIT("/")))
		return "would write into a file, which abide never does; write an address";
	if (span_starts_nocase(one, SPAN_LIT(":include:")))
		return "would read another file at each message; write its addresses here, or into "
		       "a map of their own";
	return NULL;
}
