#include "queue/retry.h"

static int64_t clamp(int64_t v, int64_t least, int64_t most)
{
	return v < least ? least : v > most ? most : v;
}

/* Up to a tenth, at least up to a second: herds part, and no one comes back too early. */
static int64_t jitter(int64_t delay, uint32_t dice)
{
	int64_t width = delay / 10 < 1000 ? 1000 : delay / 10;

	return (int64_t)(dice % 1000) * width / 1000;
}

static int64_t scheduled(const struct conf_retry *r, uint32_t attempts)
{
	int64_t first = r->first / NANOS_MS, most = r->max / NANOS_MS, delay = first;

	for (uint32_t i = 1; i < attempts && delay < most; i++) {
		int64_t next;

		if (__builtin_mul_overflow(delay, (int64_t)r->factor, &next))
			return most;
		next /= 1000;
		if (next <= delay)
			break;
		delay = next;
	}
	return delay < most ? delay : most;
}

struct retry_answer retry_decide(const struct conf *conf, const struct retry_question *q)
{
	const struct conf_retry *r = conf_retry_for(conf, q->cause);
	int64_t expires = q->arrived + r->give_up / NANOS_MS;
	struct retry_answer a = {.source = RETRY_SCHEDULE};
	int64_t delay;

	if (q->now >= expires) {
		a.give_up = true;
		a.at = q->now;
		return a;
	}
	if (q->wait >= 0) {
		a.source = RETRY_STATED;
		delay = clamp(q->wait > RETRY_WAIT_MOST_MS ? RETRY_WAIT_MOST_MS : q->wait * 1000,
			RETRY_WAIT_LEAST_MS, RETRY_WAIT_MOST_MS);
	} else {
		delay = scheduled(r, q->attempts);
	}
	if (q->maybe_delivered && delay < conf->timeouts.final / NANOS_MS) {
		a.source = RETRY_DOUBT;
		delay = conf->timeouts.final / NANOS_MS;
	}
	a.at = q->now + delay + jitter(delay, q->dice);
	/* The last try comes when the time is up, not after. */
	if (a.at > expires)
		a.at = expires;
	return a;
}

const char *retry_source_name(enum retry_source source)
{
	static const char *const names[] = {"stated", "learned", "schedule", "schedule"};

	return names[source];
}

int64_t retry_expires(const struct conf *conf, int64_t arrived)
{
	return arrived + conf_retry_for(conf, SPAN_LIT("default"))->give_up / NANOS_MS;
}
