/*
 * watch - the sections about whom abide tells, and what it shows: diagnose, web.
 *
 * Parts of struct conf (conf/conf.h); their rows are in schema_watch.c.
 */
#pragma once
#include "conf/address.h"

/* How abide looks for what is wrong on its own side, and whom it tells. */
struct conf_diagnose {
	struct conf_text *lists; /* zones of block lists that our addresses are looked up in */
	size_t n_lists;
	struct span probe;   /* HOST whose port 25 shows whether ours is blocked; empty: none */
	struct span webhook; /* URL that alarms are posted to; empty: none */
	struct span
		mail_via; /* URL of the server that mail about alarms is handed to; empty: the queue */
	uint8_t checks; /* are checks run because of what is put off? */
};

/* The status page. */
struct conf_web {
	struct conf_host listen; /* no addresses: there is none */
	struct conf_text *names; /* that browsers may call it by, beside hostname and addresses */
	size_t n_names;
	uint8_t is_open;         /* bool: machines beside this one may look */
	uint8_t shows_addresses; /* bool: of people */
	uint32_t line;           /* where listen stands in the file; not in a snapshot */
};
