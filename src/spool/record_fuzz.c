#include "spool/spool_in.h"

/*
 * Records of every type from hostile bytes: the first byte picks the type, the second whether
 * the rest is a sealed record or a payload whose seal would be right.
 */
static const struct pack_type *const types[] = {
	&spool_message_type,
	&spool_recipient_type,
	&spool_lane_type,
	&spool_site_type,
	&spool_ended_type,
	&store_totals_type,
	&store_last_end_type,
	&store_number_type,
	&qclock_type,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct buf sealed = BUF_INIT(1 << 20);
	char object[512];

	if (size < 2)
		return 0;
	const struct pack_type *type = types[data[0] % (sizeof types / sizeof types[0])];
	struct span rest = span_of(data + 2, size - 2);
	int rc = data[1] & 1 ? store_open_record(rest, type, &arena, object)
			     : pack_read(type, rest, &arena, object);

	/* What could be read can be written, and reads as the same again. */
	if (rc == 0 && pack_seal(type, store_version(type), object, &sealed) == 0 &&
		store_open_record(buf_span(&sealed), type, &arena, object) < 0 &&
		sealed.len <= STORE_MESSAGE_MAX)
		__builtin_trap();
	buf_done(&sealed);
	arena_done(&arena);
	return 0;
}
