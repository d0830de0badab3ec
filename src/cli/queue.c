#include "cli/queue.h"
#include "base/list.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "conf/schema.h"
#include "cli/json_text.h"
#include "cli/listing.h"
#include "reply/taxonomy.h"
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

struct queue_command *queue_command_of(struct command *c)
{
	return container_of(c, struct queue_command, command);
}

int queue_unknown(int rc, const char *id)
{
	if (rc == EX_NOINPUT)
		(void)fprintf(stderr, "abide: %s: no such message in the queue\n", id);
	return rc;
}

/* ---- list, show ---- */

static void print_message(const struct ipc_control_message *m, void *arg)
{
	const struct command *c = arg;

	if (c->json)
		listing_json(m, c->lang);
	else
		listing_text(m, c->lang);
}

static int run_list(struct command *c, struct spooled *s)
{
	struct queue_command *q = queue_command_of(c);
	uint64_t count = 0;
	int rc = spooled_list(s, &q->filter, print_message, c, &count);

	if (rc == EX_OK && !c->json)
		(void)printf("%llu message%s%s\n", (unsigned long long)count, count == 1 ? "" : "s",
			s->spool ? " (abide is not running)" : "");
	return rc;
}

static int run_show(struct command *c, struct spooled *s)
{
	struct queue_command *q = queue_command_of(c);
	int status = EX_OK;

	if (q->ids_n == 0)
		return run_list(c, s);
	for (int i = 0; i < q->ids_n; i++) {
		struct ipc_control_list one = {.id = span_str(q->ids[i])};
		uint64_t count;
		int rc = queue_unknown(spooled_list(s, &one, print_message, c, &count), q->ids[i]);

		status = rc == EX_OK ? status : rc;
	}
	return status;
}

/* ---- content ---- */

static int print_json_content(struct spooled *s, struct id id, const char *text)
{
	FILE *file = tmpfile();
	struct buf bytes = BUF_INIT((size_t)2 << 30);
	int rc = file ? spooled_content(s, id, fileno(file)) : EX_OSERR;
	size_t n;

	if (rc == EX_OK)
		rewind(file);
	while (rc == EX_OK && buf_reserve(&bytes, 65536) == 0 &&
		(n = fread(bytes.at + bytes.len, 1, 65536, file)) > 0)
		buf_added(&bytes, n);
	if (rc == EX_OK && bytes.error)
		rc = EX_OSERR;
	if (rc == EX_OK) {
		json_t *o =
			json_pack("{s:s, s:o}", "id", text, "content", json_text(buf_span(&bytes)));

		if (o && json_dumpf(o, stdout, JSON_COMPACT) == 0)
			(void)putchar('\n');
		json_decref(o);
	}
	if (file)
		(void)fclose(file);
	buf_done(&bytes);
	return rc;
}

static int print_content(struct command *c, struct spooled *s, struct id id, bool is_one)
{
	char text[ID_TEXT_LEN + 1];

	(void)id_text(id, text);
	if (c->json)
		return print_json_content(s, id, text);
	if (!is_one)
		(void)printf("==> %s <==\n", text);
	(void)fflush(stdout);
	return spooled_content(s, id, STDOUT_FILENO);
}

static void no_progress(uint64_t messages)
{
}

static int run_content(struct command *c, struct spooled *s)
{
	struct queue_command *q = queue_command_of(c);
	struct buf ids = BUF_INIT(SIZE_MAX);
	uint64_t recipients;
	int status = EX_OK;

	for (int i = 0; i < q->ids_n; i++) {
		struct id id;
		int rc = id_parse(span_str(q->ids[i]), &id) < 0
				 ? EX_NOINPUT
				 : print_content(c, s, id, q->ids_n == 1);

		status = queue_unknown(rc, q->ids[i]) == EX_OK ? status : rc;
	}
	if (q->ids_n == 0)
		status = spooled_ids(s, &q->filter, &ids, no_progress, &recipients);
	for (size_t at = 0; status == EX_OK && at < ids.len; at += ID_BYTES) {
		int rc = print_content(c, s, id_from_bytes((unsigned char *)ids.at + at), false);

		/* One that went meanwhile is no longer in the queue. */
		status = rc == EX_NOINPUT ? EX_OK : rc;
	}
	buf_done(&ids);
	return status;
}

/* ---- command line ---- */

static const struct verb {
	const char *name;
	int (*run)(struct command *c, struct spooled *s);
	bool may_write, wants_messages;
} verbs[] = {
	{"list", run_list, false, false},
	{"show", run_show, false, true},
	{"content", run_content, false, true},
	{"hold", queue_change, true, true},
	{"release", queue_change, true, true},
	{"retry", queue_change, true, true},
	{"drop", queue_change, true, true},
	{"bounce", queue_change, true, true},
};

static int usage(void)
{
	return usage_wrong("queue");
}

static bool no_such_cause(struct span word)
{
	const char *near = schema_nearest_cause(word);

	if (near)
		(void)fprintf(stderr, "abide: there is no cause \"%.*s\"; did you mean %s?\n",
			SPAN_F(word), near);
	else
		(void)fprintf(stderr,
			"abide: there is no cause \"%.*s\"; abide(8) says where they are listed\n",
			SPAN_F(word));
	return false;
}

static bool take_option(struct queue_command *q, int option, struct span value)
{
	enum reply_cause cause;

	q->has_filter |= option == 's' || option == 'a' || option == 'f' || option == 'r';
	switch (option) {
	case 'c':
		q->command.file = value.at;
		return true;
	case 'j':
		q->command.json = true;
		return true;
	case 'A':
		return q->all = true;
	case 'y':
		return q->yes = true;
	case 's':
		q->filter.site = value;
		return value.len > 0;
	case 'a':
		q->filter.cause = value;
		if (reply_cause_parse(value, &cause))
			return true;
		return no_such_cause(value);
	case 'f':
		q->filter.null_sender = value.len == 0 || span_equal(value, SPAN_LIT("<>"));
		q->filter.sender = q->filter.null_sender ? (struct span){0} : value;
		return true;
	case 'r':
		q->filter.recipient = value;
		return value.len > 0;
	default:
		return false;
	}
}

/* A verb may stand before the options or behind them. */
static bool take_words(struct queue_command *q, char **words, int n)
{
	for (size_t i = 0; n > 0 && i < sizeof verbs / sizeof verbs[0]; i++) {
		const struct verb *v = &verbs[i];

		if (strcmp(words[0], v->name) != 0)
			continue;
		q->verb = v->name;
		q->command.run = v->run;
		q->command.may_write = v->may_write;
		q->ids = words + 1;
		q->ids_n = n - 1;
		/* Either names, or a pattern; never by accident all. */
		return v->wants_messages ? (q->ids_n > 0) != (q->has_filter || q->all)
					 : q->ids_n == 0;
	}
	return n == 0;
}

int cli_queue(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"all", no_argument, NULL, 'A'}, {"yes", no_argument, NULL, 'y'},
		{"site", required_argument, NULL, 's'}, {"cause", required_argument, NULL, 'a'},
		{"sender", required_argument, NULL, 'f'},
		{"recipient", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
	struct queue_command q = {
		.command = {.file = CLI_CONFIGURATION, .run = run_list}, .verb = "list"};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1)
		if (!take_option(&q, option, span_str(optarg)))
			return usage();
	if (!take_words(&q, argv + optind, argc - optind))
		return usage();
	if (q.all && q.has_filter) {
		(void)fprintf(stderr, "abide: --all goes with no other filter\n");
		return EX_USAGE;
	}
	return command_run(&q.command);
}
