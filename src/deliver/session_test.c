/*
 * What a user would lose if these failed: mail that was taken would be sent again, mail that was
 * refused would be called delivered, a recipient would get another one's fate, and one bad server
 * would keep its connection and all mail behind it for ever.
 */
#include "deliver/deliver.h"
#include "deliver/connection.h"
#include <arpa/inet.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <cmocka.h>

/*
 * A peer by script: replies in order, parted by '|'; connections parted by '/'. "#close" closes
 * instead of a reply, "#hang" says nothing; a reply that begins with '!' is said and then closed.
 * QUIT is always answered, and its connection closed.
 */
struct peer {
	struct task_fd *listener;
	struct span script;
	struct buf heard;   /* verbs, in order; "." for a content */
	struct buf content; /* bytes of the last content, with the dot */
};

struct one { /* a connection of the peer */
	struct peer *peer;
	struct stream *stream;
	bool in_data;
};

static bool take_line(struct one *c, struct buf *line)
{
	for (;;) {
		struct span in = stream_input(c->stream);
		ptrdiff_t end = span_find_span(in, SPAN_LIT("\r\n"));

		if (end >= 0) {
			buf_clear(line);
			(void)buf_add(line, span_slice(in, 0, (size_t)end));
			stream_consume(c->stream, (size_t)end + 2);
			return true;
		}
		if (stream_fill(c->stream, CLOCK_NEVER) <= 0)
			return false;
	}
}

/* One command, or one content up to its dot. */
static bool hear(struct one *c, bool *ret_quit)
{
	struct buf line = BUF_INIT(4096);
	bool ok = take_line(c, &line);

	if (c->in_data)
		buf_clear(&c->peer->content);
	while (ok && c->in_data) {
		(void)buf_add(&c->peer->content, buf_span(&line));
		(void)buf_add_str(&c->peer->content, "\r\n");
		if (span_equal(buf_span(&line), SPAN_LIT(".")))
			break;
		ok = take_line(c, &line);
	}
	struct span rest = buf_span(&line), verb = rest;

	if (ok) {
		(void)span_take_until(&rest, ' ', &verb);
		(void)buf_add_str(&c->peer->heard, c->peer->heard.len > 0 ? " " : "");
		(void)buf_add(&c->peer->heard, verb.len > 0 ? verb : buf_span(&line));
	}
	*ret_quit = ok && span_equal(verb, SPAN_LIT("QUIT"));
	c->in_data = false;
	buf_done(&line);
	return ok;
}

static void await_end(struct one *c)
{
	while (stream_fill(c->stream, CLOCK_NEVER) > 0)
		stream_consume(c->stream, stream_input(c->stream).len);
}

/* False: the connection is over. */
static bool answer(struct one *c, struct span text)
{
	bool is_last = span_take(&text, '!');

	if (span_equal(text, SPAN_LIT("#close")))
		return false;
	if (span_equal(text, SPAN_LIT("#hang"))) {
		await_end(c);
		return false;
	}
	c->in_data = span_starts(text, SPAN_LIT("354"));
	(void)stream_write(c->stream, text, CLOCK_NEVER);
	(void)stream_write(c->stream, SPAN_LIT("\r\n"), CLOCK_NEVER);
	(void)stream_flush(c->stream, CLOCK_NEVER);
	return !is_last;
}

static void serve_one(struct peer *p, int fd, struct span script)
{
	struct one c = {.peer = p};
	bool quit = false;

	assert_int_equal(stream_open_fd(fd, &c.stream), 0);
	for (struct span text; script.len > 0;) {
		if (!span_take_until(&script, '|', &text)) {
			text = script;
			script.len = 0;
		}
		if (!answer(&c, text) || !hear(&c, &quit) || quit)
			break;
	}
	if (quit)
		(void)answer(&c, SPAN_LIT("221 2.0.0 Bye"));
	stream_close(c.stream);
}

static void serve_peer(void *arg)
{
	struct peer *p = arg;

	for (struct span script; p->script.len > 0;) {
		int fd = task_fd_accept(p->listener, NULL, NULL, CLOCK_NEVER);

		if (fd < 0)
			return;
		if (!span_take_until(&p->script, '/', &script)) {
			script = p->script;
			p->script.len = 0;
		}
		serve_one(p, fd, script);
	}
}

