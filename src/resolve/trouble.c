#include "resolve/trouble.h"
#include <stddef.h>

static const struct {
	const char *name, *text;
} troubles[RESOLVE_TROUBLES] = {
	[RESOLVE_FINE] = {"none", NULL},
	[RESOLVE_SERVFAIL] = {"servfail", "its name servers fail"},
	[RESOLVE_TIMED_OUT] = {"timeout", "its name servers do not answer in time"},
	[RESOLVE_BOGUS] = {"bogus", "its DNSSEC signatures are wrong"},
	[RESOLVE_REFUSED] = {"refused", "its name servers refuse to answer"},
	[RESOLVE_BUSY] = {"busy", "too many questions are waiting here"},
	[RESOLVE_DOWN] = {"down", "the resolver here is not ready"},
	[RESOLVE_BROKEN] = {"broken", "the answer can not be read"},
};

const char *resolve_trouble_text(unsigned trouble)
{
	return trouble < RESOLVE_TROUBLES && troubles[trouble].text ? troubles[trouble].text
								    : "failed";
}

const char *resolve_trouble_name(unsigned trouble)
{
	return trouble < RESOLVE_TROUBLES ? troubles[trouble].name : "unknown";
}
