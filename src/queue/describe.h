/*
 * describe - a stored message as the control socket, and abide queue while abide is down, tell it.
 *
 * Pure: from the spool's records to the typed answer.
 */
#pragma once
#include "conf/conf.h"
#include "ipc/messages/control.h"
#include "ipc/messages/trace.h"
#include "spool/spool.h"

/* The sites (lane names) of lane numbers; returns an empty span for an unknown one. */
typedef struct span describe_site(uint32_t lane, void *arg);
/* True where a job of this message's part runs now. */
typedef bool describe_active(struct id id, uint32_t part, void *arg);

/* What was found on our own side because of that cause; may be empty. */
typedef struct span describe_finding(
	struct span cause, struct span sender, struct arena *arena, void *arg);

struct describe_source {
	struct spool *spool;
	const struct conf *conf;
	describe_site *site;
	describe_active *is_active; /* NULL: abide is down */
	describe_finding *finding;  /* NULL: abide is down */
	void *arg;
};

/* For the trace. */
void describe_try(const struct spool_try *y, struct arena *arena, struct ipc_control_try *ret);
void describe_ended(uint32_t n, const struct spool_ended *e, struct ipc_control_ended *ret);
void describe_message(const struct describe_source *from, const struct spool_job *job,
	struct arena *arena, struct ipc_control_message *ret);
/* Whether a recipient is what the filters for recipients ask for. */
bool describe_wants(const struct ipc_control_recipient *r, const struct ipc_control_list *filter);
/* How many recipients of the message are; 0 where its sender is not. */
size_t describe_matches(const struct ipc_control_message *m, const struct ipc_control_list *filter);
