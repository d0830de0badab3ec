/*
 * check - the sections about what strangers are asked: greylist, spf, rate, dnsbl, check, policy_service.
 *
 * And what is kept of it: facts, deferrals. Parts of struct conf (conf/conf.h); their rows are in
 * schema_check.c.
 */
#pragma once
#include "base/clock.h"
#include "conf/address.h"

/* Who must come back before mail is taken from him for the first time (policy/greylist.h). */
enum conf_greylist_mode { CONF_GREYLIST_OFF, CONF_GREYLIST_ALL, CONF_GREYLIST_DOUBTFUL };

struct conf_greylist {
	nanos delay;             /* of a first contact */
	nanos window;            /* how long a first contact is remembered */
	nanos remember;          /* and what passed or was learned, from its last use on */
	uint32_t proven;         /* so many pairs that passed: the network waits no more */
	uint32_t hasty;          /* who tries more often wait five times as long; 0: they do not */
	uint32_t pool_places;    /* from so many networks got a domain through: it has a pool */
	uint8_t mode;            /* enum conf_greylist_mode */
	uint8_t spf;             /* bool: senders' domains that SPF proves are known again */
	struct conf_who *except; /* whose mail never has to come back */
	size_t n_except;
};

struct conf_spf {
	nanos timeout;
	uint8_t header; /* bool: Received-SPF */
};

enum conf_rate_what { CONF_RATE_CONNECTIONS, CONF_RATE_MESSAGES, CONF_RATE_RECIPIENTS };

enum conf_rate_by { CONF_RATE_ADDRESS, CONF_RATE_NETWORK, CONF_RATE_LOGIN };

#define CONF_RATES_MAX 16
/* How much one client may ask for in a time. */
struct conf_rate {
	struct span name;
	nanos per;
	nanos hold;    /* who goes over it is held so long; 0: until there is room again */
	uint32_t most; /* in that time; as many at once where nothing came before */
	uint8_t what;  /* enum conf_rate_what */
	uint8_t by;    /* enum conf_rate_by */
	struct conf_who *except;
	size_t n_except;
};

struct conf_facts {
	uint32_t records; /* most that are kept */
};

/* What is watched of our own 4xx. */
struct conf_deferrals {
	nanos target;     /* that 95 % of those who came back should have waited at most */
	nanos lost_after; /* who did not come back by then is counted as lost */
};

/* A list of addresses in the DNS (RFC 5782). */
enum conf_dnsbl_kind { CONF_DNSBL_BLOCK, CONF_DNSBL_ALLOW };

#define CONF_DNSBLS_MAX 16U
struct conf_dnsbl {
	struct span zone;
	struct conf_network *codes; /* answers that count; none: all that lists give */
	size_t n_codes;
	uint32_t weight;
	uint8_t kind; /* enum conf_dnsbl_kind */
};

enum conf_check_what {
	CONF_CHECK_HELO_OWN,
	CONF_CHECK_HELO_LITERAL,
	CONF_CHECK_HELO_QUALIFIED,
	CONF_CHECK_REVERSE_NAME,
	CONF_CHECK_CONFIRMED_NAME,
	CONF_CHECK_SENDER_DOMAIN,
	CONF_CHECK_BLOCK_LISTS,
	CONF_CHECK_SPF_FAIL,
	CONF_CHECK_SPF_TEMPERROR,
	CONF_CHECK_EARLY_TALKER,
	CONF_CHECK_RECIPIENT,
	CONF_CHECK_QUOTA,
	CONF_CHECKS, /* how many there are */
};

enum conf_check_action { CONF_CHECK_REFUSE, CONF_CHECK_WARN, CONF_CHECK_OFF };

/* What is asked of strangers before their recipients are taken, in this order. */
struct conf_check {
	struct conf_who *except;
	size_t n_except;
	uint32_t threshold; /* of block_lists */
	uint8_t what;       /* enum conf_check_what */
	uint8_t action;     /* enum conf_check_action */
};

enum conf_when_down { CONF_DOWN_DEFER, CONF_DOWN_OPEN };

/* When a policy service is asked. */
enum conf_stage {
	CONF_STAGE_RCPT,
	CONF_STAGE_CONNECT,
	CONF_STAGE_HELO,
	CONF_STAGE_MAIL,
	CONF_STAGE_DATA,
	CONF_STAGE_END,
	CONF_STAGES,
};

/* A process that is asked about recipients by Postfix's policy delegation protocol. */
struct conf_policy {
	struct conf_host at;
	nanos timeout;
	uint32_t connections;
	uint8_t when_down; /* enum conf_when_down */
	uint8_t trusted;   /* bool: clients that may relay are asked about too */
	uint8_t stages;    /* bits, 1 << enum conf_stage */
	struct conf_who *except;
	size_t n_except;
};
