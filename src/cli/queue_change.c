#include "cli/queue.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void progress(const char *what, uint64_t n, uint64_t of)
{
	if (!isatty(STDERR_FILENO))
		return;
	(void)fprintf(stderr, of ? "\r%s: %llu of %llu" : "\r%s: %llu", what, (unsigned long long)n,
		(unsigned long long)of);
	(void)fflush(stderr);
}

static void searching(uint64_t messages)
{
	progress("messages found", messages, 0);
}

static void clear_progress(void)
{
	if (isatty(STDERR_FILENO))
		(void)fputs("\r\033[K", stderr);
}

/* ---- what became of it ---- */

static void print_json(const struct queue_command *q, const char *id, uint64_t matched,
	const struct ipc_control_end *e)
{
	json_t *o = json_pack("{s:s, s:I, s:I, s:I, s:I}", "verb", q->verb, "messages",
		(json_int_t)e->messages, "recipients", (json_int_t)e->count, "active",
		(json_int_t)e->active, "failed", (json_int_t)e->failed);

	if (id)
		(void)json_object_set_new(o, "id", json_string(id));
	else
		(void)json_object_set_new(o, "matched", json_integer((json_int_t)matched));
	if (o && json_dumpf(o, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(o);
}

static int report(const struct queue_command *q, const char *id, uint64_t matched,
	const struct ipc_control_end *e)
{
	if (q->command.json)
		print_json(q, id, matched, e);
	else if (id)
		(void)printf("%s: %s for %llu recipient%s\n", id, q->verb,
			(unsigned long long)e->count, plural(e->count));
	else
		(void)printf("%s: %llu message%s, %llu recipient%s\n", q->verb,
			(unsigned long long)e->messages, plural(e->messages),
			(unsigned long long)e->count, plural(e->count));
	if (e->active > 0)
		(void)fprintf(stderr,
			"abide: %llu recipient%s being delivered now and left alone\n",
			(unsigned long long)e->active, e->active == 1 ? " is" : "s are");
	if (e->failed > 0)
		(void)fprintf(stderr, "abide: %llu message%s could not be changed now\n",
			(unsigned long long)e->failed, plural(e->failed));
	return e->failed > 0 ? EX_TEMPFAIL : EX_OK;
}

/* ---- by id ---- */

static int change_named(struct queue_command *q, struct spooled *s)
{
	int status = EX_OK;

	for (int i = 0; i < q->ids_n; i++) {
		struct ipc_control_end e = {0};
		unsigned char raw[ID_BYTES];
		struct id id;
		int rc = EX_NOINPUT;

		if (id_parse(span_str(q->ids[i]), &id) == 0) {
			id_to_bytes(id, raw);
			rc = spooled_change(s,
				&(struct ipc_control_change){
					.verb = span_str(q->verb), .ids = span_of(raw, sizeof raw)},
				&e);
		}
		if (rc == EX_OK)
			rc = e.unknown ? EX_NOINPUT : report(q, q->ids[i], 1, &e);
		status = queue_unknown(rc, q->ids[i]) == EX_OK ? status : rc;
	}
	return status;
}

/* ---- by filter ---- */

/* A wrong pattern must not do what nobody meant: says how many, and asks. */
static int confirm(const struct queue_command *q, uint64_t messages, uint64_t recipients)
{
	char answer[16];

	if (q->yes)
		return EX_OK;
	if (!isatty(STDIN_FILENO)) {
		(void)fprintf(stderr,
			"abide: %llu message%s with %llu recipient%s match; nothing was done: add "
			"--yes to %s them\n",
			(unsigned long long)messages, plural(messages),
			(unsigned long long)recipients, plural(recipients), q->verb);
		return EX_USAGE;
	}
	(void)fprintf(stderr, "%llu message%s with %llu recipient%s match. %s them? [y/N] ",
		(unsigned long long)messages, plural(messages), (unsigned long long)recipients,
		plural(recipients), q->verb);
	if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return EX_OK;
	(void)fprintf(stderr, "nothing was done\n");
	return EX_TEMPFAIL;
}

static bool is_retry_of_all(const struct queue_command *q)
{
	const struct ipc_control_list *f = &q->filter;

	return strcmp(q->verb, "retry") == 0 && f->site.len == 0 && f->cause.len == 0 &&
	       f->recipient.len == 0 && f->sender.len == 0 && !f->null_sender;
}

static int change_all(struct queue_command *q, struct spooled *s, struct span ids)
{
	uint64_t messages = ids.len / ID_BYTES;
	struct ipc_control_end e = {0};
	int rc = EX_OK;

	/* A million records need not be touched for that. */
	if (is_retry_of_all(q)) {
		struct ipc_control_change all = {.verb = span_str(q->verb), .all = true};

		rc = spooled_change(s, &all, &e);
		return rc == EX_OK ? report(q, NULL, messages, &e) : rc;
	}
	for (size_t at = 0; rc == EX_OK && at < ids.len; at += IPC_CONTROL_IDS_MOST * ID_BYTES) {
		struct ipc_control_change change = {.verb = span_str(q->verb),
			.ids = span_slice(ids, at, IPC_CONTROL_IDS_MOST * ID_BYTES),
			.site = q->filter.site,
			.cause = q->filter.cause,
			.recipient = q->filter.recipient};

		progress(q->verb, at / ID_BYTES, messages);
		rc = spooled_change(s, &change, &e);
	}
	clear_progress();
	if (rc != EX_OK && e.messages > 0)
		(void)report(q, NULL, messages, &e);
	return rc == EX_OK ? report(q, NULL, messages, &e) : rc;
}

int queue_change(struct command *c, struct spooled *s)
{
	struct queue_command *q = queue_command_of(c);
	struct buf ids = BUF_INIT(SIZE_MAX);
	uint64_t recipients = 0;

	if (q->ids_n > 0)
		return change_named(q, s);
	int rc = spooled_ids(s, &q->filter, &ids, searching, &recipients);

	clear_progress();
	if (rc == EX_OK && ids.len == 0) {
		if (c->json)
			print_json(q, NULL, 0, &(struct ipc_control_end){0});
		else
			(void)fprintf(stderr, "abide: no message matches\n");
	} else if (rc == EX_OK) {
		rc = confirm(q, ids.len / ID_BYTES, recipients);
		if (rc == EX_OK)
			rc = change_all(q, s, buf_span(&ids));
	}
	buf_done(&ids);
	return rc;
}
