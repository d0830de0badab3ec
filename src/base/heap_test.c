#include "base/heap.h"
#include "base/list.h"
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NODES 500

static struct heap_node nodes[NODES];

static int64_t least_key(void)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < NODES; i++)
		if (heap_has(&nodes[i]) && nodes[i].key < least)
			least = nodes[i].key;
	return least;
}

/* A timer out of order is a message that waits for another's delay. */
static void the_least_is_first(void **state)
{
	struct heap h = {0};
	unsigned seed = 3;

	assert_null(heap_first(&h));
	for (int round = 0; round < 20000; round++) {
		struct heap_node *node = &nodes[rand_r(&seed) % NODES];
		int64_t key = rand_r(&seed) % 1000 - 500;

		if (rand_r(&seed) % 3 == 0)
			heap_remove(&h, node);
		else
			heap_move(&h, node, key);
		if (h.n == 0)
			assert_null(heap_first(&h));
		else if (round % 16 == 0)
			assert_true(heap_first(&h)->key == least_key());
	}
	int64_t before = INT64_MIN;

	for (size_t left = h.n; left > 0; left--) {
		struct heap_node *node = heap_first(&h);

		assert_true(node->key >= before);
		before = node->key;
		heap_remove(&h, node);
		assert_false(heap_has(node));
		heap_remove(&h, node);
	}
	assert_null(heap_first(&h));
	heap_done(&h);
}

static void extremes_are_kept(void **state)
{
	struct heap_node a = {0}, b = {0};
	struct heap h = {0};

	heap_add(&h, &a, INT64_MAX);
	heap_add(&h, &b, INT64_MIN);
	assert_ptr_equal(heap_first(&h), &b);
	heap_move(&h, &b, INT64_MAX);
	heap_move(&h, &a, 0);
	assert_ptr_equal(heap_first(&h), &a);
	heap_done(&h);
}

struct item {
	int value;
	struct list node;
};

static void lists_keep_their_order(void **state)
{
	struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
	struct list head;
	int sum = 0;

	list_init(&head);
	assert_null(list_take(&head));
	for (int i = 0; i < 3; i++)
		list_add_tail(&head, &items[i].node);
	list_for_each (pos, &head) {
		sum = sum * 10 + container_of(pos, struct item, node)->value;
		list_remove(pos);
	}
	assert_int_equal(sum, 123);
	assert_true(list_is_empty(&head));
	list_remove(&items[0].node);
	list_add_tail(&head, &items[0].node);
	assert_ptr_equal(list_take(&head), &items[0].node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_is_first),
		cmocka_unit_test(extremes_are_kept),
		cmocka_unit_test(lists_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
