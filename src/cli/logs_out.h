/*
 * logs_out - what `abide logs` found, for people, programs and browsers.
 *
 * Writes into a buf, whose sticky error tells at the end. Inside cli/ only.
 */
#pragma once
#include "base/buf.h"
#include "logs/report.h"
#include "reply/explain.h"

struct logs_view {
	const struct logs_tally *tally;
	const struct logs_report *report;
	struct reply_voice voice;
	size_t top; /* rows of a table */
};

void logs_out_text(struct buf *out, const struct logs_view *v);
void logs_out_json(struct buf *out, const struct logs_view *v);
void logs_out_html(struct buf *out, const struct logs_view *v);

/* "1,234,567" */
void logs_out_number(struct buf *out, const struct logs_view *v, uint64_t n);
/* "2026-11-29 10:30" (UTC); "-" for MOMENT_NONE. */
void logs_out_time(struct buf *out, int64_t moment);
/* One line: what the log itself shows of that problem. */
void logs_out_evidence(struct buf *out, const struct logs_view *v, const struct logs_finding *f);
/* A sentence: why it is taken to be on that side. */
void logs_out_side(struct buf *out, const struct logs_view *v, const struct logs_finding *f);
/* "too_many_connections" as "too many connections" */
void logs_out_cause(struct buf *out, const struct logs_view *v, enum reply_cause cause);
/* The same words in that language; english itself where nobody has translated it. */
const char *logs_say(enum reply_lang lang, const char *english);

/* SVG charts for the page: attempts by time, and a bar of shares. */
void logs_chart_time(struct buf *out, const struct logs_view *v);
void logs_chart_bar(struct buf *out, uint64_t part, uint64_t whole, const char *class);
