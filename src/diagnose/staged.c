#include "diagnose/staged.h"
#include "diagnose/said.h"
#include "reply/meaning.h"
#include <stdio.h>

enum { BEFORE = 150 };

static const char *const senders[] = {
	"ann@ours.example", "bob@second.example", "cyn@third.example", "news@fourth.example"};

static unsigned begin_of(const struct staged *s)
{
	return s->trouble[0].minutes ? s->trouble[0].minutes : 20;
}

static bool is_hit(const struct staged_trouble *t, unsigned site, unsigned ago, unsigned dice,
	const struct diagnose_fact *f)
{
	unsigned minutes = t->minutes ? t->minutes : 20;

	if (t->cause == REPLY_NONE || ago > minutes || (t->sites && !(t->sites >> site & 1)) ||
		(t->share && dice % 100 >= t->share))
		return false;
	if ((t->sender && !span_equal(span_str(t->sender), f->sender)) ||
		(t->source && !span_equal(span_str(t->source), f->source)))
		return false;
	if (t->recipient && !span_equal(span_str(t->recipient), f->recipient))
		return false;
	return !t->message || t->message == f->message;
}

static void suffer(
	const struct staged *s, unsigned site, unsigned ago, unsigned dice, struct diagnose_fact *f)
{
	for (size_t i = 0; i < sizeof s->trouble / sizeof s->trouble[0]; i++) {
		const struct staged_trouble *t = &s->trouble[i];

		if (!is_hit(t, site, ago, dice, f))
			continue;
		f->cause = t->cause;
		f->side = t->side ? t->side : reply_cause_info(t->cause)->side;
		f->is_said = !t->is_seen;
		f->named = t->said.named;
		f->is_own_list = t->said.is_own_list;
		return;
	}
}

static unsigned volume(const struct staged *s, unsigned site, unsigned ago)
{
	unsigned begin = begin_of(s);
	unsigned rate = s->rate ? s->rate : 1;

	return s->doubled >> site & 1 && ago <= begin + s->doubled_before ? rate * 3 : rate;
}

static void play_minute(const struct staged *s, unsigned ago, unsigned *dice, struct ledger *l)
{
	unsigned sites = s->sites ? s->sites : 12, sources = s->sources ? s->sources : 1;

	for (unsigned site = 0; site < sites; site++)
		for (unsigned i = 0; i < volume(s, site, ago); i++) {
			char name[40], provider[40], source[20], to[48];
			unsigned n = (*dice)++;

			(void)snprintf(name, sizeof name, "s%u.example", site);
			(void)snprintf(provider, sizeof provider, "p%u.example",
				site < s->one_provider ? 0 : site);
			(void)snprintf(source, sizeof source, "192.0.2.%u", 1 + n / 3 % sources);
			(void)snprintf(to, sizeof to, "r%u@s%u.example", n % 5, site);
			struct diagnose_fact f = {.at = STAGED_NOW - (int64_t)ago * 60,
				.site = span_str(name),
				.provider = span_str(provider),
				.source = span_str(source),
				.sender = span_str(senders[(n + n / 12) % 4]),
				.recipient = span_str(to),
				.message = 1000 + n};

			/* one message that is tried again and again */
			if (i == 0 && s->trouble[0].message && ago <= 20 && ago % 4 == 0 &&
				site == 0)
				f.message = s->trouble[0].message;
			suffer(s, site, ago, n * 37, &f);
			ledger_add(l, &f);
		}
}

/* The same with the replies read. */
static struct staged read_replies(const struct staged *s, struct arena *arena)
{
	static const struct span ours[] = {
		{"192.0.2.1", 9}, {"192.0.2.2", 9}, {"192.0.2.3", 9}, {"192.0.2.4", 9}};
	struct staged copy = *s;

	for (size_t i = 0; i < sizeof copy.trouble / sizeof copy.trouble[0]; i++) {
		struct staged_trouble *t = &copy.trouble[i];
		struct reply_meaning m;

		if (!t->reply)
			continue;
		reply_read(&(struct reply_context){.stage = REPLY_STAGE_RCPT}, 0,
			(struct reply_status){0}, span_str(t->reply), arena, &m);
		said_read(&m, ours, s->sources > 1 ? s->sources : 1, &t->said);
		t->cause = t->said.cause;
		t->side = m.side;
	}
	return copy;
}

/* As it is when that many minutes are left of it. */
static void play(const struct staged *s, unsigned left, struct arena *arena, struct verdicts *ret)
{
	struct ledger *l = ledger_new();
	struct check_result *checks = arena_array(arena, 4, sizeof *checks);
	struct verdict_question q = {.now = STAGED_NOW - (int64_t)left * 60,
		.about = span_str(s->about),
		.checks = checks};
	unsigned dice = 0, begin = begin_of(s);

	for (unsigned ago = BEFORE; ago > left; ago--) {
		if (s->event && ago == begin + 3)
			ledger_note(l, STAGED_NOW - (int64_t)ago * 60, s->event);
		play_minute(s, ago, &dice, l);
	}
	for (; q.checks_n < 4 && s->checks[q.checks_n].state != CHECK_NOT_RUN; q.checks_n++)
		checks[q.checks_n] = (struct check_result){.check = s->checks[q.checks_n].check,
			.state = s->checks[q.checks_n].state,
			.about = span_str(s->checks[q.checks_n].about),
			.showed = SPAN_LIT("what it showed")};
	verdict_find(l, &q, arena, ret);
	/* names are the ledger's: copies for the test */
	for (size_t i = 0; i < ret->n; i++)
		ret->all[i].who = arena_copy(arena, ret->all[i].who);
	ledger_free(l);
}

