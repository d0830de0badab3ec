#include "mailbox/child.h"
#include "base/alloc.h"
#include "base/rights.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS_MOST 120U /* of one delivery: then the child ends, and it is tried again */

/* ---- in the child ---- */

static int become(const struct owner *owner)
{
	int rc = 0;

	if (owner && (owner->uid != geteuid() || owner->gid != getegid())) {
		if (!rights_may_change_user())
			return -EPERM;
		if (setgroups(0, NULL) < 0 || setresgid(owner->gid, owner->gid, owner->gid) < 0 ||
			setresuid(owner->uid, owner->uid, owner->uid) < 0)
			return -errno;
	}
	rc = rights_give_up(false);
	/* A right that could be taken back was not given up. */
	return rc == 0 && geteuid() != 0 && setuid(0) == 0 ? -EPERM : rc;
}

/* Channels to other processes are none of its business. */
static void close_others(int answer, int *content)
{
	if (*content >= 0 && *content != 3) {
		int moved = fcntl(*content, F_DUPFD_CLOEXEC, answer < 100 ? 100 : answer + 1);

		*content = moved;
	}
	int low = answer, high = *content;

	if (low > 3)
		(void)close_range(3, (unsigned)low - 1, 0);
	if (high > low + 1)
		(void)close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	(void)close_range((unsigned)(high > low ? high : low) + 1, ~0U, 0);
}

_Noreturn static void run(
	const struct owner *owner, const struct place *p, const struct store_mail *mail, int answer)
{
	struct store_mail m = *mail;
	struct store_result result = {.verdict = STORE_FAILED};
	sigset_t none;

	(void)sigemptyset(&none);
	(void)signal(SIGALRM, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_IGN); /* EFBIG says it */
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)alarm(SECONDS_MOST);
	(void)umask(077);
	close_others(answer, &m.fd);
	result.error = become(owner);
	if (result.error == 0)
		store_run(p, &m, &result);
	else
		(void)span_copy(SPAN_LIT("user"), result.at, sizeof result.at);
	(void)!write(answer, &result, sizeof result);
	_exit(0);
}

/* ---- in its parent ---- */

static int start(const struct owner *owner, const struct place *p, const struct store_mail *mail,
	struct task_fd **ret)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();

	if (pid == 0)
		run(owner, p, mail, fds[1]);
	int rc = pid < 0 ? -errno : task_fd_open(fds[0], ret);

	close(fds[1]);
	if (rc < 0)
		close(fds[0]);
	return rc;
}

void child_store(const struct owner *owner, const struct place *p, const struct store_mail *mail,
	struct store_result *ret)
{
	struct task_fd *answer;
	struct store_result got;
	int rc = start(owner, p, mail, &answer);

	*ret = (struct store_result){.verdict = STORE_FAILED, .error = rc};
	if (rc < 0)
		return;
	/* Its alarm ends it; this deadline only guards against a disk that lets no process go. */
	ssize_t n = task_fd_read(answer, &got, sizeof got, clock_after(2 * SECONDS_MOST * NANOS_S));

	task_fd_close(answer);
	if (n == (ssize_t)sizeof got) {
		*ret = got;
		ret->at[sizeof ret->at - 1] = '\0';
	} else {
		ret->error = n == -ECANCELED ? -ECANCELED : -ETIMEDOUT;
	}
}
