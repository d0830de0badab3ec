#include "queue/control.h"
#include "ipc/kinds.h"
#include "queue/control_sites.h"
#include "queue/diagnosing.h"
#include "queue/hands.h"
#include "base/alloc.h"
#include "base/log.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIST_PAGE    200U /* messages examined before others may go on */
#define SCAN_PAGE    500U /* the same where they are only counted */
#define LIST_BACKLOG (8U * 1024 * 1024)

void control_say(struct control *c, uint16_t type, const void *body, struct span bytes)
{
	(void)ipc_send(c->channel, &(struct ipc_out){.type = type,
					   .request = c->asked->request,
					   .is_answer = true,
					   .body = body,
					   .bytes = bytes});
}

void control_end(struct control *c, struct ipc_control_end e)
{
	control_say(c, IPC_CONTROL_END, &e, (struct span){0});
}

static struct span site_of(uint32_t number, void *arg)
{
	struct control *c = arg;
	struct lane *lane = queue_lane_by_number(c->queue, number);

	return lane ? span_str(lane->site->name) : (struct span){0};
}

static bool is_active(struct id id, uint32_t part, void *arg)
{
	struct control *c = arg;

	return queue_job_find(c->queue, id, part) != NULL;
}

static bool lane_of_site(struct span name, uint32_t least, uint32_t *ret, void *arg)
{
	struct control *c = arg;
	const struct site *site = queue_site_find(c->queue, name);
	uint64_t best = UINT64_MAX;

	if (!site)
		return false;
	list_for_each (node, &site->lanes) {
		const struct lane *lane = container_of(node, struct lane, of_site);

		if (lane->number >= least && lane->number < best)
			best = lane->number;
	}
	if (best == UINT64_MAX)
		return false;
	*ret = (uint32_t)best;
	return true;
}

static struct span finding(struct span cause, struct span sender, struct arena *arena, void *arg)
{
	struct control *c = arg;

	return queue_diagnosing_finding(c->queue, cause, sender, arena);
}

struct describe_source control_source(struct control *c)
{
	return (struct describe_source){.spool = c->queue->spool,
		.conf = role_conf_now(c->queue->role),
		.site = site_of,
		.is_active = is_active,
		.finding = finding,
		.arg = c};
}

struct select_source control_select(struct control *c)
{
	return (struct select_source){.from = control_source(c), .lane_of_site = lane_of_site};
}

/* ---- lists ---- */

struct page {
	struct control *control;
	struct buf ids; /* where only these are asked for */
	uint64_t recipients;
};

static bool tell_one(const struct ipc_control_message *m, size_t matching, void *arg)
{
	struct page *page = arg;

	control_say(page->control, IPC_CONTROL_MESSAGE, m, (struct span){0});
	return ipc_backlog(page->control->channel) < LIST_BACKLOG;
}

static bool note_id(const struct ipc_control_message *m, size_t matching, void *arg)
{
	struct page *page = arg;
	unsigned char raw[ID_BYTES];

	id_to_bytes(m->id, raw);
	page->recipients += matching;
	return buf_add(&page->ids, span_of(raw, sizeof raw)) == 0;
}

static bool has_filter(const struct ipc_control_list *l)
{
	return l->site.len || l->cause.len || l->sender.len || l->recipient.len || l->null_sender;
}

/* All of the queue: no record has to be read for that. */
static int list_all_ids(struct control *c, const struct ipc_control_list *list, struct page *page,
	struct ipc_control_end *ret)
{
	struct id *ids = alloc_array(IPC_CONTROL_IDS_MOST, sizeof *ids);
	long n = spool_ids(c->queue->spool, list->after.id, ids, IPC_CONTROL_IDS_MOST);

	for (long i = 0; i < n; i++)
		(void)note_id(&(struct ipc_control_message){.id = ids[i]}, 0, page);
	if (n >= 0)
		*ret = (struct ipc_control_end){.count = (uint64_t)n,
			.more = n == IPC_CONTROL_IDS_MOST,
			.next.id = n > 0 ? ids[n - 1] : (struct id){0}};
	if (n >= 0 && !ret->more)
		page->recipients = spool_figures(c->queue->spool).recipients;
	free(ids);
	return n < 0 ? (int)n : 0;
}

