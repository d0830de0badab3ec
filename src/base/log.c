#include "base/log.h"
#include "base/clock.h"
#include "base/utf8.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX 4096U
#define LOG_LINE_ROOM \
	(LOG_LINE_MAX - 8U) /* the end of a quoted value and of the line fit behind it */

/* Helper threads log too, while a new configuration may change what can be changed. */
static struct {
	char role[32]; /* written once, before there are threads */
	_Atomic bool json;
	_Atomic enum log_level most;
	_Atomic int fd;
} state = {.most = LOG_INFO, .fd = 2};

struct line {
	char at[LOG_LINE_MAX];
	size_t len;
};

void log_init(const char *role, bool json, enum log_level most)
{
	if (strncmp(role, state.role, sizeof state.role - 1) != 0)
		(void)span_copy(span_str(role), state.role, sizeof state.role);
	state.json = json;
	state.most = most;
}

void log_to(int fd)
{
	state.fd = fd;
}

const char *log_strerror(int negative_errno)
{
	return strerrordesc_np(negative_errno < 0 ? -negative_errno : negative_errno);
}

/* Nothing is left once a value's closing quote stands behind LOG_LINE_ROOM. */
static size_t left(const struct line *l)
{
	return l->len < LOG_LINE_ROOM ? LOG_LINE_ROOM - l->len : 0;
}

/* All of it or nothing: a line that is too long ends between characters, escapes and fields. */
static bool add(struct line *l, const char *s, size_t len)
{
	if (len > left(l))
		return false;
	memcpy(l->at + l->len, s, len);
	l->len += len;
	return true;
}

static bool add_str(struct line *l, const char *s)
{
	return add(l, s, strlen(s));
}

/*
 * The escape of one byte; NULL where it stands for itself. Bytes above 126 are escaped in JSON
 * lines by \u00xx when they are not part of valid UTF-8; text lines escape them as \xNN.
 */
static const char *escaped(unsigned char c, bool json, char out[8])
{
	static const char hex[] = "0123456789abcdef";

	if (c == '"')
		return "\\\"";
	if (c == '\\')
		return "\\\\";
	if (c == '\n')
		return "\\n";
	if (c == '\r')
		return "\\r";
	if (c == '\t')
		return "\\t";
	if (c >= 0x20 && c != 0x7f)
		return NULL;
	(void)snprintf(out, 8, json ? "\\u00%c%c" : "\\x%c%c", hex[c >> 4], hex[c & 15]);
	return out;
}

static void add_escaped(struct line *l, struct span s, bool json)
{
	bool is_added = true;

	while (s.len > 0 && is_added) {
		char out[8];
		size_t n = utf8_seen_len(s);
		const char *e = NULL;

		if (n == 1)
			e = escaped((unsigned char)s.at[0], json, out);
		if (n == 0) {
			(void)snprintf(out, sizeof out, json ? "\\u00%02x" : "\\x%02x",
				(unsigned)(unsigned char)s.at[0]);
			e = out;
		}
		is_added = e ? add_str(l, e) : add(l, s.at, n);
		s = span_slice(s, n ? n : 1, s.len);
	}
}

static bool needs_quotes(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c <= 0x20 || c == '"' || c == '\\' || c == '=' || c >= 0x7f)
			return true;
	}
	return s.len == 0;
}

static void add_text(struct line *l, const char *key, struct span value, bool plain)
{
	bool quotes = !plain && (state.json || needs_quotes(value));
	size_t least = strlen(key) + 5 + (plain ? value.len : 0);

	if (least > left(l))
		return;
	if (state.json)
		(void)(add_str(l, l->len > 1 ? ",\"" : "\"") && add_str(l, key) &&
			add_str(l, "\":"));
	else
		(void)(add_str(l, l->len > 0 ? " " : "") && add_str(l, key) && add_str(l, "="));
	if (quotes)
		(void)add_str(l, "\"");
	add_escaped(l, value, state.json);
	if (quotes)
		l->at[l->len++] = '"'; /* behind LOG_LINE_ROOM at worst */
}

static void add_field(struct line *l, const struct log_field *f)
{
	char number[CLOCK_TEXT_MAX];

	switch (f->kind) {
	case LOG_F_SPAN:
		if (f->span.len > 0)
			add_text(l, f->key, f->span, false);
		return;
	case LOG_F_U64:
		(void)snprintf(number, sizeof number, "%llu", (unsigned long long)f->u64);
		add_text(l, f->key, span_str(number), true);
		return;
	case LOG_F_I64:
		(void)snprintf(number, sizeof number, "%lld", (long long)f->i64);
		add_text(l, f->key, span_str(number), true);
		return;
	case LOG_F_ID:
		add_text(l, f->key, span_str(id_text(f->id, number)), false);
		return;
	case LOG_F_TIME:
		add_text(l, f->key, clock_rfc3339(f->i64, number), false);
	}
}

static void finish(struct line *l)
{
	if (state.json)
		l->at[l->len++] = '}';
	l->at[l->len++] = '\n';
}

void log_fields(enum log_level level, const char *event, const struct log_field *f, size_t n)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	char when[CLOCK_TEXT_MAX];
	/* Not on the stack: an idle fiber would keep the pages that it touched once. */
	static _Thread_local struct line l;

	if (level > state.most)
		return;
	l.len = 0;
	if (state.json)
		add_str(&l, "{");
	add_text(&l, "time", clock_rfc3339(clock_wall_ms(), when), false);
	add_text(&l, "level", span_str(names[level]), false);
	if (state.role[0])
		add_text(&l, "role", span_str(state.role), false);
	add_text(&l, "event", span_str(event), false);
	for (size_t i = 0; i < n; i++)
		if (f[i].key)
			add_field(&l, &f[i]);
	finish(&l);
	/* A log that can't be written must not stop the mail. */
	if (write(state.fd, l.at, l.len) < 0)
		return;
}
