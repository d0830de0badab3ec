#include "receive/lookup_link.h"
#include "ipc/socket.h"
#include "lookup/trouble.h"
#include <errno.h>

#define START_PATIENCE (2 * NANOS_S) /* for a process that is being started */
#define ANSWER_SPARE   (1 * NANOS_S) /* lookup keeps the deadline itself; this is for its death */

void lookup_link_init(struct lookup_link *l, struct role *role)
{
	*l = (struct lookup_link){0};
	link_init(&l->link, role, IPC_LOOKUP);
}

void lookup_link_done(struct lookup_link *l)
{
	link_done(&l->link);
}

static int ask_link(struct lookup_link *l, const struct ipc_out *o, nanos deadline,
	struct arena *arena, struct ipc_packet *ret)
{
	nanos patience = clock_after(START_PATIENCE);
	int rc =
		l->link.is_up ? 0 : link_await(&l->link, patience < deadline ? patience : deadline);

	if (rc == 0)
		rc = link_ask(&l->link, o,
			deadline == CLOCK_NEVER ? deadline : deadline + ANSWER_SPARE, arena, ret);
	if (rc == 0)
		ipc_close_fds(ret->fds, ret->fds_n);
	return rc;
}

static uint8_t trouble_of(int rc)
{
	return rc == -ETIMEDOUT ? LOOKUP_TIMED_OUT : LOOKUP_NO_PROCESS;
}

static void ask_values(struct lookup_link *l, uint16_t type, const struct ipc_lookup_ask *body,
	struct arena *arena, struct ipc_lookup_answer *ret)
{
	struct ipc_packet p;
	int rc = ask_link(
		l, &(struct ipc_out){.type = type, .body = body}, body->deadline, arena, &p);

	if (rc == 0 && p.type == IPC_LOOKUP_ANSWER)
		*ret = *(const struct ipc_lookup_answer *)p.body;
	else
		*ret = (struct ipc_lookup_answer){
			.state = IPC_LOOKUP_FAILED, .trouble = trouble_of(rc)};
}

static void ask(void *self, struct span map, struct span key, nanos deadline, struct arena *arena,
	struct ipc_lookup_answer *ret)
{
	const struct ipc_lookup_ask body = {.map = map, .key = key, .deadline = deadline};

	ask_values(self, IPC_LOOKUP_ASK, &body, arena, ret);
}

static void ask_sender(void *self, struct span address, nanos deadline, struct arena *arena,
	struct ipc_lookup_answer *ret)
{
	const struct ipc_lookup_ask body = {.key = address, .deadline = deadline};

	ask_values(self, IPC_LOOKUP_SENDER, &body, arena, ret);
}

static void ask_recipient(void *self, const struct ipc_lookup_rcpt *q, struct arena *arena,
	struct ipc_lookup_recipients *ret)
{
	struct ipc_packet p;
	int rc = ask_link(self, &(struct ipc_out){.type = IPC_LOOKUP_RCPT, .body = q}, q->deadline,
		arena, &p);

	if (rc == 0 && p.type == IPC_LOOKUP_RECIPIENTS)
		*ret = *(const struct ipc_lookup_recipients *)p.body;
	else
		*ret = (struct ipc_lookup_recipients){
			.verdict = IPC_LOOKUP_IN_TROUBLE, .trouble = trouble_of(rc)};
}

static void ask_login(void *self, const struct ipc_lookup_auth *q, struct arena *arena,
	struct ipc_lookup_authed *ret)
{
	struct ipc_packet p;
	int rc = ask_link(self, &(struct ipc_out){.type = IPC_LOOKUP_AUTH, .body = q}, q->deadline,
		arena, &p);

	if (rc == 0 && p.type == IPC_LOOKUP_AUTHED)
		*ret = *(const struct ipc_lookup_authed *)p.body;
	else
		*ret = (struct ipc_lookup_authed){
			.verdict = IPC_AUTH_IN_TROUBLE, .trouble = trouble_of(rc)};
}

static void advise(void *self, const struct ipc_lookup_policy *question, struct arena *arena,
	struct ipc_lookup_advice *ret)
{
	struct ipc_packet p;
	int rc = ask_link(self, &(struct ipc_out){.type = IPC_LOOKUP_POLICY, .body = question},
		question->deadline, arena, &p);

	if (rc == 0 && p.type == IPC_LOOKUP_ADVICE)
		*ret = *(const struct ipc_lookup_advice *)p.body;
	else
		*ret = (struct ipc_lookup_advice){
			.state = IPC_LOOKUP_FAILED, .trouble = trouble_of(rc)};
}

const struct lookup_ops lookup_link_ops = {.ask = ask,
	.recipient = ask_recipient,
	.sender = ask_sender,
	.login = ask_login,
	.advise = advise};
