/*
 * decode - the text of a MIME part (RFC 2045 6.7, 6.8), and of HTML.
 *
 * Each writes at most as many bytes as it reads, into the caller's arena.
 * What is wrong in the input is left out or taken as it stands: a bounce is
 * read as well as it can be. Linear. Inside report/ only.
 */
#pragma once
#include "base/arena.h"

struct span decode_base64(struct span s, struct arena *arena);
struct span decode_quoted(struct span s, struct arena *arena);
/* Without tags; blocks become lines, and the entities that mail addresses need become bytes. */
struct span decode_html(struct span s, struct arena *arena);
/* utf-8 addresses as seven-bit text has them: "\x{F8}" is a code point (RFC 6533 3). */
struct span decode_unitext(struct span s, struct arena *arena);
/* A header's value: its words in "=?charset?B?…?=" as bytes, whatever the charset (RFC 2047). */
struct span decode_words(struct span s, struct arena *arena);
