/*
 * schema - every key of the configuration, as rows.
 *
 * The rows drive all that is done with the configuration: what libconfuse
 * accepts, what is checked and stored where in struct conf, and the reference
 * for people. Constant data; owns and allocates nothing, never logs or waits.
 */
#pragma once
#include "conf/conf.h"

enum schema_type {
	SCHEMA_TEXT,     /* struct span; min..max bytes */
	SCHEMA_PATH,     /* struct span: a path from / */
	SCHEMA_DOMAIN,   /* struct span: a domain name, lower case */
	SCHEMA_PATTERN,  /* struct span: a domain name, ".suffix" or "*" */
	SCHEMA_IP,       /* struct span: an IPv4 or IPv6 address */
	SCHEMA_MAILBOX,  /* struct span: LOCAL@DOMAIN */
	SCHEMA_CAUSE,    /* struct span: "default", or a cause of the taxonomy */
	SCHEMA_MAP,      /* struct span: "map:NAME" */
	SCHEMA_NUMBER,   /* uint8_t, uint32_t or uint64_t */
	SCHEMA_FACTOR,   /* uint32_t, thousandths */
	SCHEMA_SIZE,     /* uint64_t, bytes */
	SCHEMA_DURATION, /* nanos */
	SCHEMA_NAME,     /* uint8_t: one of .names */
	SCHEMA_NAMES,    /* uint8_t: bits, 1 << value of each of .names that is given */
	SCHEMA_TEXTS,    /* array of struct conf_text, count at count_offset; min..max bytes each */
	SCHEMA_NETWORKS, /* array of struct conf_network, count at count_offset */
	SCHEMA_WHO,      /* array of struct conf_who, count at count_offset */
	SCHEMA_SERVERS,  /* array of struct conf_who: "ADDRESS" or "ADDRESS@PORT" */
	SCHEMA_ADDRESS,  /* struct conf_host: one HOST:PORT */
	SCHEMA_SERVICE,  /* the same, or "unix:PATH" */
	SCHEMA_TARGET,   /* struct conf_target */
	SCHEMA_NOTHING,  /* nothing is stored: keys that this version does not have */
};

/* One word of a SCHEMA_NAME or SCHEMA_NAMES. */
struct schema_name {
	const char *name;
	uint8_t value;
	const char *missing; /* why this version refuses it, and what to write instead */
};

struct schema_row {
	const char *key;
	enum schema_type type;
	uint8_t width;       /* bytes of a number's member */
	size_t offset;       /* in the section's struct */
	size_t count_offset; /* of an array's size_t */
	int64_t min, max;    /* of numbers, sizes, durations, factors; of bytes of a text */
	const char *preset;  /* the default as one would write it; NULL: none */
	const char *unit;    /* what a number counts */
	const struct schema_name *names; /* ends with a NULL name */
	const char *meaning;             /* a sentence */
	bool is_optional;                /* of a target: it may be left out */
	const char *since;               /* the version that brought it */
	const char *missing;             /* as above; NULL: it works */
	const char *idle; /* why setting it changes nothing in this version: a warning */
};

struct schema_section {
	const char *name;               /* "" is the top level */
	const struct schema_row *title; /* NULL: there is one such section, without a title */
	const struct schema_row *rows;
	size_t n;
	size_t offset; /* in struct conf: the section's struct, or with a title an array pointer */
	size_t count_offset; /* with a title: the array's size_t */
	size_t size;         /* of the section's struct */
	const char *meaning;
	const char *missing; /* as above */
};

size_t schema_count(void);
const struct schema_section *schema_section(size_t i);

/* The name among names that is nearest to word, or NULL where none is near. */
const char *schema_nearest(struct span word, const char *const *names, size_t n);

/* The same among the causes of the taxonomy. */
const char *schema_nearest_cause(struct span word);
