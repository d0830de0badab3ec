/*
 * SCRAM-SHA-256 where Dovecot has the keys: what the client says goes to it, and what it says goes to
 * the client, both as they are.
 *
 *	C: AUTH 1 SCRAM-SHA-256 ... final-resp-ok resp=CLIENT-FIRST	IPC_AUTH_SALT
 *	S: CONT 1 SERVER-FIRST  or  FAIL 1 ...
 *	C: CONT 1 CLIENT-FINAL						IPC_AUTH_PROOF
 *	S: OK 1 user=NAME resp=SERVER-FINAL  or  FAIL 1 ...
 */
#include "auth/base64.h"
#include "auth/scram.h"
#include "base/alloc.h"
#include "lookup/dovecot_in.h"
#include <openssl/rand.h>
#include <stdlib.h>

#define MECHANISM     "SCRAM-SHA-256"
#define CHALLENGE_MAX 1024U
#define KEPT          (120 * NANOS_S) /* Dovecot itself waits for 150 s */

struct kept {
	struct list node;
	struct stream *stream;
	uint64_t number;
	nanos until;
};

static void drop(struct dovecot_map *d, struct kept *k)
{
	list_remove(&k->node);
	d->talks_n--;
	stream_close(k->stream);
	free(k);
}

static struct kept *oldest(struct dovecot_map *d)
{
	return list_is_empty(&d->talks) ? NULL : container_of(d->talks.next, struct kept, node);
}

void dovecot_scram_end(struct dovecot_map *d)
{
	for (struct kept *k = oldest(d); k; k = oldest(d))
		drop(d, k);
}

/* Who is too late, and the oldest where there are too many: it is told to try again. */
static void make_room(struct dovecot_map *d)
{
	nanos now = clock_now();

	for (struct kept *k = oldest(d); k && (k->until < now || d->talks_n >= DOVECOT_TALKS_MOST);
		k = oldest(d))
		drop(d, k);
}

/* The conversation goes on with the next question. 0: no number for it. */
static uint64_t keep(struct dovecot_map *d, struct dovecot_talk *t)
{
	struct kept *k;
	uint64_t number;

	if (RAND_bytes((unsigned char *)&number, sizeof number) != 1 || number == 0)
		return 0;
	make_room(d);
	k = alloc_zero(sizeof *k);
	*k = (struct kept){.stream = t->stream, .number = number, .until = clock_after(KEPT)};
	list_add_tail(&d->talks, &k->node);
	d->talks_n++;
	t->stream = NULL;
	return number;
}

static bool take(struct dovecot_map *d, uint64_t number, struct dovecot_talk *t)
{
	make_room(d);
	list_for_each (node, &d->talks) {
		struct kept *k = container_of(node, struct kept, node);

		if (number == 0 || k->number != number)
			continue;
		t->stream = k->stream;
		k->stream = NULL;
		drop(d, k);
		return true;
	}
	return false;
}

/* A message in base64, in the arena; empty: it is none. */
static struct span decode(struct span coded, struct arena *arena)
{
	struct buf text = BUF_INIT(CHALLENGE_MAX);
	struct span message = {0};

	if (base64_decode(coded, &text) == 0)
		message = arena_copy(arena, buf_span(&text));
	buf_done(&text);
	return message;
}

static void answer(
	struct map_answer *ret, struct arena *arena, struct span first, struct span second)
{
	*ret = (struct map_answer){.state = IPC_LOOKUP_FOUND, .n = second.len > 0 ? 2 : 1};
	ret->values = arena_zero(arena, 2 * sizeof *ret->values);
	ret->values[0] = first;
	ret->values[1] = second;
}

/* server-first = "r=" client's nonce and its own "," ...: it must be an answer to this client. */
static bool is_challenge(struct span said, struct span message)
{
	struct scram_first first;

	return scram_first_read(said, &first) == 0 && span_take_span(&message, SPAN_LIT("r=")) &&
	       span_take_span(&message, first.nonce) && message.len > 0 && message.at[0] != ',';
}

static void begin_talk(struct dovecot_map *d, struct dovecot_talk *t, const struct map_login *who,
	struct arena *arena)
{
	struct span fields;

	if (!dovecot_begin(t, MECHANISM) || !dovecot_ask(t, MECHANISM, who, who->said))
		return;
	enum dovecot_said said = dovecot_hear(t, &fields);

	if (said == DOVECOT_FAILED)
		return;
	if (said == DOVECOT_NO) {
		*t->answer = (struct map_answer){.state = IPC_LOOKUP_MISSING};
		return;
	}
	struct span message = decode(dovecot_take_field(&fields), arena);

	if (said == DOVECOT_OK || !is_challenge(who->said, message)) {
		(void)dovecot_fail(
			t, "challenge", 1, "what it answers is no challenge of " MECHANISM);
		return;
	}
	uint64_t number = keep(d, t);

	if (number == 0) {
		(void)dovecot_fail(t, "challenge", 1, "there are no random numbers");
		return;
	}
	answer(t->answer, arena, message, (struct span){0});
	t->answer->talk = number;
}

/* server-final = "v=" base64 of 32 bytes. */
static struct span signature_of(struct span fields, struct arena *arena)
{
	struct span signature = {0};

	while (fields.len > 0) {
		struct span one = dovecot_take_field(&fields);

		if (!span_take_span(&one, SPAN_LIT("resp=")))
			continue;
		struct span message = decode(one, arena);

		if (span_take_span(&message, SPAN_LIT("v=")))
			signature = decode(message, arena);
	}
	return signature.len == SCRAM_KEY ? signature : (struct span){0};
}

static void end_talk(struct dovecot_map *d, struct dovecot_talk *t, const struct map_login *who,
	struct arena *arena)
{
	struct buf text = BUF_INIT(DOVECOT_TEXT_MAX);
	struct span fields;

	if (!take(d, who->talk, t)) {
		(void)dovecot_fail(
			t, "proof", 1, "the client answered too late, or too many log in at once");
		return;
	}
	(void)buf_add_str(&text, "CONT\t1\t");
	(void)base64_encode(who->said, &text);
	(void)buf_add_byte(&text, '\n');
	bool ok = text.error ? dovecot_fail(t, "proof", 1, "the client's words are too long")
			     : dovecot_say(t, "proof", buf_span(&text));

	buf_done(&text);
	enum dovecot_said said = ok ? dovecot_hear(t, &fields) : DOVECOT_FAILED;

	if (said == DOVECOT_FAILED)
		return;
	if (said == DOVECOT_NO) {
		*t->answer = (struct map_answer){.state = IPC_LOOKUP_MISSING};
		return;
	}
	struct span signature = said == DOVECOT_OK ? signature_of(fields, arena) : (struct span){0};

	if (signature.len == 0)
		(void)dovecot_fail(t, "proof", 1, "it says OK without its own proof");
	else
		answer(t->answer, arena, dovecot_user(fields, arena), signature);
}

void dovecot_scram(struct dovecot_map *d, const struct map_login *who, nanos deadline,
	struct arena *arena, struct map_answer *ret)
{
	struct dovecot_talk t = {.map = &d->map, .deadline = deadline, .answer = ret};

	if (who->step == IPC_AUTH_SALT)
		begin_talk(d, &t, who, arena);
	else
		end_talk(d, &t, who, arena);
	stream_close(t.stream);
}
