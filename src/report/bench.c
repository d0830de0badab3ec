/*
 * report_bench - many realistic replies, none of which occurs twice, and how fast they are read.
 *
 *     report_bench lines N < src/reply/training.txt     writes N lines
 *     report_bench read FILE                            reads FILE's lines as the library does
 *     report_bench recall FILE                          the same with a memo of what was decided before
 *     report_bench large                                reads texts of 1 MB
 *
 * Lines are made from those of training.txt: addresses, hosts, numbers and ids are other ones each
 * time, statuses, codes and words stay. The same N gives the same lines.
 */
#include "report/log_line.h"
#include "reply/meaning.h"
#include "reply/memo.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LINES_MAX = 20000, LINE_BYTES = 65536, SCRATCH_BYTES = 1 << 20, LARGE = 1000000 };

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

static unsigned random_below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

static bool is_chunk(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || strchr(".-_@+", c);
}

static char other(char c)
{
	if (byte_is_digit(c))
		return (char)('0' + random_below(10));
	return (char)((c >= 'a' ? 'a' : 'A') + (char)random_below(26));
}

/* A chunk as it would be on another day; returns how many signs are by chance. */
static unsigned put_other(struct span s)
{
	size_t digits = 0, letters = 0, dots = 0;
	ptrdiff_t at = span_find(s, '@');
	unsigned changed = 0;

	for (size_t i = 0; i < s.len; i++) {
		digits += byte_is_digit(s.at[i]);
		letters += byte_is_alpha(s.at[i]);
		dots += s.at[i] == '.';
	}
	if (at > 0) {
		printf("u%u.%c%u%.*s", random_below(100000), 'a' + (int)random_below(26),
			random_below(100000), SPAN_F(span_slice(s, (size_t)at, s.len)));
		return 10;
	}
	if (letters == 0 && dots == 3) {
		printf("192.%u.%u.%u", random_below(256), random_below(256), random_below(256));
		return 6;
	}
	bool is_id = letters > 0 && (digits >= 3 || (digits > 0 && s.len >= 8));
	bool is_number = letters == 0 && dots == 0 && digits > 3;

	if (letters > 0 && dots > 0 && digits == 0 && dots < s.len - 3 && s.at[0] != '.') {
		printf("mx%u.%.*s", random_below(100000), SPAN_F(s));
		return 5;
	}
	for (size_t i = 0; i < s.len; i++) {
		bool is_changed = (is_id && dots == 0 &&
					  (byte_is_digit(s.at[i]) || byte_is_alpha(s.at[i]))) ||
				  is_number;

		putchar(is_changed ? other(s.at[i]) : s.at[i]);
		changed += is_changed;
	}
	return changed;
}

static void put_line(struct span line, unsigned number)
{
	unsigned changed = 0;

	while (line.len > 0) {
		size_t n = 0;

		if (span_take_span(&line, SPAN_LIT("\\n"))) { /* where a reply has its next line */
			printf("\\n");
			continue;
		}
		while (n < line.len && is_chunk(line.at[n]))
			n++;
		if (n == 0)
			putchar(line.at[0]);
		else
			changed += put_other(span_slice(line, 0, n));
		line = span_slice(line, n ? n : 1, line.len);
	}
	if (changed < 10) /* as many servers do, and so that no line occurs twice */
		printf(" [%08x%04x]", number * 2654435761U, random_below(65536));
	putchar('\n');
}

static size_t read_templates(struct span *list)
{
	static char line[LINE_BYTES];
	size_t n = 0;

	while (n < LINES_MAX && fgets(line, sizeof line, stdin)) {
		char *text = strchr(line, ' ');

		if (!text || strchr("#[\n", line[0]))
			continue;
		text[strcspn(text, "\n")] = '\0';
		char *copy = strdup(text + 1);

		if (!copy)
			abort();
		list[n++] = span_str(copy);
	}
	return n;
}

static int put_lines(unsigned n)
{
	static struct span list[LINES_MAX];
	size_t n_list = read_templates(list);

	if (n_list == 0)
		return EXIT_FAILURE;
	for (unsigned i = 0; i < n; i++)
		put_line(list[i % n_list], i);
	return EXIT_SUCCESS;
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_one(struct span text, struct reply_memo *memo, struct arena *arena,
	unsigned causes[REPLY_CAUSES])
{
	struct log_line line;
	struct reply_meaning m;

	arena_reset(arena);
	log_line_read(text, arena, &line);
	struct reply_context context = {.stage = line.stage, .memo = memo};

	reply_read(&context, 0, line.status, line.reply, arena, &m);
	causes[m.cause]++;
}

static struct span whole_file(const char *name)
{
	FILE *f = fopen(name, "re");
	size_t room = (size_t)1 << 30;
	char *at = f ? malloc(room) : NULL;

	if (!at) {
		perror(name);
		exit(EXIT_FAILURE);
	}
	struct span s = span_of(at, fread(at, 1, room, f));

	(void)fclose(f);
	return s;
}

static int read_lines(const char *name, struct reply_memo *memo, struct arena *arena)
{
	struct span text = whole_file(name), line;
	unsigned causes[REPLY_CAUSES] = {0}, n = 0;
	double begun = now();

	for (; span_take_until(&text, '\n', &line); n++)
		read_one(line, memo, arena, causes);
	double took = now() - begun;

	printf("%u replies, %.0f a second, %.0f ns each\n", n, n / took, took * 1e9 / n);
	return EXIT_SUCCESS;
}

/* What could be slow: see linear_test.c, which counts. */
static int read_large(struct arena *arena)
{
	static const char *const parts[] = {"host X said: ", "a", "1", "a.", "1:", "@", "status=(",
		"retry ", "<b>x</b>", "=3D", "reject: RCPT from a: ", "in reply to ",
		"-> 550 5.1.1 "};
	char *text = malloc(LARGE);
	unsigned causes[REPLY_CAUSES] = {0};

	for (size_t i = 0; text && i < sizeof parts / sizeof parts[0]; i++) {
		size_t len = strlen(parts[i]);

		for (size_t at = 0; at < LARGE; at++)
			text[at] = parts[i][at % len];
		double begun = now();

		read_one(span_of(text, LARGE), NULL, arena, causes);
		printf("%8.3f ms  %s\n", (now() - begun) * 1e3, parts[i]);
	}
	free(text);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static _Alignas(16) char scratch[SCRATCH_BYTES];
	struct arena arena;

	arena_init_over(&arena, scratch, sizeof scratch);
	if (argc == 3 && strcmp(argv[1], "lines") == 0)
		return put_lines((unsigned)strtoul(argv[2], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "read") == 0)
		return read_lines(argv[2], NULL, &arena);
	if (argc == 3 && strcmp(argv[1], "recall") == 0)
		return read_lines(argv[2], reply_memo_new(), &arena);
	if (argc == 2 && strcmp(argv[1], "large") == 0)
		return read_large(&arena);
	(void)fprintf(stderr, "usage: report_bench lines N | read FILE | recall FILE | large\n");
	return EXIT_FAILURE;
}
