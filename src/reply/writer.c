#include "reply/writer.h"
#include <assert.h>

static const char *const advices[REPLY_CAUSES] = {
	[REPLY_NONE] = "",
#define WRITER(symbol, advice) [REPLY_##symbol] = advice,
#include "reply/writer.def"
#undef WRITER
};

const char *reply_writer_advice(enum reply_cause cause)
{
	assert(cause < REPLY_CAUSES);
	return advices[cause];
}
