/* Feeds a row of hostile packets (u8 descriptors, u16 length, bytes) through the reader. */
#include "ipc/kinds.h"
#include "ipc/packet.h"
#include <stdlib.h>
#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_message(const struct ipc_reader *r, struct ipc_message *m)
{
	struct arena arena = {0};
	struct ipc_packet p;
	struct buf again = BUF_INIT(IPC_MESSAGE_MAX);
	const char *why;

	if (ipc_message_open(r, m, &arena, &p, &why) == 0) {
		const struct ipc_kind *kind = ipc_kind_find(ipc_kinds, ipc_kinds_n, p.type);

		/* What could be read is written as the same bytes. */
		if (pack_write(kind->body, p.body, &again) < 0 || again.len != m->head.body_len ||
			memcmp(again.at, m->payload.at, again.len) != 0)
			abort();
	}
	ipc_close_fds(m->fds, m->fds_n);
	buf_done(&again);
	arena_done(&arena);
}

static int take(struct ipc_reader *r, struct span packet, const int *fds, size_t fds_n)
{
	struct ipc_message m;
	const char *why;
	int rc = ipc_reader_take(r, packet, fds, fds_n, &m, &why);

	if (rc == 1)
		open_message(r, &m);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pack_cursor in = {.rest = span_of(data, size)};
	struct ipc_reader r;
	int rc = 0;

	ipc_reader_init(&r, ipc_kinds, ipc_kinds_n);
	while (rc >= 0 && in.rest.len > 0) {
		size_t fds_n = pack_get_u(&in, 1) % 4;
		struct span packet = pack_get_bytes(&in, (size_t)pack_get_u(&in, 2));
		int fds[4];

		if (in.failed)
			break;
		for (size_t i = 0; i < fds_n; i++)
			fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fds_n == 0 && ipc_is_bundle(packet)) {
			struct span rest = span_slice(packet, IPC_BUNDLE_HEAD, packet.len), one;

			while ((rc = ipc_bundle_next(&rest, &one)) == 1)
				if ((rc = take(&r, one, NULL, 0)) < 0)
					break;
			continue;
		}
		rc = take(&r, packet, fds, fds_n);
	}
	ipc_reader_done(&r);
	return 0;
}