static unsigned listen_somewhere(struct peer *p)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof to;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&to, len) == 0);
	assert_true(listen(fd, 8) == 0 && getsockname(fd, (struct sockaddr *)&to, &len) == 0);
	assert_int_equal(task_fd_open(fd, &p->listener), 0);
	return ntohs(to.sin_port);
}

/* ---- one case ---- */

#define HELLO "220 peer|250-peer\r\n250 PIPELINING|"
#define LHLO  HELLO
#define PLAIN "220 peer|250 peer|"
#define OK    "250 2.0.0 Ok|"
#define X100                                                                                       \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxxxx"
#define X75 \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n" /* a soft line break behind it */
#define FOLDED                                                  \
	X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 \
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
#define X1100 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100

struct session_case {
	const char *name;
	const char *script;
	unsigned recipients; /* a@one.test, b@one.test ... of each job */
	unsigned jobs;       /* over one slot; 0: one */
	bool body_8bit;
	const char *conf;  /* in limits; NULL: the usual */
	const char *fates; /* R relayed D deferred F failed M maybe, code, stage */
	const char *heard;
	bool fresh;
	unsigned recipients_most;
	bool lmtp;
	const char *content; /* NULL: the usual */
	const char *address; /* of the first recipient; NULL: the usual */
};

static const struct session_case cases[] = {
	{.name = "taken",
		.script = HELLO OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 1,
		.fates = "R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT"},
	{.name = "without pipelining each command waits",
		.script = PLAIN OK OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 2,
		.fates = "R250eod R250eod",
		.heard = "EHLO MAIL RCPT RCPT DATA . QUIT"},
	{.name = "each recipient has its own fate",
		.script = HELLO OK OK "451 4.7.1 Later|550 5.1.1 No|354 Go|250 2.0.0 Queued",
		.recipients = 3,
		.fates = "R250eod D451rcpt F550rcpt",
		.heard = "EHLO MAIL RCPT RCPT RCPT DATA . QUIT"},
	{.name = "the first failure decides, what follows is its consequence",
		.script = HELLO "451 4.3.1 Full|503 5.5.1 No|503 5.5.1 No|503 5.5.1 No|250 Ok",
		.recipients = 2,
		.fates = "D451mail D451mail",
		.heard = "EHLO MAIL RCPT RCPT DATA RSET QUIT"},
	{.name = "data taken after mail was refused: a lone dot, nobody's message",
		.script = HELLO "550 5.7.1 No|503 5.5.1 No|354 Go|554 5.5.1 Nothing|250 Ok",
		.recipients = 1,
		.fates = "F550mail",
		.heard = "EHLO MAIL RCPT DATA . RSET QUIT"},
	{.name = "data taken with no recipient left: a lone dot",
		.script = HELLO OK "550 5.1.1 No|450 4.2.1 No|354 Go|554 5.5.1 Nobody|250 Ok",
		.recipients = 2,
		.fates = "F550rcpt D450rcpt",
		.heard = "EHLO MAIL RCPT RCPT DATA . RSET QUIT"},
	{.name = "data refused as the consequence of refused recipients",
		.script = HELLO OK "451 4.7.1 Later|554 5.5.1 No valid recipients|250 Ok",
		.recipients = 1,
		.fates = "D451rcpt",
		.heard = "EHLO MAIL RCPT DATA RSET QUIT"},
	{.name = "without pipelining no data is said when nobody is left",
		.script = PLAIN OK "550 5.1.1 No|250 Ok",
		.recipients = 1,
		.fates = "F550rcpt",
		.heard = "EHLO MAIL RCPT RSET QUIT"},
	{.name = "too many recipients: the rest at once in another transaction",
		.script = HELLO OK OK "452 4.5.3 Too many recipients|354 Go|250 Queued|" OK OK
				      "354 Go|250 Queued",
		.recipients = 2,
		.fates = "R250eod R250eod",
		.heard = "EHLO MAIL RCPT RCPT DATA . MAIL RCPT DATA . QUIT"},
	{.name = "refused after the dot",
		.script = HELLO OK OK OK "354 Go|552 5.3.4 Too big|250 Ok",
		.recipients = 2,
		.fates = "F552eod F552eod",
		.heard = "EHLO MAIL RCPT RCPT DATA . RSET QUIT"},
	{.name = "421 after the dot: surely not taken",
		.script = HELLO OK OK "354 Go|!421 4.3.2 Going down",
		.recipients = 1,
		.fates = "D421eod",
		.heard = "EHLO MAIL RCPT DATA ."},
	{.name = "closed after the dot: maybe taken",
		.script = HELLO OK OK "354 Go|#close",
		.recipients = 1,
		.fates = "M451eod",
		.heard = "EHLO MAIL RCPT DATA ."},
	{.name = "silent after the dot: maybe taken",
		.script = HELLO OK OK "354 Go|#hang",
		.recipients = 1,
		.fates = "M451eod",
		.heard = "EHLO MAIL RCPT DATA ."},
	{.name = "a code that says nothing after the dot: maybe taken",
		.script = HELLO OK OK "354 Go|354 Go on",
		.recipients = 1,
		.fates = "M451eod",
		.heard = "EHLO MAIL RCPT DATA ."},
	{.name = "closed before data was answered: surely not taken",
		.script = HELLO OK OK "#close",
		.recipients = 1,
		.fates = "D451data",
		.heard = "EHLO MAIL RCPT DATA"},
	{.name = "421 to a recipient is for all",
		.script = HELLO OK OK "!421 4.7.0 Too fast",
		.recipients = 3,
		.fates = "D421rcpt D421rcpt D421rcpt",
		.heard = "EHLO MAIL RCPT RCPT"},
	{.name = "421 to mail of a new connection",
		.script = HELLO "!421 4.7.0 Too fast",
		.recipients = 1,
		.fates = "D421mail",
		.heard = "EHLO MAIL"},
	{.name = "silence to mail is a timeout",
		.script = HELLO "#hang",
		.recipients = 1,
		.fates = "D451mail",
		.heard = "EHLO MAIL"},
	{.name = "a greeting that refuses sends to the next host, and says who was last",
		.script = "554 5.7.1 Not you/421 4.3.2 Busy",
		.recipients = 1,
		.conf = "two",
		.fates = "D421connect",
		.heard = "QUIT"},
	{.name = "the second host takes it",
		.script = "450 4.3.2 Not now/" HELLO OK OK "354 Go|250 Queued",
		.recipients = 1,
		.conf = "two",
		.fates = "R250eod",
		.heard = "QUIT EHLO MAIL RCPT DATA . QUIT"},
	{.name = "the second host takes what the first refuses at EHLO",
		.script = "220 hi|451 4.3.2 Not now/" HELLO OK OK "354 Go|250 Queued",
		.recipients = 1,
		.conf = "two",
		.fates = "R250eod",
		.heard = "EHLO QUIT EHLO MAIL RCPT DATA . QUIT"},
	{.name = "HELO where EHLO is not known, and what it says is not a list",
		.script =
			"220 hi|502 5.5.1 What|250-hi\r\n250 PIPELINING|" OK OK "354 Go|250 Queued",
		.recipients = 1,
		.fates = "R250eod",
		.heard = "EHLO HELO MAIL RCPT DATA . QUIT"},
	{.name = "8-bit mail for a 7-bit host is converted",
		.script = HELLO OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 1,
		.body_8bit = true,
		.content = "Subject: x\r\n\r\nGr\xc3\xbc\xc3\x9f"
			   "e\r\n",
		.fates = "R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT"},
	{.name = "8-bit mail that is signed comes back with the true reason",
		.script = HELLO,
		.recipients = 1,
		.body_8bit = true,
		.content =
			"Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\n\xc3\xa9\r\n"
			"--x\r\n\r\ns\r\n--x--\r\n",
		.fates = "F554mail",
		.heard = "EHLO QUIT"},
	{.name = "8-bit mail for a host that takes it goes as it is",
		.script = "220 peer|250-peer\r\n250 8BITMIME|" OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 1,
		.body_8bit = true,
		.content =
			"Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\n\xc3\xa9\r\n"
			"--x\r\n\r\ns\r\n--x--\r\n",
		.fates = "R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT"},
	{.name = "who has no ASCII address where SMTPUTF8 is not taken fails alone",
		.script = HELLO OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 2,
		.address = "\xc3\xa9@one.test",
		.fates = "F550mail R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT"},
	{.name = "a domain has an ASCII form always",
		.script = HELLO OK OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 2,
		.address = "a@b\xc3\xbc"
			   "cher.test",
		.fates = "R250eod R250eod",
		.heard = "EHLO MAIL RCPT RCPT DATA . QUIT"},
	{.name = "a long line is folded where our own limit lets it come in",
		.script = HELLO OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 1,
		.conf = "text_line = 5000",
		.content = "Subject: x\r\n\r\n" X1100 "\r\n",
		.fates = "R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT"},
	{.name = "a long line that can't be folded comes back",
		.script = HELLO,
		.recipients = 1,
		.conf = "text_line = 5000",
		.content = "Subject:" X1100 "\r\n\r\nx\r\n",
		.fates = "F554mail",
		.heard = "EHLO QUIT"},
	{.name = "too big for the host by its own word",
		.script = "220 hi|250-hi\r\n250 SIZE 5",
		.recipients = 1,
		.fates = "F552mail",
		.heard = "EHLO QUIT"},
	{.name = "a second message over the same connection",
		.script = HELLO OK OK "354 Go|250 Queued|" OK OK "354 Go|250 Queued",
		.recipients = 1,
		.jobs = 2,
		.fates = "R250eod R250eod",
		.heard = "EHLO MAIL RCPT DATA . MAIL RCPT DATA . QUIT"},
	{.name = "a connection that was closed meanwhile is not held against the message",
		.script = HELLO OK OK "354 Go|!250 Queued/" HELLO OK OK "354 Go|250 Queued",
		.recipients = 1,
		.jobs = 2,
		.fates = "R250eod R250eod",
		.heard = "EHLO MAIL RCPT DATA . EHLO MAIL RCPT DATA . QUIT"},
	{.name = "421 to the second mail is about the connection",
		.script = HELLO OK OK "354 Go|250 Queued|!421 4.4.2 Enough/" HELLO OK OK
				      "354 Go|250 Queued",
		.recipients = 1,
		.jobs = 2,
		.fates = "R250eod R250eod",
		.heard = "EHLO MAIL RCPT DATA . MAIL EHLO MAIL RCPT DATA . QUIT"},
	{.name = "messages a connection are counted",
		.script = HELLO OK OK "354 Go|250 Queued/" HELLO OK OK "354 Go|250 Queued",
		.recipients = 1,
		.jobs = 2,
		.conf = "messages_per_connection = 1",
		.fates = "R250eod R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT EHLO MAIL RCPT DATA . QUIT"},
	{.name = "trouble of this host: the next one at once",
		.script = HELLO
		"451 4.3.0 Local error in processing|503 5.5.1 No|503 5.5.1 No|250 Ok/" HELLO OK OK
		"354 Go|250 Queued",
		.recipients = 1,
		.conf = "two",
		.fates = "R250eod",
		.heard = "EHLO MAIL RCPT DATA RSET QUIT EHLO MAIL RCPT DATA . QUIT"},
	{.name = "what the first host said counts more than that the next can't be reached",
		.script = HELLO
		"451 4.3.0 Local error in processing|503 5.5.1 No|503 5.5.1 No|250 Ok/"
		"#close",
		.recipients = 1,
		.conf = "two",
		.fates = "D451mail",
		.heard = "EHLO MAIL RCPT DATA RSET QUIT"},
	{.name = "greylisting is not carried to the next host",
		.script = HELLO OK
		"451 4.7.1 Greylisted, come back in 60 seconds|503 5.5.1 No|250 Ok",
		.recipients = 1,
		.conf = "two",
		.fates = "D451rcpt",
		.heard = "EHLO MAIL RCPT DATA RSET QUIT"},
	{.name = "an extension that is offered and not understood: once more without",
		.script = HELLO
		"555 5.5.4 Unsupported option: SIZE|503 5.5.1 No|503 5.5.1 No|250 Ok/" HELLO OK OK
		"354 Go|250 Queued",
		.recipients = 1,
		.fates = "R250eod",
		.heard = "EHLO MAIL RCPT DATA RSET QUIT EHLO MAIL RCPT DATA . QUIT"},
	{.name = "not understood without extensions either: that is the answer",
		.script =
			HELLO "555 5.5.4 Unsupported option|503 5.5.1 No|503 5.5.1 No|250 Ok/" HELLO
			      "555 5.5.4 Unsupported option|250 Ok",
		.recipients = 1,
		.fates = "F555mail",
		.heard = "EHLO MAIL RCPT DATA RSET QUIT EHLO MAIL RSET QUIT"},
	{.name = "a fresh connection where the last refusal was doubtful",
		.script = HELLO OK OK "354 Go|250 Queued/" HELLO OK OK "354 Go|250 Queued",
		.recipients = 1,
		.jobs = 2,
		.fresh = true,
		.fates = "R250eod R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT EHLO MAIL RCPT DATA . QUIT"},
	{.name = "no more recipients in a transaction than the site takes",
		.script = HELLO OK OK "354 Go|250 Queued|" OK OK "354 Go|250 Queued",
		.recipients = 2,
		.recipients_most = 1,
		.fates = "R250eod R250eod",
		.heard = "EHLO MAIL RCPT DATA . MAIL RCPT DATA . QUIT"},
	{.name = "limits that the peer states are kept",
		.script =
			"220 peer|250-peer\r\n250-LIMITS RCPTMAX=2 MAILMAX=2 X=1\r\n250 "
			"PIPELINING|" OK OK OK "354 Go|250 2.0.0 A|" OK OK OK "354 Go|250 2.0.0 B/"
			"220 peer|250-peer\r\n250-limits mailmax=2\r\n250 PIPELINING|" OK OK
			"354 Go|250 2.0.0 C",
		.recipients = 5,
		.fates = "R250eod R250eod R250eod R250eod R250eod",
		.heard = "EHLO MAIL RCPT RCPT DATA . MAIL RCPT RCPT DATA . QUIT "
			 "EHLO MAIL RCPT DATA . QUIT"},
	{.name = "limits that say nothing",
		.script = "220 peer|250-peer\r\n250-LIMITS RCPTMAX=0 MAILMAX=x RCPTMAX= Z\r\n250 "
			  "PIPELINING|" OK OK OK "354 Go|250 2.0.0 A",
		.recipients = 2,
		.fates = "R250eod R250eod",
		.heard = "EHLO MAIL RCPT RCPT DATA . QUIT"},
	{.name = "LMTP: each recipient has a fate of its own after the dot",
		.script = LHLO OK OK OK OK "354 Go|250 2.0.0 Saved\r\n452 4.2.2 Mailbox full\r\n"
					   "550 5.2.1 Disabled",
		.recipients = 3,
		.fates = "L250eod D452eod F550eod",
		.heard = "LHLO MAIL RCPT RCPT RCPT DATA . QUIT",
		.lmtp = true},
	{.name = "LMTP: who was not taken has no reply after the dot",
		.script = LHLO OK OK "550 5.1.1 No|" OK "354 Go|250 2.0.0 A\r\n250 2.0.0 C",
		.recipients = 3,
		.fates = "L250eod F550rcpt L250eod",
		.heard = "LHLO MAIL RCPT RCPT RCPT DATA . QUIT",
		.lmtp = true},
	{.name = "LMTP: replies that break off leave the others in doubt",
		.script = LHLO OK OK OK OK "354 Go|!250 2.0.0 Saved",
		.recipients = 3,
		.fates = "L250eod M451eod M451eod",
		.heard = "LHLO MAIL RCPT RCPT RCPT DATA .",
		.lmtp = true},
	{.name = "LMTP: 421 after the dot may come from a store that has it already",
		.script = LHLO OK OK OK OK "354 Go|!250 2.0.0 Saved\r\n421 4.3.2 Going down",
		.recipients = 3,
		.fates = "L250eod M421eod M421eod",
		.heard = "LHLO MAIL RCPT RCPT RCPT DATA .",
		.lmtp = true},
	{.name = "LMTP: none is left, and no message is sent",
		.script = LHLO OK "550 5.1.1 No|503 5.5.1 No|250 Ok",
		.recipients = 1,
		.fates = "F550rcpt",
		.heard = "LHLO MAIL RCPT DATA RSET QUIT",
		.lmtp = true},
	{.name = "LMTP: LHLO refused is not tried by another verb",
		.script = "220 peer|!500 5.5.1 What",
		.recipients = 1,
		.fates = "D500helo",
		.heard = "LHLO",
		.lmtp = true},
	{.name = "LMTP: the next message goes over the same connection",
		.script = LHLO OK OK "354 Go|250 2.0.0 A|" OK OK "354 Go|250 2.0.0 B",
		.recipients = 1,
		.jobs = 2,
		.fates = "L250eod L250eod",
		.heard = "LHLO MAIL RCPT DATA . MAIL RCPT DATA . QUIT",
		.lmtp = true},
	{.name = "what does not speak SMTP",
		.script = "SSH-2.0-what",
		.recipients = 1,
		.fates = "D451connect",
		.heard = ""},
};

