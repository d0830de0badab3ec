#include "auth/spf_world.h"

#define ALIASES_MOST 8U

static void ask_world(struct spf_world *w, enum spf_rr type, struct span name, unsigned aliases,
	struct arena *arena, struct spf_answer *ret)
{
	*ret = (struct spf_answer){.records = arena_array(arena, w->n, sizeof *ret->records)};
	for (size_t i = 0; i < w->n; i++) {
		const struct spf_world_rr *rr = &w->all[i];

		if (!span_equal_nocase(rr->name, name))
			continue;
		if (rr->is_failing && ret->n == 0)
			ret->failure = "timed out";
		else if (rr->is_alias && aliases == ALIASES_MOST)
			ret->failure = "aliases that lead in circles";
		else if (rr->is_alias)
			ask_world(w, type, rr->value, aliases + 1, arena, ret);
		else if (!rr->is_failing && rr->type == type)
			ret->records[ret->n++] = rr->value;
		if (rr->is_alias || ret->failure)
			return;
	}
}

static void ask(void *self, enum spf_rr type, struct span name, nanos deadline, struct arena *arena,
	struct spf_answer *ret)
{
	struct spf_world *w = self;

	w->asked++;
	ask_world(w, type, name, 0, arena, ret);
}

const struct spf_ops spf_world_ops = {.ask = ask};
