/*
 * spf_world - a DNS of a few lines, for tests of SPF.
 */
#pragma once
#include "auth/spf.h"

struct spf_world_rr {
	struct span name;
	enum spf_rr type;
	struct span value; /* as struct spf_answer has it; a name for an alias */
	bool is_alias,
		is_failing; /* failing: every question about this name, but for what stands before */
};

struct spf_world {
	const struct spf_world_rr *all;
	size_t n;
	unsigned asked;
};

extern const struct spf_ops spf_world_ops; /* self is the struct spf_world */
