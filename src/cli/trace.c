#include "base/alloc.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/listing.h"
#include "spool/record.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define NAMED_MOST 3U /* recipients that a line names; more are counted */

struct trace {
	struct command command;
	const char *text; /* the id as given */
	json_t *message;  /* what is known of it */
	json_t *names;    /* recipient number as text -> address */
	struct event {
		int64_t wall_ms;
		size_t order; /* as told: of the same moment the first stays first */
		json_t *o;
	} * events;
	size_t n, room;
};

/* ---- gathering ---- */

static void name_recipient(struct trace *t, uint32_t n, struct span address)
{
	char key[16];

	(void)snprintf(key, sizeof key, "%u", n);
	(void)json_object_set_new(t->names, key, json_text(address));
}

static void add_event(struct trace *t, int64_t wall_ms, json_t *o)
{
	if (t->n == t->room) {
		struct event *more = alloc_array(t->room * 2 + 16, sizeof *more);

		if (t->n > 0)
			memcpy(more, t->events, t->n * sizeof *more);
		free(t->events);
		t->events = more;
		t->room = t->room * 2 + 16;
	}
	(void)json_object_set_new(o, "time", listing_time(wall_ms));
	t->events[t->n] = (struct event){wall_ms, t->n, o};
	t->n++;
}

static void set_text(json_t *o, const char *key, struct span text)
{
	(void)json_object_set_new(o, key, text.len > 0 ? json_text(text) : json_null());
}

static void on_message(const struct ipc_control_message *m, void *arg)
{
	struct trace *t = arg;
	json_t *recipients = json_array();

	for (size_t i = 0; i < m->recipients_n; i++) {
		const struct ipc_control_recipient *r = &m->recipients[i];

		name_recipient(t, r->n, r->address);
		(void)json_array_append_new(
			recipients, json_pack("{s:o, s:o, s:o}", "address", json_text(r->address),
					    "state", json_text(r->state), "next_try",
					    listing_time(r->next_try_wall_ms)));
	}
	set_text(t->message, "helo", m->helo);
	set_text(t->message, "tls", m->tls);
	set_text(t->message, "login", m->login);
	set_text(t->message, "client", m->client);
	(void)json_object_set_new(t->message, "sender", json_text(m->sender));
	(void)json_object_set_new(t->message, "size", json_integer((json_int_t)m->size));
	(void)json_object_set_new(t->message, "arrived", listing_time(m->arrived_wall_ms));
	(void)json_object_set_new(t->message, "expires", listing_time(m->expires_wall_ms));
	(void)json_object_set_new(t->message, "waiting", recipients);
}

/* Reply, cause, side and explanation, as the listing tells them. */
static void add_reply(json_t *o, const struct ipc_control_recipient *r, enum reply_lang lang)
{
	struct buf words = BUF_INIT(8192);
	const char *side = NULL;

	listing_meaning(r, lang, &words, &side);
	set_text(o, "peer", r->peer);
	set_text(o, "tls", r->tls);
	(void)json_object_set_new(o, "reply", listing_reply(r));
	set_text(o, "cause", r->cause);
	(void)json_object_set_new(o, "side", side ? json_string(side) : json_null());
	set_text(o, "explanation", buf_span(&words));
	buf_done(&words);
}

static json_t *numbers_of(const struct ipc_control_try *y)
{
	json_t *numbers = json_array();

	for (size_t i = 0; i < y->ranges_n; i++)
		for (uint64_t n = y->ranges[i].from; n <= y->ranges[i].to && n < 1000000; n++)
			(void)json_array_append_new(numbers, json_integer((json_int_t)n));
	return numbers;
}

