#include "ipc/messages/sites.h"
#include "ipc/messages/rows.h"

ROWS(ipc_control_sites) = {
	PACK_F_SPAN(struct ipc_control_sites, site),
	PACK_F_SPAN(struct ipc_control_sites, after),
	PACK_F_U32(struct ipc_control_sites, most),
};
TYPE(ipc_control_sites);

ROWS(ipc_control_profile) = {
	PACK_F_SPAN(struct ipc_control_profile, site),
	PACK_F_I64(struct ipc_control_profile, grey_enough),
	PACK_F_I64(struct ipc_control_profile, grey_vain),
	PACK_F_I64(struct ipc_control_profile, grey_remembers),
	PACK_F_I64(struct ipc_control_profile, grey_forgets),
	PACK_F_U32(struct ipc_control_profile, grey_pairs),
	PACK_F_U32(struct ipc_control_profile, recipients_most),
	PACK_F_U32(struct ipc_control_profile, ceiling),
	PACK_F_I64(struct ipc_control_profile, gap_us),
	PACK_F_I64(struct ipc_control_profile, open_gap_ms),
};
TYPE(ipc_control_profile);

ROWS(ipc_control_site) = {
	PACK_F_ONE(struct ipc_control_site, profile, &ipc_control_profile_type),
	PACK_F_ARRAY(struct ipc_control_site, domains, domains_n, &ipc_control_name_type),
	PACK_F_U64(struct ipc_control_site, domains_all),
	PACK_F_U64(struct ipc_control_site, waiting),
	PACK_F_U64(struct ipc_control_site, active),
	PACK_F_U64(struct ipc_control_site, held),
	PACK_F_U64(struct ipc_control_site, recipients),
	PACK_F_U32(struct ipc_control_site, connections),
	PACK_F_U32(struct ipc_control_site, limit),
	PACK_F_SPAN(struct ipc_control_site, state),
	PACK_F_SPAN(struct ipc_control_site, binds),
	PACK_F_SPAN(struct ipc_control_site, cause),
	PACK_F_I64(struct ipc_control_site, next_try_wall_ms),
	PACK_F_I64(struct ipc_control_site, last_at_wall_ms),
	PACK_F_U16(struct ipc_control_site, last_reply_code),
	PACK_F_SPAN(struct ipc_control_site, last_reply),
	PACK_F_U64(struct ipc_control_site, delivered),
	PACK_F_U64(struct ipc_control_site, deferred),
	PACK_F_U64(struct ipc_control_site, bounced),
	PACK_F_U64(struct ipc_control_site, maybes),
	PACK_F_U64(struct ipc_control_site, per_minute_thousandths),
	PACK_F_I64(struct ipc_control_site, drains_at_wall_ms),
	PACK_F_I64(struct ipc_control_site, drains_from_wall_ms),
	PACK_F_I64(struct ipc_control_site, drains_by_wall_ms),
	PACK_F_U32(struct ipc_control_site, forecasts),
	PACK_F_U32(struct ipc_control_site, forecasts_within),
	PACK_F_I64(struct ipc_control_site, forecast_made_wall_ms),
	PACK_F_I64(struct ipc_control_site, forecast_said_wall_ms),
	PACK_F_I64(struct ipc_control_site, forecast_came_wall_ms),
};
TYPE(ipc_control_site);
