#include "base/heap.h"
#include "base/alloc.h"
#include <assert.h>
#include <stdlib.h>

void heap_done(struct heap *h)
{
	free(h->at);
	*h = (struct heap){0};
}

static void put(struct heap *h, size_t i, struct heap_node *node)
{
	h->at[i] = node;
	node->place = i + 1;
}

static void sift_up(struct heap *h, size_t i, struct heap_node *node)
{
	while (i > 0) {
		size_t parent = (i - 1) / 4;

		if (h->at[parent]->key <= node->key)
			break;
		put(h, i, h->at[parent]);
		i = parent;
	}
	put(h, i, node);
}

static void sift_down(struct heap *h, size_t i, struct heap_node *node)
{
	for (;;) {
		size_t least = i * 4 + 1, end = least + 4 < h->n ? least + 4 : h->n;

		if (least >= h->n)
			break;
		for (size_t c = least + 1; c < end; c++)
			if (h->at[c]->key < h->at[least]->key)
				least = c;
		if (h->at[least]->key >= node->key)
			break;
		put(h, i, h->at[least]);
		i = least;
	}
	put(h, i, node);
}

void heap_add(struct heap *h, struct heap_node *node, int64_t key)
{
	assert(node->place == 0);
	if (h->n == h->room) {
		h->room = h->room ? h->room * 2 : 64;
		h->at = alloc_grow(h->at, h->room, sizeof *h->at);
	}
	node->key = key;
	h->n++;
	sift_up(h, h->n - 1, node);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
	if (node->place == 0)
		return;
	size_t i = node->place - 1;
	struct heap_node *last = h->at[--h->n];

	node->place = 0;
	if (last == node)
		return;
	if (i > 0 && h->at[(i - 1) / 4]->key > last->key)
		sift_up(h, i, last);
	else
		sift_down(h, i, last);
}

void heap_move(struct heap *h, struct heap_node *node, int64_t key)
{
	if (node->place != 0 && node->key == key)
		return;
	heap_remove(h, node);
	heap_add(h, node, key);
}

struct heap_node *heap_first(const struct heap *h)
{
	return h->n ? h->at[0] : NULL;
}
