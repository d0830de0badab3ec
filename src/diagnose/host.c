#include "diagnose/look_in.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { LINE_MAX_ = 512 };
#define UNWATCHED_LEAST (UINT64_C(64) << 20) /* bytes */

static FILE *open_proc(const struct look *l, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", l->proc, name);
	return fopen(path, "re");
}

static void cannot(struct look *l, enum diagnose_check check, enum sentence did)
{
	look_tell(l, &(struct check_result){.check = check,
			     .state = CHECK_UNKNOWN,
			     .did = span_str(sentence_plain(did)),
			     .showed = PLAIN(UNREADABLE)});
}

/* ---- network cards: Inter-| Receive bytes packets errs drop … | Transmit bytes packets errs drop ---- */

static void look_interface(struct look *l)
{
	char line[LINE_MAX_];
	FILE *f = open_proc(l, "net/dev");
	struct check_result r = {.check = CHECK_INTERFACE,
		.state = CHECK_FINE,
		.did = PLAIN(CARD_DID),
		.showed = PLAIN(CARD_FINE),
		.means = PLAIN(CARD_FINE_MEANS)};

	if (!f) {
		cannot(l, CHECK_INTERFACE, SENTENCE_CARD_DID);
		return;
	}
	while (fgets(line, sizeof line, f)) {
		char name[33];
		unsigned long long rx, rx_errors, rx_drops, tx, tx_errors, tx_drops;

		if (sscanf(line, " %32[^:]: %*u %llu %llu %llu %*u %*u %*u %*u %*u %llu %llu %llu",
			    name, &rx, &rx_errors, &rx_drops, &tx, &tx_errors, &tx_drops) != 7)
			continue;
		if (rx_errors + tx_errors <= 100 || (rx_errors + tx_errors) * 1000 <= rx + tx)
			continue;
		r.state = CHECK_WARNS;
		r.showed = SAY(l, CARD_ERRORS, span_str(name), NUMBER(l, rx_errors + tx_errors),
			NUMBER(l, rx + tx));
		r.means = PLAIN(CARD_MEANS);
		r.mend = PLAIN(CARD_MEND);
		break;
	}
	(void)fclose(f);
	look_tell(l, &r);
}

/* ---- disk, memory, load ---- */

static void look_disk(struct look *l)
{
	struct statvfs v;
	struct check_result r = {.check = CHECK_DISK, .about = l->conf->spool};

	r.did = SAY(l, DISK_DID, l->conf->spool);
	if (statvfs(arena_str(l->arena, l->conf->spool), &v) < 0 || v.f_blocks == 0) {
		r.state = CHECK_UNKNOWN;
		r.showed = SAY(l, DISK_CANNOT, sentence_error(l->arena, errno));
		look_tell(l, &r);
		return;
	}
	unsigned percent = (unsigned)(v.f_bavail * 100 / v.f_blocks);
	unsigned inodes = v.f_files ? (unsigned)(v.f_favail * 100 / v.f_files) : 100;
	unsigned least = percent < inodes ? percent : inodes;
	uint64_t free_bytes = (uint64_t)v.f_bavail * v.f_frsize, mib = free_bytes >> 20;
	uint64_t floor = l->conf->limits.disk_free; /* below it no new mail is taken */
	bool is_near = free_bytes < (floor > 0 ? 2 * floor : UNWATCHED_LEAST);

	r.state = (least < 3 || is_near) ? CHECK_BAD : least < 10 ? CHECK_WARNS : CHECK_FINE;
	r.showed = SAY(l, DISK_SHOWED, NUMBER(l, mib), NUMBER(l, percent), NUMBER(l, inodes));
	r.means = r.state == CHECK_FINE ? PLAIN(DISK_FINE_MEANS) : PLAIN(DISK_MEANS);
	if (r.state != CHECK_FINE)
		r.mend = SAY(l, DISK_MEND, l->conf->spool);
	look_tell(l, &r);
}

static void look_memory(struct look *l)
{
	char line[LINE_MAX_];
	FILE *f = open_proc(l, "meminfo");
	unsigned long long total = 0, available = 0;

	while (f && fgets(line, sizeof line, f)) {
		(void)sscanf(line, "MemTotal: %llu", &total);
		(void)sscanf(line, "MemAvailable: %llu", &available);
	}
	if (f)
		(void)fclose(f);
	if (total == 0) {
		cannot(l, CHECK_MEMORY, SENTENCE_MEMORY_DID);
		return;
	}
	unsigned percent = (unsigned)(available * 100 / total);
	enum check_state state = percent < 3 ? CHECK_BAD : percent < 8 ? CHECK_WARNS : CHECK_FINE;

	look_tell(l, &(struct check_result){.check = CHECK_MEMORY,
			     .state = state,
			     .did = PLAIN(MEMORY_DID),
			     .showed = SAY(l, MEMORY_SHOWED, NUMBER(l, available >> 10),
				     NUMBER(l, total >> 10), NUMBER(l, percent)),
			     .means = state == CHECK_FINE ? PLAIN(MEMORY_FINE_MEANS)
							  : PLAIN(MEMORY_MEANS),
			     .mend = state == CHECK_FINE ? (struct span){0} : PLAIN(MEMORY_MEND)});
}

static void look_load(struct look *l)
{
	FILE *f = open_proc(l, "loadavg");
	double one = -1, five = -1, fifteen = -1;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (f && fscanf(f, "%lf %lf %lf", &one, &five, &fifteen) != 3)
		five = -1;
	if (f)
		(void)fclose(f);
	if (five < 0 || cores < 1) {
		cannot(l, CHECK_LOAD, SENTENCE_LOAD_DID);
		return;
	}
	bool is_busy = five > 8.0 * (double)cores;

	look_tell(l, &(struct check_result){.check = CHECK_LOAD,
			     .state = is_busy ? CHECK_WARNS : CHECK_FINE,
			     .did = PLAIN(LOAD_DID),
			     .showed = SAY(l, LOAD_SHOWED, arena_printf(l->arena, "%.1f", five),
				     NUMBER(l, cores)),
			     .means = is_busy ? PLAIN(LOAD_MEANS) : PLAIN(LOAD_FINE_MEANS),
			     .mend = is_busy ? PLAIN(LOAD_MEND) : (struct span){0}});
}

void look_host_state(struct look *l)
{
	if (look_wants(l, CHECK_INTERFACE))
		look_interface(l);
	if (look_wants(l, CHECK_DISK))
		look_disk(l);
	if (look_wants(l, CHECK_MEMORY))
		look_memory(l);
	if (look_wants(l, CHECK_LOAD))
		look_load(l);
}
