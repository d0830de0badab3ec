#include "ipc/messages/login.h"
#include "ipc/messages/rows.h"

ROWS(ipc_lookup_auth) = {
	PACK_F_U8(struct ipc_lookup_auth, step),
	PACK_F_SPAN(struct ipc_lookup_auth, login),
	PACK_F_SPAN(struct ipc_lookup_auth, password),
	PACK_F_SPAN(struct ipc_lookup_auth, message),
	PACK_F_SPAN(struct ipc_lookup_auth, proof),
	PACK_F_SPAN(struct ipc_lookup_auth, said),
	PACK_F_U64(struct ipc_lookup_auth, talk),
	PACK_F_SPAN(struct ipc_lookup_auth, client),
	PACK_F_BOOL(struct ipc_lookup_auth, has_tls),
	PACK_F_I64(struct ipc_lookup_auth, deadline),
};
TYPE(ipc_lookup_auth);

ROWS(ipc_lookup_authed) = {
	PACK_F_U8(struct ipc_lookup_authed, verdict),
	PACK_F_U8(struct ipc_lookup_authed, trouble),
	PACK_F_SPAN(struct ipc_lookup_authed, login),
	PACK_F_SPAN(struct ipc_lookup_authed, senders),
	PACK_F_SPAN(struct ipc_lookup_authed, salt),
	PACK_F_U32(struct ipc_lookup_authed, iterations),
	PACK_F_SPAN(struct ipc_lookup_authed, challenge),
	PACK_F_U64(struct ipc_lookup_authed, talk),
	PACK_F_SPAN(struct ipc_lookup_authed, signature),
};
TYPE(ipc_lookup_authed);
