#include "reply/words.h"
#include <stdio.h>
#include <assert.h>

static const struct span names[REPLY_WORDS] = {
	[REPLY_WORD_ADDRESS] = SPAN_LIT("address"),
	[REPLY_WORD_DOMAIN] = SPAN_LIT("domain"),
	[REPLY_WORD_HOST] = SPAN_LIT("host"),
	[REPLY_WORD_IP] = SPAN_LIT("ip"),
	[REPLY_WORD_WAIT] = SPAN_LIT("wait"),
	[REPLY_WORD_TIME] = SPAN_LIT("time"),
	[REPLY_WORD_NUMBER] = SPAN_LIT("number"),
	[REPLY_WORD_LIMIT] = SPAN_LIT("limit"),
	[REPLY_WORD_SIZE] = SPAN_LIT("size"),
	[REPLY_WORD_URL] = SPAN_LIT("url"),
	[REPLY_WORD_ID] = SPAN_LIT("id"),
	[REPLY_WORD_VERB] = SPAN_LIT("verb"),
	[REPLY_WORD_PARAMETER] = SPAN_LIT("parameter"),
	[REPLY_WORD_RULE] = SPAN_LIT("rule"),
	[REPLY_WORD_STAGE] = SPAN_LIT("stage"),
	[REPLY_WORD_TEXT] = SPAN_LIT("text"),
	[REPLY_WORD_LIST] = SPAN_LIT("list"),
};

const char *reply_word_kind_text(enum reply_word_kind kind)
{
	assert(kind < REPLY_WORDS);
	return names[kind].at;
}

struct span reply_word_kind_span(enum reply_word_kind kind)
{
	assert(kind < REPLY_WORDS);
	return names[kind];
}

void reply_words_set_wait(struct reply_words *words, int64_t seconds, char room[REPLY_WAIT_ROOM])
{
	enum { MOST = 99 * 3600 + 59 * 60 + 59 };
	int64_t s = seconds < 1 ? 1 : seconds > MOST ? MOST : seconds;
	int n = snprintf(room, REPLY_WAIT_ROOM, "%02d:%02d:%02d", (int)(s / 3600),
		(int)(s / 60 % 60), (int)(s % 60));

	words->wait = s;
	words->time = span_of(room, (size_t)n);
}

bool reply_word_kind_take(const char **t, enum reply_word_kind *ret)
{
	const char *name = *t + 1;

	if (**t != '<')
		return false;
	for (unsigned k = 0; k < REPLY_WORDS; k++) {
		const char *kind = names[k].at;
		size_t i = 0;

		if (kind[0] != name[0])
			continue;
		while (kind[i] && kind[i] == name[i])
			i++;
		if (kind[i] || name[i] != '>')
			continue;
		*ret = k;
		*t = name + i + 1;
		return true;
	}
	return false;
}
