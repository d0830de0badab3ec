/* diagnose_look_in - what the files of the look share. Inside diagnose/ only. */
#pragma once
#include "diagnose/look.h"
#include "diagnose/sentence.h"
#include "ipc/messages/resolve.h"

#define PLAIN(name)       span_str(sentence_plain(SENTENCE_##name))
#define SAY(l, name, ...) sentence((l)->arena, SENTENCE_##name, __VA_ARGS__)
#define NUMBER(l, n)      sentence_number((l)->arena, (int64_t)(n))

struct look_source { /* an address that mail goes out from */
	struct span text, helo;
	struct wire_ip ip;
	bool is_private; /* others see another one */
};

struct look_host { /* where a connection was tried */
	struct span name, address;
	int error;        /* 0: it came about; -errno */
	bool is_alive;    /* another port of it answered */
	unsigned mtu;     /* 0: not known */
	struct span said; /* the greeting, printable */
};

/* Adds a result: sentences (sentence.h), which must last as long as the arena. */
void look_tell(struct look *l, const struct check_result *r);
struct ipc_resolve_answer look_ask(struct look *l, struct span name, uint16_t type);
/* A failed answer: "the DNS gave no answer: its name servers fail". */
struct span look_failure(struct look *l, const struct ipc_resolve_answer *a);
bool look_wants(const struct look *l, enum diagnose_check check);
/* Addresses of a name, of both families; how many. failed: the last failure, or untouched. */
size_t look_addresses(struct look *l, struct span name, struct wire_ip *ret, size_t most,
	struct ipc_resolve_answer *failed);
/* The sender domains that we answer for. */
size_t look_domains(struct look *l, struct span *ret, size_t most);

/* names.c */
void look_ptr(struct look *l, const struct look_source *s);
void look_helo(struct look *l, const struct look_source *s);
void look_mx(struct look *l, struct span domain);
void look_resolver(struct look *l);
/* sender.c */
void look_spf(struct look *l, const struct look_source *s, struct span domain);
void look_dkim(struct look *l, const struct conf_dkim *d);
void look_dmarc(struct look *l, struct span domain);
/* lists.c */
void look_lists(struct look *l, const struct look_source *s);
/* way.c */
void look_way(struct look *l, const struct look_source *s);
/* clock.c */
void look_clock(struct look *l, const struct look_host *hosts, size_t n);
/* A date in a greeting ("Sun, 29 Nov 2026 16:17:23 +0000"), seconds since 1970; false: none. */
bool look_date(struct span text, int64_t *ret);
/* certificate.c */
void look_certificate(struct look *l);
void look_mta_sts(struct look *l, struct span domain);
/* Does a policy (RFC 8461) name that host? */
bool look_policy_has(struct span policy, struct span host, bool *ret_enforces);
/* The value of tag= in a record of DKIM or DMARC, without spaces; empty: none. */
struct span look_tag(struct span record, char tag, struct arena *arena);
/* host.c */
void look_host_state(struct look *l);
