#include "report/log_reader.h"
#include "report/log_text.h"
#include "report/text.h"

/* "550, b'5.1.1 …')" of Python as "550 5.1.1 …". */
static struct span joined(struct span s, struct arena *arena)
{
	struct span rest = text_from(s, 3);

	if (!span_take_span(&rest, SPAN_LIT(", ")))
		return (struct span){0};
	(void)span_take(&rest, 'b');
	char quote = rest.len > 0 ? rest.at[0] : '\0';

	if (quote != '\'' && quote != '"')
		return (struct span){0};
	return arena_printf(arena, "%.*s %.*s", 3, s.at,
		SPAN_F(log_up_to_last(span_slice(text_from(rest, 1), 0, 4096), quote)));
}

/* 4yz or 5yz at the front of s. */
static bool is_refusal(struct span s)
{
	return s.len > 3 && (s.at[0] == '4' || s.at[0] == '5') && byte_is_digit(s.at[1]) &&
	       byte_is_digit(s.at[2]);
}

struct span log_quoted(struct span text, struct arena *arena)
{
	for (size_t i = 1; i + 4 < text.len; i++) {
		char before = text.at[i - 1];
		struct span rest = text_from(text, i);

		if ((before != '\'' && before != '"' && before != '(') || !is_refusal(rest))
			continue;
		if (before == '(' && rest.at[3] == ',') {
			struct span reply = joined(rest, arena);

			if (reply.len > 0)
				return reply;
		}
		if (before != '(' && text_is_code(rest)) {
			const char end[] = {before, '\0'};

			return log_up_to(rest, end);
		}
	}
	return text;
}
