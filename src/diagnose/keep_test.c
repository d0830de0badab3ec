/*
 * What was learned outlives a restart. Without it a person is told of the same trouble again at each start, and a trouble
 * seems to have begun when abide did.
 */
#include "diagnose/keep.h"
#include "base/alloc.h"
#include "diagnose/ledger_in.h"
#include "diagnose/staged.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct diagnose_fact fact(int64_t at, enum reply_cause cause, const char *site)
{
	return (struct diagnose_fact){.at = at,
		.cause = cause,
		.side = reply_cause_info(cause)->side,
		.is_said = true,
		.site = span_str(site),
		.source = SPAN_LIT("192.0.2.1"),
		.sender = SPAN_LIT("ann@ours.example"),
		.recipient = SPAN_LIT("r@s.example"),
		.message = 7};
}

static void fill(struct ledger *l)
{
	static const char *const sites[] = {"s0.example", "s1.example", "s2.example"};

	ledger_note(l, STAGED_NOW - 1500, "the configuration was read again");
	for (int minute = 60; minute > 0; minute--)
		for (size_t i = 0; i < 3; i++) {
			struct diagnose_fact f = fact(STAGED_NOW - minute * 60,
				minute < 20 ? REPLY_PTR_MISSING : REPLY_NONE, sites[i]);

			ledger_add(l, &f);
		}
}

struct kept_all {
	struct ledger *ledger;
	struct alarms *alarms;
	struct tolds *tolds;
	struct keep_check checks[4];
};

static struct kept_all make(void)
{
	return (struct kept_all){.ledger = ledger_new(),
		.alarms = alloc_zero(sizeof(struct alarms)),
		.tolds = alloc_zero(sizeof(struct tolds))};
}

static void drop(struct kept_all *k)
{
	ledger_free(k->ledger);
	free(k->alarms);
	free(k->tolds);
}

static void judge(struct ledger *l, struct arena *arena, struct verdicts *ret)
{
	verdict_find(l, &(struct verdict_question){.now = STAGED_NOW}, arena, ret);
}

static void a_verdict_is_the_same_after_it(void **state)
{
	struct kept_all a = make(), b = make();
	struct arena arena = {0};
	struct verdicts *before = ARENA_NEW(&arena, struct verdicts),
			*after = ARENA_NEW(&arena, struct verdicts);
	struct buf bytes = BUF_INIT(KEEP_BYTES_MOST);
	struct keep k = {.ledger = a.ledger,
		.alarms = a.alarms,
		.tolds = a.tolds,
		.checks = a.checks,
		.checks_n = 1};

	fill(a.ledger);
	a.checks[0] = (struct keep_check){{.check = CHECK_DISK,
						  .state = CHECK_BAD,
						  .showed = SPAN_LIT("full"),
						  .mend = SPAN_LIT("delete")},
		STAGED_NOW - 5};
	a.alarms->all[3] = (struct alarm){.since = STAGED_NOW - 1000,
		.told_at = STAGED_NOW - 900,
		.family = FAMILY_IDENTITY,
		.scope = VERDICT_EVERYTHING,
		.whose = VERDICT_OURS,
		.cause = REPLY_PTR_MISSING,
		.who = "everything"};
	a.alarms->all[3].key = alarm_key(&a.alarms->all[3]);
	struct told row = {
		.at = STAGED_NOW - 800, .cause = REPLY_BLOCKLISTED, .site = "s1.example"};

	assert_true(told_see(a.tolds, &row));
	told_mark(a.tolds, SPAN_LIT("s1.example"), REPLY_BLOCKLISTED, TOLD_SAID);
	assert_int_equal(keep_write(&k, &bytes), 0);
	k = (struct keep){.ledger = b.ledger,
		.alarms = b.alarms,
		.tolds = b.tolds,
		.checks = b.checks,
		.checks_n = 4};
	assert_int_equal(keep_read(buf_span(&bytes), STAGED_NOW, &k), 0);
	assert_int_equal(k.checks_n, 1);
	assert_int_equal(b.checks[0].result.check, CHECK_DISK);
	assert_true(span_equal(b.checks[0].result.mend, SPAN_LIT("delete")));
	assert_true(b.alarms->all[0].key == a.alarms->all[3].key);
	assert_int_equal(b.alarms->all[0].told_at, STAGED_NOW - 900);
	assert_int_equal(told_last(b.tolds, SPAN_LIT("s1.example")), STAGED_NOW - 800);
	assert_false(told_see(b.tolds, &row));
	assert_int_equal(ledger_count(b.ledger), ledger_count(a.ledger));
	assert_string_equal(ledger_event(b.ledger, 0)->what, "the configuration was read again");
	judge(a.ledger, &arena, before);
	judge(b.ledger, &arena, after);
	assert_true(before->n > 0 && after->n == before->n);
	assert_int_equal(after->all[0].whose, before->all[0].whose);
	assert_int_equal(after->all[0].since, before->all[0].since);
	assert_int_equal(after->all[0].failures, before->all[0].failures);
	assert_int_equal(after->all[0].start, before->all[0].start);
	assert_true(span_equal(after->all[0].names[0], before->all[0].names[0]));
	buf_done(&bytes);
	arena_done(&arena);
	drop(&a);
	drop(&b);
}

