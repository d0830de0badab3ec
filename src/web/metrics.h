/*
 * metrics - queue and facts in the text format of Prometheus (0.0.4).
 *
 * Pure. Names begin with abide_. Counters are kept in the spool and by facts, so that a restart does
 * not take them back. Labels have few values, all of our own tables: no site, no person.
 */
#pragma once
#include "base/buf.h"
#include "web/view.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_write(const struct view_now *now, struct buf *out);
