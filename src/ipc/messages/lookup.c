#include "ipc/messages/lookup.h"
#include "ipc/messages/rows.h"

ROWS(ipc_lookup_ask) = {
	PACK_F_SPAN(struct ipc_lookup_ask, map),
	PACK_F_SPAN(struct ipc_lookup_ask, key),
	PACK_F_I64(struct ipc_lookup_ask, deadline),
};
TYPE(ipc_lookup_ask);

ROWS(ipc_lookup_value) = {PACK_F_SPAN(struct ipc_lookup_value, text)};
INNER(ipc_lookup_value);

ROWS(ipc_lookup_answer) = {
	PACK_F_U8(struct ipc_lookup_answer, state),
	PACK_F_U8(struct ipc_lookup_answer, trouble),
	PACK_F_ARRAY(struct ipc_lookup_answer, values, values_n, &ipc_lookup_value_type),
};
TYPE(ipc_lookup_answer);

ROWS(ipc_lookup_rcpt) = {
	PACK_F_SPAN(struct ipc_lookup_rcpt, address),
	PACK_F_SPAN(struct ipc_lookup_rcpt, sender),
	PACK_F_BOOL(struct ipc_lookup_rcpt, may_relay),
	PACK_F_I64(struct ipc_lookup_rcpt, deadline),
};
TYPE(ipc_lookup_rcpt);

ROWS(ipc_lookup_recipient) = {
	PACK_F_SPAN(struct ipc_lookup_recipient, address),
	PACK_F_SPAN(struct ipc_lookup_recipient, sender),
};
INNER(ipc_lookup_recipient);

ROWS(ipc_lookup_recipients) = {
	PACK_F_U8(struct ipc_lookup_recipients, verdict),
	PACK_F_U8(struct ipc_lookup_recipients, trouble),
	PACK_F_ARRAY(
		struct ipc_lookup_recipients, recipients, recipients_n, &ipc_lookup_recipient_type),
};
TYPE(ipc_lookup_recipients);

ROWS(ipc_attribute) = {
	PACK_F_SPAN(struct ipc_attribute, name),
	PACK_F_SPAN(struct ipc_attribute, value),
};
INNER(ipc_attribute);

ROWS(ipc_lookup_policy) = {
	PACK_F_SPAN(struct ipc_lookup_policy, service),
	PACK_F_ARRAY(struct ipc_lookup_policy, attributes, attributes_n, &ipc_attribute_type),
	PACK_F_I64(struct ipc_lookup_policy, deadline),
};
TYPE(ipc_lookup_policy);

ROWS(ipc_lookup_advice) = {
	PACK_F_U8(struct ipc_lookup_advice, state),
	PACK_F_U8(struct ipc_lookup_advice, trouble),
	PACK_F_U8(struct ipc_lookup_advice, action),
	PACK_F_U16(struct ipc_lookup_advice, code),
	PACK_F_U8(struct ipc_lookup_advice, class),
	PACK_F_U16(struct ipc_lookup_advice, subject),
	PACK_F_U16(struct ipc_lookup_advice, detail),
	PACK_F_SPAN(struct ipc_lookup_advice, text),
};
TYPE(ipc_lookup_advice);
