/*
 * facts_in - inside facts/ only: the process, what it keeps, and who asks it.
 */
#pragma once
#include "base/list.h"
#include "facts/grey.h"
#include "facts/keep.h"
#include "facts/meter.h"
#include "facts/store.h"
#include "ipc/messages/deferrals.h"
#include "ipc/messages/facts.h"
#include "ipc/role.h"

struct facts {
	struct role *role;
	struct facts_store *store; /* counts of sessions */
	struct keep *keep;         /* all that outlives the process */
	struct list clients;
	struct ipc_channel *web;  /* the newest; NULL: it is away, or there is none */
	int64_t base_ms, boot_ms; /* the keep's time at a time of CLOCK_BOOTTIME */
	bool said_unsaved;
	int64_t look_at; /* when delays are next compared with their target */
};

struct client { /* a channel to a receive process */
	struct list node;
	struct facts *facts;
	struct facts_owner *owner;
	struct ipc_channel *channel;
	enum ipc_role kind;
	uint32_t index;
	bool is_replaced; /* a newer channel to the same process has come */
	struct ipc_facts_watch told;
	uint8_t load; /* as it said: struct ipc_facts_load */
	bool is_disk_low;
	char load_why[16];
};

/* ---- lasting.c ---- */

/* Opens the keep; memory alone where that fails, which is logged. */
void lasting_open(struct facts *f);
/* Writes behind, forgets what has ended, warns. Until the role stops. */
void lasting_run(void *facts);
size_t lasting_most(const struct facts *f); /* records, by the configuration */
void lasting_close(struct facts *f);
int64_t lasting_now(const struct facts *f);              /* ms of the keep's time */
int64_t lasting_wall(const struct facts *f, int64_t ms); /* the same as wall time */

/* ---- requests.c ---- */

/* One packet of a receive process. */
void requests_take(struct client *client, struct ipc_channel *c, const struct ipc_packet *p);
/* Tells every receive process what has changed for all. */
void requests_watch(struct facts *f);
struct grey_times requests_grey_times(const struct conf *conf);
struct meter_times requests_meter_times(const struct conf *conf);

/* ---- control.c ---- */

/* Takes the listening socket; 0 or -errno. */
int control_start(struct facts *f, int listen_fd);
/* The figures of a kind as they are told; reply is borrowed. */
struct ipc_control_meter meter_message(const struct facts *f, const struct meter_figures *figures);

/* ---- show.c ---- */

/* The channel to web is there (again). */
void facts_show_peer(struct facts *f, int fd);
