/*
 * language - in which language the writer of a message wants to be told of it.
 *
 * Pure: reads the header of his message, which holds anything.
 */
#pragma once
#include "base/span.h"
#include "reply/texts.h"

/*
 * Of the languages that there are texts in, what Accept-Language likes best (RFC 4021 2.1.25, RFC 9110 12.5.4),
 * else that of Content-Language where it names only one; otherwise what is given.
 */
enum reply_lang language_of(struct span header, enum reply_lang otherwise);
