/*
 * reply_id - the ids of the catalogue's entries (reply/catalogue.def).
 *
 * SAY_X is a reply that abide sends, EVENT_X stands in for a peer's reply that
 * did not come. Apart from catalogue.h so that a function can return an id
 * without knowing more.
 */
#pragma once

enum reply_id {
	REPLY_ID_NONE, /* "no objection" for functions that return one */
#define REPLY(id, ...)    SAY_##id,
#define INTERNAL(id, ...) EVENT_##id,
#include "reply/catalogue.def"
#undef REPLY
#undef INTERNAL
	REPLY_IDS
};
