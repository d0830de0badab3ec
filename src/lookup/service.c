#include "base/alloc.h"
#include "base/log.h"
#include "lookup/service_in.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define QUESTION_MAX (16U * 1024)
#define SHOWN_MAX    200U

void services_init(struct services *s)
{
	list_init(&s->all);
}

void service_put(struct service *s)
{
	if (--s->refs > 0)
		return;
	service_close_idle(s);
	free(s);
}

static bool is_wanted(const struct service *s, const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_policies; i++)
		if (span_equal(conf->policies[i].at.text, s->name))
			return true;
	return false;
}

void services_update(struct services *s, const struct conf *conf)
{
	list_for_each (node, &s->all) {
		struct service *one = container_of(node, struct service, node);

		if (is_wanted(one, conf))
			continue;
		list_remove(&one->node);
		one->is_closed = true;
		service_close_idle(one); /* the task that watches them ends by itself */
		service_put(one);
	}
}

/* With a reference for the caller. */
static struct service *get(struct services *s, struct span name)
{
	list_for_each (node, &s->all) {
		struct service *one = container_of(node, struct service, node);

		if (!span_equal(one->name, name))
			continue;
		one->refs++;
		return one;
	}
	struct service *one = alloc_zero(sizeof *one + name.len);
	char *text = (char *)(one + 1);

	memcpy(text, name.at, name.len);
	one->name = span_of(text, name.len);
	one->refs = 2;
	list_init(&one->idle);
	task_gate_init(&one->freed);
	list_add_tail(&s->all, &one->node);
	return one;
}

/* ---- a question ---- */

/* NAME=VALUE: what could end a line is none of ours, but it is a stranger's. */
static void add_line(struct buf *out, struct span name, struct span value)
{
	(void)buf_add(out, name);
	(void)buf_add_byte(out, '=');
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];

		(void)buf_add_byte(out, c < ' ' || c == 127 ? '?' : value.at[i]);
	}
	(void)buf_add_byte(out, '\n');
}

static int write_question(const struct ipc_lookup_policy *ask, struct buf *out)
{
	add_line(out, SPAN_LIT("request"), SPAN_LIT("smtpd_access_policy"));
	for (size_t i = 0; i < ask->attributes_n; i++)
		add_line(out, ask->attributes[i].name, ask->attributes[i].value);
	return buf_add_byte(out, '\n');
}

static void take_advice(const struct service *s, const struct advice *a, struct arena *arena,
	struct ipc_lookup_advice *ret)
{
	*ret = (struct ipc_lookup_advice){.state = IPC_LOOKUP_FOUND,
		.action = (uint8_t)a->action,
		.code = (uint16_t)a->code,
		.class = (uint8_t)a->class,
		.subject = (uint16_t)a->subject,
		.detail = (uint16_t)a->detail,
		.text = arena_copy(arena, a->text)};
	if (a->action != ADVICE_UNSUPPORTED)
		return;
	log_event(LOG_ERROR, "policy_unsupported", LOG_SPAN("service", s->name),
		LOG_SPAN("action", span_slice(a->word, 0, SHOWN_MAX)),
		LOG_SPAN("text", span_slice(a->text, 0, SHOWN_MAX)),
		LOG_STR("note", "this version can't do that; it counts as DUNNO"));
	ret->action = ADVICE_NONE;
	ret->text = (struct span){0};
}

/* True: there is advice. Asks once more where an old connection turned out to be closed. */
static bool ask_once(struct service *s, const struct conf_policy *conf, struct span question,
	nanos deadline, struct advice *ret, struct arena *arena, struct service_failure *failure,
	bool *ret_again)
{
	struct service_conn *c = service_conn_take(s, conf, deadline, failure);
	struct span answer;
	bool is_stale = false;

	*ret_again = false;
	if (!c)
		return false;
	bool is_good = service_conn_talk(c, question, deadline, &answer, &is_stale, failure);

	*ret_again = is_stale;
	if (is_good) {
		struct span copy = arena_copy(arena, answer);

		stream_consume(c->stream, answer.len);
		if (advice_read(copy, ret) < 0) {
			*failure = (struct service_failure){
				.trouble = LOOKUP_SERVICE_WRONG, .step = "answer"};
			(void)snprintf(failure->why, sizeof failure->why, "no action in \"%.*s\"",
				(int)span_slice(span_trim(copy), 0, 100).len, span_trim(copy).at);
			is_good = false;
		}
	}
	service_conn_give(s, c, is_good);
	return is_good;
}

/* ---- the breaker ---- */

static void note_failure(struct service *s, const struct service_failure *f)
{
	bool opens =
		f->trouble != LOOKUP_BUSY && breaker_failed(&s->breaker, f->trouble, clock_now());

	log_event(LOG_WARN, "policy_failed", LOG_SPAN("service", s->name), LOG_STR("step", f->step),
		LOG_STR("reason", lookup_trouble_text(f->trouble)), LOG_STR("error", f->why));
	if (opens)
		log_event(LOG_ERROR, "policy_down", LOG_SPAN("service", s->name),
			LOG_STR("reason", lookup_trouble_text(f->trouble)),
			LOG_STR("error", f->why), LOG_STR("note", "it is tried again by itself"));
}

static void note_success(struct service *s)
{
	if (breaker_succeeded(&s->breaker))
		log_event(LOG_INFO, "policy_back", LOG_SPAN("service", s->name));
}

static void ask(struct service *s, const struct conf_policy *conf, struct span question,
	nanos deadline, struct arena *arena, struct ipc_lookup_advice *ret)
{
	bool is_try = s->breaker.is_open, again = true;
	struct service_failure failure;
	struct advice advice;
	bool is_good = false;

	if (is_try && (s->is_trying || clock_now() < s->breaker.again_at)) {
		ret->trouble = (uint8_t)s->breaker.trouble;
		return;
	}
	s->is_trying |= is_try;
	while (!is_good && again)
		is_good = ask_once(s, conf, question, deadline, &advice, arena, &failure, &again);
	if (is_try)
		s->is_trying = false;
	if (!is_good) {
		note_failure(s, &failure);
		ret->trouble = (uint8_t)failure.trouble;
		return;
	}
	note_success(s);
	take_advice(s, &advice, arena, ret);
}

void service_ask(struct services *all, const struct conf_policy *conf,
	const struct ipc_lookup_policy *in, struct arena *arena, struct ipc_lookup_advice *ret)
{
	struct buf question = BUF_INIT(QUESTION_MAX);
	nanos own = clock_after(conf->timeout);
	struct service *s = get(all, conf->at.text);

	*ret = (struct ipc_lookup_advice){
		.state = IPC_LOOKUP_FAILED, .trouble = LOOKUP_SERVICE_WRONG};
	if (write_question(in, &question) == 0)
		ask(s, conf, buf_span(&question), in->deadline < own ? in->deadline : own, arena,
			ret);
	service_put(s);
	buf_done(&question);
}
