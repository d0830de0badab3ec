/* What a wrong byte between processes could do: a request misread, a descriptor leaked, a crash. */
#include "ipc/kinds.h"
#include "ipc/messages/commit.h"
#include "ipc/messages/facts.h"
#include "ipc/messages/job.h"
#include "ipc/messages/plain.h"
#include "ipc/messages/role.h"
#include "ipc/packet.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static uint64_t next_number(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 16;
}

/* Any object of that type, by its rows. */
static void fill(const struct pack_type *t, char *object, struct arena *a, uint64_t *seed)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct pack_row *row = &t->rows[i];
		char *at = object + row->offset;
		uint64_t n = next_number(seed);

		switch (row->kind) {
		case PACK_BOOL:
			*(bool *)at = n & 1;
			break;
		case PACK_U8:
			*(uint8_t *)at = (uint8_t)n;
			break;
		case PACK_U16:
			memcpy(at, &n, 2);
			break;
		case PACK_U32:
			memcpy(at, &n, 4);
			break;
		case PACK_U64:
		case PACK_I64:
			memcpy(at, &n, 8);
			break;
		case PACK_ID:
			*(struct id *)(void *)at = (struct id){n, next_number(seed)};
			break;
		case PACK_SPAN:
			*(struct span *)(void *)at = arena_printf(a, "%*d", (int)(n % 40), (int)n);
			break;
		case PACK_ONE:
			fill(row->of, at, a, seed);
			break;
		case PACK_ARRAY: {
			size_t count = n % 4;
			char *elements = arena_array(a, count, row->of->size);

			for (size_t k = 0; k < count; k++)
				fill(row->of, elements + k * row->of->size, a, seed);
			*(char **)(void *)at = elements;
			*(size_t *)(void *)(object + row->count_offset) = count;
		}
		}
	}
}

/* One packet as it would stand on the wire. */
static void join(const struct iovec *iov, size_t n, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_add(out, span_of(iov[i].iov_base, iov[i].iov_len)), 0);
}

static int take_whole(struct ipc_reader *r, const struct ipc_out *o, struct ipc_message *ret,
	struct buf *packet, size_t *ret_packets)
{
	struct buf body = BUF_INIT(IPC_MESSAGE_MAX);
	char head[IPC_HEAD_LEN];
	struct iovec iov[4];
	struct ipc_cut cut;
	const char *why = "";
	size_t from = 0, n;
	int rc = ipc_cut_message(ipc_kind_find(ipc_kinds, ipc_kinds_n, o->type), o, &body, &cut);

	*ret_packets = 0;
	while (rc == 0 && *ret_packets < 1000) {
		from += ipc_cut_packet(&cut, from, head, iov, &n);
		join(iov, n, packet);
		assert_true(packet->len <= IPC_PACKET_MAX);
		rc = ipc_reader_take(r, buf_span(packet), NULL, 0, ret, &why);
		++*ret_packets;
	}
	buf_done(&body);
	return rc;
}

static void test_every_type_comes_back_as_it_was(void **state)
{
	uint64_t seed = 1;

	for (size_t i = 0; i < ipc_kinds_n * 8; i++) {
		const struct ipc_kind *kind = &ipc_kinds[i % ipc_kinds_n];
		struct arena a = {0};
		struct buf first = BUF_INIT(1 << 20), second = BUF_INIT(1 << 20),
			   packet = BUF_INIT(IPC_PACKET_MAX);
		struct ipc_reader r;
		struct ipc_message m;
		struct ipc_packet p;
		const char *why;
		size_t packets;
		char *object = arena_zero(&a, kind->body->size);

		fill(kind->body, object, &a, &seed);
		ipc_reader_init(&r, ipc_kinds, ipc_kinds_n);
		struct ipc_out out = {.type = kind->type,
			.request = (uint32_t)i,
			.is_answer = i & 1,
			.body = object,
			.bytes = kind->has_bytes ? SPAN_LIT("be\0for") : (struct span){0},
			.more_bytes = kind->has_bytes ? SPAN_LIT("e\r\n") : (struct span){0}};

		assert_int_equal(take_whole(&r, &out, &m, &packet, &packets), 1);
		assert_int_equal(packets, 1);
		assert_int_equal(ipc_message_open(&r, &m, &a, &p, &why), 0);
		assert_int_equal(p.type, kind->type);
		assert_int_equal(p.request, i);
		assert_int_equal(p.is_answer, i & 1);
		assert_true(span_equal(
			p.bytes, kind->has_bytes ? SPAN_LIT("be\0fore\r\n") : (struct span){0}));
		assert_int_equal(pack_write(kind->body, object, &first), 0);
		assert_int_equal(pack_write(kind->body, p.body, &second), 0);
		assert_true(span_equal(buf_span(&first), buf_span(&second)));
		ipc_reader_done(&r);
		buf_done(&first);
		buf_done(&second);
		buf_done(&packet);
		arena_done(&a);
	}
}

