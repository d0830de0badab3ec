#include "lookup/trouble.h"
#include <stddef.h>

const char *lookup_trouble_text(unsigned trouble)
{
	static const char *const texts[LOOKUP_TROUBLES] = {
		[LOOKUP_NO_PROCESS] = "the look-up process does not answer",
		[LOOKUP_NO_MAP] = "the map is not set up",
		[LOOKUP_NOT_LOADED] = "the table could not be read",
		[LOOKUP_UNREACHABLE] = "the directory can't be reached",
		[LOOKUP_TIMED_OUT] = "the directory did not answer in time",
		[LOOKUP_LOGIN_REFUSED] = "the directory refused our login",
		[LOOKUP_NOT_ENCRYPTED] = "no encrypted connection to the directory",
		[LOOKUP_ANSWER_WRONG] = "the directory reported an error",
		[LOOKUP_BUSY] = "too many look-ups are waiting",
		[LOOKUP_SERVICE_GONE] = "the service can't be reached",
		[LOOKUP_SERVICE_SLOW] = "the service did not answer in time",
		[LOOKUP_SERVICE_WRONG] = "the service gave no proper answer",
		[LOOKUP_NO_SERVICE] = "the service is not set up",
	};

	return trouble < LOOKUP_TROUBLES && texts[trouble] ? texts[trouble] : "failed";
}
