#include "receive/sieve.h"
#include <stdlib.h>

#define LEAF 8U /* keys that are looked at one by one */

/* Offsets of a packet that a socket of TCP is given: from TCP's header on, and from IP's. */
#define FLAGS     13U
#define FLAG_SYN  0x02U
#define FLAG_ACK  0x10U
#define IP(at)    ((uint32_t)SKF_NET_OFF + (at))
#define V4_SOURCE 12U
#define V6_SOURCE 8U
#define SEQUENCE  4U
#define TAKE      UINT32_MAX

static void put(struct sieve *s, unsigned code, unsigned if_so, unsigned if_not, uint32_t k)
{
	if (s->n >= SIEVE_MOST) {
		s->is_full = true;
		return;
	}
	s->code[s->n++] = (struct sock_filter){
		.code = (uint16_t)code, .jt = (uint8_t)if_so, .jf = (uint8_t)if_not, .k = k};
}

/* A jump that goes where mend says. */
static unsigned put_jump(struct sieve *s)
{
	put(s, BPF_JMP | BPF_JA, 0, 0, 0);
	return s->n - 1;
}

static void mend(struct sieve *s, unsigned jump)
{
	if (!s->is_full)
		s->code[jump].k = s->n - jump - 1;
}

static uint32_t word_of(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Takes a packet that comes from there; goes on behind it with all others. */
static void put_network(struct sieve *s, const struct wire_network *n)
{
	uint32_t source = n->ip.is_v4 ? IP(V4_SOURCE) : IP(V6_SOURCE);
	unsigned jumps[4], words = 0;

	for (unsigned bits = 0; bits < n->prefix; bits += 32, words++) {
		unsigned left = n->prefix - bits;
		uint32_t mask = left >= 32 ? UINT32_MAX : ~(UINT32_MAX >> left);

		put(s, BPF_LD | BPF_W | BPF_ABS, 0, 0, source + 4 * words);
		put(s, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
		put(s, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, word_of(n->ip.bytes + 4 * words) & mask);
		jumps[words] = put_jump(s);
	}
	put(s, BPF_RET | BPF_K, 0, 0, TAKE);
	while (words-- > 0)
		mend(s, jumps[words]);
}

/* The accumulator among keys, which are sorted: taken. */
static void put_keys(struct sieve *s, const uint32_t *keys, unsigned n)
{
	if (n <= LEAF) {
		for (unsigned i = 0; i < n; i++) {
			put(s, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, keys[i]);
			put(s, BPF_RET | BPF_K, 0, 0, TAKE);
		}
		return;
	}
	put(s, BPF_JMP | BPF_JGE | BPF_K, 1, 0, keys[n / 2]);
	unsigned lower = put_jump(s);

	put_keys(s, keys + n / 2, n - n / 2);
	unsigned end = put_jump(s);

	mend(s, lower);
	put_keys(s, keys, n / 2);
	mend(s, end);
}

static int by_key(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void put_known(struct sieve *s, const struct sieve_known *known, bool is_v4)
{
	uint32_t keys[SIEVE_KNOWN_MOST];
	unsigned n = 0;

	for (unsigned i = 0; i < known->n; i++) {
		const struct wire_network *k = &known->networks[i];

		if (k->ip.is_v4 != is_v4)
			continue;
		if (is_v4)
			keys[n++] = word_of(k->ip.bytes);
		else
			put_network(s, k);
	}
	if (n == 0)
		return;
	qsort(keys, n, sizeof *keys, by_key);
	put(s, BPF_LD | BPF_W | BPF_ABS, 0, 0, IP(V4_SOURCE));
	put(s, BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xffffff00U); /* wire_ip_network: /24 */
	put_keys(s, keys, n);
}

static void put_listed(struct sieve *s, const struct conf_network *networks, size_t n, bool is_v4)
{
	for (size_t i = 0; i < n; i++) {
		const struct conf_network *c = &networks[i];
		bool is_mapped = c->high == 0 && c->low >> 32 == 0xffff && c->bits >= 96;
		struct wire_network w = {.ip.is_v4 = is_v4, .prefix = c->bits};

		/* "::/0" and the like have IPv4 as well (conf_is_in). */
		if (is_v4 && !is_mapped && (c->bits > 80 || c->high != 0 || c->low != 0))
			continue;
		if (is_v4) {
			for (unsigned b = 0; b < 4; b++)
				w.ip.bytes[b] = (uint8_t)(c->low >> (24 - 8 * b));
			w.prefix = is_mapped ? c->bits - 96U : 0;
		} else if (is_mapped) {
			continue;
		}
		for (unsigned b = 0; !is_v4 && b < 8; b++) {
			w.ip.bytes[b] = (uint8_t)(c->high >> (56 - 8 * b));
			w.ip.bytes[8 + b] = (uint8_t)(c->low >> (56 - 8 * b));
		}
		put_network(s, &w);
	}
}

static void put_family(struct sieve *s, const struct conf *conf, const struct conf_listener *l,
	const struct sieve_known *known, bool is_v4)
{
	put_listed(s, conf->relay_from, conf->n_relay_from, is_v4);
	put_listed(s, l->proxy, l->n_proxy, is_v4);
	put_listed(s, l->xclient_from, l->n_xclient_from, is_v4);
	put_known(s, known, is_v4);
}

bool sieve_build(struct sieve *s, const struct conf *conf, const struct conf_listener *listener,
	const struct sieve_known *known, unsigned part, uint32_t salt)
{
	s->n = 0;
	s->is_full = false;
	/* Not the first packet of a connection: it is none of ours (those accepted have the filter too). */
	put(s, BPF_LD | BPF_B | BPF_ABS, 0, 0, FLAGS);
	put(s, BPF_ALU | BPF_AND | BPF_K, 0, 0, FLAG_SYN | FLAG_ACK);
	put(s, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, FLAG_SYN);
	put(s, BPF_RET | BPF_K, 0, 0, TAKE);
	put(s, BPF_LD | BPF_B | BPF_ABS, 0, 0, IP(0));
	put(s, BPF_ALU | BPF_RSH | BPF_K, 0, 0, 4);
	put(s, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 4);
	unsigned v6 = put_jump(s);

	put_family(s, conf, listener, known, true);
	unsigned lot = put_jump(s);

	mend(s, v6);
	put_family(s, conf, listener, known, false);
	mend(s, lot);
	put(s, BPF_LD | BPF_W | BPF_ABS, 0, 0, SEQUENCE);
	put(s, BPF_ALU | BPF_MUL | BPF_K, 0, 0, salt | 1);
	put(s, BPF_ALU | BPF_RSH | BPF_K, 0, 0, 32 - LOAD_PART_BITS);
	put(s, BPF_JMP | BPF_JGE | BPF_K, 0, 1, part);
	put(s, BPF_RET | BPF_K, 0, 0, 0);
	put(s, BPF_RET | BPF_K, 0, 0, TAKE);
	return !s->is_full;
}

void sieve_note_known(struct sieve_known *known, const struct wire_ip *client)
{
	struct wire_network network = wire_ip_network(client);

	for (unsigned i = 0; i < known->n; i++)
		if (wire_ip_equal(&known->networks[i].ip, &network.ip))
			return;
	known->networks[known->next] = network;
	known->next = (known->next + 1) % SIEVE_KNOWN_MOST;
	if (known->n < SIEVE_KNOWN_MOST)
		known->n++;
}

struct span sieve_code(const struct sieve *s)
{
	return (struct span){.at = (const char *)s->code, .len = s->n * sizeof *s->code};
}