static void test_types_are_sorted(void **state)
{
	for (size_t i = 1; i < ipc_kinds_n; i++)
		assert_true(ipc_kinds[i - 1].type < ipc_kinds[i].type);
	assert_null(ipc_kind_find(ipc_kinds, ipc_kinds_n, 0));
	assert_null(ipc_kind_find(ipc_kinds, ipc_kinds_n, 65535));
}

static void test_long_messages_go_in_several_packets(void **state)
{
	static const size_t lens[] = {0, 1, IPC_PACKET_MAX - IPC_HEAD_LEN - 17, IPC_PACKET_MAX,
		3 * IPC_PACKET_MAX + 5, IPC_MESSAGE_MAX - 1000};
	struct buf packet = BUF_INIT(IPC_PACKET_MAX);
	char *bytes = calloc(1, IPC_MESSAGE_MAX);

	for (size_t i = 0; i < IPC_MESSAGE_MAX; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		struct arena a = {0};
		struct ipc_reader r;
		struct ipc_message m;
		struct ipc_packet p;
		const char *why;
		size_t packets;
		const struct ipc_content_name name = {.id = {1, 2}};
		struct ipc_out out = {.type = IPC_COMMIT_PART,
			.body = &name,
			.bytes = span_of(bytes, lens[i] / 3),
			.more_bytes = span_of(bytes + lens[i] / 3, lens[i] - lens[i] / 3)};

		ipc_reader_init(&r, ipc_kinds, ipc_kinds_n);
		assert_int_equal(take_whole(&r, &out, &m, &packet, &packets), 1);
		assert_int_equal(packets, (lens[i] + 16 + IPC_PACKET_MAX - IPC_HEAD_LEN - 1) /
						  (IPC_PACKET_MAX - IPC_HEAD_LEN));
		assert_int_equal(ipc_message_open(&r, &m, &a, &p, &why), 0);
		assert_true(span_equal(p.bytes, span_of(bytes, lens[i])));
		ipc_reader_done(&r);
		arena_done(&a);
	}
	struct ipc_out out = {.type = IPC_COMMIT_PART,
		.body = &(struct ipc_content_name){.id = {0}},
		.bytes = span_of(bytes, IPC_MESSAGE_MAX)};
	struct buf body = BUF_INIT(IPC_MESSAGE_MAX);
	struct ipc_cut cut;

	assert_int_equal(
		ipc_cut_message(ipc_kind_find(ipc_kinds, ipc_kinds_n, out.type), &out, &body, &cut),
		-EMSGSIZE);
	buf_done(&body);
	buf_done(&packet);
	free(bytes);
}

#define HEAD(type, flags, request, len) \
	(char)(type), 0, (flags), 0, (request), 0, 0, 0, (char)(len), 0, 0, 0

static const struct {
	const char *wrong;
	char at[40];
	size_t len, fds_n;
} wrong_packets[] = {
	{"empty", {0}, 0, 0},
	{"half a head", {HEAD(IPC_ROLE_STOP, 0, 0, 1)}, 7, 0},
	{"padding not 0", {IPC_ROLE_STOP, 0, 0, 9, 0, 0, 0, 0, 1, 0, 0, 0, 0}, 13, 0},
	{"unknown flag", {HEAD(IPC_ROLE_STOP, 8, 0, 1), 0}, 13, 0},
	{"unknown type", {HEAD(19, 0, 0, 1), 0}, 13, 0},
	{"struct cut off", {HEAD(IPC_ROLE_PEER, 0, 0, 5), 1, 2, 0}, 15, 0},
	{"length beyond the packet", {HEAD(IPC_ROLE_STOP, 0, 0, 2), 0}, 13, 0},
	{"garbage behind", {HEAD(IPC_ROLE_STOP, 0, 0, 1), 0, 'x'}, 14, 0},
	{"garbage within", {HEAD(IPC_ROLE_STOP, 0, 0, 2), 0, 'x'}, 14, 0},
	{"a descriptor that does not belong", {HEAD(IPC_ROLE_STOP, 0, 0, 1), 0}, 13, 1},
	{"two descriptors for one", {HEAD(IPC_ROLE_PEER, 0, 0, 5), 1, 2, 0, 0, 0}, 17, 2},
	{"a rest without its beginning", {HEAD(IPC_ROLE_STOP, 4, 0, 1), 0}, 13, 0},
	{"a bool of 2", {HEAD(IPC_FACTS_VERDICT, 0, 0, 2), 2, 0}, 14, 0},
	{"an array longer than its bytes",
		{HEAD(IPC_DELIVER_HELLO, 0, 0, 8), 0, 0, 0, 0, (char)255, (char)255, (char)255,
			(char)255},
		20, 0},
};

