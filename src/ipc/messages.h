/*
 * messages - every request that abide's processes send each other.
 *
 * Structs and their rows for base/pack.h (messages.c); who sends what to whom is said at each.
 */
#pragma once
#include "base/id.h"
#include "ipc/ipc.h"

enum ipc_type {
	/* supervisor -> role; a role's channel to the supervisor is descriptor 3 */
	IPC_ROLE_START =
		1,     /* what you are; fds: snapshot, then your listeners or the control socket */
	IPC_ROLE_PEER, /* fd: a channel to a process of that role (again when it was restarted) */
	IPC_ROLE_CONFIG, /* fds: a new snapshot, then all listeners of it (receive) */
	IPC_ROLE_STOP,   /* end: no new work, finish what runs, exit */
	/* role -> supervisor */
	IPC_ROLE_READY, /* listening, or working; IPC_ROLE_PEER without fd: that channel ended */
	IPC_ROLE_CONNECT, /* deliver: to a Unix socket of the configuration; answer: IPC_RESULT, one fd */

	/* receive -> queue */
	IPC_QUEUE_HELLO = 20, /* answer: IPC_QUEUE_WELCOME */
	IPC_QUEUE_WELCOME,
	IPC_CONTENT_MAKE,    /* answer: IPC_RESULT with one fd on success */
	IPC_CONTENT_DISCARD, /* no answer */
	IPC_COMMIT,          /* answer: IPC_RESULT; bytes: the content, or its last packet */
	IPC_COMMIT_PART,     /* earlier packets of content for that id (ipc_content_name) */
	IPC_RESULT,
	IPC_QUEUE_ROOM, /* queue -> receive: what the spool's disk has left */

	/* queue <-> deliver */
	IPC_DELIVER_HELLO = 40, /* deliver -> queue: who I am, and which jobs run in me */
	IPC_JOB,                /* queue -> deliver: bytes: the content, or one fd */
	IPC_JOB_DOT,            /* deliver -> queue: the final dot is about to be sent */
	IPC_OUTCOME,            /* deliver -> queue; kept and sent again until acknowledged */
	IPC_OUTCOME_ACK,        /* queue -> deliver: it is on disk (ipc_job_dot) */
	IPC_SLOT_END, /* deliver -> queue: this slot's connection is closed; 0: I end, no job more */

	/* receive -> facts */
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

	/* abide queue, audit ... -> queue, over the control socket */
	IPC_CONTROL_LIST = 80, /* answers: IPC_CONTROL_MESSAGE ..., then IPC_CONTROL_END */
	IPC_CONTROL_MESSAGE,
	IPC_CONTROL_CHANGE, /* answer: IPC_CONTROL_END */
	IPC_CONTROL_AUDIT,  /* answers: IPC_CONTROL_FINDING ..., then IPC_CONTROL_END */
	IPC_CONTROL_FINDING,
	IPC_CONTROL_CONTENT, /* ipc_content_name; answers: IPC_CONTROL_BYTES ..., then IPC_CONTROL_END */
	IPC_CONTROL_BYTES,
	IPC_CONTROL_END,
	IPC_CONTROL_IDS,   /* answer to a list that asks for ids alone; bytes: 16 for each */
	IPC_CONTROL_TRACE, /* ipc_content_name; answers: MESSAGE, TRY ..., ENDED ..., END */
	IPC_CONTROL_TRY,
	IPC_CONTROL_ENDED,
	IPC_CONTROL_SITES, /* answers: IPC_CONTROL_SITE ..., then IPC_CONTROL_END */
	IPC_CONTROL_SITE,
	IPC_CONTROL_COMPACT, /* answers: IPC_CONTROL_PROGRESS ..., then IPC_CONTROL_END */
	IPC_CONTROL_PROGRESS,
	IPC_CONTROL_PROFILE, /* what was learned of a site is to be this; answer: IPC_CONTROL_END */

	IPC_CONTROL_DIAGNOSE, /* answers: VERDICT ..., CHECK ..., then IPC_CONTROL_END */
	IPC_CONTROL_VERDICT,
	IPC_CONTROL_CHECK,

