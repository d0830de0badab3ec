/*
 * The checks of our own side, on a small DNS and /proc. Without these abide would call a healthy server sick, or send its
 * administrator to mend what is not broken.
 */
#include "diagnose/look_in.h"
#include "task/task.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define PTR_7      "7.2.0.192.in-addr.arpa"
#define OK_PTR     PTR_7 " PTR mx.ours.example;mx.ours.example A 192.0.2.7;"
#define LIST_WORKS "2.0.0.127.list.example A 127.0.0.2;"

static const struct test_case {
	const char *name,
		*zone; /* NAME TYPE VALUE; what is not there is no such name, FAIL: no answer */
	enum diagnose_check check;
	enum check_state state;
	const char *showed, *mend; /* must be in there */
} cases[] = {
	{"PTR and back", OK_PTR, CHECK_PTR, CHECK_FINE, "192.0.2.7 is mx.ours.example", NULL},
	{"no PTR", "mx.ours.example A 192.0.2.7;", CHECK_PTR, CHECK_BAD, "192.0.2.7 has no PTR",
		"set its reverse name to mx.ours.example"},
	{"PTR, not back", PTR_7 " PTR mx.ours.example;mx.ours.example A 192.0.2.8;", CHECK_PTR,
		CHECK_BAD, "does not lead back", "add the address 192.0.2.7"},
	{"PTR, the name has no answer",
		PTR_7 " PTR mx.ours.example;mx.ours.example A FAIL;mx.ours.example AAAA FAIL;",
		CHECK_PTR, CHECK_UNKNOWN, "no answer", NULL},
	{"PTR has no answer", PTR_7 " PTR FAIL;", CHECK_PTR, CHECK_UNKNOWN, "no answer", NULL},
	{"PTR of an access line",
		PTR_7 " PTR 192-0-2-7.dyn.example;192-0-2-7.dyn.example A 192.0.2.7;", CHECK_PTR,
		CHECK_WARNS, "192-0-2-7.dyn.example", NULL},
	{"two PTR, the second is right",
		PTR_7 " PTR other.example;" PTR_7
		      " PTR mx.ours.example;mx.ours.example A 192.0.2.7;",
		CHECK_PTR, CHECK_FINE, "mx.ours.example", NULL},
	{"HELO", OK_PTR, CHECK_HELO, CHECK_FINE, "mx.ours.example is 192.0.2.7", NULL},
	{"HELO of another address", "mx.ours.example A 192.0.2.99;", CHECK_HELO, CHECK_WARNS,
		"but not 192.0.2.7", "add the address"},
	{"HELO without an address", "", CHECK_HELO, CHECK_BAD, "has no address",
		"hostname in the configuration"},
	{"SPF passes", "ours.example TXT v=spf1 ip4:192.0.2.7 -all;", CHECK_SPF, CHECK_FINE, "pass",
		NULL},
	{"SPF fails", "ours.example TXT v=spf1 ip4:192.0.2.8 -all;", CHECK_SPF, CHECK_BAD, "fail",
		"add ip4:192.0.2.7 to the SPF record"},
	{"no SPF", "", CHECK_SPF, CHECK_WARNS, "no SPF record", "add ip4:"},
	{"SPF has no answer", "ours.example TXT FAIL;", CHECK_SPF, CHECK_UNKNOWN, "temperror",
		NULL},
	{"SPF is wrong", "ours.example TXT v=spf1 nonsense:x -all;", CHECK_SPF, CHECK_BAD,
		"permerror", NULL},
	{"DMARC", "_dmarc.ours.example TXT v=DMARC1; p=reject;", CHECK_DMARC, CHECK_FINE,
		"policy reject", NULL},
	{"no DMARC", "", CHECK_DMARC, CHECK_WARNS, "no DMARC record", "v=DMARC1; p=none"},
	{"two DMARC",
		"_dmarc.ours.example TXT v=DMARC1; p=none;_dmarc.ours.example TXT v=DMARC1; "
		"p=reject;",
		CHECK_DMARC, CHECK_WARNS, "several", NULL},
	{"MX", "ours.example MX mx.ours.example;mx.ours.example A 192.0.2.7;", CHECK_MX, CHECK_FINE,
		"goes to mx.ours.example", NULL},
	{"MX without an address", "ours.example MX mx.ours.example;", CHECK_MX, CHECK_BAD,
		"which has no address", "add an MX record"},
	{"no MX, an address", "ours.example A 192.0.2.7;", CHECK_MX, CHECK_FINE, "ours.example",
		NULL},
	{"no MX, nothing", "", CHECK_MX, CHECK_BAD, "no host for mail", NULL},
	{"not listed", LIST_WORKS, CHECK_BLOCKLIST, CHECK_FINE, "not listed by list.example", NULL},
	{"listed",
		LIST_WORKS
		"7.2.0.192.list.example A 127.0.0.4;7.2.0.192.list.example TXT spam seen;",
		CHECK_BLOCKLIST, CHECK_BAD, "is listed by list.example (it says: spam seen)",
		"ask list.example to take"},
	{"list does not show its test entry", "", CHECK_BLOCKLIST, CHECK_UNKNOWN,
		"its own test entry", NULL},
	{"list refuses us", "2.0.0.127.list.example A 127.255.255.254;", CHECK_BLOCKLIST,
		CHECK_UNKNOWN, "refuses to answer our resolver", "a resolver of your own"},
	{"list lists the world", LIST_WORKS "1.0.0.127.list.example A 127.0.0.2;", CHECK_BLOCKLIST,
		CHECK_UNKNOWN, "lists everything", NULL},
	{"list has no answer", "2.0.0.127.list.example A FAIL;", CHECK_BLOCKLIST, CHECK_UNKNOWN,
		"no answer", NULL},
	{"the domain of the list was sold", LIST_WORKS "7.2.0.192.list.example A 203.0.113.1;",
		CHECK_BLOCKLIST, CHECK_UNKNOWN, "no answer", NULL},
	{"MTA-STS is not used", "", CHECK_MTA_STS, CHECK_FINE, "has none", NULL},
	{"resolver", OK_PTR ". SOA x;", CHECK_RESOLVER, CHECK_FINE, "all were answered", NULL},
	{"resolver dead", "mx.ours.example A FAIL;. SOA FAIL;ours.example MX FAIL;", CHECK_RESOLVER,
		CHECK_BAD, "3 of 3 were not answered", "does it run"},
	{"resolver half dead", "mx.ours.example A FAIL;. SOA x;", CHECK_RESOLVER, CHECK_WARNS,
		"1 of 3", NULL},
	{"network card", "", CHECK_INTERFACE, CHECK_WARNS, "eth0: 5000 errors", "cable"},
	{"memory", "", CHECK_MEMORY, CHECK_WARNS, "50 of 1000 MiB (5 %)", "memory"},
	{"load", "", CHECK_LOAD, CHECK_WARNS, "999.0 processes", "busy"},
	{"disk", "", CHECK_DISK, CHECK_FINE, "MiB are free", NULL},
};

