#include "ipc/messages/keys.h"
#include "ipc/messages/rows.h"

ROWS(ipc_keys_get) = {PACK_F_U32(struct ipc_keys_get, number)};
TYPE(ipc_keys_get);

ROWS(ipc_keys_certificate) = {PACK_F_SPAN(struct ipc_keys_certificate, der)};
INNER(ipc_keys_certificate);

ROWS(ipc_keys_chain) = {
	PACK_F_SPAN(struct ipc_keys_chain, name),
	PACK_F_U32(struct ipc_keys_chain, key),
	PACK_F_ARRAY(
		struct ipc_keys_chain, certificates, certificates_n, &ipc_keys_certificate_type),
};
INNER(ipc_keys_chain);

ROWS(ipc_keys_chains) = {
	PACK_F_ARRAY(struct ipc_keys_chains, chains, chains_n, &ipc_keys_chain_type)};
TYPE(ipc_keys_chains);

ROWS(ipc_keys_sign) = {
	PACK_F_U32(struct ipc_keys_sign, key),
	PACK_F_U16(struct ipc_keys_sign, scheme),
	PACK_F_SPAN(struct ipc_keys_sign, text),
};
TYPE(ipc_keys_sign);

ROWS(ipc_keys_signature) = {
	PACK_F_I64(struct ipc_keys_signature, error),
	PACK_F_SPAN(struct ipc_keys_signature, signature),
};
TYPE(ipc_keys_signature);

ROWS(ipc_keys_ticket_keys) = {
	PACK_F_SPAN(struct ipc_keys_ticket_keys, keys),
	PACK_F_I64(struct ipc_keys_ticket_keys, good_ms),
};
TYPE(ipc_keys_ticket_keys);

ROWS(ipc_keys_dkim) = {
	PACK_F_U32(struct ipc_keys_dkim, number),
	PACK_F_SPAN(struct ipc_keys_dkim, domain),
	PACK_F_SPAN(struct ipc_keys_dkim, rsa),
	PACK_F_SPAN(struct ipc_keys_dkim, ed25519),
};
TYPE(ipc_keys_dkim);

ROWS(ipc_keys_dkim_signed) = {
	PACK_F_I64(struct ipc_keys_dkim_signed, error),
	PACK_F_SPAN(struct ipc_keys_dkim_signed, rsa),
	PACK_F_SPAN(struct ipc_keys_dkim_signed, ed25519),
};
TYPE(ipc_keys_dkim_signed);