static void on_try(const struct ipc_control_try *y, void *arg)
{
	static const char *const names[] = {[SPOOL_TRY_ATTEMPT] = "attempt",
		[SPOOL_TRY_HELD] = "held",
		[SPOOL_TRY_RELEASED] = "released",
		[SPOOL_TRY_RETRIED] = "retried"};
	struct ipc_control_recipient r = {.state = span_str(y->maybe ? "maybe" : "deferred"),
		.code = y->code,
		.status = y->status,
		.reply = y->reply,
		.cause = y->cause,
		.peer = y->peer,
		.tls = y->tls};
	bool known = y->kind >= SPOOL_TRY_ATTEMPT && y->kind <= SPOOL_TRY_RETRIED;
	json_t *o = json_pack("{s:s, s:o}", "event", known ? names[y->kind] : "unknown",
		"recipients", numbers_of(y));

	if (y->kind == SPOOL_TRY_ATTEMPT) {
		(void)json_object_set_new(o, "attempt", json_integer(y->attempt));
		(void)json_object_set_new(o, "maybe_delivered", json_boolean(y->maybe));
		set_text(o, "stage", y->stage);
		add_reply(o, &r, ((struct trace *)arg)->command.lang);
		set_text(o, "wait_source", y->wait_source);
		(void)json_object_set_new(o, "next_try", listing_time(y->next_wall_ms));
	}
	add_event(arg, y->wall_ms, o);
}

static void on_ended(const struct ipc_control_ended *e, void *arg)
{
	static const char *const names[] = {"", "delivered", "relayed", "expanded", "bounced",
		"ended without a notice", "dropped"};
	struct trace *t = arg;
	char id[ID_TEXT_LEN + 1];
	struct ipc_control_recipient r = {.code = e->code,
		.reply = e->reply,
		.cause = e->cause,
		.peer = e->peer,
		.tls = e->tls};
	json_t *o = json_pack("{s:s, s:[I], s:I}", "event",
		e->how < sizeof names / sizeof names[0] ? names[e->how] : "unknown", "recipients",
		(json_int_t)e->n, "attempts", (json_int_t)e->attempts);

	name_recipient(t, e->n, e->address);
	if (!json_object_get(t->message, "sender")) {
		(void)json_object_set_new(t->message, "sender", json_text(e->sender));
		set_text(t->message, "client", e->client);
		set_text(t->message, "tls", e->tls_in);
		set_text(t->message, "login", e->login);
	}
	add_reply(o, &r, t->command.lang);
	if (!id_is_zero(e->notice))
		(void)json_object_set_new(o, "notice", json_string(id_text(e->notice, id)));
	add_event(t, e->wall_ms, o);
}

/* ---- telling ---- */

static int compare(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->wall_ms != y->wall_ms)
		return x->wall_ms < y->wall_ms ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Numbers become addresses. */