static const char configuration[] =
	"hostname = \"mx.ours.example\"\nspool = \"/tmp\"\nuser = \"nobody\"\n"
	"listen \"127.0.0.1:2525\" { protocol = smtp }\n"
	"source \"192.0.2.7\" { }\n"
	"domain \"ours.example\" { to = \"lmtp:127.0.0.1:24\" }\n"
	"route \"*\" { to = \"mx\" }\n"
	"diagnose { lists = {\"list.example\"} }\n";

/* ---- a small DNS ---- */

static struct span name_data(struct span name, size_t skip, struct arena *arena)
{
	char *to = arena_zero(arena, name.len + skip + 2), *at = to + skip;
	struct span label;

	while (name.len > 0) {
		if (!span_take_until(&name, '.', &label)) {
			label = name;
			name = (struct span){0};
		}
		*at++ = (char)label.len;
		memcpy(at, label.at, label.len);
		at += label.len;
	}
	return span_of(to, (size_t)(at - to) + 1);
}

static struct span data_of(uint16_t type, struct span value, struct arena *arena)
{
	struct wire_ip ip;

	if (type == RESOLVE_PTR || type == RESOLVE_MX)
		return name_data(value, type == RESOLVE_MX ? 2 : 0, arena);
	if (type == RESOLVE_TXT)
		return arena_printf(arena, "%c%.*s", (int)value.len, SPAN_F(value));
	if (wire_ip_read(value, &ip) < 0)
		return SPAN_LIT("x");
	return arena_copy(arena, span_of(ip.bytes, ip.is_v4 ? 4 : 16));
}

