#include "cli/letter_text.h"
#include "base/clock.h"
#include "diagnose/sentence.h"
#include "diagnose/words.h"

enum text { SUBJECT, HELLO, SINCE, TRIES, ADDRESSES, CHECKED, ASK, THANKS, TEXTS };

static const char *const texts[REPLY_LANGS][TEXTS] = {
	[REPLY_LANG_EN] =
		{
			[SUBJECT] = "Your mail server puts off mail from %.*s",
			[HELLO] = "Dear postmaster,\n\n",
			[SINCE] = "The first of them has been waiting since %.*s.\n",
			[TRIES] = "\nWhat your server said (times are UTC):\n\n",
			[ADDRESSES] = "\nOur addresses that this mail comes from:\n\n",
			[CHECKED] = "\nWe have looked at our own side. This is in order:\n\n",
			[ASK] = "\nCould you please look in your logs why this mail is not taken, "
				"and tell us\n"
				"what we should change, or take our addresses off the list that "
				"holds it up?\n",
			[THANKS] = "\nThank you for your help.\n\nThe postmaster of %.*s\n",
		},
	[REPLY_LANG_DE] =
		{
			[SUBJECT] = "Ihr Mailserver nimmt Mail von %.*s nicht an",
			[HELLO] = "Guten Tag,\n\n",
			[SINCE] = "Die erste davon wartet seit %.*s.\n",
			[TRIES] = "\nDas hat Ihr Server geantwortet (Zeiten in UTC):\n\n",
			[ADDRESSES] = "\nUnsere Adressen, von denen diese Mail kommt:\n\n",
			[CHECKED] = "\nWir haben unsere Seite geprüft. In Ordnung ist:\n\n",
			[ASK] = "\nKönnten Sie bitte in Ihren Logs nachsehen, warum diese Mail "
				"nicht angenommen\n"
				"wird, und uns sagen, was wir ändern sollen, oder unsere Adressen "
				"von der Liste\n"
				"nehmen, die sie aufhält?\n",
			[THANKS] = "\nVielen Dank für Ihre Mühe.\n\nDer Postmaster von %.*s\n",
		},
};

static void add_safe(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.len && i < 600; i++) {
		unsigned char c = (unsigned char)s.at[i];

		(void)buf_add_byte(out, c < ' ' || c == 127 ? ' ' : (char)c);
	}
}

/* Of a header: nothing that could begin another one. */
static void add_field(struct buf *out, const char *name, struct span value)
{
	(void)buf_printf(out, "%s: ", name);
	add_safe(out, value);
	(void)buf_add_byte(out, '\n');
}

static void add_header(const struct letter *l, struct buf *out)
{
	char date[CLOCK_TEXT_MAX];
	struct buf subject = BUF_INIT(512);

	(void)buf_printf(&subject, texts[l->lang][SUBJECT], SPAN_F(l->hostname));
	add_field(out, "From", l->from);
	add_field(out, "To", l->to);
	add_field(out, "Subject", buf_span(&subject));
	add_field(out, "Date", clock_rfc5322(l->now_ms, date));
	(void)buf_add_str(out, "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
			       "Content-Transfer-Encoding: 8bit\n\n");
	buf_done(&subject);
}

static void add_waiting(const struct letter *l, struct buf *out)
{
	unsigned long long n = l->waiting;

	if (l->lang == REPLY_LANG_DE)
		(void)buf_printf(out,
			"Ihr Mailserver für %.*s schiebt Mail von unserem, %.*s,\nauf oder lehnt "
			"sie ab. Zur Zeit %s hier %llu Nachricht%s.\n",
			SPAN_F(l->site), SPAN_F(l->hostname), n == 1 ? "wartet" : "warten", n,
			n == 1 ? "" : "en");
	else
		(void)buf_printf(out,
			"Your mail server for %.*s puts off or refuses mail from ours,\n%.*s. "
			"At the moment %llu message%s %s here.\n",
			SPAN_F(l->site), SPAN_F(l->hostname), n, n == 1 ? "" : "s",
			n == 1 ? "waits" : "wait");
}

static void add_try(const struct letter_try *t, struct buf *out)
{
	char when[CLOCK_TEXT_MAX];

	(void)buf_printf(out, "  %.*s  ", SPAN_F(clock_rfc3339(t->at_ms, when)));
	add_safe(out, t->peer);
	(void)buf_add_str(out, "\n    <");
	add_safe(out, t->sender);
	(void)buf_add_str(out, "> -> <");
	add_safe(out, t->recipient);
	(void)buf_printf(out, ">, id %.*s\n    ", SPAN_F(t->id));
	add_safe(out, t->reply);
	(void)buf_add_byte(out, '\n');
}

static void add_checks(const struct letter *l, struct buf *out)
{
	/* What the machine is like inside is nobody's business. */
	static const uint32_t told = 1U << CHECK_PTR | 1U << CHECK_HELO | 1U << CHECK_SPF |
				     1U << CHECK_DKIM | 1U << CHECK_DMARC | 1U << CHECK_MX |
				     1U << CHECK_BLOCKLIST;
	struct arena arena = {0};
	bool is_first = true;

	for (size_t i = 0; i < l->checks_n; i++) {
		const struct check_result *r = &l->checks[i];

		if (r->state != CHECK_FINE || !(told >> r->check & 1))
			continue;
		if (is_first)
			(void)buf_add_str(out, texts[l->lang][CHECKED]);
		is_first = false;
		(void)buf_printf(out, "  %s: ", words_check(r->check, l->lang));
		add_safe(out, sentence_text(r->showed, l->lang, &arena));
		(void)buf_add_byte(out, '\n');
	}
	arena_done(&arena);
}

int letter_write(const struct letter *l, struct buf *out)
{
	const char *const *say = texts[l->lang];
	struct buf since = BUF_INIT(64);

	add_header(l, out);
	(void)buf_add_str(out, say[HELLO]);
	add_waiting(l, out);
	if (l->since_ms > 0) {
		words_time(l->since_ms / 1000, &since);
		(void)buf_printf(out, say[SINCE], SPAN_F(buf_span(&since)));
	}
	if (l->tries_n > 0)
		(void)buf_add_str(out, say[TRIES]);
	for (size_t i = 0; i < l->tries_n; i++)
		add_try(&l->tries[i], out);
	if (l->sources_n > 0)
		(void)buf_add_str(out, say[ADDRESSES]);
	for (size_t i = 0; i < l->sources_n; i++)
		(void)buf_printf(out, "  %.*s\n", SPAN_F(l->sources[i]));
	add_checks(l, out);
	(void)buf_add_str(out, say[ASK]);
	(void)buf_printf(out, say[THANKS], SPAN_F(l->hostname));
	buf_done(&since);
	return out->error;
}