	/* abide deferrals -> facts, over its control socket */
	IPC_CONTROL_DEFERRALS = 100, /* answers: METER ..., LOST ..., then IPC_CONTROL_END */
	IPC_CONTROL_METER,
	IPC_CONTROL_LOST,
	IPC_CONTROL_LET_IN, /* answer: IPC_CONTROL_END */

	/* receive, deliver -> resolve */
	IPC_RESOLVE_ASK = 200, /* answer: IPC_RESOLVE_ANSWER */
	IPC_RESOLVE_ANSWER,
	IPC_RESOLVE_ASK_ALL, /* several at once; answer: IPC_RESOLVE_ANSWERS, in their order */
	IPC_RESOLVE_ANSWERS,

	/* receive -> lookup */
	IPC_LOOKUP_ASK = 220, /* a key in a map; answer: IPC_LOOKUP_ANSWER */
	IPC_LOOKUP_ANSWER,
	IPC_LOOKUP_RCPT, /* who is meant by a recipient; answer: IPC_LOOKUP_RECIPIENTS */
	IPC_LOOKUP_RECIPIENTS,
	IPC_LOOKUP_SENDER,     /* who an envelope sender is to become; answer: IPC_LOOKUP_ANSWER */
	IPC_LOOKUP_AUTH = 230, /* is it that user; answer: IPC_LOOKUP_AUTHED */
	IPC_LOOKUP_AUTHED,
	IPC_LOOKUP_POLICY = 234, /* what a policy service says; answer: IPC_LOOKUP_ADVICE */
	IPC_LOOKUP_ADVICE,
	/* receive -> keys */
	IPC_KEYS_GET = 240, /* answer: IPC_KEYS_CHAINS, once it has that configuration */
	IPC_KEYS_CHAINS,
	IPC_KEYS_SIGN, /* answer: IPC_KEYS_SIGNATURE */
	IPC_KEYS_SIGNATURE,
	IPC_KEYS_TICKETS, /* answer: IPC_KEYS_TICKET_KEYS */
	IPC_KEYS_TICKET_KEYS,
	/* deliver -> keys */
	IPC_KEYS_DKIM, /* answer: IPC_KEYS_DKIM_SIGNED, once it has that configuration */
	IPC_KEYS_DKIM_SIGNED,
	/* deliver -> mailbox */
	IPC_MAILBOX_STORE = 260, /* bytes: the content, or one fd; answer: IPC_MAILBOX_STORED */
	IPC_MAILBOX_STORED,
	/* queue -> diagnose */
	IPC_DIAGNOSE_LOOK = 270, /* at our own side; answer: IPC_DIAGNOSE_LOOKED */
	IPC_DIAGNOSE_LOOKED,
	IPC_DIAGNOSE_ALARM, /* to the webhook; no answer */
	IPC_DIAGNOSE_MAIL,  /* past queue and deliver; answer: IPC_DIAGNOSE_MAILED */
	IPC_DIAGNOSE_MAILED,
	/* web -> queue, facts */
	IPC_WEB_LOOK = 280, /* at all of queue; answer: IPC_WEB_SEEN */
	IPC_WEB_SEEN,
	IPC_WEB_LIST, /* ipc_control_list: of it site, cause, after and most; answer: IPC_WEB_MESSAGES */
	IPC_WEB_MESSAGES,
	IPC_WEB_METERS, /* what our own 4xx do; answer: IPC_WEB_METERED */
	IPC_WEB_METERED,
};

enum ipc_role {
	IPC_SUPERVISOR,
	IPC_RECEIVE,
	IPC_QUEUE,
	IPC_DELIVER,
	IPC_FACTS,
	IPC_RESOLVE,
	IPC_LOOKUP = 6,
	IPC_KEYS = 7,
	IPC_MAILBOX = 8,
	IPC_DIAGNOSE = 9,
	IPC_WEB = 10,
	IPC_ROLES /* how many kinds there are */
};