struct run {
	const struct session_case *c;
	struct peer peer;
	struct conf conf;
	struct buf fates;
};

static void load_conf(struct run *r, unsigned port, struct arena *arena)
{
	bool two = r->c->conf && strcmp(r->c->conf, "two") == 0;
	struct buf text = BUF_INIT(4096), errors = BUF_INIT(CONF_ERRORS_MAX);

	(void)buf_printf(&text,
		"hostname = \"test.example\"\nlisten \"127.0.0.1:2525\" { }\n"
		"timeouts { greeting = \"5s\" command = \"1s\" data = \"5s\" final = \"1s\" }\n"
		"limits { %s }\n"
		"route \"*\" { to = {\"%s127.0.0.1:%u\"%s",
		r->c->conf && !two ? r->c->conf : "", r->c->lmtp ? "lmtp:" : "", port,
		two ? ", " : "");
	if (two)
		(void)buf_printf(&text, "\"127.0.0.1:%u\"", port);
	(void)buf_add_str(&text, "} }\n");
	int rc = conf_parse("test", buf_span(&text), arena, &r->conf, &errors);

	if (rc < 0)
		print_error("%.*s", SPAN_F(buf_span(&errors)));
	assert_int_equal(rc, 0);
	buf_done(&text);
	buf_done(&errors);
}