void staged_play(const struct staged *s, struct arena *arena, struct verdicts *ret)
{
	struct staged read = read_replies(s, arena);

	play(&read, 0, arena, ret);
}

/* ---- a table of them ---- */

/* Where it is the other side's, or nobody's, nothing may be laid at our door or our sender's. */
static bool is_blamed_wrongly(const struct staged *s, const struct verdicts *v)
{
	if (s->whose != VERDICT_THEIRS && s->whose != VERDICT_NOBODY)
		return false;
	for (size_t i = 0; i < v->n; i++) {
		if (v->all[i].whose == VERDICT_OURS || v->all[i].whose == VERDICT_SENDER)
			return true;
	}
	return false;
}

static bool is_right(const struct staged *s, const struct verdicts *v)
{
	const struct verdict *first = &v->all[0];

	return v->n > 0 && !is_blamed_wrongly(s, v) && first->whose == s->whose &&
	       first->scope == s->scope && first->advice == s->advice &&
	       (s->who == NULL || span_equal(first->who, span_str(s->who))) &&
	       (s->advice != ADVICE_CHECK ||
		       (first->check != NULL && first->check->check == s->check));
}

/* How it began shows only later. */
static bool is_start_right(const struct staged *s, const struct verdicts *v)
{
	return s->start == START_UNKNOWN || v->all[0].start == s->start;
}

static void tell(const char *word, const struct staged *s, const struct verdicts *v)
{
	printf("%s: %s\n\texpected %s, %s, %s\n", word, s->name, verdict_whose_name(s->whose),
		verdict_scope_name(s->scope), verdict_advice_name(s->advice));
	if (v->n == 0)
		printf("\tnothing was said\n");
	for (size_t i = 0; i < v->n; i++) {
		const struct verdict *x = &v->all[i];

		printf("\tsaid %s, %s, %s (%s) %.*s, %s, start %u\n", verdict_whose_name(x->whose),
			verdict_scope_name(x->scope), verdict_advice_name(x->advice),
			x->check == NULL ? "-" : check_name(x->check->check), SPAN_F(x->who),
			verdict_family_name(x->family), (unsigned)x->start);
	}
}

size_t staged_play_all(const struct staged *table, size_t n, const char *word)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct arena arena = {0};
		struct verdicts *v = ARENA_NEW(&arena, struct verdicts);

		staged_play(&table[i], &arena, v);
		if (!is_right(&table[i], v) || !is_start_right(&table[i], v)) {
			tell(word, &table[i], v);
			wrong++;
		}
		arena_done(&arena);
	}
	return wrong;
}

/* The last of its troubles began so many minutes ago. */
static unsigned last_begin(const struct staged *s)
{
	unsigned last = begin_of(s);

	for (size_t i = 1; i < sizeof s->trouble / sizeof s->trouble[0]; i++) {
		const struct staged_trouble *t = &s->trouble[i];
		unsigned minutes = t->minutes ? t->minutes : 20;

		if (t->cause != REPLY_NONE && minutes < last)
			last = minutes;
	}
	return last;
}

static bool is_seen(const struct verdicts *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->all[i].failures > 0)
			return true;
	return false;
}

unsigned staged_minutes(const struct staged *s)
{
	unsigned found = 0, seen = 0;
	struct arena texts = {0};
	struct staged read = read_replies(s, &texts);
	unsigned minutes = last_begin(&read);

	for (unsigned n = 1; n <= minutes; n++) {
		struct arena arena = {0};
		struct verdicts *v = ARENA_NEW(&arena, struct verdicts);

		play(&read, minutes - n, &arena, v);
		seen += seen > 0 || is_seen(v);
		if (!is_right(s, v))
			found = 0;
		else if (found == 0)
			found = seen ? seen : 1;
		arena_done(&arena);
	}
	arena_done(&texts);
	return found;
}

size_t staged_late(const struct staged *table, size_t n, unsigned most)
{
	unsigned late = 0, slowest = 0, sum = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned minutes = staged_minutes(&table[i]);

		sum += minutes;
		slowest = minutes > slowest ? minutes : slowest;
		if (minutes > 0 && minutes <= most)
			continue;
		printf("late: %s: after %u minutes\n", table[i].name, minutes);
		late++;
	}
	printf("right within %u minutes: %zu of %zu, on average after %.1f, the slowest after %u\n",
		most, n - late, n, (double)sum / (double)n, slowest);
	return late;
}
