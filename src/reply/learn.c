/*
 * reply_learn - the weights of a multinomial logistic regression, for tools/replies-train.
 *
 * Reads "FEATURES CAUSES PENALTY ROUNDS" from standard input, then a line for each sample:
 * "CAUSE WEIGHT FEATURE:VALUE …", CAUSE -1 for one that is only to be scored. Writes the
 * biases, the scores of each of the latter, and with --weights a line for each feature.
 * Limited-memory BFGS; there is no chance in it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW = 48, MEMORY = 8, STEPS_MAX = 20 };

struct entry {
	unsigned feature;
	float value;
};

struct sample {
	int cause;
	float weight;
	size_t first, n; /* of entries */
};

struct task {
	unsigned n_features, n_causes, n_rounds;
	double penalty;
	struct sample *samples;
	size_t n_samples;
	struct entry *entries;
	size_t n_entries;
	size_t size; /* of a vector: a row for each feature, and one for the biases */
};

static void *need(void *p)
{
	if (!p) {
		(void)fputs("reply_learn: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return p;
}

static float *vector(const struct task *t)
{
	return need(calloc(t->size, sizeof(float)));
}

/* Room for one more at powers of two. */
static void *grown(void *list, size_t n, size_t size)
{
	return n & (n - 1) ? list : need(realloc(list, (n ? 2 * n : 1) * size));
}

static void read_sample(struct task *t, char *line)
{
	struct sample s = {.first = t->n_entries};

	s.cause = (int)strtol(line, &line, 10);
	s.weight = strtof(line, &line);
	while (*line == ' ') {
		struct entry e = {.feature = (unsigned)strtoul(line, &line, 10)};

		if (*line != ':' || e.feature >= t->n_features || s.cause >= (int)t->n_causes) {
			(void)fprintf(
				stderr, "reply_learn: sample %zu is malformed\n", t->n_samples);
			exit(EXIT_FAILURE);
		}
		e.value = strtof(line + 1, &line);
		t->entries = grown(t->entries, t->n_entries, sizeof e);
		t->entries[t->n_entries++] = e;
	}
	s.n = t->n_entries - s.first;
	t->samples = grown(t->samples, t->n_samples, sizeof s);
	t->samples[t->n_samples++] = s;
}

static void read_task(struct task *t)
{
	char *line = NULL;
	size_t size = 0;

	*t = (struct task){0};
	if (getline(&line, &size, stdin) < 0 ||
		sscanf(line, "%u %u %lf %u", &t->n_features, &t->n_causes, &t->penalty,
			&t->n_rounds) != 4 ||
		t->n_causes > ROW)
		exit(EXIT_FAILURE);
	t->size = ((size_t)t->n_features + 1) * ROW;
	while (getline(&line, &size, stdin) > 0)
		read_sample(t, line);
	free(line);
}

/* e to the power of x, x <= 0. */
static double power(double x)
{
	if (x < -40)
		return 0;
	x /= 1024;
	x = 1 + x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4)));
	for (int i = 0; i < 10; i++)
		x *= x;
	return x;
}

/* The logarithm of s, 1 <= s <= ROW. */
static double logarithm(double s)
{
	double y = 1;

	for (int i = 0; i < 6; i++) {
		double e = 1 / power(-y);

		y += 2 * (s - e) / (s + e);
		if (y < 0)
			y = 0;
	}
	return y;
}

static void add_row(float *restrict to, const float *restrict row, float factor)
{
	for (size_t c = 0; c < ROW; c++)
		to[c] += factor * row[c];
}

static void score(const struct task *t, const float *w, const struct sample *s, float ret[ROW])
{
	memcpy(ret, w + (size_t)t->n_features * ROW, ROW * sizeof(float));
	for (size_t i = s->first; i < s->first + s->n; i++)
		add_row(ret, w + (size_t)t->entries[i].feature * ROW, t->entries[i].value);
}

/* Makes probabilities, less the truth, of scores; returns the loss. */
static double judge(const struct task *t, const struct sample *s, float scores[ROW])
{
	float most = scores[0], truth = scores[s->cause];
	double sum = 0;

	for (unsigned c = 1; c < t->n_causes; c++)
		if (scores[c] > most)
			most = scores[c];
	for (unsigned c = 0; c < t->n_causes; c++) {
		double e = power((double)(scores[c] - most));

		scores[c] = (float)e;
		sum += e;
	}
	for (unsigned c = 0; c < ROW; c++)
		scores[c] = c < t->n_causes ? (float)((double)scores[c] / sum) : 0;
	scores[s->cause] -= 1;
	return logarithm(sum) + (double)(most - truth);
}

/* The loss at w, and its gradient. */
static double loss_at(const struct task *t, const float *w, float *gradient)
{
	double loss = 0, squares = 0;
	size_t biases = (size_t)t->n_features * ROW;

	memset(gradient + biases, 0, ROW * sizeof(float));
	for (size_t i = 0; i < biases; i++) {
		gradient[i] = (float)t->penalty * w[i];
		squares += (double)w[i] * (double)w[i];
	}
	for (size_t k = 0; k < t->n_samples; k++) {
		const struct sample *s = &t->samples[k];
		float row[ROW];

		if (s->cause < 0)
			continue;
		score(t, w, s, row);
		loss += (double)s->weight * judge(t, s, row);
		add_row(gradient + biases, row, s->weight);
		for (size_t i = s->first; i < s->first + s->n; i++)
			add_row(gradient + (size_t)t->entries[i].feature * ROW, row,
				s->weight * t->entries[i].value);
	}
	return loss + t->penalty * squares / 2;
}