static const char content[] = "Subject: x\r\n\r\n.one\r\n..two\r\n.\r\nend";

static void note_fates(struct run *r, const struct ipc_outcome *o)
{
	static const char letters[] = {[IPC_FATE_DELIVERED] = 'L',
		[IPC_FATE_RELAYED] = 'R',
		[IPC_FATE_DEFERRED] = 'D',
		[IPC_FATE_FAILED] = 'F',
		[IPC_FATE_MAYBE] = 'M'};

	assert_int_equal(o->fates_n, r->c->recipients);
	for (size_t i = 0; i < o->fates_n; i++) {
		const struct ipc_fate *f = &o->fates[i];

		assert_int_equal(f->n, i + 10);
		assert_in_range(f->outcome, 1, IPC_FATE_MAYBE);
		(void)buf_printf(&r->fates, "%s%c%u%.*s", r->fates.len ? " " : "",
			letters[f->outcome], f->code, SPAN_F(f->stage));
	}
}

static void attempt(struct run *r, struct deliver_slot *slot)
{
	struct deliver_job *job = alloc_zero(sizeof *job);
	struct ipc_job *b = &job->body;

	list_init(&job->node);
	job->content_fd = -1;
	struct span bytes = span_str(r->c->content ? r->c->content : content);

	job->bytes = alloc_copy(bytes.at, bytes.len);
	b->content_len = bytes.len;
	b->body_8bit = r->c->body_8bit;
	b->fresh = r->c->fresh;
	b->recipients_most = r->c->recipients_most;
	b->sender = SPAN_LIT("me@here.test");
	b->recipients_n = r->c->recipients;
	b->recipients = arena_array(&job->arena, b->recipients_n, sizeof *b->recipients);
	for (unsigned i = 0; i < b->recipients_n; i++)
		b->recipients[i] = (struct ipc_job_recipient){
			.n = i + 10, .address = arena_printf(&job->arena, "%c@one.test", 'a' + i)};
	if (r->c->address)
		b->recipients[0].address = span_str(r->c->address);
	deliver_attempt(slot, job, &r->conf);
	note_fates(r, &job->outcome);
	deliver_job_free(job);
}

