#include "reply/words.h"
#include <assert.h>

static const char *const names[REPLY_WORDS] = {
	[REPLY_WORD_ADDRESS] = "address",
	[REPLY_WORD_DOMAIN] = "domain",
	[REPLY_WORD_HOST] = "host",
	[REPLY_WORD_IP] = "ip",
	[REPLY_WORD_WAIT] = "wait",
	[REPLY_WORD_TIME] = "time",
	[REPLY_WORD_NUMBER] = "number",
	[REPLY_WORD_LIMIT] = "limit",
	[REPLY_WORD_SIZE] = "size",
	[REPLY_WORD_URL] = "url",
	[REPLY_WORD_ID] = "id",
	[REPLY_WORD_VERB] = "verb",
	[REPLY_WORD_PARAMETER] = "parameter",
	[REPLY_WORD_RULE] = "rule",
	[REPLY_WORD_STAGE] = "stage",
	[REPLY_WORD_TEXT] = "text",
	[REPLY_WORD_LIST] = "list",
};

const char *reply_word_kind_text(enum reply_word_kind kind)
{
	assert(kind < REPLY_WORDS);
	return names[kind];
}
