#include "task/doorbell.h"
#include "base/alloc.h"
#include "task/sched.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct {
	struct sched_source source;
	int fd;
	_Atomic(struct doorbell_ring *) first;
} bell = {.fd = -1};

/* In the order in which they were pushed. */
static void drain(struct sched_source *s, uint32_t events)
{
	struct doorbell_ring *r = atomic_exchange(&bell.first, NULL), *oldest = NULL;

	while (r) {
		struct doorbell_ring *next = r->next;

		r->next = oldest;
		oldest = r;
		r = next;
	}
	while (oldest) {
		r = oldest;
		oldest = r->next;
		r->on_ring(r);
	}
}

int doorbell_open(void)
{
	bell.source.on_event = drain;
	bell.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bell.fd < 0)
		return -errno;
	int rc = sched_watch(EPOLL_CTL_ADD, bell.fd, &bell.source, EPOLLIN | EPOLLET);

	if (rc < 0)
		fd_close(&bell.fd);
	return rc;
}

void doorbell_close(void)
{
	drain(&bell.source, 0);
	fd_close(&bell.fd);
}

void doorbell_push(struct doorbell_ring *r)
{
	struct doorbell_ring *first = atomic_load(&bell.first);

	do
		r->next = first;
	while (!atomic_compare_exchange_weak(&bell.first, &first, r));
	if (!first)
		(void)eventfd_write(bell.fd, 1);
}
