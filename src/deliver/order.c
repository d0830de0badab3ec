#include "deliver/order.h"
#include "deliver/deliver.h"
#include <errno.h>
#include <sys/socket.h>

#define HEAD_START (250 * NANOS_MS) /* RFC 8305 5: of the address that is preferred */

size_t connection_places(const struct conf_target *target)
{
	size_t n = 0;

	for (size_t i = 0; i < target->n_hosts; i++)
		n += target->hosts[i].n_addresses;
	return n;
}

/* The next host by lot, each with the chance that its weight gives it; the taken ones have none. */
static size_t draw(const struct conf_target *target, const bool *taken, uint64_t *dice)
{
	uint64_t sum = 0, at;

	for (size_t i = 0; i < target->n_hosts; i++)
		sum += taken[i] ? 0 : target->hosts[i].weight;
	*dice = *dice * 6364136223846793005U + 1442695040888963407U;
	at = (*dice >> 33) % (sum > 0 ? sum : 1);
	for (size_t i = 0; i < target->n_hosts; i++) {
		if (taken[i])
			continue;
		if (at < target->hosts[i].weight)
			return i;
		at -= target->hosts[i].weight;
	}
	return 0;
}

/* The hosts in the order to try them: as they stand there, or where they have weights, by lot. */
static void order_hosts(
	const struct conf_target *target, uint32_t dice, bool *taken, const struct conf_host **ret)
{
	uint64_t state = dice;

	for (size_t i = 0; i < target->n_hosts; i++) {
		size_t next = target->hosts[0].weight > 0 ? draw(target, taken, &state) : i;

		taken[next] = true;
		ret[i] = &target->hosts[next];
	}
}

size_t order_ways(const struct conf_target *target, const struct connection_wish *wish,
	struct arena *arena, struct way *ways)
{
	const struct conf_host **hosts = arena_array(arena, target->n_hosts + 1, sizeof *hosts);
	bool *taken = arena_zero(arena, target->n_hosts + 1);
	struct span first = wish->first;
	size_t n = 0, chosen = SIZE_MAX;

	order_hosts(target, wish->dice, taken, hosts);
	for (size_t i = 0; i < target->n_hosts; i++) {
		const struct conf_host *host = hosts[i];

		for (size_t j = 0; j < host->n_addresses; j++, n++) {
			ways[n] = (struct way){
				.host = host, .address = &host->addresses[j], .place = n};
			if (wish->security)
				ways[n].security = wish->security[host - target->hosts];
			if (chosen == SIZE_MAX && first.len > 0 &&
				span_equal(host->addresses[j].text, first))
				chosen = n;
		}
	}
	for (; chosen != SIZE_MAX && chosen > 0; chosen--) {
		struct way way = ways[chosen];

		ways[chosen] = ways[chosen - 1];
		ways[chosen - 1] = way;
	}
	return n;
}

/* ---- two families ---- */

struct race {
	const struct conf *conf;
	const struct connection_wish *wish;
	struct task_gate changed;
};

struct runner {
	struct race *race;
	struct way *way;
	struct task *task;
	bool is_done;
};

static void run_to(void *arg)
{
	struct runner *r = arg;
	const struct connection_wish *wish = r->race->wish;

	r->way->rc = connection_connect(
		wish->deliver, r->race->conf, r->way->address, wish->source, &r->way->stream);
	r->way->is_tried = r->is_done = true;
	task_gate_wake_all(&r->race->changed);
}

static int family_of(const struct conf_address *a)
{
	struct sockaddr_storage to;

	return conf_is_socket(a) ? AF_UNIX : (conf_sockaddr(a, &to), to.ss_family);
}

static bool may_race(const struct way way[2])
{
	int first = family_of(way[0].address), second = family_of(way[1].address);

	return !way[0].is_tried && !way[1].is_tried && first != second && first != AF_UNIX &&
	       second != AF_UNIX && span_equal(way[0].host->name, way[1].host->name);
}

static bool has_won(const struct runner *r)
{
	return r->is_done && r->way->rc == 0;
}

/* Who has lost is stopped, and may be tried later as if it had not been. */
static void stop(struct runner *r, bool is_winner)
{
	if (!r->task)
		return;
	if (!r->is_done)
		task_cancel(r->task);
	while (task_join(r->task, CLOCK_NEVER) < 0)
		;
	if (is_winner || r->way->rc < 0)
		r->way->is_tried &= r->way->rc != -ECANCELED;
	else {
		stream_close(r->way->stream);
		r->way->stream = NULL;
		r->way->is_tried = false;
	}
}

void race_ways(const struct conf *conf, const struct connection_wish *wish, struct way way[2])
{
	struct race race = {.conf = conf, .wish = wish};
	struct runner r[2] = {{.race = &race, .way = &way[0]}, {.race = &race, .way = &way[1]}};
	nanos start = clock_after(HEAD_START);

	if (!may_race(way))
		return;
	task_gate_init(&race.changed);
	r[0].task = task_spawn("connect", run_to, &r[0]);
	while (r[0].task && !r[0].is_done && task_gate_wait(&race.changed, start) == 0)
		;
	if (r[0].task && !has_won(&r[0]) && !task_is_cancelled())
		r[1].task = task_spawn("connect", run_to, &r[1]);
	while (r[1].task && !has_won(&r[0]) && !has_won(&r[1]) && !(r[0].is_done && r[1].is_done) &&
		task_gate_wait(&race.changed, CLOCK_NEVER) == 0)
		;
	bool second = !has_won(&r[0]) && has_won(&r[1]);

	stop(&r[0], !second);
	stop(&r[1], second);
	if (second) {
		struct way loser = way[0];

		way[0] = way[1];
		way[1] = loser;
	}
}
