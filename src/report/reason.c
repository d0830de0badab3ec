#include "report/reason.h"
#include "report/text.h"

static const struct {
	const char *words;
	enum reply_cause cause;
} reasons[] = {
#define REASON(words, cause) {words, REPLY_##cause},
#include "report/reasons.def"
#undef REASON
};

enum { REASON_TEXT_MAX = 4096 };

enum reply_cause reason_find(struct span text)
{
	text = span_slice(text, 0, REASON_TEXT_MAX);
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (text_has(text, reasons[i].words))
			return reasons[i].cause;
	return REPLY_NONE;
}
