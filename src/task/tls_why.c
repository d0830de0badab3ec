/* Why a handshake failed, in words for who reads the log; OpenSSL's own where there are none. */
#include "task/tls_inner.h"
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdio.h>

static const struct reason {
	int code;
	const char *text; /* %s: the other side */
} reasons[] = {
	{SSL_R_NO_SHARED_CIPHER, "%s offers no cipher that is safe"},
	{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
		"%s can verify no signature of the kind of our certificate"},
	{SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
		"%s can verify no signature of the kind of our certificate"},
	{SSL_R_NO_SUITABLE_GROUPS, "%s offers no curve that we have"},
	{SSL_R_NO_SUITABLE_KEY_SHARE, "%s offers no curve that we have"},
	{SSL_R_NO_SHARED_GROUPS, "%s offers no curve that we have"},
	{SSL_R_HTTP_REQUEST, "%s speaks HTTP, not TLS"},
	{SSL_R_HTTPS_PROXY_REQUEST, "%s speaks HTTP, not TLS"},
	{SSL_R_WRONG_VERSION_NUMBER, "%s does not speak TLS"},
	{SSL_R_PACKET_LENGTH_TOO_LONG, "%s does not speak TLS"},
	{SSL_R_ENCRYPTED_LENGTH_TOO_LONG, "%s sent a TLS record that is too long"},
	{SSL_R_BAD_RECORD_TYPE, "%s does not speak TLS"},
	{SSL_R_UNEXPECTED_EOF_WHILE_READING, "%s closed the connection"},
	{SSL_R_INAPPROPRIATE_FALLBACK,
		"%s came back with an older version of TLS after a failure (fallback)"},
	{SSL_R_TLSV1_ALERT_UNKNOWN_CA, "%s does not know who signed our certificate"},
	{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "%s does not trust our certificate"},
	{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "%s takes our certificate for wrong"},
	{SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "%s can't use our kind of certificate"},
	{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "%s says that our certificate has expired"},
	{SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "%s says that our certificate was revoked"},
	{SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "%s found nothing that both sides can do"},
	{SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "%s speaks no version of TLS that we do"},
	{SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY, "%s wants stronger ciphers"},
	{SSL_R_TLSV1_ALERT_USER_CANCELLED, "%s gave up"},
	{SSL_R_TLSV1_ALERT_INTERNAL_ERROR, "%s has an error of its own"},
	{SSL_R_TLSV1_UNRECOGNIZED_NAME, "%s does not know the name that was asked for"},
};

static const char *name_of(int version)
{
	switch (version) {
	case SSL3_VERSION:
		return "SSL 3.0";
	case TLS1_VERSION:
		return "TLS 1.0";
	case TLS1_1_VERSION:
		return "TLS 1.1";
	case TLS1_2_VERSION:
		return "TLS 1.2";
	case TLS1_3_VERSION:
		return "TLS 1.3";
	default:
		return version < SSL3_VERSION ? "SSL 2" : "an unknown version of TLS";
	}
}

static bool is_of_version(int reason)
{
	return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_VERSION_TOO_LOW ||
	       reason == SSL_R_UNKNOWN_PROTOCOL || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION;
}

void tls_why(const struct tls *t, bool is_server, char out[TLS_WHY_MAX])
{
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_REASON(error);
	const char *peer = is_server ? "the client" : "the server";

	if (ERR_GET_LIB(error) != ERR_LIB_SSL) {
		const char *text = ERR_reason_error_string(error);

		(void)snprintf(out, TLS_WHY_MAX, "%s",
			error == 0 ? "the connection broke"
			: text     ? text
				   : "OpenSSL failed");
		ERR_clear_error();
		return;
	}
	if (is_of_version(reason) && is_server && t->newest > 0 && t->newest < TLS1_2_VERSION) {
		(void)snprintf(out, TLS_WHY_MAX,
			"%s speaks at most %s, and TLS 1.2 is the least that is safe", peer,
			name_of(t->newest));
		ERR_clear_error();
		return;
	}
	const char *found = NULL;

	for (size_t i = 0; !found && i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].code == reason)
			found = reasons[i].text;
	if (found)
		(void)snprintf(out, TLS_WHY_MAX, "%s%s", peer, found + 2);
	else if (is_of_version(reason))
		(void)snprintf(out, TLS_WHY_MAX, "%s speaks no version of TLS that is safe", peer);
	else
		(void)snprintf(out, TLS_WHY_MAX, "%s", ERR_reason_error_string(error));
	ERR_clear_error();
}
