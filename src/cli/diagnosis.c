#include "cli/diagnosis.h"
#include "cli/cli.h"
#include "diagnose/tell.h"
#include "resolve/resolver.h"
#include "task/task.h"
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

/* ---- the DNS, asked by this program itself ---- */

struct local {
	struct resolver *resolver;
	const struct conf *conf;
};

static void ask(void *self, struct span name, uint16_t type, nanos deadline, struct arena *arena,
	struct ipc_resolve_answer *ret)
{
	struct local *l = self;
	const struct ipc_resolve_ask question = {.name = name, .type = type, .deadline = deadline};

	resolver_ask(l->resolver, l->conf, &question, arena, ret);
}

static const struct resolve_ops local_ops = {.ask = ask};

/* The domain of an address, or what was given: where to connect to. */
static struct span site_of(struct span about)
{
	ptrdiff_t at = span_find(about, '@');

	return at < 0 ? about : span_slice(about, (size_t)at + 1, about.len);
}

static void look(struct diagnosis *d, nanos patience)
{
	struct local local = {.resolver = resolver_new(), .conf = d->conf};
	struct look *l = ARENA_NEW(d->arena, struct look);

	*l = (struct look){.conf = d->conf,
		.resolve = &local_ops,
		.resolve_self = &local,
		.arena = d->arena,
		.deadline = clock_after(patience),
		.checks = LOOK_ALL,
		.source = d->source,
		.site = site_of(d->about),
		.proc = "/proc",
		.now = clock_wall_ms() / 1000};
	look_run(l);
	for (size_t i = 0; i < l->n; i++)
		d->checks[d->checks_n++] = l->results[i];
	resolver_free(local.resolver);
}

/* ---- the queue ---- */

static struct span keep(struct diagnosis *d, struct span s)
{
	return arena_copy(d->arena, s);
}

static void keep_check(struct diagnosis *d, struct check_result *r)
{
	r->about = keep(d, r->about);
	r->did = keep(d, r->did);
	r->showed = keep(d, r->showed);
	r->means = keep(d, r->means);
	r->mend = keep(d, r->mend);
}

static void on_check(const struct ipc_control_check *m, void *arg)
{
	struct diagnosis *d = arg;
	struct check_result r;

	if (d->checks_n == DIAGNOSIS_CHECKS_MOST || !tell_check_read(m, &r))
		return;
	for (size_t i = 0; i < d->checks_n; i++)
		if (d->checks[i].check == r.check)
			return; /* what was seen now counts */
	keep_check(d, &r);
	d->checks[d->checks_n++] = r;
}

static void on_verdict(const struct ipc_control_verdict *m, void *arg)
{
	struct diagnosis *d = arg;
	struct verdict v;

	if (d->verdicts.n == VERDICTS_MOST || !tell_verdict_read(m, d->arena, &v))
		return;
	v.who = keep(d, v.who);
	v.event = keep(d, v.event);
	for (size_t i = 0; i < v.names_n; i++)
		v.names[i] = keep(d, v.names[i]);
	for (size_t i = 0; i < v.supports_n; i++)
		v.supports[i] = keep(d, v.supports[i]);
	for (size_t i = 0; i < v.contradicts_n; i++)
		v.contradicts[i] = keep(d, v.contradicts[i]);
	if (v.check)
		keep_check(d, (struct check_result *)v.check);
	d->verdicts.all[d->verdicts.n++] = v;
}

static int ask_queue(struct diagnosis *d)
{
	static const struct spooled_diagnosis fn = {.verdict = on_verdict, .check = on_check};
	struct ipc_control_diagnose question = {.about = d->about, .checks_n = d->checks_n};
	struct spooled s;

	question.checks = arena_array(d->arena, d->checks_n + 1, sizeof *question.checks);
	for (size_t i = 0; i < d->checks_n; i++)
		tell_check(&d->checks[i], clock_wall_ms(), &question.checks[i]);
	int status = spooled_open(d->conf, false, &s);

	if (status == EX_OK)
		status = spooled_diagnose(&s, &question, &fn, d);
	spooled_close(&s);
	return status == EX_UNAVAILABLE ? EX_OK : status;
}

/* No queue runs: what the checks show is all. */
static void judge_alone(struct diagnosis *d)
{
	struct ledger *nothing = ledger_new();
	struct verdict_question q = {
		.now = clock_wall_ms() / 1000, .checks = d->checks, .checks_n = d->checks_n};

	verdict_find(nothing, &q, d->arena, &d->verdicts);
	ledger_free(nothing);
}

int diagnosis_make(struct diagnosis *d, nanos patience)
{
	int fd = spooled_connect(d->conf->spool);

	if (!d->is_quick)
		look(d, patience);
	d->is_running = fd >= 0;
	if (fd < 0) {
		judge_alone(d);
		return EX_OK;
	}
	(void)close(fd);
	return ask_queue(d);
}

/* ---- what is asked for ---- */

bool diagnosis_options_read(
	int argc, char **argv, const struct option *longs, struct diagnosis_options *ret)
{
	int c;

	*ret = (struct diagnosis_options){.file = CLI_CONFIGURATION};
	optind = 1;
	while ((c = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
		ret->file = c == 'c' ? optarg : ret->file;
		ret->lang = c == 'l' ? optarg : ret->lang;
		ret->source = c == 's' ? optarg : ret->source;
		ret->to = c == 't' ? optarg : ret->to;
		ret->is_json |= c == 'j';
		ret->is_quick |= c == 'n';
		if (c == '?')
			return false;
	}
	ret->about = argv[optind];
	return argc - optind <= 1;
}

enum reply_lang diagnosis_lang(const struct diagnosis_options *o, const struct conf *conf)
{
	enum reply_lang lang = conf->language;

	if (o->lang)
		(void)reply_lang_parse(span_str(o->lang), &lang);
	return lang;
}

/* ---- running ---- */

struct running {
	const char *file;
	int (*fn)(const struct conf *conf, struct arena *arena, void *arg);
	void *arg;
	int status;
};

static void run(void *arg)
{
	struct running *r = arg;
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf *conf = ARENA_NEW(&arena, struct conf);
	int rc = conf_load(r->file, &arena, conf, &errors);

	if (rc < 0) {
		(void)fprintf(stderr, "%.*s", SPAN_F(buf_span(&errors)));
		if (errors.len == 0)
			(void)fprintf(stderr, "abide: %s can't be read\n", r->file);
		r->status = rc == -EINVAL ? EX_CONFIG : EX_NOINPUT;
	} else {
		r->status = r->fn(conf, &arena, r->arg);
	}
	buf_done(&errors);
	arena_done(&arena);
}

int diagnosis_run(const char *file,
	int (*fn)(const struct conf *conf, struct arena *arena, void *arg), void *arg)
{
	struct running r = {.file = file, .fn = fn, .arg = arg};
	const struct task_options options = {
		.stack_size = DIAGNOSIS_STACK, .watchdog = NANOS_S * 3600};

	if (task_run(&options, run, &r) < 0)
		return EX_OSERR;
	return fflush(stdout) == 0 ? r.status : EX_IOERR;
}
