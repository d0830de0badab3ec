#include "diagnose/judge.h"
#include "diagnose/sentence.h"

static void add(struct span *lines, size_t *n, struct span text)
{
	if (*n < VERDICT_LINES && text.len > 0)
		lines[(*n)++] = text;
}

static void supports(struct verdict *v, struct span text)
{
	add(v->supports, &v->supports_n, text);
}

static void contradicts(struct verdict *v, struct span text)
{
	add(v->contradicts, &v->contradicts_n, text);
}

static struct span number(const struct judging *j, uint32_t n)
{
	return sentence_number(j->arena, n);
}

static struct span check_showed(const struct judging *j, const struct check_result *r)
{
	return sentence(j->arena, SENTENCE_SAY_CHECK,
		span_str(sentence_plain(SENTENCE_CHECK_PTR + r->check)), r->showed);
}

static bool is_ours(const struct verdict *v)
{
	return v->whose == VERDICT_OURS || v->whose == VERDICT_SENDER;
}

static void say_breadth(const struct judging *j, struct verdict *v)
{
	struct span many =
		sentence(j->arena, SENTENCE_SAY_MANY, number(j, v->sites), number(j, v->providers));
	struct span fine = sentence(j->arena,
		v->providers_fine == 1 ? SENTENCE_SAY_FINE_ONE : SENTENCE_SAY_FINE,
		number(j, v->providers_fine));

	if (v->providers > 1 && is_ours(v))
		supports(v, many);
	else if (v->providers > 1)
		contradicts(v, many);
	if (v->providers_fine == 0 && v->providers > 1 && v->whose == VERDICT_OURS)
		supports(v, span_str(sentence_plain(SENTENCE_SAY_NOBODY)));
	if (v->providers_fine > 0 && v->whose == VERDICT_OURS)
		contradicts(v, fine);
	else if (v->providers_fine > 0 && v->whose == VERDICT_THEIRS)
		supports(v, fine);
}

static void say_contrast(const struct judging *j, const struct spread *s, struct verdict *v)
{
	if (v->scope == VERDICT_ONE_SENDER && s->ok_domain > 0)
		supports(
			v, sentence(j->arena, SENTENCE_SAY_OTHER_SENDERS, number(j, s->ok_domain)));
	if (v->scope == VERDICT_SOURCE && s->ok_source > 0)
		supports(v, sentence(j->arena, SENTENCE_SAY_OTHER_SOURCE, number(j, s->ok_source)));
	if (v->scope == VERDICT_MESSAGE && s->ok_message > 0)
		supports(v,
			sentence(j->arena, SENTENCE_SAY_OTHER_MESSAGES, number(j, s->ok_message)));
	if (v->scope == VERDICT_RECIPIENT && s->ok_recipient > 0)
		supports(v, sentence(j->arena, SENTENCE_SAY_OTHER_RECIPIENTS,
				    number(j, s->ok_recipient)));
	if ((v->scope == VERDICT_SITE || v->scope == VERDICT_PROVIDER) && s->ok_there > 0)
		contradicts(v, sentence(j->arena, SENTENCE_SAY_SUCCEEDED, number(j, s->ok_there),
				       number(j, s->ok_there + s->fail)));
}

static void say_replies(const struct judging *j, const struct spread *s, struct verdict *v)
{
	uint32_t ours = s->by_side[REPLY_SENDER_SERVER] + s->by_side[REPLY_SENDER_REPUTATION] +
			s->by_side[REPLY_SENDER_ISP] + s->by_side[REPLY_SENDER_MESSAGE];
	uint32_t theirs = s->by_side[REPLY_DEST_SERVER] + s->by_side[REPLY_DEST_MAILBOX];
	struct span say_ours =
		sentence(j->arena, SENTENCE_SAY_OURS, number(j, ours), number(j, s->fail));
	struct span say_theirs =
		sentence(j->arena, SENTENCE_SAY_THEIRS, number(j, theirs), number(j, s->fail));

	if (s->said == 0)
		return;
	if (ours > 0 && is_ours(v))
		supports(v, say_ours);
	else if (ours > 0 && v->whose == VERDICT_THEIRS)
		contradicts(v, say_ours);
	if (theirs > 0 && v->whose == VERDICT_THEIRS)
		supports(v, say_theirs);
	else if (theirs > 0 && v->whose == VERDICT_OURS)
		contradicts(v, say_theirs);
}

static void say_check(const struct judging *j, struct verdict *v, enum diagnose_check c)
{
	const struct check_result *r = judge_check(j->question, c, (struct span){0});

	if (!r || r == v->check)
		return;
	struct span text = check_showed(j, r);

	if (r->state == CHECK_FINE && is_ours(v))
		contradicts(v, text);
	else if (r->state == CHECK_FINE)
		supports(v, text);
	else if (r->state == CHECK_BAD && is_ours(v))
		supports(v, text);
	else if (r->state == CHECK_BAD || r->state == CHECK_UNKNOWN)
		contradicts(v, text);
}

static void say_start(const struct judging *j, struct verdict *v)
{
	if (v->start == START_VOLUME && v->family == FAMILY_RATE)
		supports(v, sentence(j->arena,
				    v->sites > 1 ? SENTENCE_SAY_VOLUME : SENTENCE_SAY_VOLUME_ONE,
				    number(j, v->start_minutes)));
	if (v->start == START_EVENT && is_ours(v))
		supports(v, sentence(j->arena, SENTENCE_SAY_EVENT, number(j, v->start_minutes),
				    v->event));
}

void judge_say(const struct judging *j, const struct spread *s, struct verdict *v)
{
	if (v->check)
		supports(v, check_showed(j, v->check));
	say_start(j, v);
	say_breadth(j, v);
	say_contrast(j, s, v);
	say_replies(j, s, v);
	for (unsigned c = 0; c < CHECKS; c++)
		if (verdict_explains(c, v->family))
			say_check(j, v, c);
}
