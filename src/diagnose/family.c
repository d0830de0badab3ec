#include "diagnose/verdict.h"

#define BIT(check) (UINT32_C(1) << (check))

static const uint8_t family_of[REPLY_CAUSES] = {
	[REPLY_GREYLISTING] = FAMILY_WAIT,
	[REPLY_RATE_LIMITED] = FAMILY_RATE,
	[REPLY_RECIPIENT_THROTTLED] = FAMILY_WAIT,
	[REPLY_TOO_MANY_CONNECTIONS] = FAMILY_RATE,
	[REPLY_TOO_MANY_RECIPIENTS] = FAMILY_WAIT,
	[REPLY_SERVER_OVERLOADED] = FAMILY_LOAD,
	[REPLY_SERVICE_UNAVAILABLE] = FAMILY_LOAD,
	[REPLY_LOCAL_ERROR] = FAMILY_LOAD,
	[REPLY_DIRECTORY_FAILURE] = FAMILY_LOAD,
	[REPLY_DNS_FAILURE] = FAMILY_DNS,
	[REPLY_STORAGE_FULL] = FAMILY_LOAD,
	[REPLY_MAILBOX_FULL] = FAMILY_MAILBOX,
	[REPLY_MAILBOX_BUSY] = FAMILY_MAILBOX,
	[REPLY_NETWORK_FAILURE] = FAMILY_REACH,
	[REPLY_DEFERRED_UNSPECIFIED] = FAMILY_WAIT,
	[REPLY_USER_UNKNOWN] = FAMILY_ADDRESS,
	[REPLY_USER_DISABLED] = FAMILY_MAILBOX,
	[REPLY_USER_MOVED] = FAMILY_MAILBOX,
	[REPLY_ADDRESS_SYNTAX] = FAMILY_ADDRESS,
	[REPLY_RECIPIENT_DOMAIN_INVALID] = FAMILY_ADDRESS,
	[REPLY_RECIPIENT_RESTRICTED] = FAMILY_MAILBOX,
	[REPLY_SENDER_DOMAIN_UNRESOLVABLE] = FAMILY_AUTH,
	[REPLY_SENDER_VERIFY_FAILED] = FAMILY_AUTH,
	[REPLY_SENDER_REJECTED] = FAMILY_POLICY,
	[REPLY_SENDER_NOT_OWNED] = FAMILY_AUTH,
	[REPLY_PTR_MISSING] = FAMILY_IDENTITY,
	[REPLY_HELO_INVALID] = FAMILY_IDENTITY,
	[REPLY_BLOCKLISTED] = FAMILY_REPUTATION,
	[REPLY_DYNAMIC_IP] = FAMILY_IDENTITY,
	[REPLY_POOR_REPUTATION] = FAMILY_REPUTATION,
	[REPLY_SENDER_AUTH_FAILED] = FAMILY_AUTH,
	[REPLY_SPAM_CONTENT] = FAMILY_CONTENT,
	[REPLY_VIRUS] = FAMILY_CONTENT,
	[REPLY_POLICY_REJECTED] = FAMILY_POLICY,
	[REPLY_MESSAGE_TOO_BIG] = FAMILY_CONTENT,
	[REPLY_MESSAGE_MALFORMED] = FAMILY_CONTENT,
	[REPLY_PROTOCOL_ERROR] = FAMILY_POLICY,
	[REPLY_RELAY_DENIED] = FAMILY_POLICY,
	[REPLY_AUTH_REQUIRED] = FAMILY_POLICY,
	[REPLY_AUTH_FAILED] = FAMILY_POLICY,
	[REPLY_TLS_REQUIRED] = FAMILY_TLS,
	[REPLY_TLS_FAILED] = FAMILY_TLS,
	[REPLY_MAIL_LOOP] = FAMILY_POLICY,
	[REPLY_MESSAGE_EXPIRED] = FAMILY_SERVER, /* only repeats what was the matter before */
	[REPLY_REJECTED_UNSPECIFIED] = FAMILY_POLICY,
};

