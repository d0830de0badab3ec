/* If these fail, facts are forgotten at a restart, grow without end, or keep the process from starting. */
#include "facts/keep.h"
#include "task/task.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define MUST(what)                                                                 \
	do {                                                                       \
		if (!(what)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                   \
		}                                                                  \
	} while (0)

struct place {
	char dir[64];
};

static void place_init(struct place *p)
{
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/abide-keep-XXXXXX");
	MUST(mkdtemp(p->dir) != NULL);
}

static void remove_file(const struct place *p, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", p->dir, name);
	(void)unlink(path);
}

static void place_done(struct place *p)
{
	remove_file(p, "data.mdb");
	remove_file(p, "data.mdb.bad");
	remove_file(p, "lock.mdb");
	MUST(rmdir(p->dir) == 0);
}

static struct span key_of(struct keep_key *k, unsigned n)
{
	char text[32];
	int len = snprintf(text, sizeof text, "sender%u", n);

	return keep_key(k, KEEP_PAIR, span_of(text, (size_t)len), SPAN_LIT("r@example.org"));
}

static void put(struct keep *k, unsigned n, const char *value, int64_t ends, enum keep_worth worth)
{
	struct keep_key key;

	k->ops->put(k, key_of(&key, n), span_str(value), (struct keep_life){ends, worth});
}

static bool has(struct keep *k, unsigned n, const char *value)
{
	struct keep_key key;
	struct span found;

	return k->ops->get(k, key_of(&key, n), &found) && span_equal(found, span_str(value));
}

static struct keep *opened(const char *dir, size_t most)
{
	struct keep *k = NULL;
	bool was_bad = true;

	MUST(keep_open(dir, most, &k, &was_bad) == 0 && !was_bad);
	return k;
}

static size_t count(const struct keep *k)
{
	struct keep_figures f;

	k->ops->figures(k, &f);
	return f.records;
}

static void restart(void *arg)
{
	struct place *p = arg;
	struct keep *k = opened(p->dir, 100);

	for (unsigned i = 0; i < 50; i++)
		put(k, i, "first", 1000 + i, KEEP_WORTH_ONCE);
	MUST(k->ops->flush(k) == 0);
	put(k, 3, "second", 1003, KEEP_WORTH_PASSED);
	struct keep_key key;

	k->ops->remove(k, key_of(&key, 4));
	k->ops->remove(k, key_of(&key, 5));
	put(k, 5, "again", 1005, KEEP_WORTH_ONCE);
	MUST(k->ops->flush(k) == 0);
	put(k, 6, "lost", 1006, KEEP_WORTH_ONCE); /* after the last flush: a crash loses it */
	k->ops->free(k);
	k = opened(p->dir, 100);
	MUST(count(k) == 49);
	MUST(has(k, 3, "second") && has(k, 5, "again") && has(k, 6, "first"));
	MUST(!has(k, 4, "first"));
	struct span gone, value;

	/* The end came with it. */
	MUST(k->ops->expire(k, 1000, &gone, &value) && span_equal(gone, key_of(&key, 0)));
	MUST(span_equal(value, SPAN_LIT("first")));
	MUST(!k->ops->expire(k, 1000, &gone, &value));
	MUST(k->ops->flush(k) == 0);
	k->ops->free(k);
	/* A smaller keep takes what is worth most. */
	k = opened(p->dir, 2);
	MUST(count(k) == 2 && has(k, 3, "second"));
	k->ops->free(k);
}

static void cut(const struct place *p, off_t len)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/data.mdb", p->dir);
	MUST(truncate(path, len) == 0);
}

static void damage(void *arg)
{
	static const off_t lengths[] = {0, 100, 4096, 12288};
	struct place *p = arg;

	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct keep *k = opened(p->dir, 1000);
		bool was_bad = false;

		for (unsigned n = 0; n < 1000; n++)
			put(k, n, "value", 1000, KEEP_WORTH_ONCE);
		MUST(k->ops->flush(k) == 0);
		k->ops->free(k);
		cut(p, lengths[i]);
		MUST(keep_open(p->dir, 1000, &k, &was_bad) == 0);
		MUST(was_bad && count(k) == 0);
		k->ops->free(k);
	}
}

