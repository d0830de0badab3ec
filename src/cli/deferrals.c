/* abide deferrals: what our own "come back later" does, and letting in who did not come back. */
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/json_text.h"
#include "cli/listing.h"
#include "cli/spooled.h"
#include "base/log.h"
#include "ipc/kinds.h"
#include "ipc/messages/deferrals.h"
#include "task/task.h"
#include "wire/address.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define PATIENCE   (30 * NANOS_S)
#define SHOWN_MOST 100U /* of those who are lost, where people read it */

struct deferrals {
	const char *file, *let_in;
	bool json;
	struct ipc_channel *channel;
	struct task_gate gate;
	bool is_over, is_lost, has_heading;
	struct ipc_control_end end;
	uint64_t kinds, lost;
	int status;
};

/* ---- showing ---- */

static json_t *seconds_json(int64_t ms)
{
	return ms < 0 ? json_null() : json_integer((ms + 999) / 1000);
}

static void print_json(json_t *o)
{
	if (o && json_dumpf(o, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(o);
}

static void kind_json(const struct ipc_control_meter *m)
{
	json_t *o = json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "reply",
		json_text(m->reply), "said", (json_int_t)m->told, "senders", (json_int_t)m->first,
		"came_back", (json_int_t)m->back, "from_elsewhere", (json_int_t)m->elsewhere,
		"waiting", (json_int_t)m->open, "never_came_back", (json_int_t)m->never, "gave_up",
		(json_int_t)m->tried);

	(void)json_object_set_new(o, "delay_p50", seconds_json(m->p50_ms));
	(void)json_object_set_new(o, "delay_p95", seconds_json(m->p95_ms));
	(void)json_object_set_new(o, "target", seconds_json(m->target_ms));
	print_json(o);
}

static void print_delay(int64_t ms)
{
	int64_t s = (ms + 999) / 1000;

	if (ms < 0)
		(void)printf(" %9s", "-");
	else
		(void)printf(" %3lld:%02lld:%02lld", (long long)(s / 3600),
			(long long)(s / 60 % 60), (long long)(s % 60));
}

static void kind_text(struct deferrals *d, const struct ipc_control_meter *m)
{
	if (!d->has_heading)
		(void)printf("%-20s %9s %9s %9s %9s %9s %9s %9s %9s %9s\n", "reply", "said",
			"senders", "back", "elsewhere", "waiting", "never", "gave up", "p50",
			"p95");
	d->has_heading = true;
	(void)printf("%-20.*s %9llu %9llu %9llu %9llu %9llu %9llu %9llu", SPAN_F(m->reply),
		(unsigned long long)m->told, (unsigned long long)m->first,
		(unsigned long long)m->back, (unsigned long long)m->elsewhere,
		(unsigned long long)m->open, (unsigned long long)m->never,
		(unsigned long long)m->tried);
	print_delay(m->p50_ms);
	print_delay(m->p95_ms);
	(void)printf("%s\n", m->p95_ms > m->target_ms ? "  over target" : "");
}

static struct span client_text(const struct ipc_control_lost *l, char room[WIRE_IP_TEXT_MAX])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct wire_ip ip = {0};

	if (l->client.len != 16)
		return (struct span){0};
	ip.is_v4 = memcmp(l->client.at, mapped, sizeof mapped) == 0;
	memcpy(ip.bytes, l->client.at + (ip.is_v4 ? 12 : 0), ip.is_v4 ? 4 : 16);
	return wire_ip_text(&ip, room);
}

static void lost_json(const struct ipc_control_lost *l)
{
	char id[17], ip[WIRE_IP_TEXT_MAX];

	(void)snprintf(id, sizeof id, "%016llx", (unsigned long long)l->id);
	print_json(json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "lost", id, "reply",
		json_text(l->reply), "sender", json_text(l->sender), "recipient",
		json_text(l->recipient), "client", json_text(client_text(l, ip)), "first",
		listing_time(l->first_wall_ms), "last", listing_time(l->last_wall_ms), "tries",
		(int)l->tries));
}

static void lost_text(struct deferrals *d, const struct ipc_control_lost *l)
{
	char at[CLOCK_TEXT_MAX], ip[WIRE_IP_TEXT_MAX];

	if (d->lost == 1)
		(void)printf("\nNot back (abide deferrals --let-in ID lets the next mail in):\n");
	if (d->lost > SHOWN_MOST)
		return;
	(void)printf("%016llx  ", (unsigned long long)l->id);
	listing_safe(l->sender.len > 0 ? l->sender : SPAN_LIT("-"));
	(void)printf(" to ");
	listing_safe(l->recipient.len > 0 ? l->recipient : SPAN_LIT("-"));
	(void)printf(" from %.*s, %.*s, last seen %.*s, %u tr%s\n", SPAN_F(client_text(l, ip)),
		SPAN_F(l->reply), SPAN_F(clock_rfc3339(l->last_wall_ms, at)), l->tries,
		l->tries == 1 ? "y" : "ies");
}

/* ---- asking ---- */

