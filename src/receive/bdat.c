#include "receive/advice.h"
#include "receive/seat.h"

/* One chunk out of the stream; takes: into the content, else it is thrown away. */
static bool read_chunk(struct session *s, uint64_t size, bool takes)
{
	struct transaction *t = &s->transaction;
	struct input_pace pace = {0};
	uint64_t taken = 0;

	stream_expect(s->stream, size < CONTENT_HELD_MAX ? (size_t)size : CONTENT_HELD_MAX);
	while (taken < size) {
		struct span in = stream_input(s->stream);
		uint64_t left = size - taken;

		if (in.len == 0) {
			input_pace(s, &pace, taken);
			if (!input_content(s, pace.deadline))
				return false;
			continue;
		}
		if (in.len > left)
			in.len = (size_t)left;
		if (takes && wire_chunk_take(&t->decoder, in))
			content_add(&t->content, s->server, in);
		takes = takes && t->decoder.fault == WIRE_CONTENT_OK && !t->content.refusal;
		stream_consume(s->stream, in.len);
		taken += in.len;
	}
	return true;
}

/* Where the size can't be read, nobody knows where the next command begins. */
static enum reply_id lose_track(struct session *s)
{
	session_close(s, "BDAT without a size");
	return SAY_BDAT_SYNTAX;
}

enum reply_id bdat_drain(struct session *s, struct span argument, struct reply_words *words)
{
	uint64_t size;
	bool is_last;

	if (wire_bdat_read(argument, &size, &is_last) < 0)
		return lose_track(s);
	session_consume_line(s);
	(void)read_chunk(s, size, false); /* false: s->is_over */
	return REPLY_ID_NONE;
}

static enum reply_id failure(struct session *s, struct reply_words *words)
{
	enum reply_id fault = accept_fault(s, words);

	if (fault)
		return fault;
	seats_words(s, s->transaction.content.refusal, words);
	return s->transaction.content.refusal;
}

/* Before the first chunk, as before DATA. False: it is refused, which is said; the chunk is thrown away. */
static bool may_begin(struct session *s, uint64_t size, bool is_last)
{
	struct reply_words words = {0};
	enum reply_id refusal = advice_at(s, CONF_STAGE_DATA, &words);

	if (!refusal)
		return true;
	if (read_chunk(s, size, false))
		say(s, refusal, &words);
	s->bdat_failed = !is_last;
	session_end_transaction(s);
	return false;
}

/*
 * bdat-cmd   ::= "BDAT" SP chunk-size [ SP end-marker ] CR LF  ; RFC 3030 2
 * After a chunk that failed, the rest of the message is refused: what is pipelined behind it is
 * read, thrown away and answered by 503, until RSET, MAIL or EHLO.
 */
enum reply_id verb_bdat(struct session *s, struct span argument, struct reply_words *words)
{
	struct transaction *t = &s->transaction;
	const struct conf_limits *limits = &t->conf->limits;
	uint64_t size;
	bool is_last;

	if (wire_bdat_read(argument, &size, &is_last) < 0)
		return lose_track(s);
	session_consume_line(s);
	if (!t->has_chunks && !may_begin(s, size, is_last))
		return REPLY_ID_NONE;
	if (!t->has_chunks)
		wire_content_init(&t->decoder, (size_t)limits->text_line + 2, limits->message_size);
	t->has_chunks = true;
	if (size == 0 && !is_last)
		s->idle_commands++;
	/* A chunk that can't fit is not looked at; its size alone refuses it. */
	if (size > limits->message_size - t->decoder.size)
		t->decoder.fault = t->decoder.fault ? t->decoder.fault : WIRE_CONTENT_SIZE;
	if (!read_chunk(s, size, t->decoder.fault == WIRE_CONTENT_OK))
		return REPLY_ID_NONE;
	if (is_last)
		(void)wire_chunk_end(&t->decoder);
	enum reply_id refusal = failure(s, words);

	if (refusal && !is_last) {
		s->bdat_failed = true;
		session_end_transaction(s);
		return refusal;
	}
	words->size = size;
	return is_last ? accept_message(s, words) : SAY_BDAT_OK;
}
