/*
 * What a user would lose if these failed: a message whose due row slipped out of the lane's
 * window would wait for ever, one that is there twice would be delivered twice.
 */
#include "queue/lane.h"
#include "base/alloc.h"
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

static struct spool_due row(int64_t due, uint64_t id)
{
	return (struct spool_due){.due = due, .id = {1, id}, .count = 1};
}

static void rows_come_out_in_order_of_due_time(void **state)
{
	struct lane *l = lane_new(1, SPAN_LIT("a"));
	static const int64_t in[] = {5, 1, 9, 3, 7, 3};
	static const int64_t out[] = {1, 3, 3, 5, 7, 9};

	l->exhausted = true;
	for (size_t i = 0; i < 6; i++)
		lane_add(l, &(struct spool_due){.due = in[i], .id = {0, i}});
	for (size_t i = 0; i < 6; i++) {
		struct spool_due r;

		lane_take(l, &r);
		assert_int_equal(r.due, out[i]);
	}
	assert_null(lane_first(l));
	assert_false(lane_is_dry(l));
	lane_free(l);
}

static void the_same_row_is_kept_once(void **state)
{
	struct lane *l = lane_new(1, SPAN_LIT("a"));
	struct spool_due r = row(4, 2);

	l->exhausted = true;
	lane_add(l, &r);
	lane_add(l, &r);
	assert_int_equal(l->n, 1);
	lane_free(l);
}

static void a_row_is_taken_out_of_turn(void **state)
{
	struct lane *l = lane_new(1, SPAN_LIT("a"));
	struct spool_due rows[] = {row(1, 1), row(2, 2), row(3, 3)}, absent = row(2, 9), r;

	l->exhausted = true;
	for (size_t i = 0; i < 3; i++)
		lane_add(l, &rows[i]);
	lane_take_row(l, &rows[1]);
	lane_take_row(l, &absent);
	for (size_t i = 0; i < 3; i += 2) {
		lane_take(l, &r);
		assert_int_equal(lane_compare(&r, &rows[i]), 0);
	}
	assert_null(lane_first(l));
	lane_add(l, &rows[0]);
	lane_take_row(l, &rows[0]);
	assert_null(lane_first(l));
	lane_free(l);
}

/* ---- against a model: a sorted array plays the spool ---- */

#define MODEL_MOST 400U

struct model {
	struct spool_due rows[MODEL_MOST]; /* in the spool, sorted */
	size_t n;
	struct spool_due running[MODEL_MOST];
	size_t running_n;
};

static void model_add(struct model *m, struct spool_due r)
{
	size_t at = m->n++;

	for (; at > 0 && lane_compare(&m->rows[at - 1], &r) > 0; at--)
		m->rows[at] = m->rows[at - 1];
	m->rows[at] = r;
}

static void model_remove(struct model *m, const struct spool_due *r)
{
	size_t at = 0;

	while (lane_compare(&m->rows[at], r) != 0)
		at++;
	memmove(m->rows + at, m->rows + at + 1, (m->n - at - 1) * sizeof *m->rows);
	m->n--;
}

static bool model_is_running(const struct spool_due *r, void *arg)
{
	struct model *m = arg;

	for (size_t i = 0; i < m->running_n; i++)
		if (lane_compare(&m->running[i], r) == 0)
			return true;
	return false;
}

static void model_fill(struct model *m, struct lane *l)
{
	struct spool_due
		rows[LANE_WINDOW / 4]; /* a smaller page than the window, to read on often */
	size_t asked = LANE_WINDOW / 4, n = 0;

	while (lane_is_dry(l)) {
		n = 0;
		for (size_t i = 0; i < m->n && n < asked; i++)
			if (!l->after.due || lane_compare(&m->rows[i], &l->after) > 0)
				rows[n++] = m->rows[i];
		lane_fill(l, rows, n, asked, model_is_running, m);
	}
}

/* The first row of the spool that does not run. */
static const struct spool_due *model_first(struct model *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (!model_is_running(&m->rows[i], m))
			return &m->rows[i];
	return NULL;
}

static void random_work_gives_what_the_model_gives(void **state)
{
	struct model *m = alloc_zero(sizeof *m);
	struct lane *l = lane_new(1, SPAN_LIT("a"));
	uint64_t id = 0;

	srandom(7);
	l->exhausted = true;
	for (int step = 0; step < 20000; step++) {
		long dice = random() % 10;

		if (dice < 5 && m->n < MODEL_MOST) { /* a message comes, or is deferred */
			struct spool_due r = row(1 + random() % 500 + step / 20, ++id);

			model_add(m, r);
			lane_add(l, &r);
		} else if (dice < 8) { /* a job is handed out */
			model_fill(m, l);
			const struct spool_due *want = model_first(m), *have = lane_first(l);

			assert_int_equal(want == NULL, have == NULL);
			if (!want)
				continue;
			assert_int_equal(lane_compare(want, have), 0);
			lane_take(l, &m->running[m->running_n++]);
		} else if (m->running_n >
			   0) { /* a job ends, or its process dies and it goes back */
			size_t which = (size_t)random() % m->running_n;
			struct spool_due r = m->running[which];

			m->running[which] = m->running[--m->running_n];
			if (dice == 8)
				model_remove(m, &r);
			else
				lane_add(l, &r);
		}
	}
	lane_free(l);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_out_in_order_of_due_time),
		cmocka_unit_test(the_same_row_is_kept_once),
		cmocka_unit_test(a_row_is_taken_out_of_turn),
		cmocka_unit_test(random_work_gives_what_the_model_gives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
