#include "reply/value.h"

enum { VALUE_MAX = 128 }; /* bytes; what is longer is none */

static bool is_alnum(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c);
}

static bool take_digits(struct span *s, unsigned min, unsigned max)
{
	struct span rest = *s;
	unsigned n;

	if (!span_take_number(&rest, min, max, &n) || (rest.len > 0 && byte_is_digit(rest.at[0])))
		return false;
	*s = rest;
	return true;
}

static bool take_one_of(struct span *s, const char *signs)
{
	if (s->len == 0 || !memchr(signs, s->at[0], strlen(signs)))
		return false;
	*s = span_slice(*s, 1, s->len);
	return true;
}

/* A name of the list at the front, in three letters or in full. */
static bool take_name(struct span *s, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s->len < 3 || byte_lower(s->at[0]) != byte_lower(names[i][0]))
			continue;
		struct span name = span_str(names[i]), rest = *s;

		if (!span_take_nocase(&rest, span_slice(name, 0, 3)))
			continue;
		(void)span_take_nocase(&rest, span_slice(name, 3, name.len));
		if (rest.len > 0 && byte_is_alpha(rest.at[0]))
			return false;
		*s = rest;
		return true;
	}
	return false;
}

static bool take_weekday(struct span *s)
{
	static const char *const names[] = {
		"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

	return take_name(s, names, 7);
}

static bool take_month(struct span *s)
{
	static const char *const names[] = {"January", "February", "March", "April", "May", "June",
		"July", "August", "September", "October", "November", "December"};

	return take_name(s, names, 12);
}

/* [" "] ("Z" / "UTC" / "CEST" / "+0100" / "+01:00") [" (UTC)"] */
static void take_zone(struct span *s)
{
	struct span rest = *s, name;
	size_t n = 0;

	(void)span_take(&rest, ' ');
	name = rest;
	if (take_one_of(&rest, "+-")) {
		if (!take_digits(&rest, 4, 4) &&
			!(take_digits(&rest, 2, 2) && span_take(&rest, ':') &&
				take_digits(&rest, 2, 2)))
			return;
	} else {
		while (n < rest.len && rest.at[n] >= 'A' && rest.at[n] <= 'Z')
			n++;
		bool is_zone = (n == 1 && rest.at[0] == 'Z') ||
			       (n >= 3 && n <= 4 && rest.at[n - 1] == 'T') ||
			       (n == 3 && span_starts(name, SPAN_LIT("UTC"))) ||
			       (n == 2 && rest.at[1] == 'M'); /* AM, PM */

		if (!is_zone || (n < rest.len && is_alnum(rest.at[n])))
			return;
		rest = span_slice(rest, n, rest.len);
	}
	*s = rest;
	if (span_take_span(&rest, SPAN_LIT(" (")) && rest.len > 4 && rest.at[3] == ')')
		*s = span_slice(rest, 4, rest.len); /* "(UTC)" */
}

/* hh:mm[:ss[.fraction]] [zone] */
static bool take_clock(struct span *s)
{
	struct span rest = *s;

	if (!take_digits(&rest, 1, 2) || !span_take(&rest, ':') || !take_digits(&rest, 2, 2))
		return false;
	*s = rest;
	if (span_take(&rest, ':') && take_digits(&rest, 2, 2)) {
		*s = rest;
		if (take_one_of(&rest, ".,") && take_digits(&rest, 1, 9))
			*s = rest;
	}
	take_zone(s);
	return true;
}

/* A clock time behind a date, where there is one. */
static bool take_clock_behind(struct span *s)
{
	struct span rest = *s;

	(void)span_take(&rest, ',');
	if (!take_one_of(&rest, " T:_-"))
		return false;
	(void)span_take(&rest, ' ');
	if (!take_clock(&rest))
		return false;
	*s = rest;
	return true;
}

/* 2026-11-24, 24.11.2026, 11/24/26 */
static bool take_digit_date(struct span *s)
{
	struct span rest = *s;
	char sign;

	bool is_iso = take_digits(&rest, 4, 4);

	if (!is_iso && !take_digits(&rest, 1, 2))
		return false;
	sign = rest.len > 0 ? rest.at[0] : '\0';
	if (!take_one_of(&rest, is_iso ? "-/." : "/.-") || !take_digits(&rest, 1, 2) ||
		!span_take(&rest, sign))
		return false;
	if (is_iso ? !take_digits(&rest, 1, 2)
		   : !take_digits(&rest, 4, 4) && !(sign == '/' && take_digits(&rest, 2, 2)))
		return false;
	*s = rest;
	(void)take_clock_behind(s);
	return true;
}

/* 24 Nov 2026 */
static bool take_day_month(struct span *s)
{
	struct span rest = *s;

	if (!take_digits(&rest, 1, 2) || !take_one_of(&rest, " -/") || !take_month(&rest) ||
		!take_one_of(&rest, " -/") || !take_digits(&rest, 2, 4))
		return false;
	*s = rest;
	(void)take_clock_behind(s);
	return true;
}

/* Nov 24 10:11:12 2026; Nov 24, 2026 */
static bool take_month_day(struct span *s)
{
	struct span rest = *s;

	if (!take_month(&rest) || !span_take(&rest, ' '))
		return false;
	(void)span_take(&rest, ' ');
	if (!take_digits(&rest, 1, 2))
		return false;
	bool has_clock = take_clock_behind(&rest);
	struct span year = rest;

	(void)span_take(&year, ',');
	bool has_year = span_take(&year, ' ') && take_digits(&year, 4, 4);

	if (!has_clock && !has_year)
		return false;
	*s = has_year ? year : rest;
	if (!has_clock)
		(void)take_clock_behind(s);
	return true;
}

static size_t moment_len(struct span text)
{
	struct span rest = text, day;

	if (take_weekday(&rest)) {
		(void)span_take(&rest, ',');
		if (!span_take(&rest, ' '))
			return 0;
		(void)span_take(&rest, ' ');
	}
	day = rest;
	if (!take_day_month(&rest) && !take_month_day(&rest) &&
		(day.at != text.at || (!take_digit_date(&rest) && !take_clock(&rest))))
		return 0;
	return text.len - rest.len;
}

/* What a run of letters and digits, with signs between them, is made of. */
struct run {
	size_t len, digits, letters, hex, upper, joints,
		turns; /* turns: from a letter to a digit */
};

static struct run read_run(struct span s)
{
	struct run r = {0};
	char before = '\0';

	for (size_t i = 0; i < s.len; before = s.at[i++]) {
		char c = s.at[i];

		if (byte_is_digit(c)) {
			r.digits++;
			r.turns += byte_is_alpha(before);
		} else if (byte_is_alpha(c)) {
			r.letters++;
			r.hex += byte_lower(c) <= 'f';
			r.upper += c <= 'Z';
		} else if ((c == '-' || c == '_' || c == '.') && is_alnum(before) &&
			   i + 1 < s.len && is_alnum(s.at[i + 1])) {
			r.joints++;
		} else {
			break;
		}
		r.len = i + 1;
	}
	return r;
}

/* A queue id, a tracking code, or the short name of one host of many. */
static size_t id_len(struct span text)
{
	struct run r = read_run(text);

	if (r.len == VALUE_MAX)
		return 0;
	if (r.letters == 0)
		return r.joints == 0 && r.digits >= 10 ? r.len : 0;
	if (r.digits >= 4 && (r.joints > 0 || r.turns > 0 || r.hex == r.letters))
		return r.len;
	bool is_host =
		r.joints > 0 && r.digits >= 2 && r.upper == 0 && byte_is_digit(text.at[r.len - 1]);

	return is_host ? r.len : 0;
}

static int64_t unit_octets(struct span word)
{
	static const struct {
		const char *name;
		int64_t octets;
	} units[] = {{"b", 1}, {"byte", 1}, {"bytes", 1}, {"octets", 1}, {"k", 1024}, {"kb", 1024},
		{"kib", 1024}, {"kbytes", 1024}, {"kbyte", 1024}, {"kilobytes", 1024},
		{"mb", 1 << 20}, {"mib", 1 << 20}, {"mbytes", 1 << 20}, {"mbyte", 1 << 20},
		{"megabytes", 1 << 20}, {"gb", 1 << 30}, {"gib", 1 << 30}};

	if (word.len > 9 || !memchr("bokmg", byte_lower(word.at[0]), 5))
		return 0;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (span_equal_nocase(word, span_str(units[i].name)))
			return units[i].octets;
	return 0;
}

static bool is_word(const struct reply_tokens *t, size_t i, const char *word)
{
	if (byte_lower(t->list[i].text.at[0]) != word[0])
		return false;
	return span_equal_nocase(t->list[i].text, span_str(word));
}

/* "25 MB", "10485760 bytes", "size 12345", "size limit of 12345" */
static struct reply_value read_size(const struct reply_tokens *t, size_t i)
{
	struct reply_value value = {.kind = REPLY_WORD_SIZE};
	const struct reply_token *token = &t->list[i];
	const struct reply_token *next = i + 1 < t->n && !token[1].line ? token + 1 : NULL;
	int64_t unit =
		next && next->kind == TOKEN_WORD && !next->before ? unit_octets(next->text) : 0;

	if (unit > 0) {
		value.len = (size_t)(next->text.at + next->text.len - token->text.at);
		value.number = reply_token_number(token) * unit;
		return value;
	}
	for (size_t back = 1; back <= 3 && back <= i && token->text.len >= 3; back++) {
		if (is_word(t, i - back, "size")) {
			value.len = token->text.len;
			value.number = reply_token_number(token);
			break;
		}
		if (!is_word(t, i - back, "limit") && !is_word(t, i - back, "of") &&
			!is_word(t, i - back, "is"))
			break;
	}
	return value;
}

static bool names_someone(struct span word)
{
	static const char *const words[] = {"user", "users", "recipient", "mailbox", "account",
		"address", "sender", "login", "alias", "name", "username", NULL};

	for (size_t i = 0; words[i]; i++)
		if (words[i][0] == byte_lower(word.at[0]) &&
			span_equal_nocase(word, span_str(words[i])))
			return true;
	return false;
}

/* "<john>", "user 'john.doe'", "unknown user: john": the name that a stranger gave. */
static size_t name_len(const struct reply_tokens *t, size_t i, struct span text)
{
	const struct reply_token *token = &t->list[i];
	char before = token->before;
	bool is_quoted = before == '"' || before == '\'' || before == '`';
	const char *close;
	size_t len = 0;

	if (before != ':' && before != '<' && !is_quoted)
		return 0;
	while (len < text.len && ((unsigned char)text.at[len] >= 0x80 || is_alnum(text.at[len]) ||
					 memchr("._-+=", text.at[len], 5)))
		len++;
	close = len < text.len ? text.at + len : NULL;
	if (before == '<')
		return close && *close == '>' ? len : 0;
	if (i == 0 || !names_someone(token[-1].text))
		return 0;
	if (is_quoted)
		return close && memchr("\"'`", *close, 3) ? len : 0;
	/* behind a colon, only where nothing follows that could make it a sentence */
	while (len > 0 && text.at[len - 1] == '.')
		len--;
	return i + 1 == t->n || token[1].line || (close && memchr("\n,;)", *close, 4)) ? len : 0;
}

/* "Tue, 24", "Nov 24", "24 Nov", "24.": other words and numbers begin no moment. */
static bool may_be_moment(const struct reply_tokens *t, size_t i, char after)
{
	const struct reply_token *token = &t->list[i], *next = token + 1;

	if (token->kind == TOKEN_CLOCK)
		return true;
	if (token->kind == TOKEN_NUMBER && after != ' ')
		return token->text.len <= 4 &&
		       (after == '-' || after == '/' || after == '.' || after == ':');
	if (i + 1 >= t->n || (next->kind != TOKEN_NUMBER && next->kind != TOKEN_WORD))
		return false;
	if (token->kind == TOKEN_NUMBER)
		return token->text.len <= 2 && next->kind == TOKEN_WORD && next->text.len >= 3;
	return token->text.len >= 3 &&
	       (next->kind == TOKEN_NUMBER || (i + 2 < t->n && next[1].kind == TOKEN_NUMBER));
}

struct reply_value reply_value_read(const struct reply_tokens *t, size_t i, struct span text)
{
	const struct reply_token *token = &t->list[i];
	struct reply_value value = {.kind = REPLY_WORD_TIME};
	char after = token->text.len < text.len ? text.at[token->text.len] : '\0';

	text = span_slice(text, 0, VALUE_MAX);
	if (token->kind == TOKEN_DOMAIN && token->before && token->before != '<') /* "john.doe" */
		return (struct reply_value){.kind = REPLY_WORD_TEXT, .len = name_len(t, i, text)};
	if (token->kind != TOKEN_WORD && token->kind != TOKEN_NUMBER && token->kind != TOKEN_CLOCK)
		return value;
	if (may_be_moment(t, i, after))
		value.len = moment_len(text);
	if (value.len > 0 || token->kind == TOKEN_CLOCK)
		return value;
	if (token->kind == TOKEN_NUMBER)
		value = read_size(t, i);
	if (value.len == 0 &&
		(token->kind == TOKEN_NUMBER || after == '-' || after == '_' || after == '.'))
		value = (struct reply_value){.kind = REPLY_WORD_ID, .len = id_len(text)};
	if (value.len == 0 && token->before)
		value = (struct reply_value){.kind = REPLY_WORD_TEXT, .len = name_len(t, i, text)};
	return value;
}
