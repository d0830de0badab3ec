/*
 * fd - the inside of a task_fd, for the calls of fd_io.c and fd_connect.c.
 *
 * Inside task/ only.
 */
#pragma once
#include "task/sched.h"

struct task_fd {
	struct sched_source source;
	int fd; /* -1: closed, freed by the last waiter */
	bool is_socket, is_tcp, is_plain;
	bool readable, writable; /* may be; false: surely not before the next event */
	bool ending;             /* end or error was reported: reading will not block again */
	bool watches_write;
	unsigned waiters;
	struct task *reader, *writer;
};

/* After EAGAIN: until the next event. *f may be gone when this fails. */
int fd_await_read(struct task_fd *f, nanos deadline);
int fd_await_write(struct task_fd *f, nanos deadline);
