#include "base/alloc.h"
#include "base/crc.h"
#include "facts/keep_in.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define BATCH_MAX ((size_t)1 << 30)

static struct memory_keep *memory_of(const struct keep *k)
{
	return container_of((struct keep *)(uintptr_t)k, struct memory_keep, keep);
}

struct span keep_key(struct keep_key *k, enum keep_kind kind, struct span a, struct span b)
{
	struct buf text = BUF_INIT(8192);

	(void)buf_add_byte(&text, (char)kind);
	(void)buf_add(&text, span_slice(a, 0, 4000));
	if (b.at) {
		(void)buf_add_byte(&text, '\0');
		(void)buf_add(&text, span_slice(b, 0, 4000));
	}
	k->len = text.len < KEEP_KEY_MAX ? text.len : KEEP_KEY_MAX;
	memcpy(k->bytes, text.at, k->len);
	if (text.len > KEEP_KEY_MAX) { /* the rest counts too */
		uint32_t crc = crc32c(0, buf_span(&text));

		memcpy(k->bytes + KEEP_KEY_MAX - sizeof crc, &crc, sizeof crc);
	}
	buf_done(&text);
	return span_of(k->bytes, k->len);
}

static struct keep_entry *find(const struct memory_keep *m, struct span key)
{
	return table_get(&m->entries, key);
}

static struct span key_of(const struct keep_entry *e)
{
	return span_of(e->key, e->key_len);
}

static void set_unsaved(struct memory_keep *m, struct keep_entry *e)
{
	if (!m->disk || m->is_loading || !list_is_empty(&e->unsaved))
		return;
	list_add_tail(&m->unsaved, &e->unsaved);
	m->unsaved_n++;
	if (m->gone.n > 0)
		(void)table_remove(&m->gone, key_of(e));
}

static void set_saved(struct memory_keep *m, struct keep_entry *e)
{
	if (list_is_empty(&e->unsaved))
		return;
	list_remove(&e->unsaved);
	m->unsaved_n--;
}

static void entry_free(struct keep_entry *e)
{
	free(e->key);
	free(e->value);
	free(e);
}

/* Out of all lists; its memory is the caller's. */
static void take_out(struct memory_keep *m, struct keep_entry *e)
{
	set_saved(m, e);
	list_remove(&e->by_worth);
	heap_remove(&m->ends, &e->end);
	(void)table_remove(&m->entries, key_of(e));
	m->by_kind[(unsigned char)e->key[0]]--;
	if (m->disk)
		(void)table_set(&m->gone, key_of(e), m);
}

static void memory_remove(struct keep *k, struct span key)
{
	struct memory_keep *m = memory_of(k);
	struct keep_entry *e = find(m, key);

	if (!e)
		return;
	take_out(m, e);
	entry_free(e);
}

static void make_room(struct memory_keep *m)
{
	for (size_t i = 0; i < KEEP_WORTHS && m->entries.n >= m->most; i++)
		while (m->entries.n >= m->most && !list_is_empty(&m->classes[i])) {
			struct keep_entry *e =
				container_of(m->classes[i].next, struct keep_entry, by_worth);

			take_out(m, e);
			entry_free(e);
			m->figures.evicted++;
		}
}

static struct keep_entry *add(struct memory_keep *m, struct span key)
{
	make_room(m);
	struct keep_entry *e = alloc_zero(sizeof *e);

	list_init(&e->by_worth);
	list_init(&e->unsaved);
	e->key = alloc_copy(key.at, key.len);
	e->key_len = (uint32_t)key.len;
	(void)table_set(&m->entries, key, e);
	m->by_kind[(unsigned char)e->key[0]]++;
	return e;
}

static void memory_put(struct keep *k, struct span key, struct span value, struct keep_life life)
{
	struct memory_keep *m = memory_of(k);

	if (key.len == 0 || key.len > KEEP_KEY_MAX || value.len > KEEP_VALUE_MAX)
		return;
	struct keep_entry *e = find(m, key);

	if (!e)
		e = add(m, key);
	char *copy = alloc_copy(value.at, value.len);

	free(e->value);
	e->value = copy;
	e->value_len = (uint32_t)value.len;
	e->worth = life.worth < KEEP_WORTHS ? (uint8_t)life.worth : KEEP_WORTH_MOST;
	list_remove(&e->by_worth);
	list_add_tail(&m->classes[e->worth], &e->by_worth);
	heap_move(&m->ends, &e->end, life.ends);
	set_unsaved(m, e);
}

static bool memory_get(struct keep *k, struct span key, struct span *ret)
{
	const struct keep_entry *e = find(memory_of(k), key);

	if (!e)
		return false;
	*ret = span_of(e->value, e->value_len);
	return true;
}

static bool memory_expire(struct keep *k, int64_t now, struct span *ret_key, struct span *ret_value)
{
	struct memory_keep *m = memory_of(k);
	struct heap_node *node = heap_first(&m->ends);

	free(m->taken_key);
	free(m->taken_value);
	m->taken_key = m->taken_value = NULL;
	if (!node || node->key > now)
		return false;
	struct keep_entry *e = container_of(node, struct keep_entry, end);

	take_out(m, e);
	*ret_key = key_of(e);
	*ret_value = span_of(e->value, e->value_len);
	m->taken_key = e->key;
	m->taken_value = e->value;
	free(e);
	return true;
}