static void run_case(void *arg)
{
	struct run *r = arg;
	struct arena arena = {0};
	struct deliver d = {0};
	struct deliver_slot slot = {.deliver = &d};
	unsigned port = listen_somewhere(&r->peer);
	struct task *t = task_spawn("peer", serve_peer, &r->peer);

	load_conf(r, port, &arena);
	for (unsigned i = 0; i == 0 || i < r->c->jobs; i++)
		attempt(r, &slot);
	connection_close(slot.connection, clock_after(5 * NANOS_S));
	task_cancel(t);
	assert_int_equal(task_join(t, CLOCK_NEVER), 0);
	task_fd_close(r->peer.listener);
	arena_done(&arena);
}

static void check(const char *name, const char *what, struct buf *have, const char *want)
{
	if (span_equal(buf_span(have), span_str(want)))
		return;
	print_error("%s: %s\n  have %.*s\n  want %s\n", name, what, SPAN_F(buf_span(have)), want);
	fail();
}

static void each_peer_leads_to_the_fates_that_it_says(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct run r = {.c = &cases[i],
			.peer = {.script = span_str(cases[i].script),
				.heard = BUF_INIT(4096),
				.content = BUF_INIT(4096)},
			.fates = BUF_INIT(4096)};

		assert_int_equal(task_run(NULL, run_case, &r), 0);
		check(cases[i].name, "fates", &r.fates, cases[i].fates);
		check(cases[i].name, "commands", &r.peer.heard, cases[i].heard);
		buf_done(&r.peer.heard);
		buf_done(&r.peer.content);
		buf_done(&r.fates);
	}
}

