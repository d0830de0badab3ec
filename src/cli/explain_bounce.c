#include "cli/explain_bounce.h"
#include "cli/explain_print.h"
#include "cli/json_out.h"
#include "report/bounce_read.h"
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

enum { OUTPUT_MAX = 64 << 20 }; /* more than all recipients of a bounce need */

static void put_text_or_null(struct buf *out, struct span key, struct span s)
{
	json_out_key(out, key);
	if (s.len > 0)
		json_out_text(out, s);
	else
		json_out_null(out);
}

static void print_json(struct buf *out, const struct bounce *b, const struct explain_style *style)
{
	json_out_open(out, '{');
	json_out_key(out, SPAN_LIT("kind"));
	json_out_text(out, span_str(bounce_kind_text(b->kind)));
	json_out_key(out, SPAN_LIT("recipients"));
	json_out_open(out, '[');
	for (size_t i = 0; i < b->n; i++) {
		const struct bounce_recipient *r = &b->recipients[i];

		json_out_open(out, '{');
		json_out_key(out, SPAN_LIT("address"));
		json_out_text(out, r->address);
		put_text_or_null(out, SPAN_LIT("action"), r->action);
		json_out_key(out, SPAN_LIT("status"));
		explain_json_status(out, r->status);
		put_text_or_null(out, SPAN_LIT("host"), r->host);
		json_out_key(out, SPAN_LIT("reply"));
		explain_json(out, r->reply, &r->meaning, NULL, style);
		json_out_close(out, '}');
	}
	json_out_close(out, ']');
	json_out_close(out, '}');
	(void)buf_add_byte(out, '\n');
}

/* "failed, 5.1.1", as far as the bounce says it. */
static void print_action(
	struct buf *out, const struct bounce_recipient *r, struct explain_style *style)
{
	char bytes[128];
	struct buf text = {.at = bytes, .room = sizeof bytes, .max = sizeof bytes};

	(void)buf_add(&text, span_slice(r->action, 0, 40));
	if (reply_status_is_set(r->status)) {
		(void)buf_add_str(&text, text.len > 0 ? ", " : "");
		explain_print_status(&text, r->status);
	}
	explain_print_labelled(out, r->action.len > 0 ? REPLY_LABEL_ACTION : REPLY_LABEL_STATUS,
		buf_span(&text), style);
}

static void print_text(struct buf *out, const struct bounce *b, struct explain_style *style)
{
	static const char *const others[BOUNCE_KINDS] = {
		[BOUNCE_FEEDBACK] = "This is no bounce: a reader complained about a mail.\n",
		[BOUNCE_DELIVERED] = "This is no bounce: it says that the mail has arrived.\n",
		[BOUNCE_VACATION] =
			"This is no bounce: it is an automatic answer, as of somebody who is "
			"away. The mail has arrived.\n",
		[BOUNCE_OTHER] =
			"This is no bounce: nothing in it speaks of mail that did not arrive.\n"};

	if (others[b->kind])
		(void)buf_add_str(out, others[b->kind]);
	else if (b->n == 0)
		(void)buf_add_str(out, "This message names nobody whom a mail did not reach.\n");
	for (size_t i = 0; i < b->n; i++) {
		const struct bounce_recipient *r = &b->recipients[i];

		explain_print_safe(out, r->address);
		(void)buf_add_byte(out, '\n');
		explain_print_labelled(out, REPLY_LABEL_REPLY, r->reply, style);
		explain_print_labelled(out, REPLY_LABEL_HOST, r->host, style);
		print_action(out, r, style);
		if (b->kind == BOUNCE_FAILED || b->kind == BOUNCE_DELAYED)
			explain_print_meaning(out, &r->meaning, style);
		if (i + 1 < b->n)
			(void)buf_add_byte(out, '\n');
	}
}

/* The file's first bytes, as many as a bounce is read for. */
static int read_file(const char *file, struct buf *b)
{
	bool is_stdin = strcmp(file, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(file, "re");
	int rc = 0;

	if (!f)
		return -errno;
	while (rc == 0 && b->len < BOUNCE_READ_MAX && !feof(f) && !ferror(f)) {
		rc = buf_reserve(b, 65536);
		if (rc == 0)
			buf_added(b, fread(b->at + b->len, 1, 65536, f));
	}
	if (rc == 0 && ferror(f))
		rc = -EIO;
	if (!is_stdin)
		(void)fclose(f);
	return rc;
}

int explain_bounce(const char *file, bool is_json, struct explain_style *style)
{
	struct buf message = BUF_INIT(BOUNCE_READ_MAX + 65536);
	struct buf out = BUF_INIT(OUTPUT_MAX);
	struct arena arena = {0};
	struct bounce bounce;
	int rc = read_file(file, &message);

	if (rc < 0) {
		(void)fprintf(stderr, "abide: %s: %s\n", file, strerror(-rc));
		buf_done(&message);
		return EX_NOINPUT;
	}
	bounce_read(buf_span(&message), &arena, &bounce);
	if (is_json)
		print_json(&out, &bounce, style);
	else
		print_text(&out, &bounce, style);
	rc = explain_flush(&out);
	buf_done(&out);
	arena_done(&arena);
	buf_done(&message);
	return rc < 0 ? EX_IOERR : EX_OK;
}
