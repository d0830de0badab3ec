#include "report/lines.h"
#include "report/decode.h"
#include "report/text.h"

enum encoding { ENCODING_NONE, ENCODING_BASE64, ENCODING_QUOTED };

enum part_kind { PART_PROSE, PART_HTML, PART_STATUS, PART_RETURNED, PART_FEEDBACK, PART_OTHER };

struct part {
	enum part_kind kind;
	enum encoding encoding;
	bool is_mail; /* message/rfc822 */
};

enum { BOUNDARIES_MAX = 8 };

struct reader {
	struct span rest;
	struct arena *arena;
	struct lines *lines;
	size_t room;                            /* of lines */
	struct span boundaries[BOUNDARIES_MAX]; /* lines that began a part, each once */
	size_t n_boundaries;
	bool has_prose;  /* a text/plain part was there: HTML says the same again */
	bool has_status; /* a part of status fields was there: a returned bounce has none of ours */
};

static struct span next_line(struct span *s)
{
	ptrdiff_t end = span_find(*s, '\n');
	size_t len = end < 0 ? s->len : (size_t)end;
	struct span line = span_slice(*s, 0, len);

	*s = text_from(*s, end < 0 ? len : len + 1);
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

static void add(struct reader *r, struct span text, enum line_kind kind)
{
	static const char *const notes[] = {"mime format", "mime-format", "mime aware",
		"mime-aware", "mime-capable", "mime-encapsulated", "base64 encoded", NULL};

	if (kind == LINE_PROSE && text_has_any(text, notes))
		return; /* for readers without MIME: nothing about the mail */
	if (r->lines->n == r->room) {
		size_t room = r->room ? r->room * 2 : 256;
		struct line *at = arena_array(r->arena, room, sizeof *at);

		if (r->lines->n > 0)
			memcpy(at, r->lines->at, r->lines->n * sizeof *at);
		r->lines->at = at;
		r->room = room;
	}
	if (r->lines->n < LINES_MAX)
		r->lines->at[r->lines->n++] = (struct line){text, kind};
}

/* What a header line says about the part that follows. */
static void read_field(struct span line, struct part *part)
{
	static const struct {
		const char *type;
		enum part_kind kind;
	} types[] = {
		{"multipart/",
			PART_PROSE}, /* first: "multipart/report; report-type=delivery-status" */
		{"text/html", PART_HTML},
		{"delivery-status", PART_STATUS}, /* message/…, message/global-… */
		{"disposition-notification", PART_STATUS},
		{"feedback-report", PART_FEEDBACK},
		{"rfc822", PART_RETURNED}, /* message/rfc822, text/rfc822-headers */
		{"message/global", PART_RETURNED},
		{"text/", PART_PROSE},
		{"application/json", PART_PROSE}, /* a service's notice */
		{"application/", PART_OTHER},
		{"image/", PART_OTHER},
	};

	if (span_take_nocase(&line, SPAN_LIT("content-transfer-encoding:")))
		part->encoding = text_has(line, "base64")             ? ENCODING_BASE64
				 : text_has(line, "quoted-printable") ? ENCODING_QUOTED
								      : ENCODING_NONE;
	if (!span_take_nocase(&line, SPAN_LIT("content-type:")))
		return;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (text_has(line, types[i].type)) {
			part->kind = types[i].kind;
			part->is_mail = text_has(line, "message/rfc822");
			return;
		}
}

static bool is_field(struct span line)
{
	size_t i = 0;

	while (i < line.len && (byte_is_alpha(line.at[i]) || line.at[i] == '-'))
		i++;
	return i > 1 && i < line.len && line.at[i] == ':';
}

/* A header line's "boundary=…": the line that begins a part, whatever stands below it. */
static void read_boundary(struct reader *r, struct span line)
{
	ptrdiff_t at = text_find(line, "boundary=");
	size_t len = 0;

	if (at < 0 || r->n_boundaries == BOUNDARIES_MAX ||
		(is_field(line) && !span_starts_nocase(line, SPAN_LIT("content-type:"))))
		return;
	struct span value = text_from(line, (size_t)at + 9);
	bool is_quoted = span_take(&value, '"');

	while (len < value.len &&
		(is_quoted ? value.at[len] != '"' : !memchr("; \t", value.at[len], 3)))
		len++;
	if (len > 0)
		r->boundaries[r->n_boundaries++] =
			arena_printf(r->arena, "--%.*s", (int)len, value.at);
}

static bool is_known_boundary(const struct reader *r, struct span line)
{
	for (size_t i = 0; i < r->n_boundaries; i++)
		if (span_equal(line, r->boundaries[i]))
			return true;
	return false;
}

/* "--boundary", known or with the header of a part behind it. A returned mail has its own. */
static bool begins_part(const struct reader *r, struct span line, bool is_returned)
{
	struct span after = r->rest;

	if (line.len < 3 || !span_starts(line, SPAN_LIT("--")))
		return false;
	if (is_known_boundary(r, line))
		return true;
	struct span next = next_line(&after);

	return !is_returned && span_starts_nocase(next, SPAN_LIT("content-"));
}

/* "--boundary--" behind the last part. */
static bool ends_part(const struct reader *r, struct span line)
{
	return line.len > 4 && line.at[line.len - 1] == '-' && line.at[line.len - 2] == '-' &&
	       is_known_boundary(r, span_slice(line, 0, line.len - 2));
}

/* Fields that begin a returned mail in the middle of prose. */
static bool begins_mail(struct span line)
{
	static const char *const fields[] = {"received:", "return-path:", "x-received:",
		"dkim-signature:", "arc-seal:", "x-google-smtp-source:", "delivered-to:", NULL};

	/* indented, it is one of the fields that a report names the mail by */
	if (span_starts_nocase(line, SPAN_LIT("message-id:")))
		return true;
	line = span_trim(line);
	for (size_t i = 0; fields[i]; i++)
		if (span_starts_nocase(line, span_str(fields[i])))
			return true;
	return false;
}

static bool begins_status(struct span line)
{
	static const char *const fields[] = {"reporting-mta:", "final-recipient:",
		"original-recipient:", "original-envelope-id:", NULL};

	for (size_t i = 0; fields[i]; i++)
		if (span_starts_nocase(line, span_str(fields[i])))
			return true;
	return false;
}

static enum line_kind kind_of(const struct part *part)
{
	switch (part->kind) {
	case PART_STATUS:
		return LINE_STATUS;
	case PART_FEEDBACK:
		return LINE_FEEDBACK;
	case PART_RETURNED:
	case PART_OTHER:
		return LINE_RETURNED;
	case PART_PROSE:
	case PART_HTML:
		break;
	}
	return LINE_PROSE;
}

/* Most lines are quoted ("> …"), as where a bounce is shown to somebody in an answer. */
static bool is_quoted(struct span body)
{
	size_t quoted = 0, other = 0;

	while (body.len > 0) {
		struct span line = next_line(&body);

		if (span_starts(line, SPAN_LIT(">")))
			quoted++;
		else
			other += span_trim(line).len > 0;
	}
	return quoted > 3 && quoted > other;
}

/* The text without its quotes; what is quoted may be a whole mail with its header. */
static struct span without_quotes(struct reader *r, struct span body)
{
	char *to = arena_array(r->arena, body.len + 1, 1);
	size_t len = 0, mail = SIZE_MAX;

