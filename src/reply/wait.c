#include "reply/wait.h"

enum {
	WAIT_MAX = 7 * 86400, /* nobody means a longer one */
	REACH = 9,            /* words between the verb and the time */
	UNITS_MAX = 4,        /* of a time: days, hours, minutes, seconds */
};

/* list: lower case; "retri*": any ending. */
static bool is_one_of(struct span word, const char *const list[])
{
	char first = word.len > 0 ? byte_lower(word.at[0]) : '\0';

	for (size_t i = 0; list[i]; i++) {
		if (list[i][0] != first)
			continue;
		size_t len = 1;

		while (len < word.len && list[i][len] && list[i][len] == byte_lower(word.at[len]))
			len++;
		if (list[i][len] == '*' || (list[i][len] == '\0' && len == word.len))
			return true;
	}
	return false;
}

static const char *const seconds_words[] = {"s", "sec", "secs", "second", "seconds", "sekund*",
	"secondi", "secondo", "segundo*", "seconde", "secondes", "seconden", "secunde", "сек*",
	"秒*", "saniye*", NULL};
static const char *const minutes_words[] = {"m", "min", "mins", "minute", "minutes", "minut*",
	"minuu*", "dakika*", "perc*", "мин*", "分*", NULL};
static const char *const hours_words[] = {"h", "hr", "hrs", "hour", "hours", "stunde*", "ora",
	"ore", "heure*", "hora", "horas", "uur", "uren", "hodin*", "godzin*", "час*", "timme*",
	"timer", "saat*", "小时*", "時間*", NULL};
static const char *const days_words[] = {"d", "day", "days", "tag", "tage", "tagen", "giorni",
	"giorno", "jour", "jours", "dia", "dias", "dagen", "dny", NULL};

/* Seconds in the unit that word names; 0: it is none. */
static int64_t unit_seconds(struct span word)
{
	if (is_one_of(word, seconds_words))
		return 1;
	if (is_one_of(word, minutes_words))
		return 60;
	if (is_one_of(word, hours_words))
		return 3600;
	return is_one_of(word, days_words) ? 86400 : 0;
}

/* Words after which a time is one to wait. */
static const char *const wait_verbs[] = {"retry*", "retri*", "try", "trying", "again", "back",
	"resend*", "wait*", "return", "reconnect*", "later", "resubmit*", "redeliver*",
	"reattempt*", "attempt", "defer", "deferred", "deferring", "delay", "delayed", "postponed",
	"greylist*", "graylist*", "greylisted", "greylisting", "grey", "gray", "listed",
	"temporarily", "throttled", "throttling", "penalty", "blocked", "refused", "rejected",
	"riprova*", "riprovi", "erneut", "wachten", "versuch*", "warten", "nochmal*", "wieder",
	"intent*", "reintent*", "tente", "tentar*", "reessay*",
	"r\xc3\xa9"
	"essay*",
	"patient*", "attend*", "attente", "espere*", "aguard*", "igen", "uudelleen", "banned",
	"unlock*", "请*", "probeer", "zkus*", "opakujte", "spr*", "ponow*", "попроб*", "повтор*",
	NULL};
/* Words that make a time something else. */
static const char *const not_waits[] = {"per", "every", "each", "last", "past", "within", "limit",
	"limits", "max", "maximum", "exceed*", "older", "age", "than", "delivered", "deliver",
	"uptime", "since", "took", "size", "quota", "queued", "timeout", "timed", "ago", "pro",
	"al", "par", "average", NULL};
/* Words that may stand behind a time to wait. */
static const char *const after_waits[] = {
	"later", "before", "remaining", "left", "until", "and", "then", "or", "te", "zu", NULL};
static const char *const in_words[] = {
	"in", "after", "nach", "za", "tra", "fra", "dans", "en", "over", "om", "dentro", NULL};
/* "noch einmal versuchen": between a time and the verb */
static const char *const fillers[] = {"noch", "einmal", "bitte", "nog", "eens", "opnieuw", NULL};
static const char *const after_not_waits[] = {"ago", "old", "limit", "timeout", "quota", NULL};

