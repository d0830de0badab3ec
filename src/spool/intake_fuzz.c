#include "spool/intake.h"
#include "spool/spool_in.h"

/* The mails of a record from damaged bytes: what can be read is a mail, or it is refused. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char nonce[INTAKE_NONCE];
	struct span rest = span_of(data, size);
	struct intake_head head;
	struct intake_record record;

	(void)intake_head_read(rest, &head);
	if (intake_record_peek(rest, nonce, &record))
		(void)intake_record_is_whole(rest);
	while (rest.len > 0) {
		struct arena arena = {0};
		struct spool_accept a;
		size_t before = rest.len;
		int rc = intake_mail_read(&rest, &arena, &a);

		arena_done(&arena);
		if (rc < 0)
			break;
		if (rest.len >= before)
			__builtin_trap();
	}
	return 0;
}
