/*
 * store - words of the file into the members of struct conf, checked.
 *
 * Each row's type says how its words are read, what is right and where the
 * value goes. What is wrong is reported with the word's line, and the member
 * keeps its preset. Memory is the arena's. Looks names up where asked to, so
 * it may block; never logs.
 */
#pragma once
#include "conf/read.h"

struct load {
	struct arena *arena;
	struct report *report;
	struct conf *conf;
	bool look_up;    /* names of hosts, by the system's resolver */
	bool opens_more; /* files that the first one names */
};

/* name: the key as messages call it. n >= 1 words. False: reported, nothing stored. */
#define STORE_FROM " from " /* in a route's title */
/* The pattern of such a title. */
struct span store_pattern(struct span text);
bool store_words(struct load *l, const char *name, const struct schema_row *row,
	const struct read_word *words, size_t n, void *object);

#define HOST_ADDRESSES_MAX 16 /* of one name; more are left out */

/* One HOST:PORT with its addresses. A name without any is a warning, not an error. */
bool store_host(
	struct load *l, const char *name, const struct read_word *word, struct conf_host *ret);
/* The same, or "unix:PATH". */
bool store_service(
	struct load *l, const char *name, const struct read_word *word, struct conf_host *ret);
/* "to" of a route or domain. */
bool store_target(struct load *l, const char *name, const struct read_word *words, size_t n,
	struct conf_target *ret);
