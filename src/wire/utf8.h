/*
 * utf8 - base/utf8.h by its old names.
 */
#pragma once
#include "base/utf8.h"

static inline bool wire_utf8_is_valid(struct span s)
{
	return utf8_is_valid(s);
}

static inline bool wire_is_ascii(struct span s)
{
	return utf8_is_ascii(s);
}