static double dot(const struct task *t, const float *a, const float *b)
{
	double sum = 0;

	for (size_t i = 0; i < t->size; i++)
		sum += (double)a[i] * (double)b[i];
	return sum;
}

static void add(const struct task *t, float *to, const float *v, double factor)
{
	for (size_t i = 0; i < t->size; i++)
		to[i] += (float)factor * v[i];
}

struct memory {
	float *step[MEMORY], *change[MEMORY];
	double product[MEMORY];
	unsigned n; /* steps so far */
};

/* The direction to go: the gradient, bent by what the last steps have shown. */
static void direct(const struct task *t, const struct memory *m, const float *gradient, float *ret)
{
	unsigned oldest = m->n > MEMORY ? m->n - MEMORY : 0;
	double share[MEMORY];

	memcpy(ret, gradient, t->size * sizeof(float));
	for (unsigned i = m->n; i-- > oldest;) {
		share[i % MEMORY] = dot(t, m->step[i % MEMORY], ret) / m->product[i % MEMORY];
		add(t, ret, m->change[i % MEMORY], -share[i % MEMORY]);
	}
	if (m->n > 0) {
		unsigned last = (m->n - 1) % MEMORY;
		double scale = m->product[last] / dot(t, m->change[last], m->change[last]);

		for (size_t i = 0; i < t->size; i++)
			ret[i] *= (float)scale;
	}
	for (unsigned i = oldest; i < m->n; i++) {
		double back = dot(t, m->change[i % MEMORY], ret) / m->product[i % MEMORY];

		add(t, ret, m->step[i % MEMORY], share[i % MEMORY] - back);
	}
	for (size_t i = 0; i < t->size; i++)
		ret[i] = -ret[i];
}

/* Goes along the direction until the loss falls enough; false: it does not. */
static bool go(const struct task *t, float *w, float *gradient, const float *direction,
	double *loss, struct memory *m)
{
	double slope = dot(t, gradient, direction);
	double step = m->n > 0 ? 1 : 1 / (1 + dot(t, gradient, gradient));
	float *old_w = m->step[m->n % MEMORY], *old_gradient = m->change[m->n % MEMORY];

	memcpy(old_w, w, t->size * sizeof(float));
	memcpy(old_gradient, gradient, t->size * sizeof(float));
	for (int i = 0; i < STEPS_MAX; i++, step /= 2) {
		memcpy(w, old_w, t->size * sizeof(float));
		add(t, w, direction, step);
		double now = loss_at(t, w, gradient);

		if (now > *loss + 1e-4 * step * slope)
			continue;
		for (size_t k = 0; k < t->size; k++) {
			old_w[k] = w[k] - old_w[k];
			old_gradient[k] = gradient[k] - old_gradient[k];
		}
		m->product[m->n % MEMORY] = dot(t, old_w, old_gradient);
		if (m->product[m->n % MEMORY] > 0)
			m->n++;
		*loss = now;
		return true;
	}
	memcpy(w, old_w, t->size * sizeof(float));
	return false;
}

static void learn(const struct task *t, float *w)
{
	float *gradient = vector(t), *direction = vector(t);
	struct memory m = {0};

	for (int i = 0; i < MEMORY; i++) {
		m.step[i] = vector(t);
		m.change[i] = vector(t);
	}
	double loss = loss_at(t, w, gradient);

	for (unsigned i = 0; i < t->n_rounds; i++) {
		double before = loss;

		direct(t, &m, gradient, direction);
		if (!go(t, w, gradient, direction, &loss, &m) || before - loss < 1e-6 * loss)
			break;
	}
	for (int i = 0; i < MEMORY; i++) {
		free(m.step[i]);
		free(m.change[i]);
	}
	free(gradient);
	free(direction);
}

static void print_row(const float *row, unsigned n)
{
	for (unsigned c = 0; c < n; c++)
		(void)printf("%s%.5g", c ? " " : "", (double)row[c]);
	(void)putchar('\n');
}

int main(int argc, char **argv)
{
	struct task t;

	(void)argv;
	read_task(&t);
	float *w = vector(&t);

	learn(&t, w);
	print_row(w + (size_t)t.n_features * ROW, t.n_causes);
	for (size_t k = 0; k < t.n_samples; k++) {
		float row[ROW];

		if (t.samples[k].cause >= 0)
			continue;
		score(&t, w, &t.samples[k], row);
		print_row(row, t.n_causes);
	}
	for (unsigned f = 0; argc > 1 && f < t.n_features; f++)
		print_row(w + (size_t)f * ROW, t.n_causes);
	free(w);
	free(t.samples);
	free(t.entries);
	return EXIT_SUCCESS;
}
