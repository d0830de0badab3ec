/*
 * keep_in - inside facts/ only: the records in memory, and their image on disk.
 */
#pragma once
#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/pack.h"
#include "base/table.h"
#include "facts/keep.h"

struct keep_disk;

struct keep_entry {
	struct list by_worth; /* in its class, oldest first */
	struct list unsaved;  /* in memory->unsaved, or in no list */
	struct heap_node end;
	char *key, *value;
	uint32_t key_len, value_len;
	uint8_t worth;
};

struct memory_keep {
	struct keep keep;
	struct table entries;
	size_t by_kind[256];
	struct list classes[KEEP_WORTHS];
	struct heap ends;
	struct list unsaved;
	size_t unsaved_n;
	struct table gone; /* keys removed since the last flush */
	size_t most;
	bool writes_all; /* the image can't be trusted: write it anew */
	bool is_loading;
	struct keep_disk *disk; /* NULL: memory only */
	struct keep_figures figures;
	char *taken_key, *taken_value; /* of the record that expire gave last */
};

/* ---- keep_disk.c ---- */

/* Records as they go to the disk: u16 key length, u16 value length, i64 end, u8 worth, both. */
struct keep_batch {
	struct buf puts, removals; /* removals: u16 length, key */
	bool replaces_all;
	int rc;
};

int keep_disk_open(const char *dir, size_t most, struct keep_disk **ret);
void keep_disk_close(struct keep_disk *d); /* NULL is fine */
/* Puts what stands in the way of a new environment aside. */
void keep_disk_set_aside(const char *dir);
/* Gives every record to take. 0 or -errno: the environment can't be read. */
int keep_disk_load(struct keep_disk *d,
	void (*take)(void *arg, struct span key, struct span value, struct keep_life life),
	void *arg);
/* One transaction, synced; on a helper thread. batch->rc says how it went. Waits. */
void keep_disk_write(struct keep_disk *d, struct keep_batch *batch);
