#include "base/alloc.h"
#include "base/log.h"
#include "facts/facts_in.h"
#include "ipc/kinds.h"
#include "ipc/messages/control.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOST_MOST 10000U

struct asked {
	struct facts *facts;
	struct ipc_channel *channel;
	const struct ipc_packet *packet;
	uint32_t most, lost;
};

static void say(struct asked *a, uint16_t type, const void *body)
{
	(void)ipc_send(a->channel, &(struct ipc_out){.type = type,
					   .request = a->packet->request,
					   .is_answer = true,
					   .body = body});
}

static void end(struct asked *a, int64_t error, bool more)
{
	say(a, IPC_CONTROL_END,
		&(struct ipc_control_end){.error = error, .more = more, .count = a->lost});
}

struct ipc_control_meter meter_message(const struct facts *facts, const struct meter_figures *f)
{
	return (struct ipc_control_meter){.reply = f->reply,
		.told = f->told,
		.first = f->first,
		.back = f->back,
		.elsewhere = f->elsewhere,
		.open = f->open,
		.never = f->never,
		.tried = f->tried,
		.p50_ms = f->p50_ms,
		.p95_ms = f->p95_ms,
		.target_ms = role_conf_now(facts->role)->deferrals.target / NANOS_MS};
}

static void tell_kind(void *arg, const struct meter_figures *f)
{
	struct asked *a = arg;
	const struct ipc_control_meter m = meter_message(a->facts, f);

	say(a, IPC_CONTROL_METER, &m);
}

static void tell_lost(void *arg, const struct meter_lost *l)
{
	struct asked *a = arg;

	if (a->lost++ >= a->most)
		return;
	say(a, IPC_CONTROL_LOST,
		&(struct ipc_control_lost){.id = l->id,
			.reply = l->reply,
			.sender = l->has_sender && l->sender.len == 0 ? SPAN_LIT("<>") : l->sender,
			.recipient = l->recipient,
			.client = l->client,
			.first_wall_ms = lasting_wall(a->facts, l->first),
			.last_wall_ms = lasting_wall(a->facts, l->last),
			.tries = l->tries});
}

static void on_deferrals(struct asked *a, const struct ipc_control_deferrals *d)
{
	struct meter_times times = requests_meter_times(role_conf_now(a->facts->role));

	a->most = d->most > 0 && d->most < LOST_MOST ? d->most : LOST_MOST;
	meter_walk(a->facts->keep, &times, lasting_now(a->facts), tell_kind,
		d->lost ? tell_lost : NULL, a);
	end(a, 0, a->lost > a->most);
}

static void on_let_in(struct asked *a, const struct ipc_control_let_in *l)
{
	struct facts *f = a->facts;
	struct grey_times times = requests_grey_times(role_conf_now(f->role));
	struct span sender = l->sender, recipient = l->recipient;
	struct meter_lost one;

	if (l->id != 0) {
		if (!meter_find(f->keep, l->id, &one) || !one.has_sender) {
			end(a, -ENOENT, false);
			return;
		}
		sender = one.sender;
		recipient = one.recipient;
	}
	/* What meter_find lent is gone when the keep is written to. */
	struct buf copy = BUF_INIT(8192);

	(void)buf_add(&copy, sender);
	(void)buf_add(&copy, recipient);
	if (copy.error == 0)
		grey_let_in(f->keep, span_of(copy.at, sender.len),
			span_of(copy.at + sender.len, recipient.len), &times, lasting_now(f));
	end(a, copy.error, false);
	buf_done(&copy);
}

static void on_packet(struct ipc_channel *channel, struct ipc_packet *p, void *arg)
{
	struct asked a = {.facts = arg, .channel = channel, .packet = p};

	switch (p->type) {
	case IPC_CONTROL_DEFERRALS:
		on_deferrals(&a, p->body);
		break;
	case IPC_CONTROL_LET_IN:
		on_let_in(&a, p->body);
		break;
	default:
		end(&a, -EBADMSG, false);
	}
}

static void on_end(struct ipc_channel *channel, const char *why, void *arg)
{
	ipc_close(channel);
}

/* Only root and facts' own user may ask. */
static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

struct listener {
	struct facts *facts;
	struct task_fd *fd;
};

static void accept_all(void *arg)
{
	struct listener *l = arg;
	struct ipc_channel *c;

	for (;;) {
		int fd = task_fd_accept(l->fd, NULL, NULL, CLOCK_NEVER);

		if (fd == -ECANCELED)
			break;
		if (fd < 0) {
			(void)task_sleep(clock_after(100 * NANOS_MS));
			continue;
		}
		if (!may_ask(fd)) {
			log_event(LOG_WARN, "control_refused");
			close(fd);
			continue;
		}
		(void)ipc_open(
			fd, "control", ipc_kinds, ipc_kinds_n, on_packet, on_end, l->facts, &c);
	}
	free(l);
}

int control_start(struct facts *f, int listen_fd)
{
	if (listen_fd < 0)
		return 0;
	struct listener *l = alloc_zero(sizeof *l);

	l->facts = f;
	int rc = task_fd_open(listen_fd, &l->fd);
	struct task *t = rc == 0 ? task_spawn("control", accept_all, l) : NULL;

	if (!t) {
		free(l);
		return rc < 0 ? rc : -ENOMEM;
	}
	task_detach(t);
	return 0;
}
