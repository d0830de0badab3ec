/*
 * status - the first page: what flows, what waits and why, who is in trouble, what we do to others.
 *
 * Pure: from what queue and facts told to HTML.
 */
#pragma once
#include "ipc/messages/web.h"
#include "reply/explain.h"
#include "web/html.h"
#include "web/view.h"

/* Is mail taken and sent as it should be? */
enum status_health { STATUS_READY, STATUS_OVERLOADED, STATUS_NOT_READY };
/* ret_why: a static text, what it is that has it so; "" when ready. */
enum status_health status_health(const struct view_now *now, const char **ret_why);
const char *status_health_name(enum status_health health);

/* The whole page; now_ms is wall time. */
void status_page(const struct html *p, const struct view_now *now, int64_t now_ms);

/* ---- status_sites.c: sections that are tables ---- */

/* What is said about a cause, whatever reply it was. */
void status_tale(const struct html *p, enum reply_cause cause, enum reply_tale tale);
void status_causes(const struct html *p, const struct ipc_web_seen *seen, int64_t now_ms);
void status_sites(const struct html *p, const struct ipc_web_seen *seen, int64_t now_ms);
void status_deferrals(const struct html *p, const struct ipc_web_metered *metered);
/* ---- status_trouble.c: whose side it is on ---- */

void status_trouble(const struct html *p, const struct ipc_web_seen *seen);
void status_checks(const struct html *p, const struct ipc_web_seen *seen);
