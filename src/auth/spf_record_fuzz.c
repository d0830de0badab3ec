/*
 * Strangers write all records: lines "NAME TXT", "NAME A" and so on make a world in which a check is
 * run; it ends within its budgets and says why.
 */
#include "auth/spf_world.h"
#include <assert.h>

#define WORLD_MAX 40U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_line(struct span line, struct spf_world_rr *ret)
{
	struct span name, kind;

	*ret = (struct spf_world_rr){.type = SPF_RR_TXT, .name = SPAN_LIT("a.b"), .value = line};
	if (!span_take_until(&line, '|', &name) || !span_take_until(&line, '|', &kind))
		return;
	*ret = (struct spf_world_rr){.name = name,
		.value = line,
		.type = kind.len > 0 ? (unsigned char)kind.at[0] % 5U : 0,
		.is_alias = kind.len == 2,
		.is_failing = kind.len == 3};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spf_world_rr all[WORLD_MAX];
	struct spf_world w = {.all = all};
	struct span rest = span_of(data, size), line;
	struct arena arena = {0};
	struct spf_verdict v;

	for (bool is_last = false; !is_last && w.n < WORLD_MAX; w.n++) {
		is_last = !span_take_until(&rest, '\n', &line);
		read_line(is_last ? rest : line, &all[w.n]);
	}
	const struct spf_question q = {.client = {.is_v4 = true, .bytes = {192, 0, 2, 3}},
		.helo = SPAN_LIT("mail.a.b"),
		.sender = SPAN_LIT("strong-bad@a.b"),
		.receiver = SPAN_LIT("here")};

	spf_check(&q, &spf_world_ops, &w, CLOCK_NEVER, &arena, &v);
	assert(v.result < SPF_RESULTS && v.reason.len > 0);
	assert(v.lookups <= SPF_LOOKUPS + 1);
	/* a TXT for each of include and redirect, 11 for an MX, 11 for the client's names, exp= */
	assert(w.asked <= 1 + SPF_LOOKUPS * (1 + SPF_HOSTS) + 1 + SPF_HOSTS + 1);
	for (size_t i = 0; i < v.reason.len; i++)
		assert(v.reason.at[i] >= ' ' && v.reason.at[i] <= '~');
	for (size_t i = 0; i < v.explanation.len; i++)
		assert(v.explanation.at[i] >= ' ' && v.explanation.at[i] <= '~');
	arena_done(&arena);
	return 0;
}
