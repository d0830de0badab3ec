/*
 * abide_reply - libabide-reply's face over src/reply and src/report.
 *
 * One reader is one arena; a reading resets it. The header says the rest.
 */
#include <abide/reply.h>
#include "reply/explain.h"
#include "report/log_line.h"
#include <errno.h>
#include <stdlib.h>

enum {
	TEXT_MAX = 8192, /* of an explanation, with a margin */
	MEMORY_BYTES =
		1
		<< 20, /* more than the largest text needs; pages that are not used cost nothing */
};

struct abide_reply {
	struct arena arena;
	_Alignas(16) char memory[MEMORY_BYTES];
};

struct abide_reply *abide_reply_new(void)
{
	struct abide_reply *reader = aligned_alloc(16, sizeof *reader);

	if (reader)
		arena_init_over(&reader->arena, reader->memory, sizeof reader->memory);
	return reader;
}

void abide_reply_free(struct abide_reply *reader)
{
	if (!reader)
		return;
	arena_done(&reader->arena);
	free(reader);
}

/* What a writer of sentences writes, in the arena. */
static const char *written(int (*write)(const struct reply_meaning *, struct buf *),
	const struct reply_meaning *m, struct arena *arena)
{
	char *text = arena_raw(arena, TEXT_MAX + 1, 1);
	struct buf b = {.at = text, .room = TEXT_MAX, .max = TEXT_MAX};

	(void)write(m, &b);
	text[b.len] = '\0';
	return text;
}

static const struct abide_reply_word *copy_words(const struct reply_meaning *m, struct arena *arena)
{
	struct abide_reply_word *words = arena_raw(arena, m->n_words + 1, sizeof *words);

	for (size_t i = 0; i < m->n_words; i++)
		words[i] = (struct abide_reply_word){
			.kind = reply_word_kind_text(m->words[i].kind),
			.value = arena_str(arena, m->words[i].value),
			.number = m->words[i].number,
		};
	return words;
}

int abide_reply_read(struct abide_reply *reader, const char *text, size_t len, const char *stage,
	struct abide_reply_meaning *ret)
{
	struct arena *arena = &reader->arena;
	struct reply_context context = {.stage = REPLY_STAGE_NONE};
	struct log_line line;
	struct reply_meaning m;

	if (stage && !reply_stage_parse(span_str(stage), &context.stage))
		return -EINVAL;
	arena_reset(arena);
	log_line_read(span_of(text, len), arena, &line);
	if (context.stage == REPLY_STAGE_NONE)
		context.stage = line.stage;
	reply_read(&context, 0, line.status, line.reply, arena, &m);
	*ret = (struct abide_reply_meaning){
		.code = m.code,
		.status = {m.status.class, m.status.subject, m.status.detail},
		.cause = reply_cause_text(m.cause),
		.side = reply_side_text(m.side),
		.scope = reply_scope_text(m.scope),
		.nature = reply_nature_text(m.nature),
		.action = reply_action_text(m.action),
		.stage = m.stage ? reply_stage_text(m.stage) : "",
		.wait_seconds = m.wait_seconds,
		.confidence = m.confidence,
		.evidence = m.evidence,
		.reply = arena_str(arena, line.reply),
		.template_text = arena_str(arena, m.template),
		.explanation = written(reply_explain, &m, arena),
		.advice = written(reply_advise, &m, arena),
		.recipient = arena_str(arena, line.recipient),
		.host = arena_str(arena, line.host),
		.words = copy_words(&m, arena),
		.n_words = m.n_words,
	};
	return 0;
}

const char *abide_reply_cause_name(size_t number)
{
	return number + 1 < REPLY_CAUSES ? reply_cause_text((enum reply_cause)(number + 1)) : NULL;
}

const char *abide_reply_version(void)
{
	return "1.0";
}
