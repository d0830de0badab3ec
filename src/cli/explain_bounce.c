#include "cli/explain_bounce.h"
#include "cli/explain_print.h"
#include "cli/json_text.h"
#include "report/bounce_read.h"
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

static json_t *text_or_null(struct span s)
{
	return s.len > 0 ? json_text(s) : json_null();
}

static int print_json(const struct bounce *b)
{
	json_t *o = json_object(), *list = json_array();

	(void)json_object_set_new(o, "kind", json_string(bounce_kind_text(b->kind)));
	for (size_t i = 0; i < b->n; i++) {
		const struct bounce_recipient *r = &b->recipients[i];
		json_t *one = json_object();

		(void)json_object_set_new(one, "address", json_text(r->address));
		(void)json_object_set_new(one, "action", text_or_null(r->action));
		(void)json_object_set_new(one, "status", explain_json_status(r->status));
		(void)json_object_set_new(one, "host", text_or_null(r->host));
		(void)json_object_set_new(one, "reply", explain_json(r->reply, &r->meaning));
		(void)json_array_append_new(list, one);
	}
	(void)json_object_set_new(o, "recipients", list);
	return explain_print_json(o);
}

static int print_text(const struct bounce *b)
{
	if (b->n == 0)
		(void)puts("This message names nobody whom a mail did not reach.");
	else if (b->kind == BOUNCE_FEEDBACK)
		(void)puts("This is no bounce: a reader complained about a mail.");
	else if (b->kind == BOUNCE_DELIVERED)
		(void)puts("This is no bounce: it says that the mail has arrived.");
	for (size_t i = 0; i < b->n; i++) {
		const struct bounce_recipient *r = &b->recipients[i];

		explain_print_safe(r->address);
		(void)putchar('\n');
		explain_print_labelled("action", r->action);
		if (reply_status_is_set(r->status))
			(void)printf("  status  %u.%u.%u\n", r->status.class, r->status.subject,
				r->status.detail);
		explain_print_labelled("host", r->host);
		explain_print_labelled("reply", r->reply);
		if (b->kind == BOUNCE_FAILED || b->kind == BOUNCE_DELAYED)
			explain_print_meaning(&r->meaning);
		if (i + 1 < b->n)
			(void)putchar('\n');
	}
	return ferror(stdout) ? -EIO : 0;
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

int explain_bounce(const char *file, bool is_json)
{
	struct buf message = BUF_INIT(BOUNCE_READ_MAX + 65536);
	struct arena arena = {0};
	struct bounce bounce;
	int rc = read_file(file, &message);

	if (rc < 0) {
		(void)fprintf(stderr, "abide: %s: %s\n", file, strerror(-rc));
		buf_done(&message);
		return EX_NOINPUT;
	}
	bounce_read(buf_span(&message), &arena, &bounce);
	rc = is_json ? print_json(&bounce) : print_text(&bounce);
	if (fflush(stdout) == EOF)
		rc = -EIO;
	arena_done(&arena);
	buf_done(&message);
	return rc < 0 ? EX_IOERR : EX_OK;
}
