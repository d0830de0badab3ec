/*
 * audit - inside spool/ only: one pass over all tables (INVARIANTS.md S3 to S8).
 *
 * Each part walks its tables and reports what another table does not confirm.
 * Findings name the row that is missing or wrong, as people write it.
 */
#pragma once
#include "base/table.h"
#include "spool/spool_in.h"

struct audit {
	struct spool *s;
	struct store_txn t;
	bool deep; /* reads large contents too */
	void (*fn)(const char *table, struct span row, struct span wrong, void *arg);
	void *arg;
	long found;
	struct store_meta meta;
	const char *meta_missing;
	struct table aside;        /* table byte and key of what was set aside */
	struct table missing_ends; /* keys of ends that the chain names and that are not there */
	struct spool_audit_totals totals;
};

void audit_found(struct audit *a, enum store_table table, struct span key, const char *wrong);
/* Whether the row is there: 1 or 0; a failing disk is a finding, and 1. */
int audit_has(struct audit *a, enum store_table table, const struct store_key *key);
bool audit_is_aside(struct audit *a, enum store_table table, struct span key);

void audit_aside(struct audit *a); /* first: fills .aside */
void audit_ends(struct audit *a);  /* second: fills .missing_ends */
void audit_messages(struct audit *a);
void audit_recipients(struct audit *a);
void audit_contents(struct audit *a);
void audit_due(struct audit *a);
void audit_held(struct audit *a);
void audit_tries(struct audit *a);
void audit_marks(struct audit *a);
