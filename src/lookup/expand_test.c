/* If these fail, mail goes to the wrong people, to nobody, or round in circles. */
#include "lookup/expand.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const char config[] =
	"hostname = \"mx.example.org\"\n"
	"spool = \"/tmp/none\"\n"
	"listen \"127.0.0.1:2525\" { protocol = smtp }\n"
	"route \"*\" { to = \"127.0.0.1:2526\" }\n"
	"postmaster = \"anna@a.example\"\n"
	"rewrite_recipient = \"map:rewrite\"\n"
	"map rewrite { file = \"/x\" }\n"
	"map aliases { file = \"/x\" }\n"
	"map people { file = \"/x\" }\n"
	"map quota { file = \"/x\" }\n"
	"domain \"a.example\" { to = \"127.0.0.1:24\" recipients = \"map:people\" "
	"aliases = \"map:aliases\" subaddress = \"+\" quota = \"map:quota\" }\n"
	"domain \"k.example\" { to = \"127.0.0.1:24\" recipients = {\"ann\", \"ben@k.example\"} "
	"aliases = \"map:aliases\" subaddress = \"-\" keep_tag = yes }\n"
	"domain \"v.example\" { aliases = \"map:aliases\" }\n"
	"domain \"c.example\" { to = \"127.0.0.1:24\" recipients = {\"x\"} "
	"catch_all = \"anna@a.example\" }\n"
	"domain \"s.example\" { to = \"lmtp:127.0.0.1:24\" aliases = \"map:aliases\" subaddress = "
	"\"+\" }\n"
	"domain \"e.example\" { to = \"127.0.0.1:25\" recipients = ask }\n"
	"domain \"o.example\" { to = \"127.0.0.1:24\" }\n"
	"limits { alias_depth = 4 alias_recipients = 6 }\n"
	"srs { secret = \"/x\" domain = \"a.example\" }\n";

static const struct {
	const char *map, *key, *values; /* NULL: it fails */
} rows[] = {
	{"people", "anna@a.example", ""},
	{"people", "bob", ""},
	{"people", "plus+only", ""},
	{"ask s.example", "anna@s.example", ""},
	{"ask s.example", "sick@s.example", NULL},
	{"ask e.example", "anna@e.example", ""},
	{"people", "sick", NULL},
	{"quota", "bob", "over"},
	{"quota", "anna", "1 2"},
	{"aliases", "team@a.example", "anna bob@a.example anna@A.EXAMPLE"},
	{"aliases", "keep", "\\keep anna"},
	{"aliases", "both", "both anna"},
	{"aliases", "one", "two"},
	{"aliases", "two", "three"},
	{"aliases", "three", "one"},
	{"aliases", "d1", "d2"},
	{"aliases", "d2", "d3"},
	{"aliases", "d3", "d4"},
	{"aliases", "d4", "anna"},
	{"aliases", "d0", "d1"},
	{"aliases", "many",
		"a@f.example b@f.example c@f.example d@f.example e@f.example f@f.example "
		"g@f.example"},
	{"aliases", "six",
		"a@f.example b@f.example c@f.example d@f.example e@f.example f@f.example"},
	{"aliases", "far", "u@f.example"},
	{"aliases", "ours", "x@o.example"},
	{"aliases", "part", "anna ghost"},
	{"aliases", "ghosts", "ghost"},
	{"aliases", "bad", "a@b@c"},
	{"aliases", "none", ""},
	{"aliases", "lame", NULL},
	{"aliases", "ann-list", "ann"},
	{"aliases", "tagged", "ann u@f.example"},
	{"aliases", "@v.example", "anna@a.example"},
	{"aliases", "info@v.example", "bob@a.example anna@a.example"},
	{"rewrite", "old@z.example", "anna@a.example"},
	{"rewrite", "@z.example", "@y.example"},
	{"rewrite", "away@a.example", "u@f.example"},
	{"rewrite", "broken@a.example", "nothing"},
	{"rewrite", "lame@a.example", NULL},
};

