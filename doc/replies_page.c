/*
 * replies_page - writes the page of all causes (replies.md) to standard output, from the program's
 * own tables: what each means, whose side it is on, what abide does, what a reader can do.
 */
#include "reply/catalogue.h"
#include "reply/texts.h"
#include "reply/variant.h"
#include <stdio.h>
#include <stdlib.h>

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
	put_entries(cause);
}

int main(void)
{
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