static void on_answer(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct deferrals *d = arg;

	if (p->type == IPC_CONTROL_METER) {
		d->kinds++;
		if (d->json)
			kind_json(p->body);
		else
			kind_text(d, p->body);
	} else if (p->type == IPC_CONTROL_LOST) {
		d->lost++;
		if (d->json)
			lost_json(p->body);
		else
			lost_text(d, p->body);
	} else if (p->type == IPC_CONTROL_END) {
		d->end = *(const struct ipc_control_end *)p->body;
		d->is_over = true;
	}
	task_gate_wake_all(&d->gate);
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct deferrals *d = arg;

	d->is_lost = true;
	task_gate_wake_all(&d->gate);
}

static int ask(struct deferrals *d, uint16_t type, const void *body)
{
	int rc = ipc_send(d->channel, &(struct ipc_out){.type = type, .request = 1, .body = body});

	while (rc == 0 && !d->is_over && !d->is_lost)
		rc = task_gate_wait(&d->gate, clock_after(PATIENCE));
	if (rc == 0 && !d->is_lost)
		return d->end.error == 0 ? EX_OK : EX_NOINPUT;
	(void)fprintf(stderr, "abide: the facts process did not answer: %s\n",
		rc < 0 ? log_strerror(rc) : "the connection was lost");
	return EX_TEMPFAIL;
}

static int show(struct deferrals *d)
{
	int rc = ask(d, IPC_CONTROL_DEFERRALS, &(struct ipc_control_deferrals){.lost = true});

	if (rc == EX_OK && !d->json && d->kinds == 0)
		(void)printf("nobody was told to come back later\n");
	if (rc == EX_OK && !d->json && d->lost > SHOWN_MOST)
		(void)printf("... and %llu more (--json shows them)\n",
			(unsigned long long)(d->end.count - SHOWN_MOST));
	return rc;
}

/* "SENDER", "SENDER,RECIPIENT", or the 16 digits of one who is lost. */
static struct ipc_control_let_in read_who(const char *who)
{
	struct span text = span_str(who);
	ptrdiff_t comma = span_find(text, ',');
	char *end = NULL;

	if (span_find(text, '@') < 0 && text.len == 16) {
		unsigned long long id = strtoull(who, &end, 16);

		if (*end == '\0')
			return (struct ipc_control_let_in){.id = id};
	}
	return (struct ipc_control_let_in){
		.sender = comma < 0 ? text : span_slice(text, 0, (size_t)comma),
		.recipient = comma < 0 ? (struct span){0}
				       : span_slice(text, (size_t)comma + 1, text.len)};
}

static int let_in(struct deferrals *d)
{
	struct ipc_control_let_in l = read_who(d->let_in);

	if (l.id == 0 && span_find(l.sender, '@') < 0) {
		(void)fprintf(stderr,
			"abide: %s: neither an ID that abide deferrals shows nor an address\n",
			d->let_in);
		return EX_USAGE;
	}
	int rc = ask(d, IPC_CONTROL_LET_IN, &l);

	if (rc == EX_NOINPUT)
		(void)fprintf(stderr, "abide: %s: nobody of that ID is waited for\n", d->let_in);
	if (rc == EX_OK && !d->json)
		(void)printf("let in from now on\n");
	return rc;
}

static int connect_facts(struct deferrals *d, const struct conf *conf, struct arena *arena)
{
	struct span folder = arena_printf(arena, "%.*s/facts", SPAN_F(conf->spool));
	int fd = spooled_connect(folder);

	if (fd >= 0)
		return ipc_open(fd, "facts", ipc_kinds, ipc_kinds_n, on_answer, on_end, d,
			       &d->channel) < 0
			       ? EX_OSERR
			       : EX_OK;
	(void)fprintf(stderr, "abide: %.*s: %s\n", SPAN_F(folder),
		fd == -EACCES || fd == -EPERM ? "only root and facts' own user may ask"
					      : "abide is not running");
	return fd == -EACCES || fd == -EPERM ? EX_NOPERM : EX_TEMPFAIL;
}

static void run(void *arg)
{
	struct deferrals *d = arg;
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf conf;
	int rc = conf_load(d->file, &arena, &conf, &errors);

	task_gate_init(&d->gate);
	if (rc < 0) {
		(void)fprintf(stderr, "%.*s", SPAN_F(buf_span(&errors)));
		if (errors.len == 0)
			(void)fprintf(stderr, "abide: %s can't be read\n", d->file);
		d->status = rc == -EINVAL ? EX_CONFIG : EX_NOINPUT;
	} else {
		d->status = connect_facts(d, &conf, &arena);
		if (d->status == EX_OK)
			d->status = d->let_in ? let_in(d) : show(d);
		ipc_close(d->channel);
	}
	buf_done(&errors);
	arena_done(&arena);
}

int cli_deferrals(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"let-in", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	struct task_options task = {.watchdog = NANOS_S * 3600};
	struct deferrals d = {.file = CLI_CONFIGURATION};
	int option;
	bool good = true;

	optind = 1;
	while (good && (option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		good = option == 'c' || option == 'j' || option == 'l';
		if (option == 'c')
			d.file = optarg;
		else if (option == 'l')
			d.let_in = optarg;
		else
			d.json |= option == 'j';
	}
	if (!good || optind < argc)
		return usage_wrong("deferrals");
	if (task_run(&task, run, &d) < 0)
		return EX_OSERR;
	return fflush(stdout) == 0 || d.status != EX_OK ? d.status : EX_IOERR;
}
