#include "mailbox/folder.h"
#include "base/alloc.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODE 0700

int folder_enter(int at, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	long fd = syscall(SYS_openat2, at, name, &how, sizeof how);

	if (fd < 0 && errno == ENOSYS) /* name is one component: this says the same */
		fd = openat(at, name, (int)how.flags | O_NOFOLLOW);
	return fd < 0 ? -errno : (int)fd;
}

/* A folder that is made is there for good only once the one above it is synced. */
static int enter_or_make(int at, const char *name)
{
	int fd = folder_enter(at, name);

	if (fd != -ENOENT)
		return fd;
	if (mkdirat(at, name, MODE) < 0 && errno != EEXIST)
		return -errno;
	if (fsync(at) < 0)
		return -errno;
	return folder_enter(at, name);
}

/* The part that the configuration alone names: links in it are the administrator's. */
static int open_base(struct span base)
{
	_cleanup_(alloc_free) char *path = alloc_copy(base.at, base.len);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	for (size_t i = 1; i <= base.len; i++) {
		if (i < base.len && path[i] != '/')
			continue;
		path[i] = '\0';
		if (mkdir(path, MODE) < 0 && errno != EEXIST)
			return -errno;
		if (i < base.len)
			path[i] = '/';
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int descend(int from, struct span name, struct span *ret_name)
{
	char text[NAME_MAX + 1];

	*ret_name = name;
	if (name.len >= sizeof text)
		return -ENAMETOOLONG;
	(void)span_copy(name, text, sizeof text);
	return enter_or_make(from, text);
}

/* Maildir++: who walks through a Maildir knows a folder of it by this file. */
static int mark_folder(int at)
{
	int fd = openat(at, "maildirfolder", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int open_three(int at, struct folder *f, struct span *ret_name)
{
	const struct {
		const char *name;
		int *fd;
	} three[] = {{"cur", &f->cur}, {"new", &f->new}, {"tmp", &f->tmp}};

	for (size_t i = 0; i < 3; i++) {
		*three[i].fd = enter_or_make(at, three[i].name);
		if (*three[i].fd < 0) {
			*ret_name = span_str(three[i].name);
			return *three[i].fd;
		}
	}
	return 0;
}

int folder_open(const struct place *p, struct folder *ret, struct span *ret_name)
{
	struct folder f = FOLDER_NONE;
	int inner = -1, rc = 0;

	*ret_name = p->base;
	f.root = open_base(p->base);
	for (size_t i = 0; i < p->n && f.root >= 0; i++) {
		int below = descend(f.root, p->names[i], ret_name);

		close(f.root);
		f.root = below;
	}
	rc = f.root < 0 ? f.root : 0;
	if (rc == 0 && p->folder.len > 0) {
		inner = descend(f.root, p->folder, ret_name);
		rc = inner < 0 ? inner : mark_folder(inner);
	}
	if (rc == 0)
		rc = open_three(inner >= 0 ? inner : f.root, &f, ret_name);
	if (inner >= 0)
		close(inner);
	if (rc < 0)
		folder_close(&f);
	else
		*ret = f;
	return rc;
}

void folder_close(struct folder *f)
{
	int fds[] = {f->root, f->tmp, f->new, f->cur};

	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	*f = FOLDER_NONE;
}
