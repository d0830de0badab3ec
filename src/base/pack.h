/*
 * pack - structs to bytes and back, by rows that the compiler checks.
 *
 * A pack_type lists the fields of a struct; pack_write turns an object into
 * bytes, pack_read makes it again. Used for requests between processes, for
 * the records of the spool and for the configuration snapshot. Reading is
 * strict: every length is checked against what is there, nothing may be left
 * over, counts are bounded by the bytes that could hold them, so a hostile
 * input costs no more memory than its own size times a small constant.
 * Numbers are little-endian. Spans that were read borrow from the input;
 * arrays and nested objects come from the arena. Never logs or waits.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"

enum pack_kind {
	PACK_BOOL,
	PACK_U8,
	PACK_U16,
	PACK_U32,
	PACK_U64,
	PACK_I64,
	PACK_ID,
	PACK_SPAN,  /* u32 length, bytes */
	PACK_ONE,   /* a struct inside the struct */
	PACK_ARRAY, /* u32 count, elements: a pointer and a size_t count in the struct */
};

struct pack_type;

struct pack_row {
	const char *name;
	enum pack_kind kind;
	size_t offset;
	size_t count_offset;        /* PACK_ARRAY: of the size_t */
	const struct pack_type *of; /* PACK_ONE, PACK_ARRAY */
};

struct pack_type {
	const char *name;
	size_t size;
	const struct pack_row *rows;
	size_t n;
	size_t n_first;  /* rows that the first version of a record had; 0: all of them */
	size_t n_second; /* and the second version; 0: all of them */
	size_t n_third;  /* and the third */
	size_t n_fourth; /* and the fourth */
};

/* Each row checks its member's type at compile time. */
#define PACK_CHECK_(s, m, t) \
	(0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((s *)0)->m), t) ? 1 : -1]))
#define PACK_ROW_(s, m, k, t)                                         \
	{                                                             \
#m, k, offsetof(s, m) + PACK_CHECK_(s, m, t), 0, NULL \
	}
#define PACK_F_BOOL(s, m) PACK_ROW_(s, m, PACK_BOOL, bool)
#define PACK_F_U8(s, m)   PACK_ROW_(s, m, PACK_U8, uint8_t)
#define PACK_F_U16(s, m)  PACK_ROW_(s, m, PACK_U16, uint16_t)
#define PACK_F_U32(s, m)  PACK_ROW_(s, m, PACK_U32, uint32_t)
#define PACK_F_U64(s, m)  PACK_ROW_(s, m, PACK_U64, uint64_t)
#define PACK_F_I64(s, m)  PACK_ROW_(s, m, PACK_I64, int64_t)
#define PACK_F_ID(s, m)   PACK_ROW_(s, m, PACK_ID, struct id)
#define PACK_F_SPAN(s, m) PACK_ROW_(s, m, PACK_SPAN, struct span)
#define PACK_F_ONE(s, m, type_of)                          \
	{                                                  \
#m, PACK_ONE, offsetof(s, m), 0, (type_of) \
	}
#define PACK_F_ARRAY(s, m, n_m, type_of)                                                        \
	{                                                                                       \
#m, PACK_ARRAY, offsetof(s, m), offsetof(s, n_m) + PACK_CHECK_(s, n_m, size_t), \
			(type_of)                                                               \
	}
#define PACK_TYPE(s, rows_)                                                                   \
	{                                                                                     \
#s, sizeof(struct s), (rows_), sizeof(rows_) / sizeof((rows_)[0]), 0, 0, 0, 0 \
	}
/* Rows from the n_first-th on came later: a record without them reads as if they were zero. */
#define PACK_TYPE_GROWN(s, rows_, n_first_) PACK_TYPE_GROWN_TWICE(s, rows_, n_first_, 0)
/* And again, from the n_second-th on. */
#define PACK_TYPE_GROWN_TWICE(s, rows_, n_first_, n_second_) \
	PACK_TYPE_GROWN_THRICE(s, rows_, n_first_, n_second_, 0)
#define PACK_TYPE_GROWN_THRICE(s, rows_, n_first_, n_second_, n_third_) \
	PACK_TYPE_GROWN_OFTEN(s, rows_, n_first_, n_second_, n_third_, 0)
#define PACK_TYPE_GROWN_OFTEN(s, rows_, n_first_, n_second_, n_third_, n_fourth_)              \
	{                                                                                      \
#s, sizeof(struct s), (rows_), sizeof(rows_) / sizeof((rows_)[0]), (n_first_), \
			(n_second_), (n_third_), (n_fourth_)                                   \
	}

/* Appends the object's bytes. 0 or the buf's sticky error. */
int pack_write(const struct pack_type *type, const void *object, struct buf *out);
/* Reads exactly all of in. 0 or -EBADMSG, then *ret_object is untouched. */
int pack_read(const struct pack_type *type, struct span in, struct arena *arena, void *ret_object);

/*
 * Sealed records, as the spool keeps them: u32 crc32c of all that follows,
 * u32 length of the payload, u16 version, payload. pack_open checks all of it.
 */
int pack_seal(const struct pack_type *type, uint16_t version, const void *object, struct buf *out);
int pack_open(struct span sealed, uint16_t *ret_version, struct span *ret_payload);

/* Cursor for hand-made formats; errors stick (reads give 0 or empty then). */
struct pack_cursor {
	struct span rest;
	bool failed;
};
uint64_t pack_get_u(struct pack_cursor *c, unsigned bytes);
struct span pack_get_bytes(struct pack_cursor *c, size_t len);
int pack_put_u(struct buf *out, uint64_t value, unsigned bytes);
