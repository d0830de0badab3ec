/* Without these a reply would be taken for another one that was read before it. */
#include "reply/memo.h"
#include "reply/meaning.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static uint64_t key_of(const char *text, enum reply_stage stage, bool states_wait)
{
	struct arena arena = {0};
	struct reply_subject s;

	reply_subject_read(span_str(text), stage, &arena, &s);
	uint64_t key = reply_memo_key(&s, states_wait);

	arena_done(&arena);
	return key;
}

static void test_same_but_for_values(void **state)
{
	static const struct {
		const char *a, *b;
		bool is_same;
	} cases[] = {
		{"550 5.1.1 <a@b.example> unknown [1f2e3d4c5b]",
			"550 5.1.1 <c@d.example> unknown [7c6d5e4f3a]", true},
		{"450 4.7.1 quota of 1234 reached", "450 4.7.1 quota of 99999 reached", true},
		{"550 5.1.1 unknown", "450 5.1.1 unknown", false},
		{"550 5.1.1 unknown", "550 5.2.1 unknown", false},
		{"550 user unknown", "550 user known", false},
		{"550 a b", "550 ab", false},
		{"550 a b c", "550 a b d", false},
		{"550 mailbox abcdefgh full", "550 mailbox abcdefgi full", false},
		{"550 see http://a.example/spam", "550 see http://a.example/full", false},
		{"550 ab1", "550 ab2", false}, /* short: may be a word of its own */
		/* of which some row of the tables knows one */
		{"550 SC-001 policy", "550 DY-001 policy", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool is_same = key_of(cases[i].a, REPLY_STAGE_NONE, false) ==
			       key_of(cases[i].b, REPLY_STAGE_NONE, false);

		if (is_same != cases[i].is_same)
			fail_msg("%s | %s", cases[i].a, cases[i].b);
	}
	assert_true(key_of("450 no", REPLY_STAGE_RCPT, false) !=
		    key_of("450 no", REPLY_STAGE_MAIL, false));
	assert_true(key_of("450 no", REPLY_STAGE_RCPT, false) !=
		    key_of("450 no", REPLY_STAGE_RCPT, true));
}

static struct reply_meaning read_with(
	struct span text, struct reply_memo *memo, enum reply_stage stage, struct arena *arena)
{
	struct reply_context context = {.stage = stage, .memo = memo};
	struct reply_meaning m;

	reply_read(&context, 0, (struct reply_status){0}, text, arena, &m);
	return m;
}

/* One digit of the text is another one, so that what the memo says is not what was put into it. */
static struct span with_other_digit(struct span text, size_t which, struct arena *arena)
{
	char *copy = arena_str(arena, text);

	for (size_t i = 4; i < text.len; i++)
		if (byte_is_digit(copy[i]) && which-- == 0)
			copy[i] = (char)('0' + (copy[i] - '0' + 1) % 10);
	return span_of(copy, text.len);
}

static void check_line(struct span text, struct reply_memo *memo, enum reply_stage stage)
{
	struct arena arena = {0};

	for (size_t which = 0; which < 12; which++) {
		struct span other = which == 0 ? text : with_other_digit(text, which - 1, &arena);
		struct reply_meaning plain = read_with(other, NULL, stage, &arena);
		struct reply_meaning quick = read_with(other, memo, stage, &arena);

		if (plain.cause != quick.cause || plain.variant != quick.variant ||
			plain.action != quick.action || plain.side != quick.side ||
			plain.confidence < quick.confidence ||
			plain.confidence > quick.confidence || plain.evidence != quick.evidence)
			fail_msg("another answer from memory: %.*s", SPAN_F(other));
	}
	arena_done(&arena);
}

static void test_same_answers(void **state)
{
	FILE *f = fopen(ABIDE_SOURCE "/src/reply/training.txt", "re");
	struct reply_memo *memo = reply_memo_new();
	static char line[65536];
	size_t n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		const char *text = strchr(line, ' ');

		if (!text || strchr("#[\n", line[0]))
			continue;
		n++;
		check_line(span_trim(span_str(text)), memo, (enum reply_stage)(n % REPLY_STAGES));
	}
	(void)fclose(f);
	reply_memo_free(memo);
	assert_true(n > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_but_for_values),
		cmocka_unit_test(test_same_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