static void ask(
	void *self, struct span map, struct span key, struct arena *arena, struct map_answer *ret)
{
	(void)span_take_span(&map, SPAN_LIT("map:"));
	*ret = (struct map_answer){.state = IPC_LOOKUP_MISSING};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct span rest = span_str(rows[i].values), one;

		if (!span_equal(map, span_str(rows[i].map)) ||
			!span_equal_nocase(key, span_str(rows[i].key)))
			continue;
		ret->state = rows[i].values ? IPC_LOOKUP_FOUND : IPC_LOOKUP_FAILED;
		ret->trouble = rows[i].values ? LOOKUP_FINE : LOOKUP_TIMED_OUT;
		ret->values = arena_array(arena, 16, sizeof *ret->values);
		while (rest.len > 0) {
			if (!span_take_until(&rest, ' ', &one)) {
				one = rest;
				rest.len = 0;
			}
			ret->values[ret->n++] = one;
		}
		return;
	}
}

static const struct expand_ops ops = {.ask = ask};
static const struct srs secrets = {.secrets = {{"a secret of sixteen", 19}},
	.n = 1,
	.domain = {"a.example", 9},
	.max_age = 21,
	.hash_len = 6};

static struct conf conf;
static struct arena conf_arena;

static void print(const struct ipc_lookup_recipients *r, struct buf *out)
{
	static const char *const names[] = {"", "", "foreign ", "unknown", "full", "loop", "many",
		"bad", "srs wrong", "srs old", "srs sender", "trouble"};

	(void)buf_add_str(out, names[r->verdict]);
	if (r->verdict == IPC_LOOKUP_OVER_QUOTA) /* whose box that is */
		(void)buf_add_str(out, " ");
	for (size_t i = 0; i < r->recipients_n; i++)
		(void)buf_printf(out, "%s%.*s%s", i ? " " : "", SPAN_F(r->recipients[i].address),
			r->recipients[i].sender.len ? "*" : "");
}

/* sender ours@o.example: a client of ours writes. */
static void expand_one(
	const char *address, const char *sender, const struct srs *srs, struct buf *out)
{
	struct arena arena = {0};
	struct expand e = {
		.conf = &conf, .ops = &ops, .srs = srs, .now_seconds = 1700000000, .arena = &arena};
	struct ipc_lookup_recipients r;
	struct expand_note note;

	e.may_relay = strcmp(sender, "ours@o.example") == 0;
	expand_recipient(&e, span_str(address), span_str(sender), &r, &note);
	print(&r, out);
	arena_done(&arena);
}

