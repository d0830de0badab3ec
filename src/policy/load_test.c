/* If these fail, abide takes on more than it can, or keeps turning mail away when it could take it. */
#include "policy/load.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

static const struct load_measures calm = {.memory = 500,
	.has_room = true,
	.disk_free = 1000 * MIB,
	.inodes_free = 100000,
	.sessions = 100,
	.descriptors = 100};
static const struct load_limits limits = {.disk_free = 64 * MIB};

static void test_stages(void **state)
{
	static const struct {
		struct load_measures m; /* what is 0 is as calm */
		enum load_stage stage;
		const char *why;
	} steps[] = {
		{{0}, LOAD_CALM, ""},
		{{.lag_ms = 199}, LOAD_CALM, ""},
		{{.lag_ms = 60, .standing_ms = 39}, LOAD_CALM, ""},
		{{.lag_ms = 60, .standing_ms = 40}, LOAD_BUSY, "queue"},
		{{.lag_ms = 60, .standing_ms = 20}, LOAD_BUSY, "queue"},
		{{.lag_ms = 60, .standing_ms = 19}, LOAD_CALM, ""},
		{{.backlog_ms = 100, .commit_ms = 300}, LOAD_BUSY, "backlog"},
		{{.backlog_ms = 49, .commit_ms = 300}, LOAD_CALM, ""},
		{{.standing_ms = 400}, LOAD_HARD, "queue"},
		{{.standing_ms = 0}, LOAD_CALM, ""},
		{{.lag_ms = 200}, LOAD_BUSY, "lag"},
		{{.lag_ms = 100}, LOAD_BUSY, "lag"}, /* hysteresis */
		{{.lag_ms = 99}, LOAD_CALM, ""},     /* and out at once */
		{{.lag_ms = 100}, LOAD_CALM, ""},
		{{.commit_ms = 4000}, LOAD_HARD, "commit"},
		{{.commit_ms = 1999}, LOAD_BUSY, "commit"},
		{{.commit_ms = 500}, LOAD_BUSY, "commit"},
		{{.commit_ms = 499}, LOAD_CALM, ""},
		{{.lag_ms = 6000}, LOAD_FULL, "lag"},
		{{0}, LOAD_CALM, ""},
		{{.sessions = 850}, LOAD_BUSY, "sessions"},
		{{.sessions = 980}, LOAD_FULL, "sessions"},
		{{.sessions = 820}, LOAD_HARD, "sessions"},
		{{.sessions = 700}, LOAD_CALM, ""},
		{{.descriptors = 930}, LOAD_HARD, "descriptors"},
		{{.descriptors = 930, .lag_ms = 5000}, LOAD_FULL, "lag"},
		{{.descriptors = 930, .lag_ms = 1}, LOAD_HARD, "descriptors"},
		{{.memory = 59}, LOAD_BUSY, "memory"},
		{{.memory = 89}, LOAD_BUSY, "memory"},
		{{.memory = 91}, LOAD_CALM, ""},
		{{.memory = 10}, LOAD_FULL, "memory"},
	};
	struct load_state s = {0};

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct load_measures m = calm;

		m.lag_ms = steps[i].m.lag_ms;
		m.standing_ms = steps[i].m.standing_ms;
		m.backlog_ms = steps[i].m.backlog_ms;
		m.commit_ms = steps[i].m.commit_ms;
		m.sessions = steps[i].m.sessions ? steps[i].m.sessions : calm.sessions;
		m.descriptors = steps[i].m.descriptors ? steps[i].m.descriptors : calm.descriptors;
		m.memory = steps[i].m.memory ? steps[i].m.memory : calm.memory;
		s = load_next(&s, &m, &limits);
		assert_string_equal(s.why ? s.why : "", steps[i].why);
		assert_string_equal(load_stage_text(s.stage), load_stage_text(steps[i].stage));
		assert_false(s.is_disk_low);
	}
}

static void test_disk(void **state)
{
	static const struct {
		uint64_t disk, inodes;
		uint32_t map;
		bool is_low;
	} steps[] = {
		{64 * MIB, 1000, 880, false},
		{64 * MIB - 1, 1000, 880, true},
		{79 * MIB, 5000, 100, true}, /* not yet enough */
		{80 * MIB, 5000, 100, false},
		{80 * MIB, 999, 100, true},
		{80 * MIB, 1249, 100, true},
		{80 * MIB, 1250, 100, false},
		{80 * MIB, 5000, 881, true},
		{80 * MIB, 5000, 861, true},
		{80 * MIB, 5000, 860, false},
	};
	struct load_state s = {0};
	struct load_measures m = calm;

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		m.disk_free = steps[i].disk;
		m.inodes_free = steps[i].inodes;
		m.map_used = steps[i].map;
		s = load_next(&s, &m, &limits);
		assert_int_equal(s.is_disk_low, steps[i].is_low);
		assert_int_equal(
			s.stage, LOAD_CALM); /* connections are still taken: they hear 452 */
	}
	m = (struct load_measures){.memory = 500}; /* nothing known yet */
	s = load_next(&s, &m, &limits);
	assert_false(s.is_disk_low);
}

