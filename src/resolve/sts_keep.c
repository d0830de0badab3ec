#include "resolve/sts_keep.h"
#include "base/alloc.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD     "abide-sts 1 " /* then: id, when it was fetched, max_age, mode */
#define HEAD_MAX 200U

void sts_kept_free(struct sts_kept *k)
{
	if (!k)
		return;
	buf_done(&k->hosts);
	free(k);
}

static int write_all(int fd, struct span text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.at, text.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			text = span_slice(text, (size_t)n, text.len);
	}
	return 0;
}

int sts_keep_write(int folder, const struct sts_kept *k)
{
	struct buf text = BUF_INIT(HEAD_MAX + STS_POLICY_MAX);
	char new[STS_DOMAIN_MAX + 2]; /* no domain begins with a dot */

	(void)snprintf(new, sizeof new, ".%s", k->domain);
	int fd = openat(folder, new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -errno : 0;

	(void)buf_printf(&text, HEAD "%s %lld %u %s\n", k->id, (long long)k->fetched_ms, k->max_age,
		sts_mode_name((enum sts_mode)k->mode));
	(void)buf_add(&text, buf_span(&k->hosts));
	if (rc == 0)
		rc = text.error < 0 ? text.error : write_all(fd, buf_span(&text));
	if (rc == 0 && fdatasync(fd) < 0)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	if (rc == 0 && renameat(folder, new, folder, k->domain) < 0)
		rc = -errno;
	buf_done(&text);
	return rc;
}

void sts_keep_remove(int folder, const char *domain)
{
	(void)unlinkat(folder, domain, 0);
}

static bool take_word(struct span *line, char *out, size_t most)
{
	struct span word;

	if (!span_take_until(line, ' ', &word) || word.len == 0 || word.len >= most)
		return false;
	(void)span_copy(word, out, most);
	return true;
}

int sts_kept_parse(struct span domain, struct span text, struct sts_kept *ret)
{
	struct span line;
	char fetched[24], age[12];

	*ret = (struct sts_kept){.hosts = BUF_INIT(STS_POLICY_MAX)};
	if (domain.len == 0 || domain.len > STS_DOMAIN_MAX ||
		!span_take_until(&text, '\n', &line) || !span_take_span(&line, SPAN_LIT(HEAD)) ||
		!take_word(&line, ret->id, sizeof ret->id) ||
		!take_word(&line, fetched, sizeof fetched) || !take_word(&line, age, sizeof age) ||
		(text.len > 0 && text.at[text.len - 1] != '\n'))
		return -EBADMSG;
	(void)span_copy(domain, ret->domain, sizeof ret->domain);
	ret->fetched_ms = strtoll(fetched, NULL, 10);
	ret->max_age = (uint32_t)strtoul(age, NULL, 10);
	ret->mode = (uint8_t)sts_mode_of(line);
	if (ret->max_age > STS_MAX_AGE_MAX || ret->fetched_ms < 0)
		return -EBADMSG;
	return buf_add(&ret->hosts, text) < 0 ? -EBADMSG : 0;
}

static int read_file(int folder, const char *name, struct buf *out)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && buf_reserve(out, 4096) == 0) {
		n = read(fd, out->at + out->len, out->room - out->len);
		if (n > 0)
			buf_added(out, (size_t)n);
	}
	if (fd >= 0)
		close(fd);
	return fd < 0 || n != 0 ? -EBADMSG : 0;
}

static struct sts_kept *read_one(int folder, const char *name)
{
	struct buf text = BUF_INIT(HEAD_MAX + STS_POLICY_MAX + 4096);
	struct sts_kept *k = alloc_zero(sizeof *k);
	int rc = read_file(folder, name, &text);

	if (rc == 0)
		rc = sts_kept_parse(span_str(name), buf_span(&text), k);
	buf_done(&text);
	if (rc == 0)
		return k;
	sts_kept_free(k);
	sts_keep_remove(folder, name);
	return NULL;
}

void sts_keep_read(int folder, void (*take)(struct sts_kept *k, void *arg), void *arg)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	size_t n = 0;

	while (dir && n < STS_KEPT_MOST && (e = readdir(dir))) {
		if (e->d_name[0] == '.') { /* one that was being written, or the folder */
			(void)unlinkat(folder, e->d_name, 0);
			continue;
		}
		struct sts_kept *k = read_one(folder, e->d_name);

		n++;
		if (k)
			take(k, arg);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}
