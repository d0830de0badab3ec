#include "diagnose/check.h"

static const char *const names[CHECKS] = {
	[CHECK_PTR] = "ptr",
	[CHECK_HELO] = "helo",
	[CHECK_SPF] = "spf",
	[CHECK_DKIM] = "dkim",
	[CHECK_DMARC] = "dmarc",
	[CHECK_MX] = "mx",
	[CHECK_BLOCKLIST] = "blocklist",
	[CHECK_PORT25] = "port25",
	[CHECK_IPV6] = "ipv6",
	[CHECK_MTU] = "mtu",
	[CHECK_RESOLVER] = "resolver",
	[CHECK_CLOCK] = "clock",
	[CHECK_CERTIFICATE] = "certificate",
	[CHECK_TLSA] = "tlsa",
	[CHECK_MTA_STS] = "mta_sts",
	[CHECK_INTERFACE] = "interface",
	[CHECK_DISK] = "disk",
	[CHECK_MEMORY] = "memory",
	[CHECK_LOAD] = "load",
	[CHECK_SOURCE] = "source",
};

const char *check_name(enum diagnose_check check)
{
	return names[check];
}

const char *check_state_name(enum check_state state)
{
	static const char *const states[CHECK_STATES] = {
		"not_run", "fine", "warning", "bad", "unknown"};

	return states[state];
}

bool check_parse(struct span name, enum diagnose_check *ret)
{
	for (unsigned i = 0; i < CHECKS; i++)
		if (span_equal_nocase(name, span_str(names[i]))) {
			*ret = (enum diagnose_check)i;
			return true;
		}
	return false;
}
