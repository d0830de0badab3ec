#include "ipc/messages/diagnose.h"
#include "ipc/messages/rows.h"

ROWS(ipc_control_check) = {
	PACK_F_U8(struct ipc_control_check, check),
	PACK_F_U8(struct ipc_control_check, state),
	PACK_F_SPAN(struct ipc_control_check, about),
	PACK_F_SPAN(struct ipc_control_check, did),
	PACK_F_SPAN(struct ipc_control_check, showed),
	PACK_F_SPAN(struct ipc_control_check, means),
	PACK_F_SPAN(struct ipc_control_check, mend),
	PACK_F_I64(struct ipc_control_check, at_wall_ms),
};
TYPE(ipc_control_check);

ROWS(ipc_control_diagnose) = {
	PACK_F_SPAN(struct ipc_control_diagnose, about),
	PACK_F_ARRAY(struct ipc_control_diagnose, checks, checks_n, &ipc_control_check_type),
};
TYPE(ipc_control_diagnose);

ROWS(ipc_control_verdict) = {
	PACK_F_U8(struct ipc_control_verdict, whose),
	PACK_F_U8(struct ipc_control_verdict, scope),
	PACK_F_U8(struct ipc_control_verdict, family),
	PACK_F_U8(struct ipc_control_verdict, advice),
	PACK_F_U8(struct ipc_control_verdict, start),
	PACK_F_SPAN(struct ipc_control_verdict, cause),
	PACK_F_SPAN(struct ipc_control_verdict, who),
	PACK_F_SPAN(struct ipc_control_verdict, event),
	PACK_F_U32(struct ipc_control_verdict, confidence),
	PACK_F_I64(struct ipc_control_verdict, since),
	PACK_F_I64(struct ipc_control_verdict, last),
	PACK_F_U32(struct ipc_control_verdict, start_minutes),
	PACK_F_U32(struct ipc_control_verdict, failures),
	PACK_F_U32(struct ipc_control_verdict, successes),
	PACK_F_U32(struct ipc_control_verdict, sites),
	PACK_F_U32(struct ipc_control_verdict, providers),
	PACK_F_U32(struct ipc_control_verdict, providers_fine),
	PACK_F_ARRAY(struct ipc_control_verdict, names, names_n, &ipc_control_name_type),
	PACK_F_ARRAY(struct ipc_control_verdict, supports, supports_n, &ipc_control_name_type),
	PACK_F_ARRAY(
		struct ipc_control_verdict, contradicts, contradicts_n, &ipc_control_name_type),
	PACK_F_ARRAY(struct ipc_control_verdict, check, check_n, &ipc_control_check_type),
};
TYPE(ipc_control_verdict);

ROWS(ipc_diagnose_look) = {
	PACK_F_U32(struct ipc_diagnose_look, checks),
	PACK_F_SPAN(struct ipc_diagnose_look, source),
	PACK_F_SPAN(struct ipc_diagnose_look, site),
	PACK_F_SPAN(struct ipc_diagnose_look, domain),
	PACK_F_SPAN(struct ipc_diagnose_look, reply),
	PACK_F_I64(struct ipc_diagnose_look, deadline),
};
TYPE(ipc_diagnose_look);

ROWS(ipc_diagnose_looked) = {
	PACK_F_ARRAY(struct ipc_diagnose_looked, results, results_n, &ipc_control_check_type),
};
TYPE(ipc_diagnose_looked);

ROWS(ipc_diagnose_alarm) = {
	PACK_F_SPAN(struct ipc_diagnose_alarm, url),
	PACK_F_SPAN(struct ipc_diagnose_alarm, json),
};
TYPE(ipc_diagnose_alarm);

ROWS(ipc_diagnose_mail) = {
	PACK_F_SPAN(struct ipc_diagnose_mail, url),
	PACK_F_SPAN(struct ipc_diagnose_mail, to),
	PACK_F_SPAN(struct ipc_diagnose_mail, text),
};
TYPE(ipc_diagnose_mail);

ROWS(ipc_diagnose_mailed) = {
	PACK_F_BOOL(struct ipc_diagnose_mailed, is_sent),
	PACK_F_SPAN(struct ipc_diagnose_mailed, why),
};
TYPE(ipc_diagnose_mailed);
