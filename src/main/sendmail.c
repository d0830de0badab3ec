/*
 * sendmail - the program of that name: how cron, web applications and mail readers hand over mail.
 *
 * Reads the message from standard input and submits it by SMTP to abide on this
 * machine; needs no right but to connect. Options that mean nothing here are
 * taken and ignored, as callers expect. Never starts a program.
 */
#include "base/alloc.h"
#include "cli/cli.h"
#include "main/letter.h"
#include "main/submit.h"
#include "task/task.h"
#include "wire/path.h"
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

struct sendmail {
	const char *file; /* the configuration */
	const char *sender, *name;
	const char *notify, *ret, *envid;
	bool reads_header, ignores_dots, is_session, is_verbose, is_named_file, does_nothing;

	struct arena arena;
	struct conf conf;
	struct letter letter;
	struct mailbox_list recipients;
	int status;
};

static int complain(int status, const char *what, const char *why)
{
	(void)fprintf(stderr, "sendmail: %s%s%s\n", what, why ? ": " : "", why ? why : "");
	return status;
}

/* ---- arguments ---- */

static int set_mode(struct sendmail *s, const char *mode)
{
	switch (mode[0]) {
	case 'm': /* a message from standard input */
		return EX_OK;
	case 's':
		s->is_session = true;
		return EX_OK;
	case 'i': /* newaliases: there is nothing to rebuild */
		s->does_nothing = true;
		return EX_OK;
	case 'p':
		return complain(EX_USAGE, "-bp: ask `abide queue` for what waits", NULL);
	case 'd':
	case 'D':
		return complain(EX_USAGE, "-bd: `abide serve` is the server", NULL);
	default:
		return complain(EX_USAGE, "this mode is not known", mode);
	}
}

/* What goes into a command: esmtp-value = 1*(%d33-60 / %d62-126) (RFC 5321 4.1.2) */
static int check_parameter(const char *option, const char *value)
{
	for (const char *at = value; *at || at == value; at++)
		if (*at <= ' ' || *at == '=' || *at >= 127)
			return complain(EX_USAGE, option, "a value without spaces is needed");
	return EX_OK;
}

/* never, or a list (RFC 3461 4.1) */
static int check_notify(const char *value)
{
	static const char *const events[] = {"success", "failure", "delay"};
	struct span rest = span_str(value), one;

	if (strcasecmp(value, "never") == 0)
		return EX_OK;
	for (bool more = true; more;) {
		size_t i = 0;

		more = span_take_until(&rest, ',', &one);
		one = more ? one : rest;
		while (i < 3 && !span_equal_nocase(one, span_str(events[i])))
			i++;
		if (i == 3)
			return complain(EX_USAGE,
				"-N: never, or a list of success, failure and delay is needed",
				value);
	}
	return EX_OK;
}

static void set_o(struct sendmail *s, const char *value)
{
	if (value[0] == 'i')
		s->ignores_dots = true; /* the other -o options set what abide.conf sets */
}

static int set_option(struct sendmail *s, int option)
{
	switch (option) {
	case 'b':
		return set_mode(s, optarg);
	case 'C':
		s->file = optarg;
		s->is_named_file = true;
		break;
	case 'F':
		s->name = optarg;
		break;
	case 'f':
	case 'r':
		s->sender = optarg;
		break;
	case 'i':
		s->ignores_dots = true;
		break;
	case 'N':
		s->notify = optarg;
		return check_notify(optarg);
	case 'o':
		set_o(s, optarg);
		break;
	case 'q': /* the queue runs by itself */
		s->does_nothing = true;
		break;
	case 'R':
		s->ret = optarg;
		return strcasecmp(optarg, "full") == 0 || strcasecmp(optarg, "hdrs") == 0
			       ? EX_OK
			       : complain(EX_USAGE, "-R: full or hdrs is needed", optarg);
	case 't':
		s->reads_header = true;
		break;
	case 'V':
		s->envid = optarg;
		return check_parameter("-V", optarg);
	case 'v':
		s->is_verbose = true;
		break;
	case '?':
		return EX_USAGE;
	default: /* known elsewhere, without a meaning here */
		break;
	}
	return EX_OK;
}

