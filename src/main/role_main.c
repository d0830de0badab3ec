#include "diagnose/serve.h"
#include "main/role_main.h"
#include "base/log.h"
#include "deliver/deliver.h"
#include "facts/facts.h"
#include "ipc/role.h"
#include "lookup/lookup.h"
#include "keys/keys.h"
#include "mailbox/mailbox.h"
#include "main/supervisor.h"
#include "spool/spool.h"
#include "queue/queue.h"
#include "receive/receive.h"
#include "resolve/resolve.h"
#include "web/web.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

_Static_assert(ROLE_BOOT_ID == SPOOL_BOOT_ID, "spool_boot_id fills role.boot_id");

static int (*const bodies[IPC_ROLES])(struct role *r) = {
	[IPC_RECEIVE] = receive_serve,
	[IPC_QUEUE] = queue_serve,
	[IPC_DELIVER] = deliver_serve,
	[IPC_FACTS] = facts_serve,
	[IPC_RESOLVE] = resolve_serve,
	[IPC_LOOKUP] = lookup_serve,
	[IPC_KEYS] = keys_serve,
	[IPC_MAILBOX] = mailbox_serve,
	[IPC_DIAGNOSE] = diagnose_serve,
	[IPC_WEB] = web_serve,
};

/* Without a supervisor nobody would end us, nor start what dies: end at once; nothing is lost. */
_Noreturn static void end_orphan(struct role *r)
{
	log_event(
		LOG_WARN, "orphaned", LOG_STR("note", "the supervisor is gone; this process ends"));
	_exit(75);
}

/* The supervisor alone decides when a role ends: a terminal's or a service manager's signals to the
 * whole group must not. */
static void ignore_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		(void)signal(ignored[i], SIG_IGN);
}

static void raise_limits(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
}

/* For ps and top: it was started by descriptor, and would bear that one's number as its name. */
static void name_process(const char *role)
{
	char name[16];

	(void)snprintf(name, sizeof name, "abide %s", role);
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

/* From here on this process can open nothing but what it was given. */
static int give_up_rights(const struct role *r)
{
	if (r->root[0] != '\0' && (chroot(r->root) < 0 || chdir("/") < 0))
		return -errno;
	bool may_change = r->kind == IPC_MAILBOX && conf_has_maildirs(role_conf_now(r));

	return users_become((struct user){r->uid, r->gid}, may_change);
}

static void run_body(void *arg)
{
	struct role *r = arg;

	_exit(bodies[r->kind](r));
}

static int fail(const char *what, int rc)
{
	log_event(LOG_ERROR, "role_failed", LOG_STR("step", what), LOG_ERRNO(rc));
	return 71;
}

int role_main(int argc, char **argv)
{
	struct role *r;

	if (argc >= 3 && strcmp(argv[2], "parse") == 0)
		return parse_main(argc, argv);
	ignore_signals();
	raise_limits();
	name_process(argc >= 3 ? argv[2] : "role");
	log_init(argc >= 3 ? argv[2] : "role", false, LOG_INFO);
	int rc = role_start(3, &r);

	if (rc < 0)
		return rc == -EPIPE ? 75 : fail("start", rc);
	const struct conf *conf = role_conf_now(r);

	log_init(r->name, conf->log == CONF_LOG_JSON, conf->log_level);
	if (r->kind == IPC_QUEUE || r->kind == IPC_FACTS)
		spool_boot_id(r->boot_id);
	if (r->kind == IPC_RECEIVE)
		r->meminfo_fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	rc = give_up_rights(r);
	if (rc < 0)
		return fail("rights", rc);
	if (!bodies[r->kind])
		return fail("body", -ENOSYS);
	r->on_orphaned = end_orphan;
	/* which read certificates and keys, write whole pages, or check signatures of the DNS on their own stack */
	const struct task_options roomy = {.stack_size = (size_t)1 << 18};
	bool is_roomy = r->kind == IPC_DIAGNOSE || r->kind == IPC_WEB || r->kind == IPC_RESOLVE;

	return fail("run", task_run(is_roomy ? &roomy : NULL, run_body, r));
}
