/*
 * heap - intrusive 4-ary min-heap over int64 keys; add, remove and move are O(log n).
 *
 * The heap owns its array of pointers, not the nodes. A node keeps its place,
 * so that it can be removed or moved without a search.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t key;
	size_t place; /* 1 + index; 0: in no heap */
};

struct heap {
	struct heap_node **at;
	size_t n, room;
};

void heap_done(struct heap *h);
void heap_add(struct heap *h, struct heap_node *node, int64_t key);
void heap_remove(struct heap *h, struct heap_node *node); /* nothing where it is in no heap */
void heap_move(struct heap *h, struct heap_node *node, int64_t key); /* adds where absent */
struct heap_node *heap_first(const struct heap *h);                  /* least key, or NULL */
static inline bool heap_has(const struct heap_node *node)
{
	return node->place != 0;
}
