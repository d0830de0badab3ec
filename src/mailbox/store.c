#include "mailbox/store.h"
#include "mailbox/quota.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PIECE ((size_t)64 * 1024)

struct writing {
	int fd;
	char out[PIECE];
	size_t n;      /* bytes in out */
	uint64_t size; /* written, with those in out */
	uint64_t lines;
	bool cr; /* the last byte was a CR, which is not written yet */
	int rc;
};

/* ---- bytes ---- */

static void flush(struct writing *w)
{
	for (size_t done = 0; w->rc == 0 && done < w->n;) {
		ssize_t n = write(w->fd, w->out + done, w->n - done);

		if (n < 0 && errno != EINTR)
			w->rc = -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	w->n = 0;
}

static void put(struct writing *w, char c)
{
	if (w->n == sizeof w->out)
		flush(w);
	w->out[w->n++] = c;
	w->size++;
	w->lines += c == '\n';
}

/* CRLF becomes LF; a CR alone stays what it is. */
static void add(struct writing *w, struct span bytes)
{
	for (size_t i = 0; i < bytes.len && w->rc == 0; i++) {
		if (w->cr && bytes.at[i] != '\n')
			put(w, '\r');
		w->cr = bytes.at[i] == '\r';
		if (!w->cr)
			put(w, bytes.at[i]);
	}
}

static void add_file(struct writing *w, int fd, uint64_t len)
{
	char *piece = malloc(PIECE);

	if (!piece)
		w->rc = -ENOMEM;
	for (uint64_t at = 0; piece && w->rc == 0 && at < len;) {
		size_t most = len - at < PIECE ? (size_t)(len - at) : PIECE;
		ssize_t n = pread(fd, piece, most, (off_t)at);

		if (n <= 0)
			w->rc = n < 0 ? -errno : -ENODATA;
		else
			add(w, span_of(piece, (size_t)n));
		at += n > 0 ? (uint64_t)n : 0;
	}
	free(piece);
}

static void add_all(struct writing *w, const struct store_mail *m)
{
	add(w, SPAN_LIT("Return-Path: <"));
	add(w, m->sender);
	add(w, SPAN_LIT(">\nDelivered-To: "));
	add(w, m->recipient);
	add(w, SPAN_LIT("\n"));
	add(w, m->head);
	if (m->fd >= 0)
		add_file(w, m->fd, m->len);
	else
		add(w, m->bytes);
	if (w->cr)
		put(w, '\r');
	flush(w);
}

/* ---- names ---- */

#define STEM_MAX 200U /* a host's name in it is cut */

/* What all files of this delivery begin with: it is the same at each attempt. */
static void stem_of(const struct store_mail *m, char out[STEM_MAX])
{
	char id[ID_TEXT_LEN + 1];
	int n = snprintf(out, STEM_MAX, "%llu.A%sN%u.",
		(unsigned long long)(id_wall_ms(m->id) / 1000), id_text(m->id, id), m->n);

	for (size_t i = 0; i < m->hostname.len && n < (int)STEM_MAX - 1; i++) {
		char c = m->hostname.at[i];
		bool is_fine = byte_is_alpha(c) || byte_is_digit(c) || c == '.' || c == '-';

		out[n++] = is_fine ? c : '_';
	}
	out[n] = '\0';
}

/* Is it there already, under whatever flags? The host's name may have been another then. */
static bool is_in(int folder, const char *stem)
{
	struct span name = span_str(stem), ignored;
	size_t len;
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	bool found = false;

	(void)span_take_until(&name, '.', &ignored);
	(void)span_take_until(&name, '.', &ignored);
	len = strlen(stem) - name.len;
	if (!dir && fd >= 0)
		close(fd);
	if (!dir)
		return false;
	for (const struct dirent *e; !found && (e = readdir(dir));)
		found = strncmp(e->d_name, stem, len) == 0;
	(void)closedir(dir);
	return found;
}

/* ---- the steps ---- */

static int fail(struct store_result *ret, int rc, struct span at)
{
	ret->verdict = STORE_FAILED;
	ret->error = rc;
	(void)span_copy(at, ret->at, sizeof ret->at);
	return rc;
}

static int move_in(const struct folder *f, const char *tmp, const char *name)
{
	if (renameat2(f->tmp, tmp, f->new, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(f->tmp, tmp, f->new, name, 0) < 0) /* file systems without that flag */
		return -errno;
	(void)unlinkat(f->tmp, tmp, 0);
	return 0;
}

/* The owner's rights decide about a full file system: part of it may be root's alone. */
static int write_tmp(
	const struct folder *f, const char *tmp, const struct store_mail *m, struct writing *w)
{
	w->fd = openat(f->tmp, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w->fd < 0)
		return -errno;
	add_all(w, m);
	if (w->rc == 0 && fsync(w->fd) < 0)
		w->rc = -errno;
	if (close(w->fd) < 0 && w->rc == 0)
		w->rc = -errno;
	return w->rc;
}

static void write_it(const struct folder *f, const struct store_mail *m, const char *stem,
	struct store_result *ret)
{
	struct writing *w = calloc(1, sizeof *w);
	struct timespec now;
	char tmp[NAME_MAX + 1], name[NAME_MAX + 1];

	if (!w) {
		(void)fail(ret, -ENOMEM, SPAN_LIT("memory"));
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)snprintf(tmp, sizeof tmp, "%s.%ld_%ld", stem, (long)getpid(), now.tv_nsec);
	int rc = write_tmp(f, tmp, m, w);

	if (rc < 0) {
		(void)fail(ret, rc, SPAN_LIT("tmp"));
	} else {
		/* Dovecot, Courier and we ourselves read sizes from names. */
		(void)snprintf(name, sizeof name, "%s,S=%llu,W=%llu", stem,
			(unsigned long long)w->size, (unsigned long long)(w->size + w->lines));
		rc = move_in(f, tmp, name);
		ret->verdict = rc == -EEXIST ? STORE_WAS_THERE : STORE_DONE;
		if (rc < 0 && rc != -EEXIST)
			(void)fail(ret, rc, SPAN_LIT("new"));
		else if (fsync(f->new) < 0)
			(void)fail(ret, -errno, SPAN_LIT("new"));
	}
	if (rc < 0)
		(void)unlinkat(f->tmp, tmp, 0);
	if (ret->verdict == STORE_DONE)
		quota_add(f, w->size);
	free(w);
}

static bool has_room(const struct folder *f, const struct store_mail *m, struct store_result *ret)
{
	enum quota_room room;
	int rc = quota_check(f, m->quota, m->head.len + m->len, &room);

	if (rc < 0)
		(void)fail(ret, rc, SPAN_LIT("maildirsize"));
	else if (room != QUOTA_ROOM)
		ret->verdict = room == QUOTA_NEVER ? STORE_TOO_BIG : STORE_FULL;
	return rc == 0 && room == QUOTA_ROOM;
}

void store_run(const struct place *p, const struct store_mail *mail, struct store_result *ret)
{
	struct folder f = FOLDER_NONE;
	struct span at;
	char stem[STEM_MAX];

	*ret = (struct store_result){0};
	int rc = folder_open(p, &f, &at);

	if (rc < 0) {
		(void)fail(ret, rc, at);
		return;
	}
	stem_of(mail, stem);
	if (mail->again && (is_in(f.new, stem) || is_in(f.cur, stem))) {
		ret->verdict = STORE_WAS_THERE;
		/* Who stored it may have died before this. */
		if (fsync(f.new) < 0)
			(void)fail(ret, -errno, SPAN_LIT("new"));
	} else if (has_room(&f, mail, ret)) {
		write_it(&f, mail, stem, ret);
	}
	folder_close(&f);
}
