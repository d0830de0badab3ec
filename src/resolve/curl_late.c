/*
 * curl_late - libcurl's functions, loaded when they are first called (base/late.h).
 */
#define CURL_DISABLE_TYPECHECK /* whose macros bear the functions' names */
#include "base/late.h"
#include <curl/curl.h>
#include <stdarg.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo

static struct late library = {.file = LIBCURL};

LATE(CURL *, curl_easy_init, (void), (), NULL)
LATE_VOID(curl_easy_cleanup, (CURL * c), (c))
LATE(CURLcode, curl_easy_perform, (CURL * c), (c), CURLE_FAILED_INIT)
LATE(const char *, curl_easy_strerror, (CURLcode error), (error), LIBCURL " can't be loaded")
LATE(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *text),
	(list, text), NULL)
LATE_VOID(curl_slist_free_all, (struct curl_slist * list), (list))

/* Numbers are long; all others that we set are pointers, to functions too. */
CURLcode curl_easy_setopt(CURL *c, CURLoption option, ...)
{
	CURLcode (*real)(CURL *, CURLoption, ...) = late_find(&library, "curl_easy_setopt");
	CURLcode rc = CURLE_FAILED_INIT;
	va_list value;

	va_start(value, option);
	if (real && (int)option < CURLOPTTYPE_OBJECTPOINT)
		rc = real(c, option, va_arg(value, long));
	else if (real && (int)option < CURLOPTTYPE_OFF_T)
		rc = real(c, option, va_arg(value, void *));
	va_end(value);
	return rc;
}

/* The answer's place is a pointer, whatever it points to. */
CURLcode curl_easy_getinfo(CURL *c, CURLINFO info, ...)
{
	CURLcode (*real)(CURL *, CURLINFO, ...) = late_find(&library, "curl_easy_getinfo");
	CURLcode rc = CURLE_FAILED_INIT;
	va_list value;

	va_start(value, info);
	if (real)
		rc = real(c, info, va_arg(value, void *));
	va_end(value);
	return rc;
}
