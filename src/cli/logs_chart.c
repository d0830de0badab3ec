#include "cli/logs_out.h"
#include "base/alloc.h"
#include <stdlib.h>

enum {
	COLUMNS = 160,
	WIDTH = 960,
	HEIGHT = 180,
	BELOW = 70,
	LEFT = 54,
	TICKS = 6,
	SERIES = LOGS_WHOSE + 1
};

#define say(v, english) logs_say((v)->voice.lang, english)

/* One column of the chart: some pieces. */
struct column {
	uint64_t delivered, series[SERIES]; /* put off by whose side it is; refused */
};

static const char *const series_classes[SERIES] = {
	"ours", "theirs", "network", "nobody", "refused"};
static const char *const series_names[SERIES] = {
	"the sending side", "the receiving side", "the network", "just wait", "refused for good"};

struct chart {
	struct column columns[COLUMNS];
	size_t n, each; /* pieces of a column */
	uint64_t most, most_delivered;
};

static uint64_t sum_of(const struct column *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < SERIES; i++)
		sum += c->series[i];
	return sum;
}

static void gather(const struct logs_days *d, struct chart *ret)
{
	ret->each = (d->n + COLUMNS - 1) / COLUMNS;
	for (size_t i = 0; i < d->n; i++) {
		struct column *c = &ret->columns[i / ret->each];

		c->delivered += d->pieces[i].delivered;
		for (size_t k = 0; k < LOGS_WHOSE; k++)
			c->series[k] += d->pieces[i].put_off[k];
		c->series[LOGS_WHOSE] += d->pieces[i].failed;
		ret->n = i / ret->each + 1;
	}
	for (size_t i = 0; i < ret->n; i++) {
		uint64_t sum = sum_of(&ret->columns[i]);

		ret->most = sum > ret->most ? sum : ret->most;
		if (ret->columns[i].delivered > ret->most_delivered)
			ret->most_delivered = ret->columns[i].delivered;
	}
}

static void put_rect(
	struct buf *out, double x, double y, double width, double height, const char *class)
{
	(void)buf_printf(out,
		"<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" class=\"%s\"/>", x, y,
		width, height, class);
}

/* A column with what stands on it when a pointer is over it. */
static void put_column(struct buf *out, const struct logs_view *v, const struct chart *c, size_t i)
{
	const struct logs_days *d = &v->tally->days;
	double width = (double)(WIDTH - LEFT) / (double)c->n, x = LEFT + width * (double)i,
	       y = HEIGHT;
	const struct column *col = &c->columns[i];
	int64_t begin = (d->first + (int64_t)(i * c->each)) * d->width;

	if (sum_of(col) + col->delivered == 0)
		return;
	(void)buf_add_str(out, "<g class=\"col\"><title>");
	logs_out_time(out, begin);
	for (size_t k = 0; k < SERIES; k++) {
		if (col->series[k] == 0)
			continue;
		(void)buf_printf(out, "\n%s: ", say(v, series_names[k]));
		logs_out_number(out, v, col->series[k]);
	}
	(void)buf_printf(out, "\n%s: ", say(v, "delivered"));
	logs_out_number(out, v, col->delivered);
	(void)buf_add_str(out, "</title>");
	put_rect(out, x, 0, width, HEIGHT + BELOW, "hit");
	for (size_t k = 0; k < SERIES && c->most > 0; k++) {
		double height = (double)HEIGHT * (double)col->series[k] / (double)c->most;

		y -= height;
		if (height > 0)
			put_rect(out, x, y, width * 0.9, height, series_classes[k]);
	}
	double height = c->most_delivered ? (double)(BELOW - 16) * (double)col->delivered /
						    (double)c->most_delivered
					  : 0;

	put_rect(out, x, HEIGHT + 8, width * 0.9, height, "delivered");
	(void)buf_add_str(out, "</g>");
}

static void put_label(struct buf *out, double x, double y, const char *anchor)
{
	(void)buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
}

static void put_axes(struct buf *out, const struct logs_view *v, const struct chart *c)
{
	const struct logs_days *d = &v->tally->days;
	size_t ticks = c->n < TICKS ? c->n : TICKS;

	(void)buf_printf(out, "<path class=\"axis\" d=\"M%d 0V%dM%d %d.5H%dM%d %dV%d\"/>", LEFT - 2,
		HEIGHT, LEFT - 2, HEIGHT, WIDTH, LEFT - 2, HEIGHT + 8, HEIGHT + BELOW - 8);
	put_label(out, LEFT - 8, 11, "end");
	logs_out_number(out, v, c->most);
	(void)buf_add_str(out, "</text>");
	put_label(out, LEFT - 8, HEIGHT, "end");
	(void)buf_add_str(out, "0</text>");
	put_label(out, LEFT - 8, HEIGHT + BELOW - 8, "end");
	logs_out_number(out, v, c->most_delivered);
	(void)buf_add_str(out, "</text>");
	for (size_t i = 0; i < ticks; i++) {
		size_t column = i * c->n / ticks;
		double x = LEFT + (double)(WIDTH - LEFT) * (double)column / (double)c->n;

		put_label(out, x, HEIGHT + BELOW + 14, "start");
		logs_out_time(out, (d->first + (int64_t)(column * c->each)) * d->width);
		(void)buf_add_str(out, "</text>");
	}
}

void logs_chart_time(struct buf *out, const struct logs_view *v)
{
	const struct logs_days *days = &v->tally->days;

	if (days->n == 0)
		return;
	struct chart *c = alloc_zero(sizeof *c);

	gather(days, c);
	(void)buf_printf(out,
		"<div class=\"wide\"><svg class=\"time\" viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-label=\"%s\">",
		WIDTH, HEIGHT + BELOW + 22,
		say(v, "Attempts put off and refused above, deliveries below, by time"));
	put_axes(out, v, c);
	for (size_t i = 0; i < c->n; i++)
		put_column(out, v, c, i);
	(void)buf_add_str(out, "</svg></div><p class=\"key\">");
	for (size_t k = 0; k < SERIES; k++)
		(void)buf_printf(out, "<span><i class=\"%s\"></i>%s</span>", series_classes[k],
			say(v, series_names[k]));
	(void)buf_printf(out, "<span><i class=\"delivered\"></i>%s</span></p>\n",
		say(v, "delivered (below, its own scale)"));
	free(c);
}

void logs_chart_bar(struct buf *out, uint64_t part, uint64_t whole, const char *class)
{
	double width = whole ? 120.0 * (double)part / (double)whole : 0;

	(void)buf_add_str(out, "<svg class=\"bar\" viewBox=\"0 0 120 10\" aria-hidden=\"true\">");
	put_rect(out, 0, 0, width > 0 && width < 1 ? 1 : width, 10, class);
	(void)buf_add_str(out, "</svg>");
}
