#include "lookup/breaker.h"

bool breaker_failed(struct breaker *b, enum lookup_trouble trouble, nanos now)
{
	bool opens = !b->is_open && ++b->failures >= BREAKER_FAILURES;

	b->trouble = trouble;
	if (!opens && !b->is_open)
		return false;
	b->is_open = true;
	b->pause = opens ? BREAKER_FIRST : b->pause * 2;
	if (b->pause > BREAKER_MOST)
		b->pause = BREAKER_MOST;
	b->again_at = now > CLOCK_NEVER - b->pause ? CLOCK_NEVER : now + b->pause;
	return opens;
}

bool breaker_succeeded(struct breaker *b)
{
	bool was_open = b->is_open;

	*b = (struct breaker){0};
	return was_open;
}
