#include "notify/status.h"

struct pair {
	uint8_t subject, detail;
};

/* What RFC 3463, RFC 5248 and RFC 7372 have for a cause; 0.0: nothing that says more. */
static const struct pair by_cause[REPLY_CAUSES] = {
	[REPLY_GREYLISTING] = {7, 1},
	[REPLY_RATE_LIMITED] = {7, 28},
	[REPLY_RECIPIENT_THROTTLED] = {2, 0},
	[REPLY_TOO_MANY_CONNECTIONS] = {4, 5},
	[REPLY_TOO_MANY_RECIPIENTS] = {5, 3},
	[REPLY_SERVER_OVERLOADED] = {4, 5},
	[REPLY_SERVICE_UNAVAILABLE] = {3, 2},
	[REPLY_LOCAL_ERROR] = {3, 0},
	[REPLY_DIRECTORY_FAILURE] = {3, 0},
	[REPLY_DNS_FAILURE] = {4, 3},
	[REPLY_STORAGE_FULL] = {3, 1},
	[REPLY_MAILBOX_FULL] = {2, 2},
	[REPLY_MAILBOX_BUSY] = {2, 0},
	[REPLY_NETWORK_FAILURE] = {4, 2},
	[REPLY_USER_UNKNOWN] = {1, 1},
	[REPLY_USER_DISABLED] = {2, 1},
	[REPLY_USER_MOVED] = {1, 6},
	[REPLY_ADDRESS_SYNTAX] = {1, 3},
	[REPLY_RECIPIENT_DOMAIN_INVALID] = {1, 2},
	[REPLY_RECIPIENT_RESTRICTED] = {7, 2},
	[REPLY_SENDER_DOMAIN_UNRESOLVABLE] = {1, 8},
	[REPLY_SENDER_VERIFY_FAILED] = {1, 7},
	[REPLY_SENDER_REJECTED] = {7, 1},
	[REPLY_SENDER_NOT_OWNED] = {7, 60},
	[REPLY_PTR_MISSING] = {7, 25},
	[REPLY_HELO_INVALID] = {7, 1},
	[REPLY_BLOCKLISTED] = {7, 1},
	[REPLY_DYNAMIC_IP] = {7, 1},
	[REPLY_POOR_REPUTATION] = {7, 1},
	[REPLY_SENDER_AUTH_FAILED] = {7, 26},
	[REPLY_SPAM_CONTENT] = {7, 1},
	[REPLY_VIRUS] = {7, 1},
	[REPLY_POLICY_REJECTED] = {7, 1},
	[REPLY_MESSAGE_TOO_BIG] = {3, 4},
	[REPLY_MESSAGE_MALFORMED] = {6, 0},
	[REPLY_PROTOCOL_ERROR] = {5, 0},
	[REPLY_RELAY_DENIED] = {7, 1},
	[REPLY_AUTH_REQUIRED] = {7, 0},
	[REPLY_AUTH_FAILED] = {7, 8},
	[REPLY_TLS_REQUIRED] = {7, 10},
	[REPLY_TLS_FAILED] = {7, 5},
	[REPLY_MAIL_LOOP] = {4, 6},
	[REPLY_MESSAGE_EXPIRED] = {4, 7},
};

/* A status that says this very cause, whatever its subject. */
static bool says(struct reply_status s, enum reply_cause cause)
{
	static const struct {
		unsigned class, subject, detail;
		enum reply_cause cause;
	} rows[] = {
#define STATUS(class, subject, detail, cause, percent) {class, subject, detail, REPLY_##cause},
#include "reply/statuses.def"
#undef STATUS
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].subject == s.subject && rows[i].detail == s.detail &&
			(rows[i].class == 0 || rows[i].class == s.class))
			return rows[i].cause == cause;
	return false;
}

/* The reply's own status is of the kind that its cause is: it may say more than we know. */
static bool is_true(const struct reply_meaning *m, struct pair typical)
{
	struct reply_status s = m->status;

	if (!reply_status_is_set(s) || (s.subject == 0 && s.detail == 0))
		return false;
	if (typical.subject == 0 || m->entry != REPLY_ID_NONE || says(s, m->cause))
		return true;
	return s.subject == typical.subject;
}

struct reply_status status_of(unsigned class, const struct reply_meaning *m)
{
	struct reply_status s = {class, 0, 0};

	if (!m)
		return s;
	if (class == 5 && m->code / 100 == 4)
		s.class = 4;
	if (class == 2) {
		if (m->status.class == 2)
			s = m->status;
		return s;
	}
	struct pair typical = by_cause[m->cause];

	if (is_true(m, typical)) {
		s.subject = m->status.subject;
		s.detail = m->status.detail;
	} else {
		s.subject = typical.subject;
		s.detail = typical.detail;
	}
	return s;
}
