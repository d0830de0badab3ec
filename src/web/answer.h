/*
 * answer - what each path is answered with.
 *
 * The pages that need queue or facts wait for them, until a deadline; the rest is pure. What is
 * answered is a whole body; visit.c sends it.
 */
#pragma once
#include "web/html.h"
#include "web/request.h"
#include "web/view.h"

struct answer {
	unsigned status;  /* of HTTP */
	const char *type; /* of the body; a static text */
	struct buf body;
};

struct answering {
	struct view *view;
	const struct conf *conf;
	const struct web_request *request;
	const char *nonce;
	nanos deadline;
};

/* Fills *ret, whose body the caller frees. */
void answer_make(const struct answering *a, struct answer *ret);
/* A page that says in words what is wrong with a request. */
void answer_refuse(const struct conf *conf, const char *nonce, unsigned status, struct answer *ret);

/* ---- what the parts share ---- */

struct html answer_html(const struct answering *a, const char *title, struct answer *to);
#define ANSWER_TEXT "text/plain; charset=utf-8"
#define ANSWER_HTML "text/html; charset=utf-8"
#define ANSWER_JSON "application/json"

/* json.c: /queue.json, /sites.json */
void answer_queue_json(const struct answering *a, struct answer *ret);
void answer_sites_json(const struct answering *a, struct answer *ret);
/* replies.c: /explain, /replies/NAME */
void answer_explain(const struct answering *a, struct answer *ret);
void answer_reply(const struct answering *a, struct answer *ret);
