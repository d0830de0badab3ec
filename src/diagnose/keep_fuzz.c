/* A file of the spool that somebody else wrote, or the disk: it is read or refused, and what was read can be kept. */
#include "base/alloc.h"
#include "diagnose/keep.h"
#include <assert.h>
#include <stdlib.h>

#define NOW INT64_C(1800000000)

static void try(struct span in)
{
	struct ledger *l = ledger_new();
	struct alarms *alarms = alloc_zero(sizeof *alarms);
	struct tolds *tolds = alloc_zero(sizeof *tolds);
	struct keep_check checks[4];
	struct keep k = {
		.ledger = l, .alarms = alarms, .tolds = tolds, .checks = checks, .checks_n = 4};
	struct buf again = BUF_INIT(KEEP_BYTES_MOST);

	if (keep_read(in, NOW, &k) == 0) {
		assert(k.checks_n <= 4 && ledger_count(l) <= LEDGER_CELLS);
		assert(keep_write(&k, &again) == 0);
	}
	buf_done(&again);
	free(tolds);
	free(alarms);
	ledger_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);

	try(in);
	return 0;
}
