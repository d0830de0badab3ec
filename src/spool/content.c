#include "spool/spool_in.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- inline content: chunks of one page each ---- */

int content_write(struct store_txn *t, struct id id, struct span bytes)
{
	int rc = 0;

	for (uint32_t k = 0; rc == 0 && bytes.len > 0; k++) {
		struct store_key key = store_key_id_n(id, k);
		struct span chunk = span_slice(bytes, 0, STORE_VALUE_MAX);
		char *to;

		bytes = span_slice(bytes, chunk.len, bytes.len);
		rc = store_put_space(t, STORE_CONTENTS, store_key_span(&key), chunk.len, &to);
		if (rc == 0)
			memcpy(to, chunk.at, chunk.len);
	}
	return rc;
}

int content_delete(struct store_txn *t, struct id id)
{
	struct store_key key = store_key_id_n(id, 0);
	struct span prefix = span_slice(store_key_span(&key), 0, ID_BYTES), k, v;
	int rc = store_seek(t, STORE_CONTENTS, store_key_span(&key), &k, &v);

	while (rc == 0 && span_starts(k, prefix)) {
		rc = store_delete_here(t, STORE_CONTENTS);
		if (rc == 0)
			rc = store_next(t, STORE_CONTENTS, &k, &v);
	}
	return rc == -ENOENT ? 0 : rc;
}

static int read_chunks(struct store_txn *t, const struct spool_message *m, uint64_t offset,
	size_t len, struct buf *out)
{
	uint64_t k = offset / STORE_VALUE_MAX;
	size_t skip = (size_t)(offset % STORE_VALUE_MAX);

	for (; len > 0 && k <= UINT32_MAX; k++, skip = 0) {
		struct store_key key = store_key_id_n(m->id, (uint32_t)k);
		struct span chunk;
		int rc = store_get(t, STORE_CONTENTS, store_key_span(&key), &chunk);

		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
		chunk = span_slice(chunk, skip, len);
		if (chunk.len == 0)
			return -EBADMSG;
		rc = buf_add(out, chunk);
		if (rc < 0)
			return rc;
		len -= chunk.len;
	}
	return 0;
}

static int read_file(struct spool *s, const struct spool_message *m, uint64_t offset, size_t len,
	struct buf *out)
{
	int fd;
	int rc = spool_content_open(s, m->id, &fd);

	if (rc < 0)
		return rc;
	rc = buf_reserve(out, len);
	while (rc == 0 && len > 0) {
		ssize_t n = pread(fd, out->at + out->len, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n < 0 ? -errno : -EBADMSG;
			break;
		}
		buf_added(out, (size_t)n);
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	close(fd);
	return rc;
}

int spool_content_read(struct spool *s, const struct spool_message *m, uint64_t offset, size_t len,
	struct buf *out)
{
	if (offset >= m->content_len)
		return 0;
	if (len > m->content_len - offset)
		len = (size_t)(m->content_len - offset);
	if (m->content_in_file)
		return read_file(s, m, offset, len, out);
	const struct spool_op *young = young_find(s, m->id);

	if (young)
		return buf_add(out, span_slice(young->accept.content.bytes, (size_t)offset, len));
	struct store_txn t;
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	rc = read_chunks(&t, m, offset, len, out);
	store_end_read(&t);
	return rc;
}

/* ---- large content: files ---- */

int spool_content_make(struct spool *s, struct id id, int *ret_fd)
{
	char name[ID_TEXT_LEN + 1];

	if (s->read_only)
		return -EROFS;
	int fd = openat(s->in_fd, id_text(id, name),
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

void spool_content_discard(struct spool *s, struct id id)
{
	char name[ID_TEXT_LEN + 1];

	(void)unlinkat(s->in_fd, id_text(id, name), 0);
}

int spool_content_open(struct spool *s, struct id id, int *ret_fd)
{
	char name[ID_TEXT_LEN + 1];
	int fd = openat(s->content_fd, id_text(id, name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* A read lease is granted only where nobody has the file open for writing (fcntl(2)). */
static int prove_complete(int fd, uint64_t len)
{
	struct stat st;

	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN ? -ESTALE : -errno;
	if (fcntl(fd, F_SETLEASE, F_UNLCK) < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && (uint64_t)st.st_size == len ? 0 : -EBADMSG;
}

int content_take(struct spool *s, struct id id, uint64_t len)
{
	char name[ID_TEXT_LEN + 1];
	int fd = openat(s->in_fd, id_text(id, name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = prove_complete(fd, len);

	close(fd);
	if (rc == 0 && renameat(s->in_fd, name, s->content_fd, name) < 0)
		rc = -errno;
	return rc;
}

void content_unlink(struct spool *s, struct id id)
{
	char name[ID_TEXT_LEN + 1];

	(void)unlinkat(s->content_fd, id_text(id, name), 0);
}

/* ---- what a crash leaves ---- */

static DIR *list_folder(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !d)
		close(fd);
	return d;
}

static bool has_message(struct store_txn *t, struct id id)
{
	struct store_key key = store_key_id(id);
	struct span k, v;

	/* Anything but a clear "no" of both tables keeps the file. */
	if (store_get(t, STORE_MESSAGES, store_key_span(&key), &v) != -ENOENT)
		return true;
	int rc = store_seek(t, STORE_RECIPIENTS, store_key_span(&key), &k, &v);

	return rc == 0 ? span_starts(k, store_key_span(&key)) : rc != -ENOENT;
}

static void sweep_folder(struct spool *s, int folder, struct store_txn *t)
{
	DIR *d = list_folder(folder);

	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));) {
		struct id id;

		if (e->d_type == DT_DIR || e->d_name[0] == '.')
			continue;
		if (t && (id_parse(span_str(e->d_name), &id) < 0 || has_message(t, id)))
			continue;
		if (unlinkat(folder, e->d_name, 0) == 0)
			s->figures.swept++;
	}
	closedir(d);
}

void content_sweep(struct spool *s)
{
	struct store_txn t;

	sweep_folder(s, s->in_fd, NULL);
	/* Damage may have put messages aside: then their files are kept for whoever mends it. */
	if (s->meta.totals.aside_messages > 0 || store_begin_read(s, &t) < 0)
		return;
	sweep_folder(s, s->content_fd, &t);
	store_end_read(&t);
}