static void test_order(void **state)
{
	static const bool takes[4][3] = {
		[LOAD_CALM] = {true, true, true},
		[LOAD_BUSY] = {false, true, true},
		[LOAD_HARD] = {false, false, true},
		[LOAD_FULL] = {false, false, false},
	};

	for (unsigned stage = 0; stage < 4; stage++)
		for (unsigned client = 0; client < 3; client++)
			assert_int_equal(load_takes(stage, client), takes[stage][client]);
}

/* A crowd of any size leaves fourteen fifteenths of the work to those who are let in, and is heard again when it goes. */
static void test_part(void **state)
{
	unsigned part = LOAD_PART_WHOLE;

	/* what is beyond is turned away politely at two and a half times what is served */
	for (int i = 0; i < 100; i++)
		part = load_part(part, 750, 500);
	assert_int_equal(part, LOAD_PART_WHOLE);
	/* ten times: settles where about one and a half of those taken are turned away */
	for (int i = 0; i < 100; i++) {
		uint64_t heard = 5000ULL * part / LOAD_PART_WHOLE;

		part = load_part(part, heard > 500 ? heard - 500 : 0, heard > 500 ? 500 : heard);
	}
	assert_in_range(part, 210, 310);
	/* nobody is taken at all: a few are heard still, else nobody would find out that it is over */
	for (int i = 0; i < 100; i++)
		part = load_part(part, 100000, 0);
	assert_in_range(part, 1, 32);
	/* and when the crowd has gone all are heard within a second, a quarter of one where nobody comes at all */
	unsigned least = part;

	for (int i = 0; i < 5; i++)
		part = load_part(part, 0, 100);
	assert_int_equal(part, LOAD_PART_WHOLE);
	assert_int_equal(load_part(least, 0, 0), LOAD_PART_WHOLE);
	assert_in_range(load_part(LOAD_PART_WHOLE, UINT32_MAX, 0), 1, LOAD_PART_WHOLE);
}

/* More are let in for as long as nobody waits for it, and fewer at once when somebody does. */
static void test_window(void **state)
{
	struct load_state busy = {0};
	struct load_measures m = calm;
	uint32_t window = 800;

	assert_int_equal(load_window(window, 0, 0), 901);
	assert_int_equal(load_window(window, 5, 0), 851);
	assert_int_equal(load_window(window, 19, 0), 851);
	assert_int_equal(load_window(window, 20, 800), 750);
	assert_int_equal(load_window(window, 79, 800), 750);
	assert_int_equal(load_window(window, 80, 800), 800);
	assert_int_equal(load_window(window, 107, 800), 598);
	assert_int_equal(load_window(window, 1000, 800), 400); /* one bad moment says not all */
	/* Those who came before the window was there are not its fault; there is room again when they go. */
	assert_int_equal(load_window(window, 800, 8000), 800);
	assert_int_equal(load_window(window, 800, 7000), 700);
	for (int i = 0; i < 100; i++)
		window = load_window(window, 1000, window);
	assert_int_equal(window, 16);
	for (int i = 0; i < 200; i++)
		window = load_window(window, 0, 0);
	assert_true(window > 800);
	/* As long as strangers are turned away it is not calm, however quick the others are served. */
	m.standing_ms = 40;
	busy = load_next(&busy, &m, &limits);
	m.standing_ms = 0;
	m.is_shedding = true;
	busy = load_next(&busy, &m, &limits);
	assert_int_equal(busy.stage, LOAD_BUSY);
	assert_true(load_is_of_work(&busy));
	m.is_shedding = false;
	busy = load_next(&busy, &m, &limits);
	assert_int_equal(busy.stage, LOAD_CALM);
	/* Where something is used up, its measure alone has a say. */
	m.sessions = 850;
	busy = load_next(&busy, &m, &limits);
	assert_int_equal(busy.stage, LOAD_BUSY);
	assert_false(load_is_of_work(&busy));
	m.sessions = 100;
	m.is_shedding = true;
	busy = load_next(&busy, &m, &limits);
	assert_int_equal(busy.stage, LOAD_CALM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stages),
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
