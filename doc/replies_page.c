/*
 * replies_page - writes the page of all causes (replies.md) to standard output, from the program's
 * own tables: what each means, whose side it is on, what abide does, what a reader can do. The replies of
 * other servers come from a file (argument); one that is read as another cause ends the build.
 */
#include "reply/catalogue.h"
#include "reply/meaning.h"
#include "reply/texts.h"
#include "reply/variant.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN_MAX = 512, SEEN_BYTES = 512 };

/* A reply of another server, as a template. */
struct seen {
	enum reply_cause cause;
	unsigned code; /* 0: none */
	struct reply_status status;
	char template[SEEN_BYTES];
};

static struct seen seen[SEEN_MAX];
static size_t n_seen;

/* A text of the tables: <kind> would be HTML in Markdown. */
static void put(const char *text)
{
	for (; *text; text++) {
		if (*text == '<' || *text == '>')
			(void)fputs(*text == '<' ? "&lt;" : "&gt;", stdout);
		else if (*text != '[' && *text != ']')
			(void)putchar(*text);
	}
}

static void put_seen(enum reply_cause cause)
{
	bool is_first = true;

	for (size_t i = 0; i < n_seen; i++) {
		if (seen[i].cause != cause)
			continue;
		if (is_first)
			(void)puts("\nHow other servers say it:\n");
		is_first = false;
		(void)fputs("- ", stdout);
		if (seen[i].code)
			(void)printf("%u ", seen[i].code);
		if (seen[i].status.class)
			(void)printf("%u.%u.%u ", seen[i].status.class, seen[i].status.subject,
				seen[i].status.detail);
		put(seen[i].template);
		(void)puts("");
	}
}

static void put_entries(enum reply_cause cause)
{
	bool is_first = true;

	for (int id = REPLY_ID_NONE + 1; id < REPLY_IDS; id++) {
		const struct reply_entry *e = catalogue_get((enum reply_id)id);

		if (e->cause != cause)
			continue;
		if (is_first)
			(void)puts("\nabide's own texts:\n");
		is_first = false;
		(void)printf("- `%s`: ", e->name);
		if (!e->is_internal)
			(void)printf("%u ", e->code);
		if (e->status.class)
			(void)printf(
				"%u.%u.%u ", e->status.class, e->status.subject, e->status.detail);
		put(e->template);
		(void)puts(e->is_internal ? " (an event, never sent)" : "");
	}
}

/* What is said about well-known kinds of it. */
static void put_variants(enum reply_cause cause)
{
	for (unsigned v = REPLY_VARIANT_NONE + 1; v < REPLY_VARIANTS; v++) {
		const char *happened = reply_variant_words(REPLY_LANG_EN, v, REPLY_HAPPENED);
		const char *advice = reply_variant_words(REPLY_LANG_EN, v, REPLY_ADVICE);

		if (reply_variant_cause(v) != cause)
			continue;
		(void)fputs("\n> ", stdout);
		put(happened ? happened : "");
		(void)fputs("\n>\n> **What you can do:** ", stdout);
		put(advice ? advice : reply_cause_words(REPLY_LANG_EN, cause, REPLY_ADVICE));
		(void)puts("");
	}
}

static void put_cause(enum reply_cause cause)
{
	const struct reply_cause_info *info = reply_cause_info(cause);

	(void)printf("\n## %s\n\n", info->id);
	put(reply_cause_words(REPLY_LANG_EN, cause, REPLY_HAPPENED));
	(void)fputs("\n\n**What you can do:** ", stdout);
	put(reply_cause_words(REPLY_LANG_EN, cause, REPLY_ADVICE));
	(void)fputs("\n\n**If you wrote the mail:** ", stdout);
	put(reply_cause_words(REPLY_LANG_EN, cause, REPLY_WRITER));
	(void)printf("\n\n| side | nature | scope | action | first wait | longest wait |\n"
		     "|---|---|---|---|---|---|\n| %s | %s | %s | %s | %u s | %u s |\n",
		reply_side_text(info->side), reply_nature_text(info->nature),
		reply_scope_text(info->scope), reply_action_text(info->action), info->first_seconds,
		info->max_seconds);
	put_variants(cause);
	put_seen(cause);
	put_entries(cause);
}

/* "STAGE REPLY" under cause. False: it is read as another one, or nothing more fits. */
static bool take_seen(enum reply_cause cause, struct span line)
{
	struct reply_context context = {0};
	struct reply_meaning m;
	struct arena arena = {0};
	struct span stage;
	struct seen *to = &seen[n_seen];
	bool is_right = span_take_until(&line, ' ', &stage) && n_seen < SEEN_MAX;

	if (is_right) {
		(void)reply_stage_parse(stage, &context.stage);
		reply_read(&context, 0, (struct reply_status){0}, line, &arena, &m);
		is_right = m.cause == cause && m.template.len < SEEN_BYTES;
	}
	if (is_right) {
		to->cause = cause;
		to->code = m.code;
		to->status = m.status;
		memcpy(to->template, m.template.at, m.template.len);
		n_seen++;
	}
	arena_done(&arena);
	return is_right;
}

/* Reads "[cause]" lines, and below each its replies. False: a line is wrong, and was named. */
static bool read_seen(FILE *file)
{
	enum reply_cause cause = REPLY_NONE;
	char line[SEEN_BYTES];

	for (unsigned number = 1; fgets(line, sizeof line, file); number++) {
		struct span text = span_trim(span_of(line, strcspn(line, "\n")));
		bool is_right = text.len == 0 || text.at[0] == '#';

		if (!is_right && text.at[0] == '[')
			is_right = reply_cause_parse(span_slice(text, 1, text.len - 2), &cause);
		else if (!is_right)
			is_right = take_seen(cause, text);
		if (is_right)
			continue;
		(void)fprintf(stderr, "replies_page: line %u is not read as %s: %s", number,
			reply_cause_text(cause), line);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (!file || !read_seen(file))
		return EXIT_FAILURE;
	(void)fclose(file);
	(void)puts("# What SMTP replies mean\n\n"
		   "Every reply that refuses mail has one of these causes. `abide explain` finds "
		   "it; the "
		   "configuration's `retry` sections, the logs and the queue listing use the same "
		   "names.\n"
		   "Words in angle brackets stand for words of the reply. Side, nature and action "
		   "are what "
		   "holds by default; the reply's first digit and the stage can change them.\n");
	for (int cause = REPLY_NONE + 1; cause < REPLY_CAUSES; cause++)
		(void)printf("- [%s](#%s)\n", reply_cause_text((enum reply_cause)cause),
			reply_cause_text((enum reply_cause)cause));
	for (int cause = REPLY_NONE + 1; cause < REPLY_CAUSES; cause++)
		put_cause((enum reply_cause)cause);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
