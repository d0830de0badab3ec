#include "lab/options.h"
#include "base/alloc.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define RULES_MAX (4U * 1024 * 1024)

static const char usage[] =
	"usage: abide lab --listen ADDR:PORT|PATH [--behaviour NAME|FILE]... [--record FILE] "
	"[--keep "
	"DIR]\n"
	"                 [--hostname NAME] [--max-time SECONDS] [--plain] [--lmtp]\n"
	"       abide lab --list\n"
	"       abide lab --load ADDR:PORT [--resume] [--sessions N] [--seconds N] [--octets N]\n"
	"\n"
	"An SMTP server that misbehaves as told: by --behaviour for every session, and by the "
	"local\n"
	"part of a sender or recipient (greylist-5@any.example, 451-data+3@any.example).\n"
	"Port 0 takes any free port; the line event=ready tells which.\n"
	"  --behaviour  atoms with commas between them (--list shows all), or a file of lines\n"
	"               `PATTERN ATOMS`, `sender:PATTERN ATOMS`, `session ATOMS` (# begins a "
	"comment,\n"
	"               * in a pattern stands for anything, the first that fits wins)\n"
	"  --record     appends a JSON line for each message, refusal and connection; default: "
	"stdout\n"
	"  --keep       writes each message, as it came but for dot-stuffing, into this directory\n"
	"  --max-time   ends whatever waits or hangs for longer (600)\n"
	"  --plain      local parts mean nothing\n"
	"  --lmtp       speaks LMTP (RFC 2033); a recipient's behaviour at eod is its own\n"
	"  --load       is a client instead: sessions that begin with STARTTLS, so many at a time\n"
	"               (20), for so long (10); each with a message of so many octets (0: none)\n"
	"  --resume     with the ticket of the session before, where the server gives one\n";

static int fail(int status, const char *what, const char *why)
{
	(void)fprintf(stderr, "abide lab: %s: %s\n", what, why);
	return status;
}

static int read_rules(struct lab *lab, const char *path)
{
	struct buf text = BUF_INIT(RULES_MAX);
	unsigned line = 0;
	struct span bad = {0};
	_cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;

	for (ssize_t n = 1; rc == 0 && n > 0;) {
		rc = buf_reserve(&text, 4096);
		n = rc == 0 ? read(fd, text.at + text.len, 4096) : 0;
		if (n > 0)
			buf_added(&text, (size_t)n);
		else if (n < 0)
			rc = -errno;
	}
	if (rc < 0)
		return fail(EX_NOINPUT, path, log_strerror(rc));
	if (lab_rules_read(&lab->rules, buf_span(&text), &lab->session, &line, &bad) < 0) {
		(void)fprintf(stderr, "%s:%u: `%.*s` is no behaviour; see abide lab --list\n", path,
			line, SPAN_F(bad));
		rc = EX_CONFIG;
	}
	buf_done(&text);
	return rc;
}

/* A name, or else the path of a file. */
static int read_behaviour(struct lab *lab, const char *value)
{
	struct lab_behaviour b = {0};
	struct span bad;

	if (lab_behaviour_read(span_str(value), &lab->rules.texts, &b, &bad) == 0) {
		lab_behaviour_lay(&lab->session, &b);
		return 0;
	}
	if (access(value, R_OK) == 0)
		return read_rules(lab, value);
	(void)fprintf(stderr,
		"abide lab: `%.*s` is neither a behaviour nor a file; see abide lab --list\n",
		SPAN_F(bad));
	return EX_USAGE;
}

static int print_list(void)
{
	struct buf out = BUF_INIT(64 * 1024);

	lab_behaviour_list(&out);
	(void)fwrite(out.at, 1, out.len, stdout);
	buf_done(&out);
	return fflush(stdout) == 0 ? LAB_DONE : EX_IOERR;
}

static int read_number(
	const char *option, const char *text, unsigned least, unsigned most, unsigned *ret)
{
	struct span rest = span_str(text);
	unsigned n;

	if (!span_take_number(&rest, 1, 9, &n) || rest.len > 0 || n < least || n > most) {
		(void)fprintf(stderr, "abide lab: %s: a number from %u to %u is needed\n", option,
			least, most);
		return EX_USAGE;
	}
	*ret = n;
	return 0;
}

static int read_load(int c, const char *value, struct lab_load *l)
{
	switch (c) {
	case 'S':
		return read_number("--sessions", value, 1, LAB_LOAD_SESSIONS_MOST, &l->sessions);
	case 'T':
		return read_number("--seconds", value, 1, LAB_LOAD_SECONDS_MOST, &l->seconds);
	case 'O':
		return read_number("--octets", value, 0, LAB_LOAD_OCTETS_MOST, &l->octets);
	case 'R':
		l->resumes = true;
		return 0;
	default:
		l->to = value;
		return 0;
	}
}

int lab_options_read(int argc, char **argv, struct lab *lab, struct lab_options *o)
{
	static const struct option known[] = {{"listen", 1, NULL, 'l'}, {"behaviour", 1, NULL, 'b'},
		{"record", 1, NULL, 'r'}, {"keep", 1, NULL, 'k'}, {"hostname", 1, NULL, 'n'},
		{"max-time", 1, NULL, 't'}, {"plain", 0, NULL, 'p'}, {"lmtp", 0, NULL, 'm'},
		{"list", 0, NULL, 'L'}, {"help", 0, NULL, 'h'}, {"load", 1, NULL, 'o'},
		{"resume", 0, NULL, 'R'}, {"sessions", 1, NULL, 'S'}, {"seconds", 1, NULL, 'T'},
		{"octets", 1, NULL, 'O'}, {0}};
	unsigned seconds = 0;

	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		int rc = 0;

		switch (c) {
		case 'l':
			o->listen = optarg;
			break;
		case 'b':
			rc = read_behaviour(lab, optarg);
			break;
		case 'r':
			o->record = optarg;
			break;
		case 'k':
			lab->keep = optarg;
			break;
		case 'n':
			lab->hostname = optarg;
			break;
		case 'p':
			lab->plain = true;
			break;
		case 'm':
			lab->lmtp = true;
			break;
		case 'L':
			return print_list();
		case 't':
			rc = read_number("--max-time", optarg, 0, 999999999, &seconds);
			lab->max_time = (nanos)seconds * NANOS_S;
			break;
		case 'o':
		case 'R':
		case 'S':
		case 'T':
		case 'O':
			rc = read_load(c, optarg, &o->load);
			break;
		default:
			(void)fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? LAB_DONE : EX_USAGE;
		}
		if (rc != 0)
			return rc;
	}
	return optind < argc ? fail(EX_USAGE, argv[optind], "unexpected") : 0;
}
