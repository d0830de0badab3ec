/* What sending promises: all that was taken arrives once, in order, whole, and costs bounded memory. */
#include "ipc/messages/commit.h"
#include "ipc/messages/plain.h"
#include "ipc/side.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static void run_backlog(void *arg)
{
	struct side a, b;
	int fds[2], rc;
	size_t len = 150 * 1024;
	char *bytes = calloc(1, len);
	uint32_t n = 0;
	uint64_t sum = 0;

	side_pair(fds);
	side_open(&a, fds[0]);
	for (;;) {
		bytes[0] = (char)n;
		rc = ipc_send(a.c, &(struct ipc_out){.type = IPC_COMMIT_PART,
					   .request = n + 1,
					   .body = &(struct ipc_content_name){.id = {0}},
					   .bytes = span_of(bytes, len)});
		if (rc < 0)
			break;
		sum += (unsigned char)bytes[0];
		assert_true(++n < 1000);
	}
	assert_int_equal(rc, -ENOBUFS);
	assert_true(ipc_backlog(a.c) <= IPC_BACKLOG_MAX);
	assert_true(ipc_backlog(a.c) > IPC_BACKLOG_MAX - 2 * len);
	assert_true(ipc_is_open(a.c));
	/* All that was taken arrives, in order, once somebody reads. */
	side_open(&b, fds[1]);
	assert_int_equal(ipc_flush(a.c, CLOCK_NEVER), 0);
	assert_int_equal(ipc_backlog(a.c), 0);
	side_wait_packets(&b, n);
	assert_true(b.is_in_order);
	assert_int_equal(b.sum, sum);
	ipc_close(a.c);
	side_wait_end(&b);
	ipc_close(b.c);
	free(bytes);
}

static void send_part(struct side *s, uint32_t request, bool soon)
{
	assert_int_equal(ipc_send(s->c, &(struct ipc_out){.type = IPC_COMMIT_PART,
						.request = request,
						.body = &(struct ipc_content_name){.id = {0}},
						.bytes = SPAN_LIT("some bytes"),
						.soon = soon}),
		0);
}

/* What goes soon goes together, in the order in which it was sent, whatever goes beside it. */
static void run_bundle(void *arg)
{
	struct side a, b;
	int fds[2];
	char bytes[512];

	side_pair(fds);
	side_open(&a, fds[0]);
	for (uint32_t i = 1; i <= 5; i++)
		send_part(&a, i, true);
	assert_int_equal(recv(fds[1], bytes, sizeof bytes, MSG_DONTWAIT), -1);
	assert_int_equal(ipc_flush(a.c, CLOCK_NEVER), 0);
	ssize_t n = recv(fds[1], bytes, sizeof bytes, MSG_DONTWAIT);

	assert_true(n > 5 * (ssize_t)strlen("some bytes"));
	assert_int_equal(recv(fds[1], bytes, sizeof bytes, MSG_DONTWAIT), -1);
	side_open(&b, fds[1]);
	for (uint32_t i = 1; i <= 500; i++) {
		int fd = fds[1];

		send_part(&a, i, i % 3 > 0);
		if (i % 7 == 0) /* of a type that brings a descriptor */
			assert_int_equal(
				ipc_send(a.c, &(struct ipc_out){.type = IPC_RESULT,
						      .body = &(struct ipc_result){.error = 0},
						      .fds = &fd,
						      .fds_n = 1}),
				0);
	}
	side_wait_packets(&b, 500 + 500 / 7);
	assert_true(b.is_in_order);
	ipc_close(a.c);
	side_wait_end(&b);
	ipc_close(b.c);
}

/* Who closes the channel at the first of a bundle does not see the rest. */
static void run_closed_within(void *arg)
{
	struct side a, b;
	int fds[2];

	side_pair(fds);
	side_open(&a, fds[0]);
	side_open(&b, fds[1]);
	b.closes = true;
	for (uint32_t i = 1; i <= 3; i++)
		send_part(&a, i, true);
	side_wait_end(&a);
	assert_int_equal(b.packets, 1);
	ipc_close(a.c);
}

static void run_long_message(void *arg)
{
	struct side a, b;
	int fds[2];
	size_t len = 5U << 20;
	char *bytes = calloc(1, len);
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i % 251);
	for (size_t i = 0; i < len; i += 997)
		sum += (unsigned char)bytes[i];
	side_pair(fds);
	side_open(&a, fds[0]);
	side_open(&b, fds[1]);
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(
			ipc_send(a.c, &(struct ipc_out){.type = IPC_COMMIT_PART,
					      .request = i,
					      .body = &(struct ipc_content_name){.id = {0}},
					      .bytes = span_of(bytes, 1000),
					      .more_bytes = span_of(bytes + 1000, len - 1000)}),
			0);
	side_wait_packets(&b, 3);
	assert_true(b.is_in_order);
	assert_int_equal(b.sum, 3 * sum);
	/* Closing with a queue full: nothing leaks, the peer sees an end. */
	assert_int_equal(ipc_send(a.c, &(struct ipc_out){.type = IPC_COMMIT_PART,
					       .body = &(struct ipc_content_name){.id = {0}},
					       .bytes = span_of(bytes, len)}),
		0);
	ipc_close(a.c);
	side_wait_end(&b);
	ipc_close(b.c);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TASK("a peer that does not read costs bounded memory", run_backlog),
		IN_TASK("what goes soon goes together and in order", run_bundle),
		IN_TASK("a bundle ends with its channel", run_closed_within),
		IN_TASK("a long message arrives as one", run_long_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
