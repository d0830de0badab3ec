#include "lab/say.h"
#include "task/stream.h"
#include "task/task.h"
#include <errno.h>

static const struct {
	unsigned code;
	const char *text;
} texts[] = {
	{220, "lab ESMTP ready"},
	{221, "2.0.0 Bye"},
	{250, "2.0.0 Ok"},
	{252, "2.0.0 Cannot verify"},
	{354, "End data with <CR><LF>.<CR><LF>"},
	{421, "4.3.2 Service not available, closing transmission channel"},
	{450, "4.2.0 Mailbox unavailable, try again later"},
	{451, "4.3.0 Requested action aborted: local error in processing"},
	{452, "4.3.1 Insufficient system storage"},
	{454, "4.7.0 Temporary failure"},
	{500, "5.5.2 Syntax error, command unrecognized"},
	{501, "5.5.4 Syntax error in parameters"},
	{502, "5.5.1 Command not implemented"},
	{503, "5.5.1 Bad sequence of commands"},
	{504, "5.5.4 Parameter not implemented"},
	{521, "5.3.2 Server does not accept mail"},
	{550, "5.1.1 User unknown"},
	{552, "5.3.4 Message too big"},
	{553, "5.1.3 Mailbox name not allowed"},
	{554, "5.7.1 Transaction failed"},
	{555, "5.5.4 Parameters not recognized"},
};

static struct span text_for(unsigned code)
{
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].code == code)
			return span_str(texts[i].text);
	return SPAN_LIT("said by the lab");
}

/* Sleeps for d, or until the deadline if that is sooner: then -ETIMEDOUT. */
static int pause_for(nanos d, nanos deadline)
{
	nanos until = clock_after(d);
	int rc = task_sleep(until < deadline ? until : deadline);

	if (rc == -ETIMEDOUT)
		rc = 0;
	return rc == 0 && until > deadline ? -ETIMEDOUT : rc;
}

int lab_say_pace(const struct lab_behaviour *b, size_t n, nanos deadline)
{
	if (b->rate == 0 || n == 0)
		return 0;
	return pause_for((nanos)(n > 1000000 ? 1000000 : n) * NANOS_S / b->rate, deadline);
}

int lab_say_bytes(
	struct stream *io, const struct lab_behaviour *b, struct span bytes, nanos deadline)
{
	size_t step = b->bytewise ? 1 : b->rate ? b->rate / 20 + 1 : bytes.len;
	int rc = 0;

	while (bytes.len > 0 && rc == 0) {
		struct span piece = span_slice(bytes, 0, step);

		bytes = span_slice(bytes, piece.len, bytes.len);
		rc = stream_write(io, piece, deadline);
		if (rc == 0)
			rc = stream_flush(io, deadline);
		if (rc == 0 && b->bytewise && bytes.len > 0)
			rc = pause_for(b->byte_ms * NANOS_MS, deadline);
		else if (rc == 0)
			rc = lab_say_pace(b, piece.len, deadline);
	}
	return rc;
}

/* The same piece again and again, n times; 0: until the peer or the deadline ends it. */
static int repeat(struct stream *io, struct span piece, size_t n, nanos deadline)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && (n == 0 || i < n); i++)
		rc = clock_now() > deadline ? -ETIMEDOUT : stream_write(io, piece, deadline);
	return rc < 0 ? rc : stream_flush(io, deadline);
}

static int say_large(struct stream *io, enum lab_shape shape, unsigned code, nanos deadline)
{
	char line[80], filler[1024];
	struct buf b = BUF_INIT(sizeof line);

	memset(filler, 'x', sizeof filler);
	(void)buf_printf(&b, shape == LAB_ENDLESS ? "%03u-one line more\r\n" : "%03u ", code);
	int rc = repeat(io, buf_span(&b), shape == LAB_ENDLESS ? 0 : 1, deadline);

	buf_done(&b);
	if (rc == 0)
		rc = repeat(io, span_of(filler, sizeof filler), shape == LAB_LONGLINE ? 1024 : 0,
			deadline);
	return rc < 0 ? rc
		      : lab_say_bytes(io, &(struct lab_behaviour){0}, SPAN_LIT("\r\n"), deadline);
}

/* Texts with line breaks in them become multi-line replies. */
static void add_lines(struct buf *out, unsigned code, struct span text)
{
	struct span line;

	while (span_take_until(&text, '\n', &line))
		(void)buf_printf(out, "%03u-%.*s\r\n", code, SPAN_F(span_trim(line)));
	(void)buf_printf(out, "%03u ", code);
	(void)buf_add(out, text);
	(void)buf_add_str(out, "\r\n");
}

static void build(struct buf *out, const struct lab_step *step, unsigned code, struct span text)
{
	unsigned n = step->shape_n ? step->shape_n : 3;
	ptrdiff_t end = span_find(text, '\n');
	struct span first = end < 0 ? text : span_slice(text, 0, (size_t)end);

	switch (step->shape) {
	case LAB_MULTILINE:
	case LAB_MIXEDCODES:
		for (unsigned i = 1; i < n; i++)
			(void)buf_printf(out, "%03u-%.*s (line %u)\r\n",
				step->shape == LAB_MULTILINE ? code
				: code == 250                ? 451
							     : 250,
				SPAN_F(first), i);
		break;
	case LAB_CODEONLY:
		(void)buf_printf(out, "%03u\r\n", code);
		return;
	case LAB_NOTEXT:
		(void)buf_printf(out, "%03u \r\n", code);
		return;
	case LAB_NUL:
		(void)buf_printf(out, "%03u ", code);
		(void)buf_add(out, SPAN_LIT("a\0b\0\r\n"));
		return;
	case LAB_EIGHTBIT:
		(void)buf_printf(out, "%03u gr\xfc\xdf dich \xc3\xa9 \xff\xfe\x80\r\n", code);
		return;
	case LAB_LF:
		(void)buf_printf(out, "%03u %.*s\n", code, SPAN_F(text));
		return;
	case LAB_TWODIGIT:
		(void)buf_printf(out, "%02u %.*s\r\n", code / 10, SPAN_F(text));
		return;
	case LAB_NOCODE:
		(void)buf_printf(out, "%.*s\r\n", SPAN_F(text));
		return;
	default:
		break;
	}
	add_lines(out, code, text);
	if (step->shape == LAB_TWICE)
		(void)buf_add_str(out, "250 2.0.0 Nobody asked for this reply\r\n");
}

int lab_say(struct stream *io, const struct lab_behaviour *b, enum lab_stage stage, unsigned code,
	struct span text, nanos deadline)
{
	const struct lab_step *step = &b->at[stage];
	struct buf out = BUF_INIT(1024 * 1024);

	if (text.len == 0)
		text = text_for(code);
	if (step->shape == LAB_LONGLINE || step->shape == LAB_ENDLESS ||
		step->shape == LAB_ENDLESSLINE)
		return say_large(io, step->shape, code, deadline);
	build(&out, step, code, text);
	int rc = lab_say_bytes(io, b, buf_span(&out), deadline);

	buf_done(&out);
	return rc;
}
