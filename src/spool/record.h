/*
 * record - what the spool keeps, as structs: the vocabulary of queue and spool.
 *
 * Pure data; rows for base/pack.h stand in record.c. Times named _at are queue
 * time (milliseconds, see spool_now), unless they say wall. Spans borrow.
 */
#pragma once
#include "base/id.h"
#include "base/pack.h"

/* Where one recipient stands; "active" is memory of the queue and is never stored. */
enum spool_state {
	SPOOL_QUEUED = 1, /* waits for its due time */
	SPOOL_HELD,       /* by an operator: has no due row */
	SPOOL_MAYBE,      /* the connection was lost after the final dot; waits like queued */
};

/* How a recipient ended (INVARIANTS.md 2). */
enum spool_end {
	SPOOL_DELIVERED = 1, /* into a mailbox: LMTP */
	SPOOL_RELAYED,       /* the next hop took it over */
	SPOOL_EXPANDED,
	SPOOL_BOUNCED, /* a notice to the sender was queued in the same transaction */
	SPOOL_SILENT,  /* failed, and no notice is due: null sender, NOTIFY=NEVER */
	SPOOL_DROPPED, /* by an operator */
};

struct spool_message { /* table messages: immutable once written */
	struct id id;
	int64_t arrived_at;      /* queue time */
	int64_t arrived_wall_ms; /* for people */
	struct span sender;      /* without <>; empty: the null sender */
	struct span client;      /* address it came from, as text */
	struct span helo;
	struct span envid; /* xtext as given */
	uint8_t ret;       /* 0 none, 1 FULL, 2 HDRS */
	bool body_8bit;
	bool smtputf8;
	bool is_notice;       /* written by abide itself */
	bool content_in_file; /* else chunks in table contents */
	uint64_t content_len; /* octets of the content, CRLF lines, without edits */
	uint32_t content_crc; /* crc32c of the content */
	uint32_t recipients;  /* how many there were at first: n = 0 .. recipients - 1 */
	struct span edits;    /* header fields to put before the content (Received ...) */
	/* since version 2 of the record */
	bool is_own; /* from a client that may send anywhere */
	/* since version 3 */
	bool is_unproved;  /* nothing shows that the sender wrote it: he is told nothing of it */
	struct span tls;   /* version and cipher that it came with; empty: none */
	struct span login; /* who had logged in; empty: nobody */
};

struct spool_recipient { /* table recipients: id, n */
	uint32_t n;
	struct span address;
	struct span orcpt; /* as given */
	uint8_t notify;    /* 0 not given; else bits: 1 NEVER 2 SUCCESS 4 FAILURE 8 DELAY */
	uint8_t state;     /* enum spool_state */
	uint32_t lane;
	uint32_t part; /* recipients of one job: the least n among them when it was made */
	uint32_t attempts;
	int64_t next_at;    /* the due time; 0 while held */
	int64_t last_at;    /* of the last attempt; 0: none */
	uint16_t code;      /* of the last reply; 0: none yet */
	struct span status; /* "4.7.1" */
	struct span reply;  /* its text, at most SPOOL_REPLY_MAX octets */
	struct span cause;  /* taxonomy id */
	struct span peer;   /* who said it */
	/* since version 2 of the record */
	int64_t first_at; /* when it was first refused for being new; 0: never */
	uint32_t flags;   /* enum decide_flag of queue */
	/* since version 3 */
	struct span sender; /* who sends it to this one (SRS); empty: the message's sender */
	/* since version 4 */
	int64_t set_at; /* when it was put off without an attempt; 0: never */
	/* since version 5 */
	struct span
		tls; /* how the last attempt's connection was encrypted, in words; may be empty */
	int64_t told_at; /* when the sender was told last that it is late; 0: never */
	uint32_t told;   /* how often */
};

struct spool_lane { /* table lanes: number */
	uint32_t number;
	struct span name;  /* destination domain, or the smarthost a route names; "#" and a class */
	struct span site;  /* key of table sites */
	int64_t marked_at; /* its row of table marks; 0: none */
};

/* A mark makes due what was accepted, tried and put off before it. */
bool spool_is_marked(const struct spool_message *m, const struct spool_recipient *r, int64_t mark);

struct spool_site { /* table sites: name; what queue learned (queue/site.h says what it means) */
	struct span name;
	uint64_t delivered, deferred, bounced;
	int64_t last_at;
	struct span last_reply;
	/* since version 2 of the record */
	uint64_t maybes;
	uint32_t recipients_most;
	int64_t grey_enough, grey_vain, grey_at, grey_remembers, grey_forgets; /* ms */
	uint32_t grey_pairs;
	uint32_t recipient_waits, recipient_passes, sender_waits, sender_passes;
	uint32_t ceiling, ceiling_tests;
	int64_t ceiling_until;
	int64_t gap_us, open_gap_ms;
	uint32_t gap_tests;
	uint8_t state, cause; /* enum flow_state, enum reply_cause */
	int64_t until, since;
	uint32_t pauses;
	bool is_rate;
};

struct spool_ended { /* table ends: id, n */
	uint8_t how; /* enum spool_end */
	int64_t wall_ms;
	struct span address;
	struct span sender;
	struct span peer;
	uint16_t code;
	struct span reply;
	struct span cause;
	uint32_t attempts;
	struct id notice;    /* of the bounce, else zero */
	struct id before_id; /* the end written before this one: audit follows the chain */
	uint32_t before_n;
	int64_t ended_at;   /* queue time; set by spool, as are serial and before_ */
	uint64_t serial;    /* 1 for the first end of all, and so on */
	struct span client; /* the address that the message came from */
	/* since version 3 of the record */
	struct span tls;           /* as in struct spool_recipient */
	struct span tls_in, login; /* as the message's tls and login */
};

/* What happened to recipients that stayed in the queue. */
enum spool_try_kind {
	SPOOL_TRY_ATTEMPT = 1, /* an attempt after which they wait */
	SPOOL_TRY_HELD,        /* the rest: an operator's hand */
	SPOOL_TRY_RELEASED,
	SPOOL_TRY_RETRIED,
};

struct spool_try_range { /* recipients from .. to, inclusive */
	uint32_t from, to;
};

struct spool_try {    /* table tries: id, least n, queue time */
	uint8_t kind; /* enum spool_try_kind */
	int64_t wall_ms;
	struct spool_try_range *ranges; /* whom it was the same for */
	size_t ranges_n;
	/* the rest: of an attempt */
	uint32_t attempt;
	bool maybe;
	uint16_t code;
	struct span status, reply, cause, peer, stage;
	int64_t next_wall_ms;    /* when they are tried again */
	struct span wait_source; /* why then: "stated", "learned", "schedule" */
	/* since version 2 of the record */
	struct span tls; /* as in struct spool_recipient */
};

#define SPOOL_REPLY_MAX   1024U
#define SPOOL_TLS_MAX     128U
#define SPOOL_TRIES_KEPT  32U /* rows of tries that begin with the same recipient */
#define SPOOL_RANGES_MOST 128U

extern const struct pack_type spool_message_type, spool_recipient_type, spool_lane_type,
	spool_site_type, spool_ended_type, spool_try_type;
