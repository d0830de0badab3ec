/*
 * id - message ids: 128 bits that sort by time, carry the instance and never repeat.
 *
 * Layout, most significant first: 48 bit milliseconds since 1970 (for order
 * only), 16 bit instance of the spool, 32 bit generation (handed out by the
 * queue from a durable counter, one for each life of a maker), 32 bit counter.
 * (instance, generation, counter) alone is unique, so that a clock stepping
 * back repeats nothing. The text form is 26 characters of Crockford base32.
 */
#pragma once
#include "base/span.h"

struct id {
	uint64_t high, low;
};

#define ID_TEXT_LEN 26
#define ID_BYTES    16

struct id id_make(uint64_t wall_ms, uint16_t instance, uint32_t generation, uint32_t counter);
uint64_t id_wall_ms(struct id id);
bool id_is_zero(struct id id);
bool id_equal(struct id a, struct id b);
int id_compare(struct id a, struct id b);

/* 26 characters and a NUL. */
const char *id_text(struct id id, char out[ID_TEXT_LEN + 1]);
/* Case and Crockford's look-alikes (O, I, L) are forgiven. 0 or -EBADMSG. */
int id_parse(struct span text, struct id *ret);

/* Big-endian bytes: memcmp order is id order. */
void id_to_bytes(struct id id, unsigned char out[ID_BYTES]);
struct id id_from_bytes(const unsigned char in[ID_BYTES]);