static int read_options(struct sendmail *s, int argc, char **argv)
{
	int option, status = EX_OK;

	s->file = getenv("ABIDE_CONF");
	s->is_named_file = s->file && s->file[0];
	if (!s->is_named_file)
		s->file = CLI_CONFIGURATION;
	while (status == EX_OK &&
		(option = getopt(
			 argc, argv, "+A:B:b:C:d::e:F:f:GIih:L:N:nmO:o:p:q::R:r:sTtUV:vX:x")) != -1)
		status = set_option(s, option);
	return status;
}

/* ---- addresses ---- */

/* A name without a domain is somebody of this host. The canonical text, in the arena. */
static int complete(struct sendmail *s, struct span text, struct span *ret)
{
	struct buf whole = BUF_INIT(4096), canonical = BUF_INIT(4096);
	struct wire_path path;

	(void)buf_add(&whole, text);
	if (wire_address_read(text, &path) == WIRE_PATH_DOMAIN_MISSING)
		(void)buf_printf(&whole, "@%.*s", SPAN_F(s->conf.hostname));
	enum wire_path_error error = wire_address_read(buf_span(&whole), &path);

	if (error == WIRE_PATH_OK) {
		(void)wire_path_text(&path, &canonical);
		*ret = arena_copy(&s->arena, buf_span(&canonical));
	} else {
		(void)fprintf(stderr, "sendmail: \"%.*s\" is no address: %s\n", SPAN_F(text),
			wire_path_error_text(error));
	}
	buf_done(&whole);
	buf_done(&canonical);
	return error == WIRE_PATH_OK ? EX_OK : EX_NOUSER;
}

static int read_arguments(struct sendmail *s, char *const *argv)
{
	const char *why;
	struct span at;

	for (; *argv; argv++)
		if (mailbox_list_read(span_str(*argv), &s->arena, &s->recipients, &why, &at) < 0)
			return complain(EX_NOUSER, *argv, why);
	return EX_OK;
}

static int complete_recipients(struct sendmail *s)
{
	if (s->recipients.n == 0)
		return complain(s->reads_header ? EX_DATAERR : EX_USAGE,
			s->reads_header ? "no To, Cc or Bcc in the header names a recipient"
					: "no recipient was named (-t reads them from the header)",
			NULL);
	for (size_t i = 0; i < s->recipients.n; i++) {
		int status = complete(s, s->recipients.at[i], &s->recipients.at[i]);

		if (status != EX_OK)
			return status;
	}
	return EX_OK;
}

static int find_sender(struct sendmail *s, struct span *ret)
{
	const struct passwd *p = getpwuid(getuid());
	struct span sender = span_str(s->sender);

	if (!s->sender)
		return complete(s, span_str(p ? p->pw_name : "nobody"), ret);
	if (span_starts(sender, SPAN_LIT("<")) && span_ends_nocase(sender, SPAN_LIT(">")))
		sender = span_slice(sender, 1, sender.len - 2);
	*ret = (struct span){0};
	return sender.len == 0 ? EX_OK : complete(s, sender, ret);
}

/* -F, else the user's name in the system's database (its first part). */
static struct span find_name(const struct sendmail *s)
{
	const struct passwd *p = getpwuid(getuid());
	struct span gecos = span_str(p ? p->pw_gecos : NULL), name;

	if (s->name)
		return span_str(s->name);
	if (s->sender)
		return (struct span){0};
	return span_take_until(&gecos, ',', &name) ? name : gecos;
}

/* ---- the message ---- */

static int complain_letter(const struct sendmail *s, int rc)
{
	if (!s->letter.error)
		return complain(EX_IOERR, "keeping the message", strerrordesc_np(-rc));
	(void)fprintf(
		stderr, "sendmail: line %zu of the message: %s\n", s->letter.line, s->letter.error);
	return EX_DATAERR;
}

