/*
 * facts - what receive asks facts, which remembers clients, rates, greylisting and failed logins.
 */
#pragma once
#include "base/pack.h"

enum {
	IPC_FACTS_ENTER = 60, /* a session begins; answer: IPC_FACTS_VERDICT */
	IPC_FACTS_VERDICT,
	IPC_FACTS_LEAVE, /* ipc_facts_enter again; no answer */
	IPC_FACTS_RATE,  /* so many messages or recipients; answer: IPC_FACTS_RATED */
	IPC_FACTS_RATED,
	IPC_FACTS_GREY,     /* a recipient; answer: IPC_FACTS_SEEN */
	IPC_FACTS_SEEN,     /* what is known of it */
	IPC_FACTS_PASSED,   /* ipc_facts_grey again: it was let through; no answer */
	IPC_FACTS_LEARN,    /* our users wrote to these; no answer */
	IPC_FACTS_DEFERRED, /* we told somebody 4xx; no answer */
	IPC_FACTS_ACCEPTED, /* mail of somebody was taken; no answer */
	IPC_FACTS_WATCH,    /* facts -> receive: what has changed for all */
	IPC_FACTS_LOAD,     /* how much receive has to do; when that changes; no answer */
	IPC_FACTS_TRY = 75, /* somebody is about to log in; answer: IPC_FACTS_PATIENCE */
	IPC_FACTS_PATIENCE,
	IPC_FACTS_TRIED, /* and it did not fail; no answer */
};

struct ipc_facts_enter {
	struct span client;  /* 16 address bytes, v4-mapped */
	struct span network; /* the key that the limit counts: /24 or /64 */
	bool is_trusted;     /* it may relay: no rate holds it back */
	uint32_t skipped;    /* bits of conf.rates that do not count it */
};
struct ipc_facts_verdict {
	bool too_many_in_all, too_many_from_network;
	int64_t wait_ms;   /* a rate of connections is used up until then; 0: none is */
	struct span rate;  /* its name */
	bool is_known;     /* mail of its network passed greylisting before */
	uint32_t sessions; /* that are counted now, with this one */
};
struct ipc_facts_rate {
	struct span client, network, login; /* as above; empty: none */
	uint8_t what;                       /* enum conf_rate_what */
	uint32_t count;
	uint32_t skipped; /* bits of conf.rates that do not count it */
};
struct ipc_facts_rated {
	int64_t wait_ms; /* 0: there was room, and it was taken */
	struct span rate;
	bool is_held; /* and not only used up */
};
struct ipc_facts_grey { /* as facts/grey.h's question */
	struct span network, near, proved, sender, recipient, domain;
};
struct ipc_facts_seen { /* as facts/grey.h's answer */
	bool is_new, has_passed, is_known, is_let_in;
	int64_t age_ms, pair_age_ms, proof_age_ms;
	uint32_t tries, early, places, passes, proof_passes, domain_places;
};
struct ipc_facts_address {
	struct span address;
};
struct ipc_facts_learn {
	struct ipc_facts_address *addresses;
	size_t addresses_n;
};
struct ipc_facts_deferred {
	struct span reply; /* the catalogue's name of what was said */
	struct span client, network;
	struct span sender, recipient; /* as far as they were known */
	bool has_sender, has_recipient;
};
struct ipc_facts_accepted {
	struct span client, network, sender;
	struct ipc_facts_address *recipients;
	size_t recipients_n;
};
struct ipc_facts_watch {
	bool is_open;      /* tell IPC_FACTS_ACCEPTED */
	uint32_t sessions; /* of all receive processes */
};
struct ipc_facts_load { /* as struct load_state (policy/load.h) */
	uint8_t stage;
	bool is_disk_low;
	struct span why; /* the measure that has it so; empty: calm */
};
struct ipc_facts_try {
	struct span network; /* empty: no network is held to account */
	struct span login;   /* that is tried */
	bool is_right;       /* of IPC_FACTS_TRIED: it was the password; else nobody could say */
};
struct ipc_facts_patience {
	int64_t pause_ms; /* how long to keep the client waiting before it is looked at */
	int64_t wait_ms;  /* 0; else too much has failed: not before that time */
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_facts_enter_type, ipc_facts_verdict_type, ipc_facts_rate_type,
	ipc_facts_rated_type, ipc_facts_grey_type, ipc_facts_seen_type, ipc_facts_learn_type,
	ipc_facts_deferred_type, ipc_facts_accepted_type, ipc_facts_watch_type, ipc_facts_load_type,
	ipc_facts_try_type, ipc_facts_patience_type;