static void test_wrong_packets_are_refused_and_their_descriptors_closed(void **state)
{
	for (size_t i = 0; i < sizeof wrong_packets / sizeof wrong_packets[0]; i++) {
		struct arena a = {0};
		struct ipc_reader r;
		struct ipc_message m;
		struct ipc_packet p;
		const char *why = NULL;
		int fds[2] = {open("/dev/null", O_RDONLY | O_CLOEXEC),
			open("/dev/null", O_RDONLY | O_CLOEXEC)};

		ipc_reader_init(&r, ipc_kinds, ipc_kinds_n);
		int rc = ipc_reader_take(&r, span_of(wrong_packets[i].at, wrong_packets[i].len),
			fds, wrong_packets[i].fds_n, &m, &why);

		if (rc == 1)
			rc = ipc_message_open(&r, &m, &a, &p, &why);
		assert_int_equal(rc, -EBADMSG);
		assert_non_null(why);
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(fcntl(fds[k], F_GETFD) < 0, k < wrong_packets[i].fds_n);
		for (size_t k = wrong_packets[i].fds_n; k < 2; k++)
			close(fds[k]);
		ipc_reader_done(&r);
		arena_done(&a);
	}
}

static void test_a_later_packet_must_match_the_first(void **state)
{
	static const char first[] = {HEAD(IPC_COMMIT_PART, 2, 1, 16), 1};
	static const char others[][13] = {{HEAD(IPC_CONTENT_MAKE, 4, 1, 16), 1},
		{HEAD(IPC_COMMIT_PART, 4, 2, 16), 1}, {HEAD(IPC_COMMIT_PART, 4, 1, 15), 1},
		{HEAD(IPC_COMMIT_PART, 5, 1, 16), 1}, {HEAD(IPC_COMMIT_PART, 0, 1, 16), 1}};

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		struct ipc_reader r;
		struct ipc_message m;
		const char *why = NULL;

		ipc_reader_init(&r, ipc_kinds, ipc_kinds_n);
		assert_int_equal(
			ipc_reader_take(&r, span_of(first, sizeof first), NULL, 0, &m, &why), 0);
		assert_int_equal(ipc_reader_take(&r, span_of(others[i], sizeof others[i]), NULL, 0,
					 &m, &why),
			-EBADMSG);
		assert_non_null(why);
		ipc_reader_done(&r);
	}
}

static void test_endless_messages_end(void **state)
{
	char *packet = calloc(1, IPC_PACKET_MAX);
	const char first[] = {HEAD(IPC_COMMIT_PART, 2, 1, 16)},
		   rest[] = {HEAD(IPC_COMMIT_PART, 6, 1, 16)};
	struct ipc_reader r;
	struct ipc_message m;
	const char *why;
	int rc = 0;

	ipc_reader_init(&r, ipc_kinds, ipc_kinds_n);
	for (size_t i = 0; rc == 0; i++) {
		assert_true(i <= IPC_MESSAGE_MAX / (IPC_PACKET_MAX - IPC_HEAD_LEN));
		memcpy(packet, i ? rest : first, IPC_HEAD_LEN);
		rc = ipc_reader_take(&r, span_of(packet, IPC_PACKET_MAX), NULL, 0, &m, &why);
	}
	assert_int_equal(rc, -EBADMSG);
	ipc_reader_done(&r);
	free(packet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_comes_back_as_it_was),
		cmocka_unit_test(test_types_are_sorted),
		cmocka_unit_test(test_long_messages_go_in_several_packets),
		cmocka_unit_test(test_wrong_packets_are_refused_and_their_descriptors_closed),
		cmocka_unit_test(test_a_later_packet_must_match_the_first),
		cmocka_unit_test(test_endless_messages_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
