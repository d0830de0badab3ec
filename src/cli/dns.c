/* abide dns: asks the DNS as abide would, and shows the answer. */
#include "cli/cli.h"
#include "cli/usage.h"
#include "resolve/ops.h"
#include "resolve/rdata.h"
#include "resolve/resolver.h"
#include "resolve/sts.h"
#include "task/task.h"
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#define POLICY_PATIENCE (40 * NANOS_S)

struct question {
	const char *file, *name;
	uint16_t type;
	int status;
};

static const struct {
	const char *name;
	uint16_t type;
} types[] = {{"A", RESOLVE_A}, {"AAAA", RESOLVE_AAAA}, {"CNAME", RESOLVE_CNAME}, {"MX", RESOLVE_MX},
	{"PTR", RESOLVE_PTR}, {"STS", RESOLVE_STS}, {"TLSA", RESOLVE_TLSA}, {"TXT", RESOLVE_TXT}};

static int add_tlsa(struct span data, struct buf *out)
{
	struct rdata_tlsa r;

	if (rdata_tlsa(data, &r) < 0)
		return -EBADMSG;
	(void)buf_printf(out, "%u %u %u ", r.usage, r.selector, r.matching);
	for (size_t i = 0; i < r.data.len; i++)
		(void)buf_printf(out, "%02x", (unsigned char)r.data.at[i]);
	return buf_add_byte(out, '\n');
}

static int read_record(uint16_t type, struct span data, struct arena *arena, struct buf *out)
{
	char room[WIRE_IP_TEXT_MAX];
	struct span text = {0};
	struct wire_ip ip;
	uint16_t preference;

	if (type == RESOLVE_TLSA)
		return add_tlsa(data, out);
	if (type == RESOLVE_STS)
		return buf_printf(out, "%.*s\n", SPAN_F(data));
	int rc = type == RESOLVE_MX ? rdata_mx(data, arena, &preference, &text)
		 : type == RESOLVE_PTR || type == RESOLVE_CNAME ? rdata_name(data, arena, &text)
		 : type == RESOLVE_TXT                          ? rdata_txt(data, arena, &text)
								: rdata_ip(data, &ip);

	if (rc < 0)
		return rc;
	if (type == RESOLVE_A || type == RESOLVE_AAAA)
		text = wire_ip_text(&ip, room);
	if (type == RESOLVE_MX)
		(void)buf_printf(out, "%u ", preference);
	(void)buf_printf(
		out, "%.*s%s\n", SPAN_F(text), text.len == 0 && type != RESOLVE_TXT ? "." : "");
	return 0;
}

static void print_records(
	const struct question *q, const struct ipc_resolve_answer *a, struct arena *arena)
{
	for (size_t i = 0; i < a->records_n; i++) {
		struct buf line = BUF_INIT((size_t)1 << 17);

		if (read_record(q->type, a->records[i].data, arena, &line) < 0)
			(void)fprintf(stderr, "abide: a record that can't be read\n");
		for (size_t j = 0; j + 1 < line.len; j++) /* a stranger's bytes */
			if ((unsigned char)line.at[j] < ' ' || line.at[j] == 127)
				line.at[j] = '?';
		(void)fwrite(line.at, 1, line.len, stdout);
		buf_done(&line);
	}
}

static int tell(const struct question *q, const struct ipc_resolve_answer *a, struct arena *arena)
{
	const char *proof = a->is_secure ? "secure" : "insecure";

	switch (a->state) {
	case RESOLVE_FOUND:
		print_records(q, a, arena);
		(void)fprintf(stderr, "abide: %s: found, %s, ttl %u\n", q->name, proof, a->ttl);
		return EX_OK;
	case RESOLVE_NODATA:
		(void)fprintf(stderr, "abide: %s: nodata, %s: no such record%s%.*s\n", q->name,
			proof, a->why.len ? ": " : "", SPAN_F(a->why));
		return EX_NOHOST;
	case RESOLVE_NXDOMAIN:
		(void)fprintf(stderr, "abide: %s: nxdomain, %s: no such name\n", q->name, proof);
		return EX_NOHOST;
	default:
		(void)fprintf(stderr, "abide: %s: %s: %s%s%.*s\n", q->name,
			resolve_trouble_name(a->trouble), resolve_trouble_text(a->trouble),
			a->why.len ? ": " : "", SPAN_F(a->why));
		return EX_TEMPFAIL;
	}
}

static void ask(struct question *q, const struct conf *conf)
{
	struct resolver *r = resolver_new();
	struct ipc_resolve_ask ask = {.name = span_str(q->name),
		.type = q->type,
		.deadline = clock_after(conf->resolver.deadline)};
	struct ipc_resolve_answer a;
	struct arena arena = {0};

	if (q->type == RESOLVE_STS) {
		struct sts *s = sts_new(r, -1); /* not what serve keeps: what is there now */

		sts_ask(s, conf, ask.name, clock_after(POLICY_PATIENCE), &arena, &a);
		sts_free(s);
	} else {
		resolver_ask(r, conf, &ask, &arena, &a);
	}
	q->status = tell(q, &a, &arena);
	resolver_free(r);
	arena_done(&arena);
}

static void run(void *arg)
{
	struct question *q = arg;
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf *conf = ARENA_NEW(&arena, struct conf);
	int rc = conf_load(q->file, &arena, conf, &errors);

	q->status = rc == -EINVAL ? EX_CONFIG : EX_NOINPUT;
	if (rc < 0)
		(void)fprintf(stderr, "%.*s", SPAN_F(buf_span(&errors)));
	else
		ask(q, conf);
	buf_done(&errors);
	arena_done(&arena);
}

static uint16_t type_of(const char *name)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (span_equal_nocase(span_str(name), span_str(types[i].name)))
			return types[i].type;
	return 0;
}

int cli_dns(int argc, char **argv)
{
	struct question q = {.file = CLI_CONFIGURATION};
	int option;

	optind = 1;
	while ((option = getopt(argc, argv, "c:")) != -1) {
		if (option != 'c')
			return usage_wrong("dns");
		q.file = optarg;
	}
	if (argc - optind == 2)
		q.type = type_of(argv[optind + 1]);
	if (!q.type)
		return usage_wrong("dns");
	q.name = argv[optind];
	if (task_run(&(struct task_options){.stack_size = RESOLVER_STACK}, run, &q) < 0)
		return EX_OSERR;
	return fflush(stdout) == 0 ? q.status : EX_IOERR;
}