static const char *type_name(uint16_t type)
{
	return type == RESOLVE_A      ? "A"
	       : type == RESOLVE_AAAA ? "AAAA"
	       : type == RESOLVE_MX   ? "MX"
	       : type == RESOLVE_PTR  ? "PTR"
	       : type == RESOLVE_TXT  ? "TXT"
	       : type == 6            ? "SOA"
				      : "?";
}

static void ask(void *self, struct span name, uint16_t type, nanos deadline, struct arena *arena,
	struct ipc_resolve_answer *ret)
{
	const struct test_case *c = self;
	struct span zone = span_str(c->zone), line, owner, kind;

	*ret = (struct ipc_resolve_answer){.state = RESOLVE_NXDOMAIN};
	ret->records = arena_array(arena, 8, sizeof *ret->records);
	while (span_take_until(&zone, ';', &line)) {
		/* a text may have a ; in it: what follows begins with a space */
		while (zone.len > 0 && zone.at[0] == ' ') {
			ptrdiff_t end = span_find(zone, ';');

			line.len = (size_t)(zone.at - line.at) + (end < 0 ? zone.len : (size_t)end);
			zone = span_slice(zone, end < 0 ? zone.len : (size_t)end + 1, zone.len);
		}
		if (!span_take_until(&line, ' ', &owner) || !span_take_until(&line, ' ', &kind) ||
			!span_equal_nocase(owner, name))
			continue;
		if (ret->state == RESOLVE_NXDOMAIN)
			ret->state = RESOLVE_NODATA;
		if (!span_equal(kind, span_str(type_name(type))))
			continue;
		ret->state = span_equal(line, SPAN_LIT("FAIL")) ? RESOLVE_FAILED : RESOLVE_FOUND;
		ret->trouble = ret->state == RESOLVE_FAILED ? RESOLVE_SERVFAIL : RESOLVE_FINE;
		ret->records[ret->records_n++].data = data_of(type, line, arena);
	}
}

static const struct resolve_ops ops = {.ask = ask};

/* ---- a small /proc ---- */

static char proc[64];

static void write_proc(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", proc, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int make_proc(void **state)
{
	char path[80];

	(void)snprintf(proc, sizeof proc, "/tmp/abide-look-XXXXXX");
	assert_non_null(mkdtemp(proc));
	(void)snprintf(path, sizeof path, "%s/net", proc);
	assert_int_equal(mkdir(path, 0700), 0);
	write_proc("net/dev", "Inter-|   Receive                            |  Transmit\n"
			      " face |bytes    packets errs drop fifo frame compressed "
			      "multicast|bytes packets errs\n"
			      "    lo: 1 2 0 0 0 0 0 0 1 2 0 0 0 0 0 0\n"
			      "  eth0: 900 100000 5000 0 0 0 0 0 900 50000 0 0 0 0 0 0\n");
	write_proc("meminfo",
		"MemTotal:        1024000 kB\nMemFree: 1 kB\nMemAvailable:      51200 kB\n");
	write_proc("loadavg", "999.00 999.00 10.00 1/100 1\n");
	return 0;
}

static int remove_proc(void **state)
{
	static const char *const names[] = {"net/dev", "meminfo", "loadavg", "net", ""};
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", proc, names[i]);
		(void)remove(path);
	}
	return 0;
}

