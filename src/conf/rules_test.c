/* Failing, a postmaster's own rules would be lost, or would sort mail wrongly. */
#include "conf/snapshot.h"
#include "reply/explain.h"
#include "reply/own.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

struct loaded {
	struct arena arena;
	struct conf conf;
	struct buf errors;
	int rc;
};

static void load(struct loaded *l, const char *text)
{
	char name[] = "/tmp/abide-rules-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
	*l = (struct loaded){.errors = BUF_INIT(CONF_ERRORS_MAX)};
	l->rc = conf_load_rules(name, &l->arena, &l->conf, &l->errors);
	assert_int_equal(unlink(name), 0);
}

static void done(struct loaded *l)
{
	buf_done(&l->errors);
	arena_done(&l->arena);
}

static struct reply_meaning ask(
	struct loaded *l, const struct conf *conf, const char *host, const char *reply)
{
	struct reply_context context = {
		.stage = REPLY_STAGE_RCPT, .own = conf->own, .host = span_str(host)};
	struct reply_meaning m;

	reply_read(&context, 0, (struct reply_status){0}, span_str(reply), &l->arena, &m);
	return m;
}

static const char good[] = "rule \"busy partner\" {\n"
			   "  text = \"queue & paused & !forever\"\n"
			   "  code = 45\n"
			   "  host = \".partner.example\"\n"
			   "  stage = rcpt\n"
			   "  cause = greylisting\n"
			   "  wait = 7m\n"
			   "  confidence = 0.9\n"
			   "  advice = \"Call Ann[ about <ip>].\"\n"
			   "}\n"
			   "rule two {\n"
			   "  status = \"4.9.9\"\n"
			   "  cause = virus\n"
			   "}\n";

/* Text, code, host, stage and status all count; the first that fits decides. */
static void the_rule_that_fits_decides(void **state)
{
	static struct loaded l;

	load(&l, good);
	assert_int_equal(l.rc, 0);
	struct reply_meaning m = ask(
		&l, &l.conf, "mx.partner.example", "451 4.7.1 The queue for 192.0.2.1 is paused");

	assert_int_equal(m.cause, REPLY_GREYLISTING);
	assert_string_equal(m.evidence, "busy partner");
	assert_int_equal(m.wait_seconds, 420);
	assert_int_equal(m.wait_source, REPLY_WAIT_LEARNED);
	assert_true(m.confidence > 0.89 && m.confidence < 0.91);
	struct buf out = BUF_INIT(4096);

	assert_int_equal(reply_advise(&m, &out), 0);
	assert_string_equal(buf_cstr(&out), "Call Ann about 192.0.2.1.");
	buf_done(&out);
	m = ask(&l, &l.conf, "mx.partner.example", "451 queue paused, come back in 60 seconds");
	assert_int_equal(m.wait_seconds, 60);
	m = ask(&l, &l.conf, "", "450 4.9.9 whatever");
	assert_int_equal(m.cause, REPLY_VIRUS);
	done(&l);
}

static void others_are_left_alone(void **state)
{
	static struct loaded l;

	load(&l, good);
	assert_null(ask(&l, &l.conf, "partner.example", "451 queue paused").own);
	assert_null(ask(&l, &l.conf, "", "451 queue paused").own);
	assert_null(ask(&l, &l.conf, "mx.partner.example", "421 queue paused").own);
	assert_null(ask(&l, &l.conf, "mx.partner.example", "451 queue paused forever").own);
	assert_null(ask(&l, &l.conf, "mx.partner.example", "250 queue paused").own);
	/* what abide says itself is known better */
	assert_null(ask(&l, &l.conf, "", "451 4.3.2 Too busy").own);
	done(&l);
}

/* Each process has the rules of its configuration. */
static void rules_travel_with_the_snapshot(void **state)
{
	struct buf bytes = BUF_INIT(CONF_SNAPSHOT_MAX);
	struct conf_retry retry = {.name = SPAN_LIT("default")};
	struct conf there;
	static struct loaded l;

	load(&l, good);
	l.conf.retries = &retry;
	l.conf.n_retries = 1;
	assert_int_equal(conf_pack(&l.conf, 1, &bytes), 0);
	assert_int_equal(conf_unpack(buf_span(&bytes), &l.arena, &there), 0);
	assert_int_equal(there.own->n, 2);
	assert_string_equal(
		ask(&l, &there, "a.partner.example", "450 queue paused").evidence, "busy partner");
	l.conf.rules[1].cause = SPAN_LIT("no such cause");
	buf_clear(&bytes);
	assert_int_equal(conf_pack(&l.conf, 1, &bytes), 0);
	assert_int_equal(conf_unpack(buf_span(&bytes), &l.arena, &there), -EBADMSG);
	buf_done(&bytes);
	done(&l);
}

/* What is wrong is said with its line, and nothing of the file is used. */
static void wrong_rules_are_told_with_their_line(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"rule a {\n text = \"Queue\"\n cause = virus\n}\n", ":2: rule \"a\".text: "},
		{"rule a {\n text = \"x &\"\n cause = virus\n}\n", ":2: rule \"a\".text: "},
		{"rule a {\n text = \"x* y\"\n cause = virus\n}\n", ":2: rule \"a\".text: "},
		{"rule a {\n text = x\n}\n", ":1: rule \"a\".cause is not set"},
		{"rule a {\n cause = virus\n}\n", ":1: rule \"a\" fits every reply"},
		{"rule a {\n text = x\n cause = default\n}\n", ":3: rule \"a\".cause: "},
		{"rule a {\n text = x\n cause = virus\n code = 250\n}\n", ":4: rule \"a\".code: "},
		{"rule a {\n text = x\n cause = virus\n status = 4.7\n}\n",
			":4: rule \"a\".status: "},
		{"rule a {\n text = x\n cause = virus\n wait = 7h\n}\n", ":4: rule \"a\".wait: "},
		{"rule a {\n text = x\n cause = virus\n advice = \"<uri>\"\n}\n",
			":4: rule \"a\".advice: "},
		{"rule a {\n text = x\n cause = virus\n writer = \"[x\"\n}\n",
			":4: rule \"a\".writer: "},
		{"rule a {\n text = x\n cause = virus\n color = red\n}\n", ":4: unknown key"},
		{"\nhostname = x.example\n", ":2: hostname does not belong into a file of rules"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct loaded l;

		load(&l, cases[i].text);
		print_message("%s", l.errors.len > 0 ? buf_cstr(&l.errors) : "no error\n");
		assert_int_equal(l.rc, -EINVAL);
		assert_non_null(strstr(buf_cstr(&l.errors), cases[i].error));
		done(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rule_that_fits_decides),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(rules_travel_with_the_snapshot),
		cmocka_unit_test(wrong_rules_are_told_with_their_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
