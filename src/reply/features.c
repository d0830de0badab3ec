/*
 * reply_features - prints what the model would look at, for tools/replies-train.
 *
 * Reads "STAGE <tab> REPLY" lines from standard input. Writes a line each: the
 * rules that fit (number=cause, in their order, with ! where it is a provider's code), the features of words, each with
 * those of its parts (word:part,part), those of pairs and links, those of code, status
 * and stage, and what the status says; the five parted by tabs.
 */
#include "reply/feature.h"
#include "reply/meaning.h"
#include "reply/wrapper.h"
#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 1 << 16, RULES_MAX = 32 };

static struct span unescape(char *line)
{
	size_t to = 0;

	for (size_t i = 0; line[i] && line[i] != '\n'; i++)
		if (line[i] == '\\' && line[i + 1] == 'n') {
			line[to++] = '\n';
			i++;
		} else {
			line[to++] = line[i];
		}
	return span_of(line, to);
}

static void print_word(uint32_t feature, const struct reply_word *word)
{
	uint32_t parts[REPLY_WORD_FEATURES_MAX];
	size_t n = reply_features_of_word(word, parts);

	(void)printf("%u", feature);
	for (size_t i = 0; i < n; i++)
		(void)printf("%c%u", i == 0 ? ':' : ',', parts[i]);
	(void)putchar(' ');
}

static __attribute__((noinline)) void print(const struct reply_subject *s)
{
	struct reply_features f;
	size_t fitting[RULES_MAX], n = reply_rule_list(s, RULES_MAX, fitting);

	reply_features_read(s, REPLY_NONE, 0, &f);
	for (size_t i = 0; i < n; i++)
		(void)printf("%s%zu=%s%s", i ? " " : "", fitting[i],
			reply_cause_text(reply_rule_verdict(fitting[i]).cause),
			reply_rule_is_code(fitting[i]) ? "!" : "");
	(void)putchar('\t');
	for (size_t i = 0; i < f.n_words; i++)
		print_word(f.list[i], &s->text.words[i]);
	for (size_t i = f.n_words; i < f.n; i++)
		(void)printf("%c%u", i == f.n_words || i == f.n_text ? '\t' : ' ', f.list[i]);
	enum reply_cause cause = reply_status_cause(s->status);

	(void)printf("\t%s\n", cause != REPLY_NONE ? reply_cause_text(cause) : "");
}

static void read_one(enum reply_stage stage, struct span text)
{
	struct arena arena = {0};
	struct reply_inner inner = reply_unwrap(text);
	struct reply_subject s;

	reply_subject_read(inner.text, stage ? stage : inner.stage, &arena, &s);
	print(&s);
	arena_done(&arena);
}

int main(void)
{
	static char line[LINE_MAX_BYTES];

	while (fgets(line, sizeof line, stdin)) {
		char *tab = strchr(line, '\t');
		enum reply_stage stage = REPLY_STAGE_NONE;

		if (!tab)
			return EXIT_FAILURE;
		(void)reply_stage_parse(span_of(line, (size_t)(tab - line)), &stage);
		read_one(stage, unescape(tab + 1));
	}
	return EXIT_SUCCESS;
}