/* A disk that takes nothing costs no fact; what is in memory is written when it does again. */
static void failure(void *arg)
{
	struct place *p = arg;
	struct keep *k = opened(p->dir, 20000);
	struct keep_figures f;
	char value[1000];

	memset(value, 'x', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	/* The map of 80 MB holds these; twice as large ones it does not. */
	k->ops->set_most(k, 200000);
	for (unsigned n = 0; n < 120000; n++)
		put(k, n, value, 1000, KEEP_WORTH_ONCE);
	MUST(k->ops->flush(k) == -ENOSPC);
	k->ops->figures(k, &f);
	MUST(f.failures == 1 && f.records == 120000);
	k->ops->set_most(k, 1000);
	MUST(k->ops->flush(k) == 0);
	k->ops->free(k);
	k = opened(p->dir, 1000);
	MUST(count(k) == 1000 && has(k, 119999, value));
	k->ops->free(k);
}

static void with_place(task_fn *fn)
{
	struct place p;

	place_init(&p);
	assert_int_equal(task_run(NULL, fn, &p), 0);
	place_done(&p);
}

static void test_restart(void **state)
{
	with_place(restart);
}

static void test_damage(void **state)
{
	with_place(damage);
}

static void test_failure(void **state)
{
	with_place(failure);
}

static void test_room(void **state)
{
	struct keep *k = opened(NULL, 10);
	struct keep_key key;
	struct span value;

	put(k, 0, "bucket", 1, KEEP_WORTH_LEAST);
	for (unsigned i = 1; i <= 5; i++)
		put(k, i, "once", 100, KEEP_WORTH_ONCE);
	for (unsigned i = 6; i <= 9; i++)
		put(k, i, "learned", 100, KEEP_WORTH_LEARNED);
	put(k, 1, "once", 100, KEEP_WORTH_ONCE); /* the youngest of its kind now */
	put(k, 10, "new", 100, KEEP_WORTH_ONCE);
	assert_false(has(k, 0, "bucket"));
	put(k, 11, "new", 100, KEEP_WORTH_ONCE);
	assert_false(has(k, 2, "once"));
	assert_true(has(k, 1, "once"));
	for (unsigned i = 20; i < 1000; i++)
		put(k, i, "flood", 100, KEEP_WORTH_ONCE);
	assert_int_equal(count(k), 10);
	for (unsigned i = 6; i <= 9; i++)
		assert_true(has(k, i, "learned"));
	/* What is too long is not kept at all. */
	char text[KEEP_VALUE_MAX + 1] = "";

	k->ops->put(k, key_of(&key, 6), span_of(text, sizeof text),
		(struct keep_life){1, KEEP_WORTH_MOST});
	assert_true(has(k, 6, "learned"));
	size_t n = 0, i = 0;
	struct span found;

	while (k->ops->next(k, KEEP_PAIR, &i, &found, &value))
		n++;
	assert_int_equal(n, 10);
	i = 0;
	assert_false(k->ops->next(k, KEEP_KNOWN, &i, &found, &value));
	assert_int_equal(k->ops->flush(k), 0);
	k->ops->free(k);
}

static void test_keys(void **state)
{
	static char one[1000], other[1000];
	struct keep_key a, b;

	memset(one, 'a', sizeof one);
	memset(other, 'a', sizeof other);
	other[999] = 'b';
	struct span x = keep_key(&a, KEEP_PAIR, span_of(one, 1000), SPAN_LIT("r"));
	struct span y = keep_key(&b, KEEP_PAIR, span_of(other, 1000), SPAN_LIT("r"));

	assert_int_equal(x.len, KEEP_KEY_MAX);
	assert_false(span_equal(x, y));
	x = keep_key(&a, KEEP_PAIR, SPAN_LIT("ab"), SPAN_LIT("c"));
	y = keep_key(&b, KEEP_PAIR, SPAN_LIT("a"), SPAN_LIT("bc"));
	assert_false(span_equal(x, y));
	assert_memory_equal(x.at, "pab\0c", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
