/*
 * Dovecot's auth process is the fuzzer: whatever it says, nobody is let in without its OK and, in SCRAM,
 * its proof, nobody is told "wrong password" without its FAIL, and what is taken from it is bounded and
 * free of its separators. The first byte says which mechanism, and how the bytes are cut.
 */
#include "auth/scram.h"
#include "lookup/dovecot_in.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span input;
static size_t step;

static int dial(struct dovecot_talk *t)
{
	return stream_open_memory(input, step, &t->stream);
}

/* Is there a line of such words about our question? Only then may the answer be what they say. */
static bool has_said(struct span words)
{
	struct span rest = input, line;

	while (span_take_until(&rest, '\n', &line)) {
		struct span word = dovecot_take_field(&line), number = dovecot_take_field(&line);

		if (span_equal(word, words) && span_equal(number, SPAN_LIT("1")))
			return true;
	}
	return false;
}

static void check(const struct map_answer *a)
{
	switch (a->state) {
	case IPC_LOOKUP_FOUND:
		for (size_t i = 0; i < a->n; i++)
			assert(a->values[i].len <= DOVECOT_TEXT_MAX);
		break;
	case IPC_LOOKUP_MISSING:
		assert(has_said(SPAN_LIT("FAIL")));
		break;
	default:
		assert(a->state == IPC_LOOKUP_FAILED && a->why[0] != '\0');
		assert(a->trouble != LOOKUP_FINE);
	}
}

static void check_name(struct span name)
{
	assert(span_find(name, '\t') < 0 && span_find(name, '\n') < 0 &&
		span_find(name, '\001') < 0);
}

static void ask_plain(struct dovecot_map *d, struct arena *arena)
{
	const struct map_login who = {.user = SPAN_LIT("anna"),
		.password = SPAN_LIT("secret"),
		.client = SPAN_LIT("192.0.2.1"),
		.step = IPC_AUTH_PASSWORD};
	struct map_answer a = {0};

	map_dovecot.login(&d->map, &who, CLOCK_NEVER, arena, &a);
	check(&a);
	if (a.state != IPC_LOOKUP_FOUND)
		return;
	assert(has_said(SPAN_LIT("OK")) && a.n == 1);
	check_name(a.values[0]);
}

static void ask_scram(struct dovecot_map *d, struct arena *arena)
{
	struct map_login who = {.client = SPAN_LIT("192.0.2.1"),
		.has_tls = true,
		.step = IPC_AUTH_SALT,
		.said = SPAN_LIT("n,,n=anna,r=abc")};
	struct map_answer a = {0};

	map_dovecot.login(&d->map, &who, CLOCK_NEVER, arena, &a);
	check(&a);
	if (a.state != IPC_LOOKUP_FOUND)
		return;
	/* Whom it answers is this client, and the conversation can go on. */
	assert(has_said(SPAN_LIT("CONT")) && a.n == 1 && a.talk != 0);
	assert(span_starts(a.values[0], SPAN_LIT("r=abc")));
	who.step = IPC_AUTH_PROOF;
	who.said = SPAN_LIT("c=biws,r=abcdef,p=AAAA");
	who.talk = a.talk;
	a = (struct map_answer){0};
	map_dovecot.login(&d->map, &who, CLOCK_NEVER, arena, &a);
	check(&a);
	if (a.state == IPC_LOOKUP_FOUND) {
		assert(has_said(SPAN_LIT("OK")) && a.n == 2 && a.values[1].len == SCRAM_KEY);
		check_name(a.values[0]);
	}
	/* It is over, however it ended. */
	a = (struct map_answer){0};
	map_dovecot.login(&d->map, &who, CLOCK_NEVER, arena, &a);
	assert(a.state == IPC_LOOKUP_FAILED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};

	if (size == 0)
		return 0;
	struct map *m = map_dovecot.open();
	struct dovecot_map *d = container_of(m, struct dovecot_map, map);

	m->conf.file = SPAN_LIT("/auth");
	d->dial = dial;
	input = span_of(data + 1, size - 1);
	step = data[0] >> 1;
	if (data[0] & 1)
		ask_scram(d, &arena);
	else
		ask_plain(d, &arena);
	assert(d->talks_n == 0 && d->asking == 0);
	map_dovecot.free(m);
	arena_done(&arena);
	return 0;
}
