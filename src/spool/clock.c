#include "spool/clock.h"
#include <fcntl.h>
#include <unistd.h>

static const struct pack_row qclock_rows[] = {
	PACK_F_I64(struct qclock, queue_ms),
	PACK_F_I64(struct qclock, wall_ms),
	PACK_F_I64(struct qclock, boot_ms),
	PACK_F_SPAN(struct qclock, boot_id),
};
const struct pack_type qclock_type = PACK_TYPE(qclock, qclock_rows);

static int64_t difference(int64_t now, int64_t then)
{
	int64_t d;

	if (__builtin_sub_overflow(now, then, &d))
		return now > then ? INT64_MAX : INT64_MIN;
	return d;
}

struct qclock_step qclock_resume(const struct qclock *stored, const struct qclock_now *now)
{
	static const unsigned char unknown[QCLOCK_BOOT_ID];

	if (!stored)
		return (struct qclock_step){.queue_ms = QCLOCK_FIRST};
	struct qclock_step step = {.claimed_ms = difference(now->wall_ms, stored->wall_ms)};
	bool same_boot = stored->boot_id.len == QCLOCK_BOOT_ID &&
			 memcmp(stored->boot_id.at, now->boot_id, QCLOCK_BOOT_ID) == 0 &&
			 memcmp(now->boot_id, unknown, QCLOCK_BOOT_ID) != 0 &&
			 now->boot_ms >= stored->boot_ms;

	step.away_ms = same_boot ? difference(now->boot_ms, stored->boot_ms) : step.claimed_ms;
	if (!same_boot && step.away_ms < 0)
		step = (struct qclock_step){.claimed_ms = step.claimed_ms, .clamped = true};
	if (!same_boot && step.away_ms > QCLOCK_MOST) {
		step.away_ms = QCLOCK_MOST;
		step.clamped = true;
	}
	/* A damaged row must not bring time to where sums overflow. */
	int64_t base = stored->queue_ms < QCLOCK_FIRST ? QCLOCK_FIRST : stored->queue_ms;

	if (base > INT64_MAX / 4)
		base = INT64_MAX / 4;
	step.queue_ms = base + (step.away_ms < INT64_MAX / 4 ? step.away_ms : INT64_MAX / 4);
	return step;
}

static int hex(char c)
{
	if (byte_is_digit(c))
		return c - '0';
	c = byte_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "7d1ffe32-564d-4b6e-b4ae-9a1808994ac6"; left zero where there is none (a bare container). */
static void read_boot_id(unsigned char out[QCLOCK_BOOT_ID])
{
	char text[64] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(out, 0, QCLOCK_BOOT_ID);
	if (fd < 0)
		return;
	ssize_t len = read(fd, text, sizeof text - 1);
	size_t digits = 0;

	close(fd);
	for (ssize_t i = 0; i < len && digits < 2UL * QCLOCK_BOOT_ID; i++) {
		int v = hex(text[i]);

		if (v < 0)
			continue;
		out[digits / 2] = (unsigned char)(out[digits / 2] << 4 | v);
		digits++;
	}
	if (digits != 2UL * QCLOCK_BOOT_ID)
		memset(out, 0, QCLOCK_BOOT_ID);
}

void qclock_read(struct qclock_now *ret)
{
	ret->wall_ms = clock_wall_ms();
	ret->boot_ms = clock_boot() / NANOS_MS;
	read_boot_id(ret->boot_id);
}