	while (body.len > 0) {
		struct span line = next_line(&body);

		if (span_take(&line, '>')) {
			(void)span_take(&line, ' ');
			mail = mail == SIZE_MAX ? len : mail;
		}
		if (line.len > 0)
			memcpy(to + len, line.at, line.len);
		len += line.len;
		to[len++] = '\n';
	}
	if (mail < len && r->lines->mail.len == 0)
		r->lines->mail = span_of(to + mail, len - mail);
	return span_of(to, len);
}

/* The bytes of a part as lines; prose may turn into status fields or the returned mail. */
static void add_part(struct reader *r, struct span body, const struct part *part)
{
	enum line_kind kind = kind_of(part);

	if (part->kind == PART_HTML && r->has_prose)
		return;
	if (part->is_mail && r->lines->mail.len == 0)
		r->lines->mail = body;
	if (part->encoding == ENCODING_BASE64 && kind != LINE_RETURNED)
		body = decode_base64(body, r->arena);
	else if (part->encoding == ENCODING_QUOTED && kind != LINE_RETURNED)
		body = decode_quoted(body, r->arena);
	if (part->kind == PART_HTML)
		body = decode_html(body, r->arena);
	r->has_status = r->has_status || part->kind == PART_STATUS;
	if (part->kind == PART_PROSE && is_quoted(body))
		body = without_quotes(r, body);
	while (body.len > 0) {
		struct span line = next_line(&body);

		if (kind == LINE_PROSE && begins_mail(line))
			kind = LINE_RETURNED;
		else if ((kind == LINE_PROSE || (kind == LINE_RETURNED && !r->has_status)) &&
			 begins_status(line))
			kind = LINE_STATUS;
		else if (kind == LINE_STATUS && part->kind != PART_STATUS && begins_mail(line))
			kind = LINE_RETURNED;
		if (part->kind == PART_PROSE && kind == LINE_PROSE && span_trim(line).len > 0)
			r->has_prose = true;
		add(r, line, kind);
	}
}

static void read_part_header(struct reader *r, struct part *part)
{
	while (r->rest.len > 0) {
		struct span after = r->rest;
		struct span line = next_line(&after);

		if (line.len > 0 && !is_field(line) && line.at[0] != ' ' && line.at[0] != '\t')
			return; /* a part without the empty line */
		r->rest = after;
		if (line.len == 0)
			return;
		read_field(line, part);
		read_boundary(r, line);
	}
}

/* Blank lines in front, as where a mail was pasted; then a field, or a mailbox's "From ". */
static bool has_header(struct reader *r)
{
	struct span rest = r->rest, line = {0};

	while (rest.len > 0 && span_trim(line = next_line(&rest)).len == 0)
		r->rest = rest;
	return is_field(line) || span_starts(line, SPAN_LIT("From ")) ||
	       span_starts(line, SPAN_LIT(">From "));
}

static void read_header(struct reader *r, struct part *part)
{
	if (!has_header(r))
		return; /* a text that was cut out of a mail */
	while (r->rest.len > 0) {
		struct span line = next_line(&r->rest);

		if (line.len == 0)
			return;
		read_field(line, part);
		read_boundary(r, line);
		add(r, line, LINE_HEADER);
	}
}

static void begin_part(struct reader *r, struct span boundary, struct part *part)
{
	if (r->n_boundaries < BOUNDARIES_MAX && !is_known_boundary(r, boundary))
		r->boundaries[r->n_boundaries++] = boundary;
	*part = (struct part){.kind = PART_PROSE};
	read_part_header(r, part);
}

static void read_body(struct reader *r, struct part part)
{
	struct span start = r->rest;
	bool is_returned = part.kind == PART_RETURNED;

	while (r->rest.len > 0) {
		struct span here = r->rest;
		struct span line = next_line(&r->rest);
		bool is_end = ends_part(r, line);

		is_returned = is_returned || (part.kind == PART_PROSE && begins_mail(line));
		if (!is_end && !begins_part(r, line, is_returned))
			continue;
		add_part(r, span_of(start.at, (size_t)(here.at - start.at)), &part);
		if (is_end)
			part = (struct part){.kind = is_returned ? PART_RETURNED : PART_PROSE};
		else
			begin_part(r, line, &part);
		is_returned = part.kind == PART_RETURNED;
		start = r->rest;
	}
	add_part(r, start, &part);
}

void lines_read(struct span message, struct arena *arena, struct lines *ret)
{
	struct reader r = {
		.rest = span_slice(message, 0, LINES_BYTES_MAX), .arena = arena, .lines = ret};
	struct part part = {.kind = PART_PROSE};

	*ret = (struct lines){0};
	read_header(&r, &part);
	read_body(&r, part);
}
