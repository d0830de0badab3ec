/*
 * spf_say - answers questions about SPF in a world that it is told, for tests/test_spf.py.
 *
 * Lines of words, each word in hexadecimal but for the first: "zone" empties the world, "a NAME
 * VALUE" (aaaa, mx, ptr, txt, cname, fail) adds to it, "ask CLIENT HELO SENDER" gets a line: the result, the
 * explanation in hexadecimal (or -), the reason.
 */
#include "auth/spf_world.h"
#include "base/buf.h"
#include <stdio.h>

#define WORLD_MAX 4096U
#define LINE_SIZE 65536

static struct spf_world_rr world[WORLD_MAX];
static size_t world_n;

static struct span take_hex(struct span *line, struct arena *arena)
{
	struct span word;

	if (!span_take_until(line, ' ', &word)) {
		word = *line;
		*line = (struct span){0};
	}
	char *to = arena_str(arena, word);

	for (size_t i = 0; i + 1 < word.len; i += 2) {
		unsigned byte = 0;

		(void)sscanf(word.at + i, "%2x", &byte);
		to[i / 2] = (char)byte;
	}
	return span_of(to, word.len / 2);
}

static void add(struct span kind, struct span line, struct arena *arena)
{
	static const char *const kinds[] = {"a", "aaaa", "mx", "ptr", "txt"};
	struct spf_world_rr rr = {.is_alias = span_equal(kind, SPAN_LIT("cname")),
		.is_failing = span_equal(kind, SPAN_LIT("fail"))};

	for (unsigned i = 0; i < 5; i++)
		if (span_equal(kind, span_str(kinds[i])))
			rr.type = i;
	rr.name = take_hex(&line, arena);
	rr.value = take_hex(&line, arena);
	if (world_n < WORLD_MAX)
		world[world_n++] = rr;
}

static void answer(struct span line)
{
	struct arena arena = {0};
	struct spf_world w = {.all = world, .n = world_n};
	struct spf_question q = {.receiver = SPAN_LIT("receiver.example"), .now = 1700000000};
	struct spf_verdict v;

	if (wire_ip_read(take_hex(&line, &arena), &q.client) < 0) {
		printf("no-address - -\n");
		return;
	}
	q.helo = take_hex(&line, &arena);
	q.sender = take_hex(&line, &arena);
	spf_check(&q, &spf_world_ops, &w, clock_after(20 * NANOS_S), &arena, &v);
	printf("%s ", spf_result_text(v.result));
	for (size_t i = 0; i < v.explanation.len; i++)
		printf("%02x", (unsigned char)v.explanation.at[i]);
	printf("%s %.*s\n", v.explanation.len > 0 ? "" : "-", SPAN_F(v.reason));
	arena_done(&arena);
}

int main(void)
{
	static char text[LINE_SIZE];
	struct arena arena = {0};

	while (fgets(text, sizeof text, stdin)) {
		struct span line = span_trim(span_str(text)), kind;

		if (!span_take_until(&line, ' ', &kind))
			kind = line;
		if (span_equal(kind, SPAN_LIT("zone"))) {
			arena_done(&arena);
			world_n = 0;
		} else if (span_equal(kind, SPAN_LIT("ask"))) {
			answer(line);
		} else {
			add(kind, line, &arena);
		}
	}
	arena_done(&arena);
	return 0;
}
