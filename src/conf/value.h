/*
 * value - the words of a configuration as numbers, times and addresses.
 *
 * Pure: owns nothing, allocates nothing, never logs or waits. Each function
 * returns NULL, or what is wrong and what would be right as a clause that
 * fits behind the quoted value; then *ret_* is untouched.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "conf/address.h"

/* Decimal digits alone. */
const char *value_number(struct span text, int64_t *ret);
/* Digits, then K, M, G or T (powers of 1024) or nothing. */
const char *value_size(struct span text, int64_t *ret_bytes);
/* 90, 90s, 5m, 4h, 5d, 00:02:00 */
const char *value_duration(struct span text, nanos *ret);
/* "2", "1.5": up to three decimals, in thousandths. */
const char *value_factor(struct span text, int64_t *ret_thousandths);
/* "192.0.2.0/24", "::1/128", "192.0.2.1" */
const char *value_network(struct span text, struct conf_network *ret);
/* A domain name of letters, digits and hyphens in labels, 255 octets (RFC 1123 2.1). */
const char *value_domain(struct span text);
/*
 * A domain or a pattern of a route with its international names in A-labels (RFC 5890), as the DNS and most
 * servers say them; whatever can be none stays as it is.
 */
struct span value_in_ascii(struct span text, struct arena *arena);

/* HOST:PORT or [IPv6]:PORT. ret_name has no brackets. */
const char *value_host(struct span text, struct span *ret_name, uint16_t *ret_port);
/* An address literal without port; scope of "fe80::1%eth0" too. False: not an address. */
bool value_address(struct span name, struct conf_address *ret);
/* Fills ret's numbers from a socket address of AF_INET or AF_INET6. */
bool value_from_sockaddr(const struct sockaddr *from, struct conf_address *ret);
/* "192.0.2.1:25" or "[2001:db8::1]:25" into the arena. */
struct span value_print_address(const struct conf_address *a, struct arena *arena);
bool value_in_network(const struct conf_network *n, uint64_t high, uint64_t low);

/* For people: "5m", "50M", "1.5". */
#define VALUE_TEXT_MAX 32
struct span value_print_duration(nanos d, char out[VALUE_TEXT_MAX]);
struct span value_print_size(int64_t bytes, char out[VALUE_TEXT_MAX]);
struct span value_print_factor(int64_t thousandths, char out[VALUE_TEXT_MAX]);
