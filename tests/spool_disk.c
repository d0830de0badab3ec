#include "spool_disk.h"
#include "base/alloc.h"
#include "base/list.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096U

/* A change that waits for a sync: bytes or a length of a file, a name of a folder. */
struct change {
	struct list node;
	enum { BYTES, LENGTH, NAME, NO_NAME } kind;
	uint64_t at;
	char *bytes;
	size_t len;
	struct object *object;
};
struct name {
	struct list node;
	char *text;
	struct object *object;
};
struct object {
	struct list node, pending, names;
	uint64_t ino;
	bool is_folder;
	char *bytes; /* of a file, as they are safe */
	size_t len;
};
struct disk {
	struct list objects; /* newest first: numbers are used again */
	char *root;
	struct object *top;
	uint64_t random;
};

struct disk *disk_new(const char *name)
{
	struct disk *d = alloc_zero(sizeof *d);

	list_init(&d->objects);
	d->root = alloc_copy(name, strlen(name));
	return d;
}

static struct object *make(struct disk *d, uint64_t ino, bool is_folder)
{
	struct object *o = alloc_zero(sizeof *o);

	o->ino = ino;
	o->is_folder = is_folder;
	list_init(&o->pending);
	list_init(&o->names);
	list_add_tail(d->objects.next, &o->node); /* before the first: newest first */
	return o;
}

static struct object *find(struct disk *d, uint64_t ino)
{
	list_for_each (node, &d->objects) {
		struct object *o = container_of(node, struct object, node);

		if (o->ino == ino)
			return o;
	}
	return make(d, ino, true); /* a folder that was there before: the spool's parent */
}

static void free_change(struct change *c)
{
	list_remove(&c->node);
	free(c->bytes);
	free(c);
}

static void free_name(struct name *n)
{
	list_remove(&n->node);
	free(n->text);
	free(n);
}

void disk_free(struct disk *d)
{
	for (struct list *node; (node = list_take(&d->objects));) {
		struct object *o = container_of(node, struct object, node);

		list_for_each (p, &o->pending)
			free_change(container_of(p, struct change, node));
		list_for_each (p, &o->names)
			free_name(container_of(p, struct name, node));
		free(o->bytes);
		free(o);
	}
	free(d->root);
	free(d);
}

/* ---- changes ---- */

static void resize(char **bytes, size_t *len, size_t to)
{
	*bytes = alloc_grow(*bytes, to + 1, 1);
	if (to > *len)
		memset(*bytes + *len, 0, to - *len);
	*len = to;
}

static void write_bytes(char **bytes, size_t *len, uint64_t at, struct span s)
{
	if (at + s.len > *len)
		resize(bytes, len, (size_t)at + s.len);
	memcpy(*bytes + at, s.at, s.len);
}

static void set_name(struct object *folder, const char *text, struct object *to)
{
	list_for_each (node, &folder->names) {
		struct name *n = container_of(node, struct name, node);

		if (strcmp(n->text, text) == 0)
			free_name(n);
	}
	if (!to)
		return;
	struct name *n = alloc_zero(sizeof *n);

	n->text = alloc_copy(text, strlen(text));
	n->object = to;
	list_add_tail(&folder->names, &n->node);
}

static void wait_for_sync(struct object *o, struct change like, struct span bytes)
{
	struct change *c = alloc_zero(sizeof *c);

	*c = like;
	c->bytes = alloc_copy(bytes.at, bytes.len);
	c->len = bytes.len;
	list_add_tail(&o->pending, &c->node);
}

static void settle(struct object *o, const struct change *c)
{
	if (c->kind == BYTES)
		write_bytes(&o->bytes, &o->len, c->at, span_of(c->bytes, c->len));
	else if (c->kind == LENGTH)
		resize(&o->bytes, &o->len, (size_t)c->at);
	else
		set_name(o, c->bytes, c->kind == NAME ? c->object : NULL);
}

static void sync_object(struct object *o)
{
	list_for_each (node, &o->pending) {
		struct change *c = container_of(node, struct change, node);

		settle(o, c);
		free_change(c);
	}
}

/* Each page goes its own way to the disk. */
static void write_pages(struct object *o, uint64_t at, struct span bytes)
{
	while (bytes.len > 0) {
		size_t most = PAGE - at % PAGE;
		struct span piece = span_slice(bytes, 0, most);

		wait_for_sync(o, (struct change){.kind = BYTES, .at = at}, piece);
		bytes = span_slice(bytes, piece.len, bytes.len);
		at += piece.len;
	}
}

/* The object that a folder's name means to the running program. */
static struct object *named(struct object *folder, struct span text)
{
	struct object *found = NULL;

	list_for_each (node, &folder->names) {
		struct name *n = container_of(node, struct name, node);

		if (span_equal(span_str(n->text), text))
			found = n->object;
	}
	list_for_each (node, &folder->pending) {
		struct change *c = container_of(node, struct change, node);

		if (span_equal(span_of(c->bytes, c->len), text))
			found = c->kind == NAME ? c->object : NULL;
	}
	return found;
}