/* hh:mm:ss, or mm:ss */
static int64_t clock_seconds(struct span s)
{
	int64_t total = 0;
	unsigned part;

	do {
		if (!span_take_number(&s, 1, 2, &part))
			return -1;
		total = total * 60 + part;
	} while (span_take(&s, ':'));
	return total;
}

/* "UTC" behind a clock time makes it a moment of the day. */
static bool is_zone(const struct reply_tokens *t, size_t i)
{
	static const char *const zones[] = {"utc", "gmt", "z", NULL};

	return i < t->n && is_one_of(t->list[i].text, zones);
}

static int64_t until_moment(struct span clock, int64_t now_wall_ms)
{
	int64_t moment = clock_seconds(clock), now = now_wall_ms / 1000 % 86400;

	if (now_wall_ms <= 0 || moment < 0 || moment >= 86400)
		return -1;
	if (clock.len <= 5)
		moment *= 60; /* hh:mm */
	return (moment - now + 86400) % 86400;
}

#define LETTER(c) (1u << ((c)&31))

/* False where the token begins with no sign of the set; it may be true for others. */
static bool begins_with(const struct reply_token *t, unsigned letters)
{
	return letters >> (t->text.at[0] & 31) & 1;
}

/* "an hour", "five minutes": the number; 0: it is none. Only a unit that is written out follows. */
static unsigned word_number(const struct reply_tokens *t, size_t i)
{
	static const struct {
		const char *word;
		unsigned number;
	} numbers[] = {{"a", 1}, {"an", 1}, {"one", 1}, {"two", 2}, {"three", 3}, {"four", 4},
		{"five", 5}, {"ten", 10}, {"fifteen", 15}, {"thirty", 30}};

	if (i + 1 >= t->n || t->list[i].text.len > 7 ||
		!begins_with(&t->list[i], LETTER('a') | LETTER('o') | LETTER('t') | LETTER('f')) ||
		t->list[i + 1].text.len < 3 ||
		!begins_with(
			&t->list[i + 1], LETTER('s') | LETTER('m') | LETTER('h') | LETTER('d')))
		return 0;
	for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
		if (span_equal_nocase(t->list[i].text, span_str(numbers[k].word)))
			return unit_seconds(t->list[i + 1].text) ? numbers[k].number : 0;
	return 0;
}

/* "1 hour(s) 25 minute(s)", "10min": from token i; *ret_upto is behind it. -1: no time stands here. */
static int64_t read_time(const struct reply_tokens *t, size_t i, size_t *ret_upto)
{
	int64_t total = -1;
	unsigned units = 0;

	if (t->list[i].kind == TOKEN_CLOCK) {
		*ret_upto = i + 1;
		return clock_seconds(t->list[i].text);
	}
	for (; units < UNITS_MAX && i + 1 < t->n && t->list[i].kind == TOKEN_NUMBER &&
		t->list[i].text.len <= 7;
		units++) {
		int64_t unit = unit_seconds(t->list[i + 1].text);

		if (unit == 0 || t->list[i + 1].kind != TOKEN_WORD)
			break;
		total = (total < 0 ? 0 : total) + reply_token_number(&t->list[i]) * unit;
		i += 2;
		if (i < t->n && t->list[i].text.len == 1 &&
			byte_lower(t->list[i].text.at[0]) == 's')
			i++; /* "minute(s)" */
		if (i + 1 < t->n && span_equal_nocase(t->list[i].text, SPAN_LIT("and")) &&
			t->list[i + 1].kind == TOKEN_NUMBER)
			i++;
	}
	*ret_upto = i;
	return total;
}

/* "no sooner than 5 minutes" is one nevertheless, "be accepted in 5 minutes" as well. */
static bool is_promised(const struct reply_tokens *t, size_t i)
{
	static const char *const soon[] = {"sooner", "earlier", "before", NULL};
	static const char *const possible[] = {
		"possible", "accepted", "delivered", "allowed", NULL};

	if (i < 3)
		return false;
	struct span last = t->list[i - 1].text, middle = t->list[i - 2].text;

	if (span_equal_nocase(last, SPAN_LIT("than")))
		return is_one_of(middle, soon);
	return is_one_of(last, in_words) && is_one_of(middle, possible) &&
	       (span_equal_nocase(t->list[i - 3].text, SPAN_LIT("be")) ||
		       span_equal_nocase(middle, SPAN_LIT("possible")));
}