static int list_page(
	struct control *c, const struct ipc_control_list *list, struct ipc_control_end *ret)
{
	struct page page = {.control = c, .ids = BUF_INIT(IPC_CONTROL_IDS_MOST * ID_BYTES)};
	struct select_source from = control_select(c);
	size_t most = list->most > 0 && list->most < LIST_PAGE ? list->most : LIST_PAGE;
	int rc;

	if (!list->only_ids)
		return select_step(&from, list, most, tell_one, &page, ret);
	rc = has_filter(list) ? select_step(&from, list, SCAN_PAGE, note_id, &page, ret)
			      : list_all_ids(c, list, &page, ret);
	if (rc == 0)
		control_say(c, IPC_CONTROL_IDS,
			&(struct ipc_control_ids){.recipients = page.recipients},
			buf_span(&page.ids));
	buf_done(&page.ids);
	return rc;
}

int control_tell_message(struct control *c, struct id id)
{
	struct describe_source from = control_source(c);
	struct arena arena = {0};
	struct ipc_control_message m;
	struct spool_job job;
	int rc = spool_message_load(c->queue->spool, id, &arena, &job);

	if (rc == 0) {
		describe_message(&from, &job, &arena, &m);
		control_say(c, IPC_CONTROL_MESSAGE, &m, (struct span){0});
	}
	arena_done(&arena);
	return rc;
}

static void on_list(struct control *c, const struct ipc_control_list *list)
{
	struct ipc_control_end e = {0};
	struct id id;

	if (list->id.len == 0)
		e.error = list_page(c, list, &e);
	else
		e.error = id_parse(list->id, &id) < 0 ? -ENOENT : control_tell_message(c, id);
	e.count += list->id.len > 0 && e.error == 0;
	control_end(c, e);
}

static void on_change(struct control *c, const struct ipc_control_change *change)
{
	struct ipc_control_end e;

	/* Until deliver has told what runs in it nobody knows what must be left alone. */
	while (!c->queue->handing_out && !c->queue->stopping &&
		task_sleep(clock_after(10 * NANOS_MS)) == 0)
		;
	struct describe_source from = control_source(c);

	hands_change(c->queue, &from, change, &e);
	control_end(c, e);
}

static void on_control(struct ipc_channel *channel, struct ipc_packet *p, void *arg)
{
	struct control *c = arg;

	c->asked = p;
	c->channel = channel;
	/* Whoever has just got his 250 finds his mail in the queue. */
	(void)spool_catch_up(c->queue->spool);
	switch (p->type) {
	case IPC_CONTROL_LIST:
		on_list(c, p->body);
		break;
	case IPC_CONTROL_CHANGE:
		on_change(c, p->body);
		break;
	case IPC_CONTROL_SITES:
		control_on_sites(c, p->body);
		break;
	case IPC_CONTROL_DIAGNOSE:
		control_on_diagnose(c, p->body);
		break;
	case IPC_CONTROL_PROFILE:
		control_end(
			c, (struct ipc_control_end){.error = control_profile(c->queue, p->body)});
		break;
	case IPC_CONTROL_COMPACT:
		control_on_compact(c);
		break;
	case IPC_CONTROL_TRACE:
		control_on_trace(c, p->body);
		break;
	case IPC_CONTROL_AUDIT:
		control_on_audit(c);
		break;
	case IPC_CONTROL_CONTENT:
		control_on_content(c, p->body);
		break;
	default:
		control_end(c, (struct ipc_control_end){.error = -EBADMSG});
	}
}

static void control_ended(struct ipc_channel *channel, const char *why, void *arg)
{
	ipc_close(channel);
	free(arg);
}

/* Only root and the spool's own user may ask. */
static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

struct control_listener {
	struct queue *queue;
	struct task_fd *fd;
};

static void accept_controls(void *arg)
{
	struct control_listener *l = arg;

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
		struct control *c = alloc_zero(sizeof *c);

		c->queue = l->queue;
		if (ipc_open(fd, "control", ipc_kinds, ipc_kinds_n, on_control, control_ended, c,
			    &c->channel) < 0)
			free(c);
	}
	free(l);
}

int queue_control_start(struct queue *q, int listen_fd)
{
	if (listen_fd < 0)
		return 0;
	struct control_listener *l = alloc_zero(sizeof *l);

	l->queue = q;
	int rc = task_fd_open(listen_fd, &l->fd);
	struct task *t = rc == 0 ? task_spawn("control", accept_controls, l) : NULL;

	if (!t) {
		free(l);
		return rc < 0 ? rc : -ENOMEM;
	}
	task_detach(t);
	return 0;
}