struct ipc_role_start {
	uint8_t role;      /* enum ipc_role */
	uint32_t index;    /* which of its kind, from 0 */
	uint32_t of;       /* how many of its kind */
	uint32_t uid, gid; /* to become; equal to the present ones: stay */
	struct span root;  /* chroot there first; empty: none */
	uint32_t
		listeners; /* descriptors behind the snapshot that are listeners, in conf's order */
	struct span spool; /* for queue, facts: their folder as seen after chroot */
	bool control;      /* one more descriptor: the control socket */
	bool lock;         /* and one more: keeps the spool locked as long as it is open */
	uint32_t
		files; /* keys: certificate and key of each; deliver: the authorities; resolve: its folder */
};
struct ipc_role_peer {
	uint8_t role;
	uint32_t index;
	bool end_it; /* queue, of a deliver that is not heard of: it must not go on behind its back */
};
struct ipc_role_connect {
	struct span path;
};
struct ipc_empty {
	uint8_t unused;
};

struct ipc_queue_hello {
	uint32_t index;
};
struct ipc_queue_welcome {
	uint32_t generation;
	uint16_t instance;
};
struct ipc_queue_room {
	uint64_t disk_free, inodes_free; /* bytes; inodes */
	uint32_t map_used;               /* thousandths of what the spool may take */
};
struct ipc_content_name {
	struct id id;
};

struct ipc_recipient {
	struct span address;
	struct span orcpt;
	uint8_t notify;
	struct span sender; /* for this one; empty: the message's */
};
struct ipc_commit {
	struct id id;
	struct span sender, client, helo, envid;
	struct span tls, login; /* "TLSv1.3 CIPHER"; who was logged in; empty: none */
	uint8_t ret;
	bool body_8bit, smtputf8;
	bool is_own;      /* from a client that may send anywhere: it is signed */
	bool is_unproved; /* nothing shows that the sender wrote it */
	bool content_in_file;
	uint64_t content_len;
	uint32_t content_crc;
	struct span edits;
	struct ipc_recipient *recipients;
	size_t recipients_n;
	/* Aliases of several addresses whose sender wants to hear of success; the addresses are above. */
	struct ipc_recipient *expanded;
	size_t expanded_n;
};
struct ipc_result {
	int64_t error;      /* 0, or a -errno as spool_op.result says */
	uint32_t commit_ms; /* how long the batch took, for the log */
};