/* Looks back from token i for a word that says "wait", and for one that says otherwise. */
static bool is_announced(const struct reply_tokens *t, size_t i)
{
	for (size_t back = 1; back <= REACH && back <= i; back++) {
		const struct reply_token *token = &t->list[i - back];

		if (token->kind == TOKEN_WORD && is_one_of(token->text, not_waits))
			return false;
		if (token->kind == TOKEN_WORD && is_one_of(token->text, wait_verbs))
			return true;
	}
	return false;
}

/* "2024-01-02 10:11:12", "Tue 2 10:11:12": a moment, no duration. */
static bool is_timestamp(const struct reply_tokens *t, size_t i)
{
	return t->list[i].kind == TOKEN_CLOCK && i > 0 && t->list[i - 1].kind == TOKEN_NUMBER;
}

static bool is_wait(const struct reply_tokens *t, size_t from, size_t upto)
{
	bool is_last = upto >= t->n;
	struct span next = is_last ? (struct span){0} : t->list[upto].text;

	if (is_promised(t, from))
		return true;
	if (is_timestamp(t, from) || (from > 0 && is_one_of(t->list[from - 1].text, not_waits)))
		return false;
	if (!is_last && is_one_of(next, after_not_waits))
		return false;
	if (is_announced(t, from))
		return true;
	if (is_last)
		return false;
	/* "in 5 Minuten erneut versuchen" */
	bool is_clause = strchr(",;.", t->list[upto - 1].after) && t->list[upto - 1].after;

	while (!is_clause && upto + 1 < t->n && is_one_of(next, fillers))
		next = t->list[++upto].text;

	if (from > 0 && !is_clause && is_one_of(t->list[from - 1].text, in_words) &&
		is_one_of(next, wait_verbs))
		return true;
	if (!is_one_of(next, after_waits))
		return false;
	/* "… 5 minutes later", "wait" may follow: "in 5 minutes and try again" */
	if (span_equal_nocase(next, SPAN_LIT("later")))
		return true;
	for (size_t i = upto; i < t->n && i < upto + 4; i++)
		if (is_one_of(t->list[i].text, wait_verbs))
			return true;
	return false;
}

/* "retry=300", "retry-after: 300": a bare number of seconds. */
static bool is_bare(const struct reply_tokens *t, size_t i)
{
	static const char *const names[] = {
		"retry", "retryafter", "wait", "delay", "retry_after", "retryin", "after", NULL};

	if (t->list[i].kind != TOKEN_NUMBER || i == 0 || !is_one_of(t->list[i - 1].text, names))
		return false;
	return t->list[i].before == '=' ||
	       (t->list[i].before == ':' && (i + 1 == t->n || t->list[i].after));
}

struct reply_wait reply_wait_find(const struct reply_tokens *t, int64_t now_wall_ms)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct reply_token *token = &t->list[i];
		struct reply_wait wait = {.seconds = -1, .from = i};

		unsigned number = token->kind == TOKEN_WORD ? word_number(t, i) : 0;

		if (token->kind != TOKEN_NUMBER && token->kind != TOKEN_CLOCK && !number)
			continue;
		if (number) {
			wait.upto = i + 2;
			wait.seconds = number * unit_seconds(t->list[i + 1].text);
			if (!is_wait(t, i, wait.upto))
				continue;
		} else if (is_bare(t, i)) {
			wait.seconds = reply_token_number(token);
			wait.upto = i + 1;
		} else {
			wait.seconds = read_time(t, i, &wait.upto);
			if (wait.seconds < 0 || !is_wait(t, i, wait.upto))
				continue;
			if (token->kind == TOKEN_CLOCK && is_zone(t, wait.upto))
				wait.seconds = until_moment(token->text, now_wall_ms);
		}
		if (wait.seconds > 0 && wait.seconds <= WAIT_MAX)
			return wait;
	}
	return (struct reply_wait){.seconds = -1};
}