static int read_letter(struct sendmail *s)
{
	char *at = alloc_zero(65536);
	int rc = 0;

	while (rc == 0) {
		ssize_t n = read(0, at, 65536);

		if (n == 0)
			break;
		if (n < 0 && errno != EINTR) {
			free(at);
			return complain(EX_IOERR, "standard input", strerrordesc_np(errno));
		}
		rc = letter_feed(&s->letter, span_of(at, n < 0 ? 0 : (size_t)n));
	}
	free(at);
	if (rc >= 0)
		rc = letter_finish(&s->letter);
	if (rc >= 0 && s->reads_header)
		rc = letter_recipients(&s->letter, &s->arena, &s->recipients);
	return rc < 0 ? complain_letter(s, rc) : EX_OK;
}

static int send_letter(struct sendmail *s)
{
	struct span sender;
	int status = read_letter(s);

	if (status == EX_OK)
		status = complete_recipients(s);
	if (status == EX_OK)
		status = find_sender(s, &sender);
	if (status != EX_OK)
		return status;
	struct letter_author author = {
		.address = sender, .name = find_name(s), .hostname = s->conf.hostname};

	if (sender.len == 0) /* From must name somebody even where no bounce is wanted */
		(void)complete(s, SPAN_LIT("MAILER-DAEMON"), &author.address);
	int rc = letter_complete(&s->letter, &author);

	if (rc < 0)
		return complain(EX_DATAERR, "the header is too long", NULL);
	return submit_letter(&(struct submission){.conf = &s->conf,
		.sender = sender,
		.recipients = &s->recipients,
		.letter = &s->letter,
		.notify = s->notify,
		.ret = s->ret,
		.envid = s->envid,
		.is_verbose = s->is_verbose});
}

/* ---- the configuration ---- */

/* Not everybody may read it: then abide is looked for where mail servers are. */
static int assume(struct sendmail *s)
{
	static const char text[] = "spool = \"/var/spool/abide\"\nlisten \"127.0.0.1:25\" { }\n"
				   "route \"*\" { to = \"127.0.0.1:25\" }\n";
	struct buf whole = BUF_INIT(4096), errors = BUF_INIT(CONF_ERRORS_MAX);
	char hostname[256] = "localhost";

	(void)gethostname(hostname, sizeof hostname - 1);
	(void)buf_printf(&whole, "hostname = \"%s\"\n%s", hostname, text);
	int rc = conf_parse("(none)", buf_span(&whole), &s->arena, &s->conf, &errors);

	if (rc < 0)
		(void)complain(
			0, s->file, errors.len > 0 ? buf_cstr(&errors) : strerrordesc_np(-rc));
	buf_done(&whole);
	buf_done(&errors);
	return rc < 0 ? EX_CONFIG : EX_OK;
}

static int read_conf(struct sendmail *s)
{
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	int rc = conf_load(s->file, &s->arena, &s->conf, &errors);

	if (rc < 0 && rc != -EINVAL && !s->is_named_file)
		rc = assume(s) == EX_OK ? 0 : rc;
	else if (rc < 0)
		(void)complain(0, rc == -EINVAL ? buf_cstr(&errors) : s->file,
			rc == -EINVAL ? NULL : strerrordesc_np(-rc));
	buf_done(&errors);
	return rc < 0 ? EX_CONFIG : EX_OK;
}

static void run(void *arg)
{
	struct sendmail *s = arg;

	s->status = s->is_session ? submit_session(&s->conf) : send_letter(s);
}

static int start(struct sendmail *s, char *const *argv)
{
	int status = read_conf(s);

	if (status == EX_OK)
		status = read_arguments(s, argv);
	if (status != EX_OK)
		return status;
	/* Standard input may keep us waiting: that is no fault of a task here. */
	const struct task_options options = {.watchdog = 3600 * NANOS_S, .stack_size = 128 * 1024};
	int rc = task_run(&options, run, s);

	return rc < 0 ? complain(EX_OSERR, "starting", strerrordesc_np(-rc)) : s->status;
}

int main(int argc, char **argv)
{
	struct sendmail *s = alloc_zero(sizeof *s);
	int status = read_options(s, argc, argv);

	(void)signal(SIGPIPE, SIG_IGN);
	letter_init(&s->letter, !s->ignores_dots);
	if (status == EX_OK && !s->does_nothing)
		status = start(s, argv + optind);
	letter_done(&s->letter);
	arena_done(&s->arena);
	free(s);
	return status;
}