/* Which of our own troubles show as which of theirs. */
static const uint32_t wants[FAMILIES] = {
	[FAMILY_REACH] = BIT(CHECK_PORT25) | BIT(CHECK_RESOLVER) | BIT(CHECK_IPV6) |
			 BIT(CHECK_MTU) | BIT(CHECK_INTERFACE),
	[FAMILY_DNS] = BIT(CHECK_RESOLVER) | BIT(CHECK_CLOCK),
	[FAMILY_IDENTITY] = BIT(CHECK_PTR) | BIT(CHECK_HELO),
	[FAMILY_REPUTATION] = BIT(CHECK_BLOCKLIST) | BIT(CHECK_PTR) | BIT(CHECK_HELO) |
			      BIT(CHECK_SPF) | BIT(CHECK_DKIM),
	[FAMILY_AUTH] = BIT(CHECK_SPF) | BIT(CHECK_DKIM) | BIT(CHECK_DMARC) | BIT(CHECK_MX) |
			BIT(CHECK_CLOCK),
	[FAMILY_TLS] = BIT(CHECK_CLOCK) | BIT(CHECK_CERTIFICATE),
	[FAMILY_CONTENT] = BIT(CHECK_SPF) | BIT(CHECK_DKIM),
	[FAMILY_POLICY] = BIT(CHECK_PTR) | BIT(CHECK_HELO) | BIT(CHECK_BLOCKLIST) | BIT(CHECK_SPF) |
			  BIT(CHECK_DKIM),
	[FAMILY_RATE] = BIT(CHECK_PTR) | BIT(CHECK_BLOCKLIST),
	[FAMILY_WAIT] = BIT(CHECK_PTR) | BIT(CHECK_HELO),
};

/* A subset: what explains it, and is not only worth a look. */
static const uint32_t explains[FAMILIES] = {
	[FAMILY_REACH] = BIT(CHECK_PORT25) | BIT(CHECK_RESOLVER) | BIT(CHECK_MTU) | BIT(CHECK_IPV6),
	[FAMILY_DNS] = BIT(CHECK_RESOLVER) | BIT(CHECK_CLOCK),
	[FAMILY_IDENTITY] = BIT(CHECK_PTR) | BIT(CHECK_HELO),
	[FAMILY_REPUTATION] = BIT(CHECK_BLOCKLIST),
	[FAMILY_AUTH] = BIT(CHECK_SPF) | BIT(CHECK_DKIM) | BIT(CHECK_MX) | BIT(CHECK_CLOCK),
	[FAMILY_TLS] = BIT(CHECK_CLOCK), /* next hops are shown no certificate of ours */
};

enum verdict_family verdict_family(enum reply_cause cause)
{
	return cause < REPLY_CAUSES ? family_of[cause] : FAMILY_POLICY;
}

/* Who asks a list that does not answer him takes that for a yes: his mistake, and no list has us. */
enum reply_cause verdict_cause(const struct reply_meaning *m)
{
	return m->variant == REPLY_VARIANT_BLOCKLIST_DOES_NOT_ANSWER ? REPLY_POLICY_REJECTED
								     : m->cause;
}

bool verdict_explains(enum diagnose_check check, enum verdict_family family)
{
	return (explains[family] & BIT(check)) != 0;
}

uint32_t verdict_wants(enum verdict_family family)
{
	return wants[family];
}

const char *verdict_whose_name(enum verdict_whose whose)
{
	static const char *const names[VERDICT_WHOSE] = {
		"unknown", "ours", "sender", "theirs", "network", "nobody"};

	return names[whose];
}

const char *verdict_scope_name(enum verdict_scope scope)
{
	static const char *const names[VERDICT_SCOPES] = {"server", "recipient", "message",
		"sender", "site", "source", "provider", "everything"};

	return names[scope];
}

const char *verdict_family_name(enum verdict_family family)
{
	static const char *const names[FAMILIES] = {"reach", "dns", "identity", "reputation",
		"authentication", "rate", "tls", "load", "mailbox", "address", "wait", "content",
		"policy", "server"};

	return names[family];
}

const char *verdict_advice_name(enum verdict_advice advice)
{
	static const char *const names[ADVICES] = {"wait", "mend_what_the_check_shows",
		"port25_blocked", "resolver", "network", "set_ptr", "ask_for_delisting",
		"mend_sender_domain", "send_slower", "tls", "tell_them", "tell_recipient",
		"tell_sender", "look_at_mail", "configuration", "look_at_mailboxes",
		"ask_operator_for_delisting"};

	return names[advice];
}
