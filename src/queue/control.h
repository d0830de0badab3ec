/*
 * control - what the control socket's two files share. Internal to queue/.
 */
#pragma once
#include "ipc/messages/control.h"
#include "ipc/messages/diagnose.h"
#include "ipc/messages/plain.h"
#include "ipc/messages/sites.h"
#include "queue/describe.h"
#include "queue/queue.h"
#include "queue/select.h"

struct control { /* one connection to the control socket */
	struct queue *queue;
	struct ipc_channel *channel;
	struct ipc_packet *asked;
};

/* For describe.h and select.h: of c only queue is read. */
struct describe_source control_source(struct control *c);
struct select_source control_select(struct control *c);

/* An answer to what was asked, and the last one. */
void control_say(struct control *c, uint16_t type, const void *body, struct span bytes);
void control_end(struct control *c, struct ipc_control_end e);
/* Tells the message of that id: 0 or -errno. */
int control_tell_message(struct control *c, struct id id);

/* control_tell.c: questions that are answered with what is there; they answer by themselves. */
void control_on_sites(struct control *c, const struct ipc_control_sites *ask);
void control_on_trace(struct control *c, const struct ipc_content_name *name);
void control_on_audit(struct control *c);
void control_on_content(struct control *c, const struct ipc_content_name *name);
void control_on_compact(struct control *c);
/* control_diagnose.c: verdicts and checks */
void control_on_diagnose(struct control *c, const struct ipc_control_diagnose *asked);
