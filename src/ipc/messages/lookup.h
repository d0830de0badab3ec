/*
 * lookup - what receive asks lookup: keys in maps, who is meant by an address, what a policy service says.
 *
 * Logins are asked there too: ipc/messages/login.h.
 */
#pragma once
#include "base/pack.h"

enum {
	IPC_LOOKUP_ASK = 220, /* a key in a map; answer: IPC_LOOKUP_ANSWER */
	IPC_LOOKUP_ANSWER,
	IPC_LOOKUP_RCPT, /* who is meant by a recipient; answer: IPC_LOOKUP_RECIPIENTS */
	IPC_LOOKUP_RECIPIENTS,
	IPC_LOOKUP_SENDER, /* who an envelope sender is to become; answer: IPC_LOOKUP_ANSWER */
	IPC_LOOKUP_POLICY = 234, /* what a policy service says; answer: IPC_LOOKUP_ADVICE */
	IPC_LOOKUP_ADVICE,
};

enum ipc_lookup_state { IPC_LOOKUP_FOUND = 1, IPC_LOOKUP_MISSING, IPC_LOOKUP_FAILED };
struct ipc_lookup_ask {
	struct span map, key;
	int64_t deadline; /* CLOCK_MONOTONIC, one clock for all processes; later answers are for nobody */
};
struct ipc_lookup_value {
	struct span text;
};
struct ipc_lookup_answer {
	uint8_t state;   /* enum ipc_lookup_state */
	uint8_t trouble; /* enum lookup_trouble (lookup/trouble.h): why it failed */
	struct ipc_lookup_value *values;
	size_t values_n;
};
struct ipc_lookup_rcpt {
	struct span address; /* canonical; "postmaster" alone: that of hostname */
	struct span sender;  /* canonical; empty: the null sender */
	bool may_relay;      /* the client is one of ours */
	int64_t deadline;
};
enum ipc_lookup_verdict {
	IPC_LOOKUP_TAKE = 1,    /* the recipients, at least one */
	IPC_LOOKUP_FOREIGN,     /* not ours: the one recipient, as it may have been rewritten */
	IPC_LOOKUP_UNKNOWN,     /* nobody of our domain */
	IPC_LOOKUP_OVER_QUOTA,  /* not now: the recipient that it would be */
	IPC_LOOKUP_LOOP,        /* its aliases lead in a circle, or too deep */
	IPC_LOOKUP_TOO_MANY,    /* its aliases lead to more than may be */
	IPC_LOOKUP_BAD_ALIAS,   /* its aliases lead to what is no address, or has no way */
	IPC_LOOKUP_SRS_WRONG,   /* an SRS address that we did not make */
	IPC_LOOKUP_SRS_EXPIRED, /* one that is too old */
	IPC_LOOKUP_SRS_SENDER,  /* one that is not for bounces alone */
	IPC_LOOKUP_IN_TROUBLE,  /* see trouble */
};
struct ipc_lookup_recipient {
	struct span address;
	struct span sender; /* who sends it to that one; empty: the message's sender */
};
struct ipc_lookup_recipients {
	uint8_t verdict; /* enum ipc_lookup_verdict */
	uint8_t trouble;
	struct ipc_lookup_recipient *recipients;
	size_t recipients_n;
};
struct ipc_attribute {
	struct span name, value;
};
struct ipc_lookup_policy {
	struct span service; /* conf_policy.at.text */
	struct ipc_attribute *attributes;
	size_t attributes_n;
	int64_t deadline;
};
struct ipc_lookup_advice {
	uint8_t state; /* enum ipc_lookup_state: FOUND or FAILED */
	uint8_t trouble;
	uint8_t action; /* enum advice_action (lookup/advice.h) */
	uint16_t code;  /* 0: none of its own, as with the status */
	uint8_t class;
	uint16_t subject, detail;
	struct span text; /* for the reply, or the header field to add */
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_lookup_ask_type, ipc_lookup_answer_type, ipc_lookup_rcpt_type,
	ipc_lookup_recipients_type, ipc_lookup_policy_type, ipc_lookup_advice_type;