static const struct check_result *play(
	const struct test_case *c, struct arena *arena, struct look *l)
{
	struct buf errors = BUF_INIT(4096);
	struct conf *conf = ARENA_NEW(arena, struct conf);

	if (conf_parse("f", span_str(configuration), arena, conf, &errors) < 0)
		fail_msg("%.*s", SPAN_F(buf_span(&errors)));
	buf_done(&errors);
	*l = (struct look){.conf = conf,
		.resolve = &ops,
		.resolve_self = (void *)c,
		.arena = arena,
		.deadline = clock_after(20 * NANOS_S),
		.checks = UINT32_C(1) << c->check,
		.proc = proc,
		.now = 1800000000};
	look_run(l);
	return l->n > 0 ? &l->results[0] : NULL;
}

static struct span say(struct span sentences, struct arena *arena)
{
	return sentence_text(sentences, REPLY_LANG_EN, arena);
}

static bool has(struct span text, const char *part)
{
	return !part || span_find_span(text, span_str(part)) >= 0;
}

static void run_cases(void *arg)
{
	unsigned *wrong = arg;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct test_case *c = &cases[i];
		struct arena arena = {0};
		struct look *l = ARENA_NEW(&arena, struct look);
		const struct check_result *r = play(c, &arena, l);

		struct span showed = r ? say(r->showed, &arena) : (struct span){0};
		struct span mend = r ? say(r->mend, &arena) : (struct span){0};

		if (!r || r->check != c->check || r->state != c->state || !has(showed, c->showed) ||
			!has(mend, c->mend) || r->did.len == 0) {
			print_error("%s: %s, showed \"%.*s\", mend \"%.*s\"\n", c->name,
				r ? check_state_name(r->state) : "nothing", SPAN_F(showed),
				SPAN_F(mend));
			(*wrong)++;
		}
		arena_done(&arena);
	}
}

static void what_is_wrong_is_found(void **state)
{
	unsigned wrong = 0;

	assert_int_equal(
		task_run(&(struct task_options){.stack_size = 1 << 18}, run_cases, &wrong), 0);
	assert_int_equal(wrong, 0);
}

static void dates_of_greetings_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t at; /* 0: none */
	} dates[] = {
		{"220 mx.example ESMTP Exim 4.96 Sun, 29 Nov 2026 16:17:23 +0000", 1795969043},
		{"220 mx.example ESMTP Sendmail 8.17; Sun, 29 Nov 2026 17:17:23 +0100", 1795969043},
		{"220 x 29 Nov 2026 11:17:23 -0500", 1795969043},
		{"220 mx.example ESMTP Postfix", 0},
		{"220 29 Nov 26 1", 0},
		{"220 1 Xxx 2026 16:17:23 +0000", 0},
		{"", 0},
		{"9 Nov", 0},
	};

	for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
		int64_t at = 0;

		assert_int_equal(look_date(span_str(dates[i].text), &at), dates[i].at != 0);
		assert_true(at == dates[i].at);
	}
}

static void policies_name_hosts(void **state)
{
	static const struct {
		const char *text;
		bool has, enforces;
	} policies[] = {
		{"version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\n", true, true},
		{"mode: testing\nmx: MX.example.ORG", true, false},
		{"mx: *.example.org\n", true, false},
		{"mx: *.mx.example.org\nmx: example.org\n", false, false},
		{"mode:enforce\nmx:\n", false, true},
		{"", false, false},
		{":::\n\n:", false, false},
	};

	for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
		bool enforces;

		assert_int_equal(look_policy_has(span_str(policies[i].text),
					 SPAN_LIT("mx.example.org"), &enforces),
			policies[i].has);
		assert_int_equal(enforces, policies[i].enforces);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_wrong_is_found),
		cmocka_unit_test(dates_of_greetings_are_read),
		cmocka_unit_test(policies_name_hosts)};

	return cmocka_run_group_tests(tests, make_proc, remove_proc);
}