static void test_recipients(void **state)
{
	static const struct {
		const char *address, *sender, *result; /* "*": with a sender of its own */
	} cases[] = {
		{"anna@a.example", "s@f.example", "anna@a.example"},
		{"ANNA@a.example", "s@f.example", "ANNA@a.example"},
		{"nobody@a.example", "s@f.example", "unknown"},
		{"bob@a.example", "s@f.example", "full bob@a.example"},
		{"sick@a.example", "s@f.example", "trouble"},
		{"anna@s.example", "s@f.example", "anna@s.example"},
		{"nobody@s.example", "s@f.example", "unknown"},
		{"nobody@s.example", "ours@o.example", "nobody@s.example"},
		{"sick@s.example", "s@f.example", "sick@s.example"},
		{"anna+x@s.example", "s@f.example", "anna@s.example"},
		{"far@s.example", "s@f.example", "u@f.example*"},
		{"abuse@s.example", "s@f.example", "anna@a.example"},
		{"anna@e.example", "ours@o.example", "anna@e.example"},
		{"nobody@e.example", "ours@o.example", "unknown"},
		{"lame@v.example", "s@f.example", "trouble"},
		{"anna+x@a.example", "s@f.example", "anna@a.example"},
		{"plus+only@a.example", "s@f.example", "plus+only@a.example"},
		{"nobody+x@a.example", "s@f.example", "unknown"},
		{"team@a.example", "s@f.example", "anna@a.example bob@a.example"},
		{"team+x@a.example", "s@f.example", "anna@a.example bob@a.example"},
		{"keep@a.example", "s@f.example", "anna@a.example"}, /* has no mailbox */
		{"keep@k.example", "s@f.example", "unknown"},
		{"one@a.example", "s@f.example", "loop"},
		{"d1@a.example", "s@f.example", "anna@a.example"},
		{"d0@a.example", "s@f.example", "loop"},
		{"six@a.example", "",
			"a@f.example b@f.example c@f.example d@f.example e@f.example "
			"f@f.example"},
		{"many@a.example", "", "many"},
		{"far@a.example", "s@f.example", "u@f.example*"},
		{"far@a.example", "", "u@f.example"},
		{"far@a.example", "me@o.example", "u@f.example"},
		{"far@a.example", "\"s s\"@f.example", "u@f.example"},
		{"ours@a.example", "s@f.example", "x@o.example"},
		{"part@a.example", "s@f.example", "anna@a.example"},
		{"ghosts@a.example", "s@f.example", "unknown"},
		{"bad@a.example", "s@f.example", "bad"},
		{"none@a.example", "s@f.example", "bad"},
		{"ann@k.example", "s@f.example", "ann@k.example"},
		{"Ben@k.example", "s@f.example", "Ben@k.example"},
		{"cid@k.example", "s@f.example", "unknown"},
		{"ann-x@k.example", "s@f.example", "ann-x@k.example"},
		{"ann-list@k.example", "s@f.example", "ann@k.example"},
		{"tagged-y@k.example", "s@f.example", "ann-y@k.example u-y@f.example*"},
		{"-x@k.example", "s@f.example", "unknown"},
		{"info@v.example", "s@f.example", "bob@a.example anna@a.example"},
		{"else@v.example", "s@f.example", "anna@a.example"},
		{"postmaster@v.example", "s@f.example", "anna@a.example"},
		{"ABUSE@k.example", "s@f.example", "anna@a.example"},
		{"abuse+x@a.example", "s@f.example", "anna@a.example"},
		{"abuser@k.example", "s@f.example", "unknown"},
		{"postmaster", "s@f.example", "anna@a.example"},
		{"postmaster@o.example", "s@f.example", "postmaster@o.example"},
		{"x@c.example", "s@f.example", "x@c.example"},
		{"y@c.example", "s@f.example", "anna@a.example"},
		{"x@f.example", "s@f.example", "foreign x@f.example"},
		{"old@z.example", "s@f.example", "anna@a.example"},
		{"b@z.example", "s@f.example", "foreign b@y.example"},
		{"away@a.example", "s@f.example", "u@f.example*"},
		{"broken@a.example", "s@f.example", "bad"},
		{"lame@a.example", "s@f.example", "trouble"},
		{"SRS0=aaaaaa=aa=f.example=s@a.example", "", "srs wrong"},
		{"SRS0=aaaaaa=aa=f.example=s@o.example", "",
			"SRS0=aaaaaa=aa=f.example=s@o.example"},
		{"SRS0x@a.example", "", "unknown"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out = BUF_INIT(4096);

		expand_one(cases[i].address, cases[i].sender, &secrets, &out);
		if (strcmp(buf_cstr(&out), cases[i].result) != 0)
			fail_msg("%s: %s instead of %s", cases[i].address, out.at, cases[i].result);
		buf_done(&out);
	}
}

/* A bounce comes back to whom it belongs; nothing else may come that way. */
static void test_way_back(void **state)
{
	struct buf wrapped = BUF_INIT(512), out = BUF_INIT(512);

	assert_int_equal(srs_wrap(&secrets, SPAN_LIT("s@f.example"), 1700000000, &wrapped), 0);
	expand_one(buf_cstr(&wrapped), "", &secrets, &out);
	assert_string_equal(buf_cstr(&out), "s@f.example");
	buf_clear(&out);
	expand_one(buf_cstr(&wrapped), "x@y.example", &secrets, &out);
	assert_string_equal(buf_cstr(&out), "srs sender");
	buf_clear(&out);
	buf_clear(&wrapped);
	assert_int_equal(
		srs_wrap(&secrets, SPAN_LIT("s@f.example"), 1700000000 - 30 * 86400, &wrapped), 0);
	expand_one(buf_cstr(&wrapped), "", &secrets, &out);
	assert_string_equal(buf_cstr(&out), "srs old");
	/* Without its secrets nothing is decided for good. */
	buf_clear(&out);
	expand_one(buf_cstr(&wrapped), "", NULL, &out);
	expand_one("far@a.example", "s@f.example", NULL, &out);
	assert_string_equal(buf_cstr(&out), "troubletrouble");
	buf_done(&wrapped);
	buf_done(&out);
}

static int load(void **state)
{
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	int rc = conf_parse("f", span_str(config), &conf_arena, &conf, &errors);

	if (rc < 0)
		print_error("%s", buf_cstr(&errors));
	buf_done(&errors);
	return rc;
}

static int done(void **state)
{
	arena_done(&conf_arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_way_back),
	};

	return cmocka_run_group_tests(tests, load, done);
}