static void dots_are_stuffed_and_the_last_line_ends(void **state)
{
	struct run r = {.c = &cases[0],
		.peer = {.script = span_str(cases[0].script),
			.heard = BUF_INIT(4096),
			.content = BUF_INIT(4096)},
		.fates = BUF_INIT(4096)};

	assert_int_equal(task_run(NULL, run_case, &r), 0);
	check("content", "bytes", &r.peer.content,
		"Subject: x\r\n\r\n..one\r\n...two\r\n..\r\nend\r\n.\r\n");
	buf_done(&r.peer.heard);
	buf_done(&r.peer.content);
	buf_done(&r.fates);
}

/* What the peer gets of a case, to the byte. */
static void check_content(const char *name, const char *want)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (strcmp(cases[i].name, name) != 0)
			continue;
		struct run r = {.c = &cases[i],
			.peer = {.script = span_str(cases[i].script),
				.heard = BUF_INIT(4096),
				.content = BUF_INIT(4096)},
			.fates = BUF_INIT(4096)};

		assert_int_equal(task_run(NULL, run_case, &r), 0);
		check(name, "bytes", &r.peer.content, want);
		buf_done(&r.peer.heard);
		buf_done(&r.peer.content);
		buf_done(&r.fates);
		return;
	}
	fail();
}

static void what_a_peer_does_not_take_is_converted(void **state)
{
	check_content("8-bit mail for a 7-bit host is converted",
		"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZQ0K\r\n.\r\n");
	check_content("a long line is folded where our own limit lets it come in",
		"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n" FOLDED ".\r\n");
	check_content("8-bit mail for a host that takes it goes as it is",
		"Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\n\xc3\xa9\r\n"
		"--x\r\n\r\ns\r\n--x--\r\n.\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_peer_does_not_take_is_converted),
		cmocka_unit_test(each_peer_leads_to_the_fates_that_it_says),
		cmocka_unit_test(dots_are_stuffed_and_the_last_line_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
