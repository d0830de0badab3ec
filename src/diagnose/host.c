#include "diagnose/look_in.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { LINE_MAX_ = 512 };

static FILE *open_proc(const struct look *l, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", l->proc, name);
	return fopen(path, "re");
}

static void cannot(struct look *l, enum diagnose_check check, const char *what)
{
	look_tell(l, &(struct check_result){.check = check,
			     .state = CHECK_UNKNOWN,
			     .did = span_str(what),
			     .showed = SPAN_LIT("it can't be read here")});
}

/* ---- network cards: Inter-| Receive bytes packets errs drop … | Transmit bytes packets errs drop ---- */

static void look_interface(struct look *l)
{
	static const char did[] = "read the error counters of the network cards (/proc/net/dev)";
	char line[LINE_MAX_];
	FILE *f = open_proc(l, "net/dev");
	struct check_result r = {.check = CHECK_INTERFACE,
		.state = CHECK_FINE,
		.did = SPAN_LIT("read the error counters of the network cards (/proc/net/dev)"),
		.showed = SPAN_LIT("hardly any errors"),
		.means = SPAN_LIT("the network cards work")};

	if (!f) {
		cannot(l, CHECK_INTERFACE, did);
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
		r.showed = arena_printf(l->arena, "%s: %llu errors in %llu packets", name,
			rx_errors + tx_errors, rx + tx);
		r.means = SPAN_LIT(
			"packets are lost on the first metre: connections are slow or break");
		r.mend = SPAN_LIT("look at the cable, the switch port and duplex (ethtool -S)");
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

	r.did = arena_printf(
		l->arena, "asked how much room the disk of %.*s has", SPAN_F(l->conf->spool));
	if (statvfs(arena_str(l->arena, l->conf->spool), &v) < 0 || v.f_blocks == 0) {
		r.state = CHECK_UNKNOWN;
		r.showed = arena_printf(l->arena, "it can't be asked: %s", strerror(errno));
		look_tell(l, &r);
		return;
	}
	unsigned percent = (unsigned)(v.f_bavail * 100 / v.f_blocks);
	unsigned inodes = v.f_files ? (unsigned)(v.f_favail * 100 / v.f_files) : 100;
	unsigned least = percent < inodes ? percent : inodes;
	unsigned long long mib = v.f_bavail * v.f_frsize >> 20;

	r.state = (least < 3 || mib < 64) ? CHECK_BAD : least < 10 ? CHECK_WARNS : CHECK_FINE;
	r.showed = arena_printf(l->arena, "%llu MiB are free (%u %%), and %u %% of the inodes", mib,
		percent, inodes);
	r.means = r.state == CHECK_FINE ? SPAN_LIT("there is room for mail")
					: SPAN_LIT("when the disk is full new mail is put off");
	if (r.state != CHECK_FINE)
		r.mend = arena_printf(l->arena,
			"make room on the disk of %.*s; abide spool compact gives back what "
			"the queue no longer needs",
			SPAN_F(l->conf->spool));
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
		cannot(l, CHECK_MEMORY, "read how much memory is free (/proc/meminfo)");
		return;
	}
	unsigned percent = (unsigned)(available * 100 / total);
	enum check_state state = percent < 3 ? CHECK_BAD : percent < 8 ? CHECK_WARNS : CHECK_FINE;

	look_tell(l, &(struct check_result){.check = CHECK_MEMORY,
			     .state = state,
			     .did = SPAN_LIT("read how much memory is free (/proc/meminfo)"),
			     .showed = arena_printf(l->arena, "%llu of %llu MiB (%u %%)",
				     available >> 10, total >> 10, percent),
			     .means = state == CHECK_FINE
					      ? SPAN_LIT("there is enough")
					      : SPAN_LIT("processes may be slow, or be killed"),
			     .mend = state == CHECK_FINE
					     ? (struct span){0}
					     : SPAN_LIT("see what takes it (top), or add memory")});
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
		cannot(l, CHECK_LOAD, "read how busy the machine is (/proc/loadavg)");
		return;
	}
	bool is_busy = five > 8.0 * (double)cores;

	look_tell(l,
		&(struct check_result){.check = CHECK_LOAD,
			.state = is_busy ? CHECK_WARNS : CHECK_FINE,
			.did = SPAN_LIT("read how busy the machine is (/proc/loadavg)"),
			.showed = arena_printf(l->arena,
				"%.1f processes on %ld cores in five minutes", five, cores),
			.means = is_busy ? SPAN_LIT("answers may come too late for the other side")
					 : SPAN_LIT("the machine keeps up"),
			.mend = is_busy ? SPAN_LIT("see what keeps it busy (top)")
					: (struct span){0}});
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
