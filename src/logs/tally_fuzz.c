/* Any lines as a log: no crash, and what is counted adds up. */
#include "logs/report.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct logs_tally *t = logs_tally_new(INT64_C(1795000000));
	struct arena arena = {0};
	struct logs_report *report = ARENA_NEW(&arena, struct logs_report);
	struct span text = span_of(data, size), line;
	uint64_t by_cause = 0, by_site = 0, waiting = 0;

	while (span_take_until(&text, '\n', &line))
		logs_tally_line(t, line);
	logs_tally_end(t);
	logs_report_make(t, &arena, report);
	for (size_t i = 0; i < report->n; i++) {
		const struct logs_count *c = &report->findings[i].counts->count;

		by_cause += c->deferred + c->failed;
		waiting += c->waiting;
		if (c->mails != c->recovered + c->gave_up + c->waiting)
			abort();
	}
	for (size_t i = 0; i < report->n_sites; i++)
		by_site += report->sites[i]->deferred + report->sites[i]->failed;
	if (by_cause != t->deferred + t->failed || by_site != by_cause || waiting != t->waiting.n ||
		t->events != t->delivered + by_cause + t->refused)
		abort();
	arena_done(&arena);
	logs_tally_free(t);
	return 0;
}