static bool memory_next(const struct keep *k, enum keep_kind kind, size_t *i, struct span *ret_key,
	struct span *ret_value)
{
	const struct memory_keep *m = memory_of(k);
	struct span key;
	void *found;

	while (table_next(&m->entries, i, &key, &found)) {
		const struct keep_entry *e = found;

		if ((unsigned char)key.at[0] != (unsigned char)kind)
			continue;
		*ret_key = key_of(e);
		*ret_value = span_of(e->value, e->value_len);
		return true;
	}
	return false;
}

static size_t memory_count(const struct keep *k, enum keep_kind kind)
{
	return memory_of(k)->by_kind[(unsigned char)kind];
}

/* ---- the image on disk ---- */

static void add_put(struct buf *out, const struct keep_entry *e)
{
	(void)pack_put_u(out, e->key_len, 2);
	(void)pack_put_u(out, e->value_len, 2);
	(void)pack_put_u(out, (uint64_t)e->end.key, 8);
	(void)pack_put_u(out, e->worth, 1);
	(void)buf_add(out, key_of(e));
	(void)buf_add(out, span_of(e->value, e->value_len));
}

static void fill(struct memory_keep *m, struct keep_batch *b)
{
	struct span key;
	void *value;

	b->replaces_all = m->writes_all;
	for (size_t i = 0; m->writes_all && table_next(&m->entries, &i, &key, &value);)
		add_put(&b->puts, value);
	list_for_each (node, &m->unsaved) {
		struct keep_entry *e = container_of(node, struct keep_entry, unsaved);

		if (!m->writes_all)
			add_put(&b->puts, e);
		set_saved(m, e);
	}
	for (size_t i = 0; !m->writes_all && table_next(&m->gone, &i, &key, &value);) {
		(void)pack_put_u(&b->removals, key.len, 2);
		(void)buf_add(&b->removals, key);
	}
	table_done(&m->gone);
	m->gone = (struct table){0};
	m->writes_all = false;
}

static int memory_flush(struct keep *k)
{
	struct memory_keep *m = memory_of(k);
	struct keep_batch b = {.puts = BUF_INIT(BATCH_MAX), .removals = BUF_INIT(BATCH_MAX)};

	if (!m->disk || (m->unsaved_n == 0 && m->gone.n == 0 && !m->writes_all))
		return 0;
	fill(m, &b);
	b.rc = b.puts.error ? b.puts.error : b.removals.error;
	if (b.rc == 0)
		keep_disk_write(m->disk, &b);
	buf_done(&b.puts);
	buf_done(&b.removals);
	if (b.rc < 0) {
		m->writes_all = true;
		m->figures.failures++;
	} else {
		m->figures.flushes++;
	}
	return b.rc;
}

static void memory_figures(const struct keep *k, struct keep_figures *ret)
{
	const struct memory_keep *m = memory_of(k);

	*ret = m->figures;
	ret->records = m->entries.n;
	ret->unsaved = m->unsaved_n + m->gone.n;
}

static void memory_set_most(struct keep *k, size_t most)
{
	struct memory_keep *m = memory_of(k);

	m->most = most + 1;
	make_room(m);
	m->most = most;
}

static void memory_free(struct keep *k)
{
	if (!k)
		return;
	struct memory_keep *m = memory_of(k);
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&m->entries, &i, &key, &value);)
		entry_free(value);
	table_done(&m->entries);
	table_done(&m->gone);
	heap_done(&m->ends);
	keep_disk_close(m->disk);
	free(m->taken_key);
	free(m->taken_value);
	free(m);
}

static void take_loaded(void *arg, struct span key, struct span value, struct keep_life life)
{
	struct memory_keep *m = arg;

	memory_put(&m->keep, key, value, life);
}

static int load(struct memory_keep *m, const char *dir)
{
	int rc = keep_disk_open(dir, m->most, &m->disk);

	m->is_loading = true;
	if (rc == 0)
		rc = keep_disk_load(m->disk, take_loaded, m);
	m->is_loading = false;
	return rc;
}

static struct memory_keep *new_memory(size_t most)
{
	static const struct keep_ops ops = {memory_get, memory_put, memory_remove, memory_expire,
		memory_next, memory_count, memory_flush, memory_figures, memory_set_most,
		memory_free};
	struct memory_keep *m = alloc_zero(sizeof *m);

	m->keep.ops = &ops;
	m->most = most;
	list_init(&m->unsaved);
	for (size_t i = 0; i < KEEP_WORTHS; i++)
		list_init(&m->classes[i]);
	return m;
}

int keep_open(const char *dir, size_t most, struct keep **ret, bool *ret_was_bad)
{
	struct memory_keep *m = new_memory(most);
	int rc = dir ? load(m, dir) : 0;
	bool was_bad = rc == -EBADMSG || rc == -EUCLEAN;

	assert(most > 0);
	if (was_bad) {
		memory_free(&m->keep);
		keep_disk_set_aside(dir);
		m = new_memory(most);
		rc = load(m, dir);
	}
	if (rc < 0) {
		memory_free(&m->keep);
		return rc;
	}
	*ret = &m->keep;
	*ret_was_bad = was_bad;
	return 0;
}