/* The process that reads has another key for its hashes: what comes next is counted with what was. */
static void names_get_the_hashes_of_who_reads(void **state)
{
	struct kept_all a = make(), b = make();
	struct buf bytes = BUF_INIT(KEEP_BYTES_MOST);
	struct keep k = {.ledger = a.ledger, .alarms = a.alarms, .tolds = a.tolds};

	fill(a.ledger);
	for (size_t i = 0; i < LEDGER_NAMES; i++)
		if (a.ledger->names[i].hash)
			a.ledger->names[i].hash ^= 0x55;
	for (size_t i = 0; i < ledger_count(a.ledger); i++) {
		a.ledger->cells[i].site ^= 0x55;
		a.ledger->cells[i].domain ^= 0x55;
	}
	assert_int_equal(keep_write(&k, &bytes), 0);
	k = (struct keep){.ledger = b.ledger, .alarms = b.alarms, .tolds = b.tolds};
	assert_int_equal(keep_read(buf_span(&bytes), STAGED_NOW, &k), 0);
	assert_string_equal(ledger_name(b.ledger, ledger_get(b.ledger, 0)->site), "s0.example");
	assert_true(ledger_get(b.ledger, 0)->site == ledger_hash(SPAN_LIT("s0.example")));
	assert_true(ledger_get(b.ledger, 0)->domain == ledger_hash(SPAN_LIT("ours.example")));
	buf_done(&bytes);
	drop(&a);
	drop(&b);
}

static void what_is_later_than_now_is_left_out(void **state)
{
	struct kept_all a = make(), b = make();
	struct buf bytes = BUF_INIT(KEEP_BYTES_MOST);
	struct keep k = {.ledger = a.ledger, .alarms = a.alarms, .tolds = a.tolds};
	struct diagnose_fact f = fact(STAGED_NOW + 864000, REPLY_PTR_MISSING, "s9.example");

	fill(a.ledger);
	ledger_add(a.ledger, &f);
	assert_int_equal(keep_write(&k, &bytes), 0);
	k = (struct keep){.ledger = b.ledger, .alarms = b.alarms, .tolds = b.tolds};
	assert_int_equal(keep_read(buf_span(&bytes), STAGED_NOW, &k), 0);
	assert_int_equal(ledger_count(b.ledger), ledger_count(a.ledger) - 1);
	f.at = STAGED_NOW + 60;
	ledger_add(b.ledger, &f);
	assert_int_equal(
		ledger_get(b.ledger, ledger_count(b.ledger) - 1)->minute, STAGED_NOW / 60 + 1);
	buf_done(&bytes);
	drop(&a);
	drop(&b);
}

static void damage_is_noticed(void **state)
{
	struct kept_all a = make(), b = make();
	struct buf bytes = BUF_INIT(KEEP_BYTES_MOST);
	struct keep k = {.ledger = a.ledger, .alarms = a.alarms, .tolds = a.tolds};

	fill(a.ledger);
	assert_int_equal(keep_write(&k, &bytes), 0);
	k = (struct keep){.ledger = b.ledger, .alarms = b.alarms, .tolds = b.tolds};
	for (size_t i = 0; i < bytes.len; i += 97) {
		bytes.at[i] = (char)(bytes.at[i] ^ 1);
		assert_int_equal(keep_read(buf_span(&bytes), STAGED_NOW, &k), -EBADMSG);
		bytes.at[i] = (char)(bytes.at[i] ^ 1);
		assert_int_equal(keep_read(span_of(bytes.at, i), STAGED_NOW, &k), -EBADMSG);
	}
	assert_int_equal(ledger_count(b.ledger), 0);
	buf_done(&bytes);
	drop(&a);
	drop(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_verdict_is_the_same_after_it),
		cmocka_unit_test(names_get_the_hashes_of_who_reads),
		cmocka_unit_test(what_is_later_than_now_is_left_out),
		cmocka_unit_test(damage_is_noticed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
