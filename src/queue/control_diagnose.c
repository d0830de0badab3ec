#include "queue/control.h"
#include "queue/diagnosing.h"
#include "diagnose/tell.h"

static void say_verdicts(struct control *c, const struct verdicts *v, struct arena *arena)
{
	for (size_t i = 0; i < v->n; i++) {
		struct ipc_control_verdict m;

		tell_verdict(&v->all[i], arena, &m);
		control_say(c, IPC_CONTROL_VERDICT, &m, (struct span){0});
	}
}

static void say_checks(struct control *c, struct arena *arena)
{
	struct check_result *list = arena_array(arena, DIAGNOSING_CHECKS_MOST, sizeof *list);
	int64_t at[DIAGNOSING_CHECKS_MOST];
	size_t n = queue_diagnosing_checks(c->queue, list, at, DIAGNOSING_CHECKS_MOST);

	for (size_t i = 0; i < n; i++) {
		struct ipc_control_check m;

		tell_check(&list[i], at[i] * 1000, &m);
		control_say(c, IPC_CONTROL_CHECK, &m, (struct span){0});
	}
}

void control_on_diagnose(struct control *c, const struct ipc_control_diagnose *asked)
{
	struct arena arena = {0};
	struct verdicts *v = ARENA_NEW(&arena, struct verdicts);
	size_t n = 0, most = asked->checks_n < 256 ? asked->checks_n : 256;
	struct check_result *checks =
		arena_array(&arena, most + DIAGNOSING_CHECKS_MOST, sizeof *checks);

	for (size_t i = 0; i < most; i++)
		n += tell_check_read(&asked->checks[i], &checks[n]);
	queue_diagnosing_find(c->queue, asked->about, checks, n, &arena, v);
	say_verdicts(c, v, &arena);
	say_checks(c, &arena);
	control_end(c, (struct ipc_control_end){.count = v->n});
	arena_done(&arena);
}
