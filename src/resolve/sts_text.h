/*
 * sts_text - what domains write about MTA-STS (RFC 8461): the record that announces a policy, and
 * the policy.
 *
 * Strangers' bytes. Pure but for the arena; results borrow from what was read.
 */
#pragma once
#include "base/arena.h"

#define STS_ID_MAX      32U
#define STS_POLICY_MAX  ((size_t)64 << 10) /* octets of a policy (3.3) */
#define STS_HOSTS_MAX   1000U
#define STS_MAX_AGE_MAX 31557600U /* seconds (3.2) */

enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };

struct sts_policy {
	enum sts_mode mode;
	uint32_t max_age;   /* seconds */
	struct span *hosts; /* patterns, lower case: "mx.example.org", "*.example.org" */
	size_t n;
};

/* "v=STSv1; id=20160831085700Z;" 0 and its id; -ENOENT: no record of that kind; -EBADMSG: a wrong one. */
int sts_record_read(struct span text, struct span *ret_id);
/* 0; or -EBADMSG, and *ret_why says why, for people. */
int sts_policy_read(
	struct span text, struct arena *arena, struct sts_policy *ret, const char **ret_why);
/* Is it a host of that pattern? The star stands for one label (4.1). */
bool sts_fits(struct span pattern, struct span host);
/* "enforce" */
const char *sts_mode_name(enum sts_mode mode);
/* Of such a name; STS_NONE where there is no such mode. */
enum sts_mode sts_mode_of(struct span name);