static void resolve(struct trace *t, json_t *o)
{
	json_t *numbers = json_object_get(o, "recipients"), *addresses = json_array(), *number;
	size_t i;

	json_array_foreach(numbers, i, number)
	{
		char key[32];

		(void)snprintf(key, sizeof key, "%lld", (long long)json_integer_value(number));
		json_t *address = json_object_get(t->names, key);

		if (address)
			(void)json_array_append(addresses, address);
	}
	(void)json_object_set_new(o, "recipients", addresses);
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static void print_text(const char *before, const json_t *o, const char *key, const char *behind)
{
	const char *text = text_of(o, key);

	if (!*text)
		return;
	(void)fputs(before, stdout);
	listing_safe(span_str(text));
	(void)fputs(behind, stdout);
}

static void print_recipients(const json_t *o)
{
	const json_t *all = json_object_get(o, "recipients");
	size_t n = json_array_size(all);

	for (size_t i = 0; i < n && n <= NAMED_MOST; i++) {
		(void)fputs(i ? ", <" : " <", stdout);
		listing_safe(span_str(json_string_value(json_array_get(all, i))));
		(void)putchar('>');
	}
	if (n > NAMED_MOST)
		(void)printf(" %zu recipients", n);
}

static void print_event(const json_t *o)
{
	json_int_t attempt = json_integer_value(json_object_get(o, "attempt"));
	json_int_t attempts = json_integer_value(json_object_get(o, "attempts"));

	(void)printf("%s  %s", text_of(o, "time"), text_of(o, "event"));
	if (attempt > 0)
		(void)printf(" %lld", (long long)attempt);
	print_recipients(o);
	if (attempts > 0)
		(void)printf(
			" after %lld attempt%s", (long long)attempts, attempts == 1 ? "" : "s");
	print_text(", notice ", o, "notice", "");
	(void)putchar('\n');
	if (*text_of(o, "reply")) {
		(void)fputs("    ", stdout);
		print_text("", o, "peer", "");
		print_text(" (", o, "tls", ")");
		(void)fputs(*text_of(o, "peer") ? " said: " : "", stdout);
		print_text("", o, "reply", "\n");
	}
	print_text("    ", o, "side", ": ");
	print_text("", o, "explanation", "\n");
	print_text("    next try ", o, "next_try", "");
	print_text(" (", o, "wait_source", ")");
	if (*text_of(o, "next_try"))
		(void)putchar('\n');
}

static void print_story(const struct trace *t)
{
	const json_t *m = t->message, *waiting = json_object_get(m, "waiting"), *r;
	size_t i;

	(void)printf("%s  accepted %s", text_of(m, "arrived"), text_of(m, "id"));
	print_text(" from ", m, "client", "");
	print_text(" (", m, "helo", ")");
	print_text(", ", m, "tls", "");
	print_text(", logged in as ", m, "login", "");
	(void)fputs(", sender <", stdout);
	listing_safe(span_str(text_of(m, "sender")));
	(void)puts(">");
	for (i = 0; i < t->n; i++)
		print_event(t->events[i].o);
	json_array_foreach(waiting, i, r)
	{
		print_text("now: <", r, "address", ">");
		print_text(" is ", r, "state", "");
		print_text(", next try ", r, "next_try", "");
		(void)putchar('\n');
	}
}

static int run(struct command *c, struct spooled *s)
{
	static const struct spooled_trace fn = {on_message, on_try, on_ended};
	struct trace *t = container_of(c, struct trace, command);
	char text[ID_TEXT_LEN + 1];
	struct id id;
	int rc = id_parse(span_str(t->text), &id) < 0 ? EX_NOINPUT : spooled_trace(s, id, &fn, t);

	if (rc == EX_NOINPUT)
		(void)fprintf(stderr, "abide: %s: nothing is known of such a message\n", t->text);
	if (rc != EX_OK)
		return rc;
	(void)json_object_set_new(t->message, "id", json_string(id_text(id, text)));
	if (!json_object_get(t->message, "arrived"))
		(void)json_object_set_new(
			t->message, "arrived", listing_time((int64_t)id_wall_ms(id)));
	if (t->n > 0)
		qsort(t->events, t->n, sizeof *t->events, compare);
	json_t *events = json_array();

	for (size_t i = 0; i < t->n; i++) {
		resolve(t, t->events[i].o);
		(void)json_array_append(events, t->events[i].o);
	}
	(void)json_object_set_new(t->message, "events", events);
	if (!c->json)
		print_story(t);
	else if (json_dumpf(t->message, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	return EX_OK;
}

int cli_trace(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	struct trace t = {.command = {.file = CLI_CONFIGURATION, .run = run}};
	int option, status;

	optind = 1;
	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (option == 'c')
			t.command.file = optarg;
		else if (option == 'j')
			t.command.json = true;
		else
			return usage_wrong("trace");
	}
	if (optind + 1 != argc)
		return usage_wrong("trace");
	t.text = argv[optind];
	t.message = json_object();
	t.names = json_object();
	status = command_run(&t.command);
	for (size_t i = 0; i < t.n; i++)
		json_decref(t.events[i].o);
	free(t.events);
	json_decref(t.message);
	json_decref(t.names);
	return status;
}
