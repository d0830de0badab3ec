/*
 * sites - what `abide sites` asks queue over its control socket: where mail goes, and what was learned.
 */
#pragma once
#include "ipc/messages/plain.h"

enum {
	IPC_CONTROL_SITES = 92, /* answers: IPC_CONTROL_SITE ..., then IPC_CONTROL_END */
	IPC_CONTROL_SITE,
	IPC_CONTROL_PROFILE =
		96, /* what was learned of a site is to be this; answer: IPC_CONTROL_END */
};

struct ipc_control_sites {
	struct span site;  /* this one alone; empty: all */
	struct span after; /* in the order of their names */
	uint32_t most;
};
struct ipc_control_profile { /* as struct spool_site */
	struct span site;
	int64_t grey_enough, grey_vain, grey_remembers, grey_forgets; /* ms */
	uint32_t grey_pairs, recipients_most, ceiling;
	int64_t gap_us, open_gap_ms;
};
struct ipc_control_site {
	struct ipc_control_profile profile;
	struct ipc_control_name *domains; /* the first ones */
	size_t domains_n;
	uint64_t domains_all;
	uint64_t waiting, active, held;  /* messages; held: recipients */
	uint64_t recipients;             /* of those that wait */
	uint32_t connections, limit;     /* open; that may be open now */
	struct span state, binds, cause; /* binds: the limit that holds something back now */
	int64_t next_try_wall_ms, last_at_wall_ms;
	uint16_t last_reply_code;
	struct span last_reply;
	uint64_t delivered, deferred, bounced, maybes, per_minute_thousandths;
	int64_t drains_at_wall_ms, drains_from_wall_ms, drains_by_wall_ms; /* 0: not known */
	uint32_t forecasts, forecasts_within; /* that came true, and within their band */
	int64_t forecast_made_wall_ms, forecast_said_wall_ms, forecast_came_wall_ms; /* the last */
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_control_sites_type, ipc_control_profile_type,
	ipc_control_site_type;
