/*
 * reply_variant_id - the ids of the well-known kinds of causes (reply/variants.def).
 *
 * Apart from variant.h so that the meaning of a reply can name one without knowing more.
 */
#pragma once

enum reply_variant {
	REPLY_VARIANT_NONE,
#define VARIANT(id, cause) REPLY_VARIANT_##id,
#define FITS(...)
#include "reply/variants.def"
#undef VARIANT
#undef FITS
	REPLY_VARIANTS
};