struct ipc_running { /* a job that runs in a deliver process */
	struct id id;
	uint32_t part, attempt, lane;
	uint64_t slot;
	bool dot_sent;
};
struct ipc_deliver_hello {
	uint32_t index;
	struct ipc_running *running; /* unacknowledged outcomes follow as IPC_OUTCOME */
	size_t running_n;
};
struct ipc_job_recipient {
	uint32_t n;
	struct span address, orcpt;
	uint8_t notify;
	struct span sender; /* for this one; empty: the job's */
};
struct ipc_job {
	struct id id;
	uint32_t part, attempt, lane;
	int64_t due;           /* given back in the outcome */
	uint64_t slot;         /* the connection to use; a new number: open one */
	struct span lane_name; /* the domain, or the smarthost: deliver finds the route by it */
	struct span sender, login, envid;
	uint8_t ret;
	bool body_8bit, smtputf8, is_notice, is_own;
	uint32_t hops;     /* 0: unknown */
	struct span edits; /* sent before the content */
	uint64_t content_len;
	bool content_in_file;
	struct ipc_job_recipient *recipients;
	size_t recipients_n;
	/* how this attempt is to be made, by what replies before it meant */
	bool plain;               /* without PIPELINING and other extensions that can be left out */
	bool with_tls;            /* the peer wants TLS */
	bool fresh;               /* on a connection of its own, without PIPELINING */
	bool maybe;               /* an attempt before may have brought it there */
	uint32_t recipients_most; /* in one transaction, as the site said; 0: not known */
	uint32_t source;          /* index of our source address */
	struct span host_first;   /* ADDRESS:PORT to try before others; empty: in their order */
};
struct ipc_job_dot {
	struct id id;
	uint32_t part, attempt;
};
struct ipc_fate { /* what happened to one recipient, with the reply that decided it */
	uint32_t n;
	uint8_t outcome; /* enum ipc_outcome_kind */
	uint16_t code;
	struct span status; /* "4.7.1" */
	struct span reply;  /* at most SPOOL_REPLY_MAX */
	struct span cause;  /* taxonomy id */
	struct span side;
	struct span stage; /* connect helo mail rcpt data eod auth tls */
	int64_t wait;      /* seconds that the reply states; -1: none */
	uint8_t nature;    /* 'T' 'C' 'P' */
	struct span
		tls; /* how the connection was encrypted, in words; empty: it was not, or was not made */
	bool knows_dsn; /* taken by one who was told what the sender wants to hear, and tells it */
};
enum ipc_outcome_kind {
	IPC_FATE_DELIVERED = 1,
	IPC_FATE_RELAYED,
	IPC_FATE_DEFERRED,
	IPC_FATE_FAILED,
	IPC_FATE_MAYBE, /* lost after the final dot */
};
struct ipc_outcome {
	struct id id;
	uint32_t part, attempt, lane;
	int64_t due;
	uint64_t slot;
	struct span peer; /* address and port spoken to, or the next hop's name */
	bool wants_next;  /* the connection is open and can take another job of the lane */
	struct ipc_fate *fates;
	size_t fates_n;
	struct span
		site; /* the next hops' name as a whole, where deliver resolved it; else empty */
	uint32_t
		recipients_most; /* the peer took so many in one transaction and no more; 0: no limit met */
};
struct ipc_slot_end {
	uint64_t slot;
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

enum ipc_lookup_state { IPC_LOOKUP_FOUND = 1, IPC_LOOKUP_MISSING, IPC_LOOKUP_FAILED };
struct ipc_resolve_ask {
	struct span name;
	uint16_t type;    /* of the records */
	int64_t deadline; /* CLOCK_MONOTONIC */
};
struct ipc_resolve_record {
	struct span data; /* as on the wire, uncompressed */
};
struct ipc_resolve_answer {
	uint8_t state;   /* enum resolve_state */
	uint8_t trouble; /* enum resolve_trouble */
	bool is_secure;  /* proved by DNSSEC */
	uint32_t ttl;
	struct span why; /* for the administrator; may be empty */
	struct span
		canonical; /* where CNAMEs led to, lower case, without a final dot; empty: there were none */
	struct ipc_resolve_record *records;
	size_t records_n;
};
struct ipc_resolve_question {
	struct span name;
	uint16_t type;
};
struct ipc_resolve_ask_all {
	struct ipc_resolve_question *questions;
	size_t questions_n;
	int64_t deadline; /* CLOCK_MONOTONIC */
};
struct ipc_resolve_answers {
	struct ipc_resolve_answer *answers;
	size_t answers_n;
};
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

/*
 * Who is it? Each question stands alone: receive leads the conversation with the client, and lookup,
 * which has the passwords, judges. Only where Dovecot has the keys of SCRAM are two of a kind: what
 * it answers to the first goes to the client as it is, and talk leads from the second back to it.
 */
enum ipc_auth_step {
	IPC_AUTH_PASSWORD = 1, /* login and password */
	IPC_AUTH_SALT,         /* login, said: salt and iterations of its keys, or made up ones */
	IPC_AUTH_PROOF,        /* login, message and proof of SCRAM, said, talk */
};
enum ipc_auth_verdict {
	IPC_AUTH_YES = 1,
	IPC_AUTH_NO,         /* not that password, or no such login */
	IPC_AUTH_IN_TROUBLE, /* nobody could say: see trouble */
};
struct ipc_lookup_auth {
	uint8_t step;               /* enum ipc_auth_step */
	struct span login;          /* prepared (auth/sasl.h), as is */
	struct span password;       /* this */
	struct span message, proof; /* of SCRAM: what was signed, and its 32 bytes */
	struct span said;           /* too: the client's message of this step, as it is */
	uint64_t talk;              /* of IPC_AUTH_PROOF: as the answer to IPC_AUTH_SALT had it */
	struct span client;         /* the client's address as text, for logs of the back-end */
	bool has_tls;
	int64_t deadline;
};
struct ipc_lookup_authed {
	uint8_t verdict;       /* enum ipc_auth_verdict */
	uint8_t trouble;       /* enum lookup_trouble */
	struct span login;     /* as it is called where it was found */
	struct span senders;   /* as whom it may send (auth/users.h) */
	struct span salt;      /* of IPC_AUTH_SALT */
	uint32_t iterations;   /* too */
	struct span challenge; /* or this, said as it is; and then */
	uint64_t talk;
	struct span signature; /* of IPC_AUTH_PROOF: ours */
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

struct ipc_keys_get {
	uint32_t number; /* of the configuration */
};
struct ipc_keys_certificate {
	struct span der;
};
struct ipc_keys_chain {
	struct span name; /* who asks for it by SNI; of the first: empty */
	uint32_t key;     /* to sign with */
	struct ipc_keys_certificate *certificates;
	size_t certificates_n;
};
struct ipc_keys_chains {
	struct ipc_keys_chain *chains; /* none: no TLS */
	size_t chains_n;
};
struct ipc_keys_sign {
	uint32_t key;
	uint16_t scheme; /* RFC 8446 4.2.3 */
	struct span text;
};
struct ipc_keys_signature {
	int64_t error;
	struct span signature;
};
struct ipc_keys_dkim {
	uint32_t number;          /* of the configuration */
	struct span domain;       /* of a section dkim */
	struct span rsa, ed25519; /* SHA-256 digests to sign with each; empty: not with that */
};
struct ipc_keys_dkim_signed {
	int64_t error;
	struct span rsa, ed25519;
};
struct ipc_keys_ticket_keys {
	struct span keys; /* struct tls_ticket_key, the newest first */
	int64_t good_ms;  /* then ask again */
};

/* A message for one recipient whose mailbox is a Maildir of ours. */
struct ipc_mailbox_store {
	struct id id;
	uint32_t n; /* of the recipient */
	struct span sender, recipient;
	struct span head; /* fields before the content */
	uint64_t content_len;
	bool content_in_file;
	bool again; /* an attempt before may have stored it */
};
enum ipc_mailbox_verdict {
	IPC_MAILBOX_DONE = 1,
	IPC_MAILBOX_FULL,
	IPC_MAILBOX_TOO_BIG,  /* for all that the mailbox may hold */
	IPC_MAILBOX_FAILED,   /* see error and at */
	IPC_MAILBOX_BAD_NAME, /* the address can be no folder's name */
	IPC_MAILBOX_NO_OWNER, /* there is no such user, or not one that may have mail: at */
	IPC_MAILBOX_NONE,     /* the configuration has no Maildir for it now */
};
struct ipc_mailbox_stored {
	uint8_t verdict; /* enum ipc_mailbox_verdict */
	bool was_there;  /* DONE: by an attempt before */
	int64_t error;   /* -errno */
	struct span at;  /* what it happened to */
};

/* Where a walk through the queue stands; zeroed: at its beginning. */
struct ipc_cursor {
	uint8_t stage; /* of a site: 1 due rows, 2 held rows; else 0, and only id counts */
	uint32_t lane;
	int64_t due;
	struct id id;
	uint32_t part;
};
struct ipc_control_list {
	struct span id; /* one message; else filters: all that are not empty must match */
	struct span site, cause, sender, recipient; /* "@domain": every address of it */
	bool null_sender;                           /* sender is "", and asked for */
	bool only_ids; /* answers IPC_CONTROL_IDS in the place of messages */
	struct ipc_cursor after;
	uint32_t most;
};
#define IPC_CONTROL_IDS_MOST 2000U
struct ipc_control_ids {
	uint64_t recipients; /* of these messages that match */
};
struct ipc_control_recipient {
	struct span address, site, state; /* state as in interface.md */
	uint32_t attempts;
	int64_t next_try_wall_ms; /* 0: none */
	uint16_t code;
	struct span status, reply, cause, peer;
	uint32_t n;
	struct span tls;     /* of the last attempt, in words; empty: it was not encrypted */
	struct span finding; /* what we found on our own side because of it; empty: nothing yet */
};
struct ipc_control_message {
	struct id id;
	struct span sender, client, helo, tls, login;
	uint64_t size;
	int64_t arrived_wall_ms, expires_wall_ms;
	struct ipc_control_recipient *recipients;
	size_t recipients_n;
};
struct ipc_control_change {
	struct span verb;                   /* retry hold release drop bounce */
	struct span ids;                    /* 16 bytes each, at most IPC_CONTROL_IDS_MOST */
	struct span site, cause, recipient; /* only recipients that match */
	bool all;                           /* retry: whatever waits; ids are empty */
};
struct ipc_control_range {
	uint32_t from, to;
};
struct ipc_control_try { /* as struct spool_try */
	uint8_t kind;
	int64_t wall_ms, next_wall_ms;
	struct ipc_control_range *ranges;
	size_t ranges_n;
	uint32_t attempt;
	bool maybe;
	uint16_t code;
	struct span status, reply, cause, peer, stage, wait_source, tls;
};
struct ipc_control_ended { /* as struct spool_ended */
	uint32_t n;
	uint8_t how;
	int64_t wall_ms;
	struct span address, sender, client, tls_in, login, peer;
	uint16_t code;
	struct span reply, cause;
	uint32_t attempts;
	struct id notice;
	struct span tls;
};
struct ipc_control_finding {
	struct span table, row, wrong;
};
struct ipc_control_sites {
	struct span site;  /* this one alone; empty: all */
	struct span after; /* in the order of their names */
	uint32_t most;
};
struct ipc_control_name {
	struct span name;
};
struct ipc_control_profile { /* as struct spool_site */
	struct span site;
	int64_t grey_enough, grey_vain, grey_remembers, grey_forgets; /* ms */
	uint32_t grey_pairs, recipients_most, ceiling;
	int64_t gap_us, open_gap_ms;
};
struct ipc_control_site {
	struct ipc_control_profile profile;
	struct ipc_control_name *domains; /* the first ones */
	size_t domains_n;
	uint64_t domains_all;
	uint64_t waiting, active, held;  /* messages; held: recipients */
	uint64_t recipients;             /* of those that wait */
	uint32_t connections, limit;     /* open; that may be open now */
	struct span state, binds, cause; /* binds: the limit that holds something back now */
	int64_t next_try_wall_ms, last_at_wall_ms;
	uint16_t last_reply_code;
	struct span last_reply;
	uint64_t delivered, deferred, bounced, maybes, per_minute_thousandths;
	int64_t drains_at_wall_ms, drains_from_wall_ms, drains_by_wall_ms; /* 0: not known */
	uint32_t forecasts, forecasts_within; /* that came true, and within their band */
	int64_t forecast_made_wall_ms, forecast_said_wall_ms, forecast_came_wall_ms; /* the last */
};
struct ipc_control_check { /* as struct check_result (diagnose/check.h) */
	uint8_t check, state;
	struct span about, did, showed, means, mend;
	int64_t at_wall_ms;
};
struct ipc_control_diagnose {
	struct span about;                /* a site, address …; empty: everything */
	struct ipc_control_check *checks; /* what the asker found itself */
	size_t checks_n;
};
struct ipc_control_verdict { /* as struct verdict (diagnose/verdict.h) */
	uint8_t whose, scope, family, advice, start;
	struct span cause, who, event;
	uint32_t confidence; /* thousandths */
	int64_t since, last; /* seconds since 1970 */
	uint32_t start_minutes, failures, successes, sites, providers, providers_fine;
	struct ipc_control_name *names, *supports, *contradicts;
	size_t names_n, supports_n, contradicts_n;
	struct ipc_control_check *check; /* that decided: one or none */
	size_t check_n;
};
struct ipc_diagnose_look {
	uint32_t checks;          /* bit n: enum diagnose_check n */
	struct span source;       /* our address; empty: as the system chooses */
	struct span site, domain; /* where mail is put off, and whose; may be empty */
	struct span reply;        /* that it is because of */
	int64_t deadline;         /* CLOCK_MONOTONIC */
};
struct ipc_diagnose_looked {
	struct ipc_control_check *results;
	size_t results_n;
};
struct ipc_diagnose_alarm {
	struct span url, json;
};
struct ipc_diagnose_mail {
	struct span url, to, text; /* CRLF lines */
};
struct ipc_diagnose_mailed {
	bool is_sent;
	struct span why; /* not */
};
struct ipc_control_progress {
	uint64_t done, of;      /* rows */
	uint64_t before, after; /* at the end: bytes on the disk */
	uint64_t took_ms, paused_ms;
};
struct ipc_control_deferrals {
	bool lost; /* list them too */
	uint32_t most;
};
struct ipc_control_meter {      /* one kind of our 4xx */
	struct span reply;      /* the catalogue's name */
	uint64_t told;          /* how often it was said */
	uint64_t first;         /* to how many pairs, or clients */
	uint64_t back;          /* of them were accepted later, */
	uint64_t elsewhere;     /* of these from another network */
	uint64_t open;          /* are not back yet, */
	uint64_t never, tried;  /* are lost: never seen again; came back and gave up */
	int64_t p50_ms, p95_ms; /* delay of those who came back lately; -1: none did */
	int64_t target_ms;
};
struct ipc_control_lost {
	uint64_t id; /* what --let-in takes */
	struct span reply, sender, recipient, client;
	int64_t first_wall_ms, last_wall_ms;
	uint32_t tries;
};
struct ipc_control_let_in {
	uint64_t id; /* of a lost one; or 0: */
	struct span sender, recipient;
};
struct ipc_control_end {
	int64_t error;
	bool more; /* of a list: it goes on at next */
	struct ipc_cursor next;
	uint64_t count; /* messages listed, findings, recipients changed */
	uint64_t messages, recipients, accepted, ended; /* audit; change: messages changed */
	uint64_t active, unknown, failed; /* change: recipients left alone, ids not there, errors */
};

/* ---- what web is told: no more than it may show ---- */

#define IPC_WEB_SITES_MOST    100U
#define IPC_WEB_MESSAGES_MOST 200U

struct ipc_web_cause {     /* why recipients wait */
	struct span cause; /* taxonomy id; empty: not tried yet */
	uint64_t recipients;
	int64_t oldest_wall_ms;   /* when the first of them came */
	int64_t next_try_wall_ms; /* of any of them; 0: none */
};
struct ipc_web_alarm { /* as struct alarm (diagnose/alarm.h), those that go on */
	uint8_t whose, scope, family;
	struct span cause, who;
	int64_t since, told_at; /* seconds since 1970 */
};
struct ipc_web_role {
	uint32_t receive, deliver; /* processes that are there */
};
struct ipc_web_seen {
	int64_t started_wall_ms;       /* this queue */
	uint64_t messages, recipients; /* in the spool */
	/* since the spool was made */
	uint64_t accepted_messages, accepted_recipients;
	uint64_t delivered, relayed, expanded, bounced, silent, dropped; /* recipients */
	uint64_t set_aside;   /* records that can't be read */
	uint64_t running;     /* jobs in deliver */
	uint64_t connections; /* to next hops */
	struct ipc_web_role roles;
	bool is_handing_out;
	struct ipc_queue_room room;
	bool has_room_figures; /* room is known */
	uint32_t commit_ms;    /* the last one */
	struct ipc_web_cause *causes;
	size_t causes_n;
	uint64_t looked_at;             /* messages, the oldest, that causes are of */
	struct ipc_control_site *sites; /* in trouble first */
	size_t sites_n;
	uint64_t sites_all;
	struct ipc_control_verdict *verdicts;
	size_t verdicts_n;
	struct ipc_control_check *checks; /* of our own side */
	size_t checks_n;
	struct ipc_web_alarm *alarms;
	size_t alarms_n;
};
struct ipc_web_messages {
	int64_t error;
	struct ipc_control_message *messages;
	size_t messages_n;
	bool more; /* it goes on at next */
	struct ipc_cursor next;
};
struct ipc_web_metered {
	uint32_t sessions;          /* of clients, now */
	struct ipc_facts_load load; /* of the receive process that has most to do */
	struct ipc_control_meter *meters;
	size_t meters_n;
};

/* All kinds, for ipc_open; sorted by type. */
extern const struct ipc_kind ipc_kinds[];
extern const size_t ipc_kinds_n;
