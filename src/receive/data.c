#include "receive/advice.h"

/*
 * Takes what the buffer holds, up to the final dot. A content that will not be taken any more is
 * read to its real end all the same: only CRLF.CRLF is one, and what stands before it is never a
 * command.
 */
static void take_input(struct session *s)
{
	struct transaction *t = &s->transaction;
	struct span in = stream_input(s->stream), rest = in;

	while (rest.len > 0 && !t->decoder.is_ended) {
		content_add(&t->content, s->server, wire_data_take(&t->decoder, &rest));
		if (t->content.refusal)
			wire_data_drain(&t->decoder);
	}
	stream_consume(s->stream, in.len - rest.len);
}

static bool read_content(struct session *s)
{
	struct wire_content *decoder = &s->transaction.decoder;
	struct input_pace pace = {0};

	for (;;) {
		take_input(s);
		if (decoder->is_ended)
			return true;
		input_pace(s, &pace, decoder->size);
		if (!input_content(s, pace.deadline))
			return false;
	}
}

/*
 * data = "DATA" CRLF                                            ; RFC 5321 4.1.1.4
 */
enum reply_id verb_data(struct session *s, struct span argument, struct reply_words *words)
{
	struct transaction *t = &s->transaction;
	const struct conf_limits *limits = &t->conf->limits;

	enum reply_id refusal = advice_at(s, CONF_STAGE_DATA, words);

	if (refusal) {
		say(s, refusal, words);
		session_end_transaction(s);
		return REPLY_ID_NONE;
	}
	session_consume_line(s);
	wire_content_init(&t->decoder, (size_t)limits->text_line + 2, limits->message_size);
	say(s, SAY_DATA_GO, NULL);
	stream_expect(s->stream, t->announced ? t->announced : CONTENT_HELD_MAX);
	if (!read_content(s))
		return REPLY_ID_NONE;
	return accept_message(s, words);
}
