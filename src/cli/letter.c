/*
 * abide letter - a mail to the postmaster of a site that puts mail off, with all that they need to find it.
 */
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/diagnosis.h"
#include "cli/letter_text.h"
#include "diagnose/sentence.h"
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#define PATIENCE (40 * NANOS_S)

struct gathering {
	struct letter letter;
	struct diagnosis diagnosis;
	struct arena *arena;
	struct id ids[LETTER_MAILS_MOST]; /* whose tries are looked up */
	struct span senders[LETTER_MAILS_MOST], recipients[LETTER_MAILS_MOST];
	size_t ids_n, at;
	struct span at_site; /* "@SITE" */
};

static struct span reply_of(
	struct arena *arena, uint16_t code, struct span status, struct span reply)
{
	return code ? arena_printf(arena, "%u %.*s%s%.*s", code, SPAN_F(status),
			      status.len ? " " : "", SPAN_F(reply))
		    : arena_copy(arena, reply);
}

static void on_message(const struct ipc_control_message *m, void *arg)
{
	struct gathering *g = arg;

	g->letter.waiting++;
	if (g->letter.since_ms == 0 || m->arrived_wall_ms < g->letter.since_ms)
		g->letter.since_ms = m->arrived_wall_ms;
	for (size_t i = 0; i < m->recipients_n; i++) {
		const struct ipc_control_recipient *r = &m->recipients[i];

		if (r->attempts == 0 || r->reply.len == 0 || g->ids_n == LETTER_MAILS_MOST ||
			!(span_equal_nocase(r->site, g->letter.site) ||
				span_ends_nocase(r->address, g->at_site)))
			continue;
		g->ids[g->ids_n] = m->id;
		g->senders[g->ids_n] = arena_copy(g->arena, m->sender);
		g->recipients[g->ids_n++] = arena_copy(g->arena, r->address);
		return;
	}
}

static void on_traced(const struct ipc_control_message *m, void *arg)
{
}

static void on_try(const struct ipc_control_try *y, void *arg)
{
	struct gathering *g = arg;
	char id[ID_TEXT_LEN + 1];

	if (y->kind != SPOOL_TRY_ATTEMPT || y->reply.len == 0 ||
		g->letter.tries_n == LETTER_TRIES_MOST)
		return;
	g->letter.tries[g->letter.tries_n++] = (struct letter_try){.at_ms = y->wall_ms,
		.id = arena_copy(g->arena, span_str(id_text(g->ids[g->at], id))),
		.sender = g->senders[g->at],
		.recipient = g->recipients[g->at],
		.peer = arena_copy(g->arena, y->peer),
		.reply = reply_of(g->arena, y->code, y->status, y->reply)};
}

static void on_ended(const struct ipc_control_ended *e, void *arg)
{
}

static int gather(struct gathering *g, const struct conf *conf)
{
	static const struct spooled_trace fn = {
		.message = on_traced, .tried = on_try, .ended = on_ended};
	const struct ipc_control_list of_site = {.site = g->letter.site},
				      of_domain = {.recipient = g->at_site};
	struct spooled s;
	uint64_t n;
	int status = spooled_open(conf, false, &s);

	if (status == EX_OK)
		status = spooled_list(&s, &of_domain, on_message, g, &n);
	if (status == EX_OK && g->letter.waiting == 0)
		status = spooled_list(&s, &of_site, on_message, g, &n);
	for (g->at = 0; status == EX_OK && g->at < g->ids_n; g->at++)
		status = spooled_trace(&s, g->ids[g->at], &fn, g);
	spooled_close(&s);
	return status;
}

/* The addresses that were looked at, each once. */
static void name_sources(struct gathering *g, const struct conf *conf)
{
	struct letter *l = &g->letter;

	for (size_t i = 0; i < conf->n_sources && l->sources_n < 8; i++)
		l->sources[l->sources_n++] = conf->sources[i].address;
	for (size_t i = 0; i < g->diagnosis.checks_n && l->sources_n == 0; i++)
		if (g->diagnosis.checks[i].check == CHECK_PTR)
			l->sources[l->sources_n++] = g->diagnosis.checks[i].about;
}

static void warn_of_own(const struct diagnosis *d)
{
	for (size_t i = 0; i < d->checks_n; i++)
		if (d->checks[i].state == CHECK_BAD)
			(void)fprintf(stderr, "abide: first mend this on our own side: %.*s\n",
				SPAN_F(sentence_text(
					d->checks[i].showed, REPLY_LANG_EN, d->arena)));
}

static int make(const struct conf *conf, struct arena *arena, void *arg)
{
	const struct diagnosis_options *o = arg;
	struct gathering *g = ARENA_NEW(arena, struct gathering);
	struct buf out = BUF_INIT((size_t)1 << 20);

	g->arena = arena;
	g->letter = (struct letter){.lang = diagnosis_lang(o, conf),
		.site = span_str(o->about),
		.to = o->to ? span_str(o->to) : arena_printf(arena, "postmaster@%s", o->about),
		.from = conf->postmaster.len > 0
				? conf->postmaster
				: arena_printf(arena, "postmaster@%.*s", SPAN_F(conf->hostname)),
		.hostname = conf->hostname,
		.now_ms = clock_wall_ms()};
	g->at_site = arena_printf(arena, "@%s", o->about);
	int status = gather(g, conf);

	if (status == EX_OK && g->letter.waiting == 0) {
		(void)fprintf(stderr, "abide: no mail waits for %s\n", o->about);
		return EX_NOINPUT;
	}
	g->diagnosis = (struct diagnosis){.conf = conf, .arena = arena, .about = g->letter.site};
	if (status == EX_OK)
		status = diagnosis_make(&g->diagnosis, PATIENCE);
	if (status != EX_OK)
		return status;
	warn_of_own(&g->diagnosis);
	name_sources(g, conf);
	g->letter.checks = g->diagnosis.checks;
	g->letter.checks_n = g->diagnosis.checks_n;
	status = letter_write(&g->letter, &out) < 0 ? EX_OSERR : EX_OK;
	if (status == EX_OK && fwrite(out.at, 1, out.len, stdout) != out.len)
		status = EX_IOERR;
	buf_done(&out);
	return status;
}

int cli_letter(int argc, char **argv)
{
	static const struct option longs[] = {{"lang", required_argument, NULL, 'l'},
		{"to", required_argument, NULL, 't'}, {NULL, 0, NULL, 0}};
	struct diagnosis_options o;

	if (!diagnosis_options_read(argc, argv, longs, &o) || !o.about)
		return usage_wrong("letter");
	return diagnosis_run(o.file, make, &o);
}
