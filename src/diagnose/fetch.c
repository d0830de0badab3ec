#include "diagnose/fetch.h"
#include "task/task.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

struct fetching {
	char url[2048];
	struct span json; /* empty: GET */
	struct buf *body; /* NULL: not wanted */
	struct span mail; /* not empty: what is sent by SMTP, and how much of it was */
	size_t mailed;
	char to[512];
	char why[CURL_ERROR_SIZE];
	long seconds, status;
	CURLcode rc;
};

static size_t take(char *at, size_t size, size_t n, void *arg)
{
	struct buf *body = arg;

	return !body || buf_add(body, span_of(at, size * n)) == 0 ? size * n : 0;
}

static void prepare(CURL *c, struct fetching *f, struct curl_slist *fields)
{
	(void)curl_easy_setopt(c, CURLOPT_URL, f->url);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, f->json.len ? "http,https" : "https");
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT, f->seconds);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "abide");
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, f->body);
	if (f->json.len == 0)
		return;
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, fields);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)f->json.len);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, f->json.at);
}

static size_t give(char *at, size_t size, size_t n, void *arg)
{
	struct fetching *f = arg;
	struct span rest = span_slice(f->mail, f->mailed, f->mail.len);
	size_t len = rest.len < size * n ? rest.len : size * n;

	if (len > 0)
		memcpy(at, rest.at, len);
	f->mailed += len;
	return len;
}

/* An alarm is worth more than the name in a certificate; a password is not. */
static void prepare_mail(CURL *c, struct fetching *f, struct curl_slist *to)
{
	bool has_password = span_find(span_str(f->url), '@') >= 0;

	(void)curl_easy_setopt(c, CURLOPT_URL, f->url);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT, f->seconds);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(
		c, CURLOPT_USE_SSL, has_password ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, has_password ? 1L : 0L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, has_password ? 2L : 0L);
	(void)curl_easy_setopt(c, CURLOPT_MAIL_FROM, "");
	(void)curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
	(void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
	(void)curl_easy_setopt(c, CURLOPT_READDATA, f);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->why);
}

static void run_mail(void *arg)
{
	struct fetching *f = arg;
	CURL *c = curl_easy_init();
	struct curl_slist *to = curl_slist_append(NULL, f->to);

	f->rc = CURLE_FAILED_INIT;
	if (c && to) {
		prepare_mail(c, f, to);
		f->rc = curl_easy_perform(c);
	}
	curl_slist_free_all(to);
	curl_easy_cleanup(c);
}

static void run(void *arg)
{
	struct fetching *f = arg;
	CURL *c = curl_easy_init();
	struct curl_slist *fields = curl_slist_append(NULL, "Content-Type: application/json");

	f->rc = CURLE_FAILED_INIT;
	if (c && fields) {
		prepare(c, f, fields);
		f->rc = curl_easy_perform(c);
		(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &f->status);
	}
	curl_slist_free_all(fields);
	curl_easy_cleanup(c);
}

static void perform(struct fetching *f, struct span url, unsigned seconds)
{
	(void)span_copy(url, f->url, sizeof f->url);
	f->seconds = (long)seconds;
	if (task_offload(run, f) < 0)
		f->rc = CURLE_FAILED_INIT;
}

int fetch_mail(struct span url, unsigned seconds, struct span to, struct span text,
	char ret_why[static FETCH_WHY_MAX])
{
	struct fetching *f = calloc(1, sizeof *f);
	int rc = -EIO;

	if (!f)
		return -EIO;
	f->mail = text;
	(void)span_copy(to, f->to, sizeof f->to);
	(void)span_copy(url, f->url, sizeof f->url);
	f->seconds = (long)seconds;
	if (task_offload(run_mail, f) < 0)
		f->rc = CURLE_FAILED_INIT;
	if (f->rc == CURLE_OK)
		rc = 0;
	else
		(void)span_copy(span_str(f->why[0] ? f->why : curl_easy_strerror(f->rc)), ret_why,
			FETCH_WHY_MAX);
	free(f);
	return rc;
}

int fetch_get(struct span url, unsigned seconds, struct buf *body)
{
	struct fetching *f = calloc(1, sizeof *f);
	int rc = -EIO;

	if (!f)
		return -EIO;
	f->body = body;
	perform(f, url, seconds);
	if (f->rc == CURLE_OK && f->status == 200)
		rc = 0;
	else if (body->error)
		rc = body->error;
	free(f);
	return rc;
}

int fetch_post(struct span url, unsigned seconds, struct span json)
{
	struct fetching *f = calloc(1, sizeof *f);
	int rc = -EIO;

	if (!f)
		return -EIO;
	f->json = json;
	perform(f, url, seconds);
	if (f->rc == CURLE_OK)
		rc = (int)f->status;
	free(f);
	return rc;
}