static void apply_rename(struct disk *d, const struct trace_row *row)
{
	struct object *from = find(d, row->e.ino), *to = find(d, row->e.other);
	struct object *o = named(from, row->a);

	wait_for_sync(from, (struct change){.kind = NO_NAME}, row->a);
	wait_for_sync(to, (struct change){.kind = NAME, .object = o}, row->b);
}

void disk_apply(struct disk *d, const struct trace_row *row)
{
	const struct trace_event *e = &row->e;
	struct object *o;

	switch (e->kind) {
	case TRACE_CREATE:
	case TRACE_FOLDER:
		o = make(d, e->ino, e->kind == TRACE_FOLDER);
		if (!d->top && span_equal(row->a, span_str(d->root)))
			d->top = o;
		wait_for_sync(
			find(d, e->other), (struct change){.kind = NAME, .object = o}, row->a);
		break;
	case TRACE_WRITE:
		o = find(d, e->ino);
		if (e->other)
			write_bytes(&o->bytes, &o->len, e->at, row->b);
		else
			write_pages(o, e->at, row->b);
		break;
	case TRACE_TRUNCATE:
		wait_for_sync(find(d, e->ino), (struct change){.kind = LENGTH, .at = e->at},
			(struct span){"", 0});
		break;
	case TRACE_RENAME:
		apply_rename(d, row);
		break;
	case TRACE_UNLINK:
		wait_for_sync(find(d, e->other), (struct change){.kind = NO_NAME}, row->a);
		break;
	case TRACE_SYNC:
		sync_object(find(d, e->ino));
		break;
	default:
		break;
	}
}

bool disk_is_sync(const struct trace_row *row)
{
	return row->e.kind == TRACE_SYNC || (row->e.kind == TRACE_WRITE && row->e.other);
}

/* ---- what is left ---- */

static bool survives(struct disk *d)
{
	if (d->random == 0)
		return false;
	d->random ^= d->random << 13;
	d->random ^= d->random >> 7;
	d->random ^= d->random << 17;
	return d->random >> 20 & 1;
}

static int write_file(struct disk *d, struct object *o, const char *path)
{
	char *bytes = alloc_zero(o->len + 1);
	size_t len = o->len;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (len > 0)
		memcpy(bytes, o->bytes, len);
	list_for_each (node, &o->pending) {
		struct change *c = container_of(node, struct change, node);

		if (!survives(d))
			continue;
		if (c->kind == BYTES)
			write_bytes(&bytes, &len, c->at, span_of(c->bytes, c->len));
		else
			resize(&bytes, &len, (size_t)c->at);
	}
	ssize_t n = write(fd, bytes, len);

	free(bytes);
	close(fd);
	return n == (ssize_t)len ? 0 : -EIO;
}

#define FOLDERS 8U /* a spool has four */
struct image {
	struct disk *d;
	struct {
		struct object *o;
		char path[160];
	} folders[FOLDERS];
	size_t n;
};

static int write_entry(struct image *to, const char *folder, const char *name, struct object *o)
{
	char path[160];

	if (!o || strcmp(name, "lock.mdb") == 0)
		return 0;
	(void)snprintf(path, sizeof path, "%.100s/%.40s", folder, name);
	if (!o->is_folder)
		return write_file(to->d, o, path);
	if (to->n == FOLDERS)
		return -E2BIG;
	to->folders[to->n].o = o;
	(void)snprintf(to->folders[to->n++].path, sizeof path, "%.150s", path);
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int write_folder(struct image *to, struct object *folder, const char *path)
{
	struct object after = {.ino = 0};
	int rc = 0;

	list_init(&after.names);
	list_for_each (node, &folder->names) {
		struct name *n = container_of(node, struct name, node);

		set_name(&after, n->text, n->object);
	}
	list_for_each (node, &folder->pending) {
		struct change *c = container_of(node, struct change, node);

		if (survives(to->d))
			set_name(&after, c->bytes, c->kind == NAME ? c->object : NULL);
	}
	list_for_each (node, &after.names) {
		struct name *n = container_of(node, struct name, node);

		rc = rc < 0 ? rc : write_entry(to, path, n->text, n->object);
		free_name(n);
	}
	return rc;
}

/* The spool's own name has to be safe in its parent. */
static bool top_is_there(struct disk *d)
{
	list_for_each (node, &d->objects) {
		struct object *o = container_of(node, struct object, node);

		list_for_each (n, &o->names)
			if (container_of(n, struct name, node)->object == d->top)
				return true;
	}
	return false;
}

int disk_write(struct disk *d, const char *dir, uint64_t seed)
{
	struct image to = {.d = d, .n = 1};
	int rc = 0;

	d->random = seed * UINT64_C(0x9e3779b97f4a7c15);
	if (!d->top || (!top_is_there(d) && !survives(d)))
		return 0;
	to.folders[0].o = d->top;
	(void)snprintf(to.folders[0].path, sizeof to.folders[0].path, "%.150s", dir);
	if (mkdir(dir, 0700) < 0)
		return -errno;
	for (size_t i = 0; rc == 0 && i < to.n; i++)
		rc = write_folder(&to, to.folders[i].o, to.folders[i].path);
	return rc;
}
