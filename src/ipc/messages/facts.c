#include "ipc/messages/facts.h"
#include "ipc/messages/rows.h"

ROWS(ipc_facts_enter) = {
	PACK_F_SPAN(struct ipc_facts_enter, client),
	PACK_F_SPAN(struct ipc_facts_enter, network),
	PACK_F_BOOL(struct ipc_facts_enter, is_trusted),
	PACK_F_U32(struct ipc_facts_enter, skipped),
};
TYPE(ipc_facts_enter);

ROWS(ipc_facts_verdict) = {
	PACK_F_BOOL(struct ipc_facts_verdict, too_many_in_all),
	PACK_F_BOOL(struct ipc_facts_verdict, too_many_from_network),
	PACK_F_I64(struct ipc_facts_verdict, wait_ms),
	PACK_F_SPAN(struct ipc_facts_verdict, rate),
	PACK_F_BOOL(struct ipc_facts_verdict, is_known),
	PACK_F_U32(struct ipc_facts_verdict, sessions),
};
TYPE(ipc_facts_verdict);

ROWS(ipc_facts_rate) = {
	PACK_F_SPAN(struct ipc_facts_rate, client),
	PACK_F_SPAN(struct ipc_facts_rate, network),
	PACK_F_SPAN(struct ipc_facts_rate, login),
	PACK_F_U8(struct ipc_facts_rate, what),
	PACK_F_U32(struct ipc_facts_rate, count),
	PACK_F_U32(struct ipc_facts_rate, skipped),
};
TYPE(ipc_facts_rate);

ROWS(ipc_facts_rated) = {
	PACK_F_I64(struct ipc_facts_rated, wait_ms),
	PACK_F_SPAN(struct ipc_facts_rated, rate),
	PACK_F_BOOL(struct ipc_facts_rated, is_held),
};
TYPE(ipc_facts_rated);

ROWS(ipc_facts_grey) = {
	PACK_F_SPAN(struct ipc_facts_grey, network),
	PACK_F_SPAN(struct ipc_facts_grey, near),
	PACK_F_SPAN(struct ipc_facts_grey, proved),
	PACK_F_SPAN(struct ipc_facts_grey, sender),
	PACK_F_SPAN(struct ipc_facts_grey, recipient),
	PACK_F_SPAN(struct ipc_facts_grey, domain),
};
TYPE(ipc_facts_grey);

ROWS(ipc_facts_seen) = {
	PACK_F_BOOL(struct ipc_facts_seen, is_new),
	PACK_F_BOOL(struct ipc_facts_seen, has_passed),
	PACK_F_BOOL(struct ipc_facts_seen, is_known),
	PACK_F_BOOL(struct ipc_facts_seen, is_let_in),
	PACK_F_I64(struct ipc_facts_seen, age_ms),
	PACK_F_I64(struct ipc_facts_seen, pair_age_ms),
	PACK_F_I64(struct ipc_facts_seen, proof_age_ms),
	PACK_F_U32(struct ipc_facts_seen, tries),
	PACK_F_U32(struct ipc_facts_seen, early),
	PACK_F_U32(struct ipc_facts_seen, places),
	PACK_F_U32(struct ipc_facts_seen, passes),
	PACK_F_U32(struct ipc_facts_seen, proof_passes),
	PACK_F_U32(struct ipc_facts_seen, domain_places),
};
TYPE(ipc_facts_seen);

ROWS(ipc_facts_address) = {
	PACK_F_SPAN(struct ipc_facts_address, address),
};
INNER(ipc_facts_address);

ROWS(ipc_facts_learn) = {
	PACK_F_ARRAY(struct ipc_facts_learn, addresses, addresses_n, &ipc_facts_address_type),
};
TYPE(ipc_facts_learn);

ROWS(ipc_facts_deferred) = {
	PACK_F_SPAN(struct ipc_facts_deferred, reply),
	PACK_F_SPAN(struct ipc_facts_deferred, client),
	PACK_F_SPAN(struct ipc_facts_deferred, network),
	PACK_F_SPAN(struct ipc_facts_deferred, sender),
	PACK_F_SPAN(struct ipc_facts_deferred, recipient),
	PACK_F_BOOL(struct ipc_facts_deferred, has_sender),
	PACK_F_BOOL(struct ipc_facts_deferred, has_recipient),
};
TYPE(ipc_facts_deferred);

ROWS(ipc_facts_accepted) = {
	PACK_F_SPAN(struct ipc_facts_accepted, client),
	PACK_F_SPAN(struct ipc_facts_accepted, network),
	PACK_F_SPAN(struct ipc_facts_accepted, sender),
	PACK_F_ARRAY(struct ipc_facts_accepted, recipients, recipients_n, &ipc_facts_address_type),
};
TYPE(ipc_facts_accepted);

ROWS(ipc_facts_watch) = {
	PACK_F_BOOL(struct ipc_facts_watch, is_open),
	PACK_F_U32(struct ipc_facts_watch, sessions),
};
TYPE(ipc_facts_watch);

ROWS(ipc_facts_load) = {
	PACK_F_U8(struct ipc_facts_load, stage),
	PACK_F_BOOL(struct ipc_facts_load, is_disk_low),
	PACK_F_SPAN(struct ipc_facts_load, why),
};
TYPE(ipc_facts_load);

ROWS(ipc_facts_try) = {
	PACK_F_SPAN(struct ipc_facts_try, network),
	PACK_F_SPAN(struct ipc_facts_try, login),
	PACK_F_BOOL(struct ipc_facts_try, is_right),
};
TYPE(ipc_facts_try);

ROWS(ipc_facts_patience) = {
	PACK_F_I64(struct ipc_facts_patience, pause_ms),
	PACK_F_I64(struct ipc_facts_patience, wait_ms),
};
TYPE(ipc_facts_patience);
