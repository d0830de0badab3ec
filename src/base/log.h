/*
 * log - one event, one line: key=value, or one JSON object.
 *
 * A line is built in a buffer of the thread (bounded, 4 KiB) and written by one
 * write(2) to stderr, so lines of several processes never mix. Values are
 * escaped: control characters, quotes and backslashes can't break a line.
 * Base and library code does not log; processes and sessions do.
 *
 *	log_event(LOG_INFO, "accepted", LOG_ID(id), LOG_SPAN("sender", from), LOG_U64("size", n));
 */
#pragma once
#include "base/id.h"
#include "base/span.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_field {
	const char *key;
	enum { LOG_F_SPAN, LOG_F_U64, LOG_F_I64, LOG_F_ID, LOG_F_TIME } kind;
	union {
		struct span span;
		uint64_t u64;
		int64_t i64; /* LOG_F_TIME: milliseconds since 1970, printed as RFC 3339 */
		struct id id;
	};
};

#define LOG_SPAN(k, s)  ((struct log_field){.key = (k), .kind = LOG_F_SPAN, .span = (s)})
#define LOG_STR(k, s)   ((struct log_field){.key = (k), .kind = LOG_F_SPAN, .span = span_str(s)})
#define LOG_U64(k, v)   ((struct log_field){.key = (k), .kind = LOG_F_U64, .u64 = (v)})
#define LOG_I64(k, v)   ((struct log_field){.key = (k), .kind = LOG_F_I64, .i64 = (v)})
#define LOG_ID(v)       ((struct log_field){.key = "id", .kind = LOG_F_ID, .id = (v)})
#define LOG_TIME(k, ms) ((struct log_field){.key = (k), .kind = LOG_F_TIME, .i64 = (ms)})
/* strerror text of a -errno */
#define LOG_ERRNO(rc) LOG_STR("error", log_strerror(rc))

/* role: shown in every line ("receive/0"); json: objects instead of key=value. */
void log_init(const char *role, bool json, enum log_level most);
void log_to(int fd); /* default 2 */
void log_fields(enum log_level level, const char *event, const struct log_field *f, size_t n);
const char *log_strerror(int negative_errno);

/* Fields with an empty span value are left out. */
#define log_event(level, event, ...)                                                 \
	log_fields((level), (event), (const struct log_field[]){{0}, ##__VA_ARGS__}, \
		sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_field))
