#include "resolve/sts_fetch.h"
#include "base/span.h"
#include <curl/curl.h>
#include <stdio.h>

#define URL_MAX 512U

/* Less than what was offered: the transfer ends there. */
static size_t take(char *at, size_t size, size_t n, void *arg)
{
	struct sts_fetch *f = arg;

	return buf_add(&f->body, span_of(at, size * n)) == 0 ? size * n : 0;
}

static void fail(struct sts_fetch *f, const char *why)
{
	(void)snprintf(f->why, sizeof f->why, "%s", why);
}

/* Only what this one says: no proxy, file of settings or other protocol of the environment's. */
static CURLcode set_up(CURL *c, struct sts_fetch *f, const char *url, struct curl_slist *hosts)
{
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {{CURLOPT_NOSIGNAL, 1}, {CURLOPT_FOLLOWLOCATION, 0},
		{CURLOPT_TIMEOUT_MS, f->timeout_ms}, {CURLOPT_CONNECTTIMEOUT_MS, f->timeout_ms},
		{CURLOPT_SSL_VERIFYPEER, 1}, {CURLOPT_SSL_VERIFYHOST, 2},
		{CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2}, {CURLOPT_NETRC, CURL_NETRC_IGNORED},
		{CURLOPT_DNS_CACHE_TIMEOUT, -1}, {CURLOPT_FORBID_REUSE, 1},
		{CURLOPT_MAXFILESIZE, (long)f->body.max}};
	const struct {
		CURLoption option;
		const char *value;
	} texts[] = {{CURLOPT_URL, url}, {CURLOPT_PROTOCOLS_STR, "https"}, {CURLOPT_PROXY, ""},
		{CURLOPT_CAINFO, f->authorities}, {CURLOPT_CAPATH, NULL}};
	CURLcode rc = CURLE_OK;

	for (size_t i = 0; rc == CURLE_OK && i < sizeof numbers / sizeof numbers[0]; i++)
		rc = curl_easy_setopt(c, numbers[i].option, numbers[i].value);
	for (size_t i = 0; rc == CURLE_OK && i < sizeof texts / sizeof texts[0]; i++)
		rc = curl_easy_setopt(c, texts[i].option, texts[i].value);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_RESOLVE, hosts);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	return rc == CURLE_OK ? curl_easy_setopt(c, CURLOPT_WRITEDATA, f) : rc;
}

static void judge(CURL *c, CURLcode rc, struct sts_fetch *f)
{
	const char *type = NULL;
	long status = 0;

	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
	struct span is = span_str(type ? type : "");

	if (f->body.error != 0 || rc == CURLE_FILESIZE_EXCEEDED)
		fail(f, "it is too long");
	else if (rc == CURLE_OPERATION_TIMEDOUT)
		fail(f, "its server does not answer in time");
	else if (rc == CURLE_PEER_FAILED_VERIFICATION)
		fail(f, "its server's certificate is not good");
	else if (rc != CURLE_OK)
		fail(f, curl_easy_strerror(rc));
	else if (status != 200)
		(void)snprintf(f->why, sizeof f->why, "its server answers with status %ld", status);
	else if (!span_take_nocase(&is, SPAN_LIT("text/plain")) ||
		 (is.len > 0 && is.at[0] != ';' && is.at[0] != ' '))
		fail(f, "it is no plain text");
	else
		f->is_fetched = true;
}

void sts_fetch_run(void *arg)
{
	struct sts_fetch *f = arg;
	char url[URL_MAX];
	struct buf host = BUF_INIT(4096);
	CURL *c = curl_easy_init();

	f->is_fetched = false;
	(void)snprintf(url, sizeof url, "https://mta-sts.%s:%u/.well-known/mta-sts.txt", f->domain,
		f->port);
	(void)buf_printf(&host, "mta-sts.%s:%u:%s", f->domain, f->port, f->addresses);
	const char *text = buf_cstr(&host);
	struct curl_slist *hosts = text ? curl_slist_append(NULL, text) : NULL;

	if (c && hosts) {
		CURLcode rc = set_up(c, f, url, hosts);

		judge(c, rc == CURLE_OK ? curl_easy_perform(c) : rc, f);
	} else {
		fail(f, "libcurl does not work here");
	}
	curl_slist_free_all(hosts);
	if (c)
		curl_easy_cleanup(c);
	buf_done(&host);
}
