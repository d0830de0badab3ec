#include "ipc/messages/resolve.h"
#include "ipc/messages/rows.h"

ROWS(ipc_resolve_ask) = {
	PACK_F_SPAN(struct ipc_resolve_ask, name),
	PACK_F_U16(struct ipc_resolve_ask, type),
	PACK_F_I64(struct ipc_resolve_ask, deadline),
};
TYPE(ipc_resolve_ask);

ROWS(ipc_resolve_record) = {PACK_F_SPAN(struct ipc_resolve_record, data)};
INNER(ipc_resolve_record);

ROWS(ipc_resolve_answer) = {
	PACK_F_U8(struct ipc_resolve_answer, state),
	PACK_F_U8(struct ipc_resolve_answer, trouble),
	PACK_F_BOOL(struct ipc_resolve_answer, is_secure),
	PACK_F_U32(struct ipc_resolve_answer, ttl),
	PACK_F_SPAN(struct ipc_resolve_answer, why),
	PACK_F_SPAN(struct ipc_resolve_answer, canonical),
	PACK_F_ARRAY(struct ipc_resolve_answer, records, records_n, &ipc_resolve_record_type),
};
TYPE(ipc_resolve_answer);

ROWS(ipc_resolve_question) = {
	PACK_F_SPAN(struct ipc_resolve_question, name),
	PACK_F_U16(struct ipc_resolve_question, type),
};
INNER(ipc_resolve_question);

ROWS(ipc_resolve_ask_all) = {
	PACK_F_ARRAY(
		struct ipc_resolve_ask_all, questions, questions_n, &ipc_resolve_question_type),
	PACK_F_I64(struct ipc_resolve_ask_all, deadline),
};
TYPE(ipc_resolve_ask_all);

ROWS(ipc_resolve_answers) = {
	PACK_F_ARRAY(struct ipc_resolve_answers, answers, answers_n, &ipc_resolve_answer_type),
};
TYPE(ipc_resolve_answers);
