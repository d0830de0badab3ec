/* Tells the receive processes how much room the spool and its disk have, before a commit fails. */
#include "queue/queue.h"
#include <errno.h>
#include <sys/statvfs.h>

#define LOOK_EVERY NANOS_S
#define STEP       20 /* bits: what changes by less is not told */

bool queue_room_measure(const struct queue *q, struct ipc_queue_room *ret)
{
	struct spool_figures figures = spool_figures(q->spool);
	struct statvfs vfs;

	if (!q->role->spool || statvfs(q->role->spool, &vfs) < 0)
		return false;
	*ret = (struct ipc_queue_room){.disk_free = (uint64_t)vfs.f_bavail * vfs.f_frsize,
		.inodes_free = vfs.f_files > 0 ? (uint64_t)vfs.f_favail : UINT64_MAX,
		.map_used = figures.map_size > 0
				    ? (uint32_t)(figures.map_used * 1000 / figures.map_size)
				    : 0};
	return true;
}

static bool is_news(const struct ipc_queue_room *a, const struct ipc_queue_room *b)
{
	return a->disk_free >> STEP != b->disk_free >> STEP || a->map_used != b->map_used ||
	       a->inodes_free / 100 != b->inodes_free / 100;
}

static void tell(struct queue_peer *peer, const struct ipc_queue_room *room)
{
	if (peer->was_told_room && !is_news(&peer->room, room))
		return;
	peer->room = *room;
	peer->was_told_room = true;
	(void)ipc_send(peer->channel, &(struct ipc_out){.type = IPC_QUEUE_ROOM, .body = room});
}

void queue_watch_room(void *queue)
{
	struct queue *q = queue;
	struct ipc_queue_room room;

	while (!q->stopping && role_wait_stop(q->role, clock_after(LOOK_EVERY)) == -ETIMEDOUT) {
		if (!queue_room_measure(q, &room))
			continue;
		for (size_t i = 0; i < QUEUE_DELIVER_MOST; i++)
			if (q->receive[i] && q->receive[i]->channel)
				tell(q->receive[i], &room);
	}
}
