#include "logs/waiting.h"
#include "base/alloc.h"
#include <stdlib.h>

enum { ROOM_FIRST = 1 << 12 };

void logs_waiting_done(struct logs_waiting *w)
{
	free(w->rows);
	*w = (struct logs_waiting){0};
}

static size_t place_of(const struct logs_waiting *w, uint64_t mail)
{
	size_t at = (size_t)mail & (w->room - 1);

	while (w->rows[at].mail != 0 && w->rows[at].mail != mail)
		at = (at + 1) & (w->room - 1);
	return at;
}

/* At most seven of eight rows are taken. */
static void grow(struct logs_waiting *w)
{
	struct logs_waiting old = *w;

	w->room = old.room ? 2 * old.room : ROOM_FIRST;
	w->rows = alloc_array(w->room, sizeof *w->rows);
	for (size_t i = 0; i < old.room; i++)
		if (old.rows[i].mail)
			w->rows[place_of(w, old.rows[i].mail)] = old.rows[i];
	free(old.rows);
}

bool logs_waiting_add(struct logs_waiting *w, uint64_t mail, uint32_t since, uint32_t problem)
{
	if (w->room > 0 && w->rows[place_of(w, mail)].mail == mail)
		return false;
	if (w->n >= w->room / 8 * 7) {
		if (w->room >= LOGS_WAITING_MAX) {
			w->missed++;
			return false;
		}
		grow(w);
	}
	w->rows[place_of(w, mail)] = (struct logs_waiting_mail){mail, since, problem};
	w->n++;
	return true;
}

/* What stood behind the row moves up, so that no search ends too early. */
static void close_gap(struct logs_waiting *w, size_t gap)
{
	size_t mask = w->room - 1, at = gap;

	for (;;) {
		at = (at + 1) & mask;
		if (w->rows[at].mail == 0)
			break;
		size_t home = (size_t)w->rows[at].mail & mask;

		if (((at - home) & mask) >= ((at - gap) & mask)) {
			w->rows[gap] = w->rows[at];
			gap = at;
		}
	}
	w->rows[gap].mail = 0;
}

bool logs_waiting_end(struct logs_waiting *w, uint64_t mail, struct logs_waiting_mail *ret)
{
	if (w->n == 0)
		return false;
	size_t at = place_of(w, mail);

	if (w->rows[at].mail != mail)
		return false;
	*ret = w->rows[at];
	close_gap(w, at);
	w->n--;
	return true;
}
