#include "base/rights.h"
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHANGE_USER ((1U << CAP_SETUID) | (1U << CAP_SETGID))

struct rights {
	struct __user_cap_header_struct head;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

bool rights_may_change_user(void)
{
	struct rights r = {.head = {.version = _LINUX_CAPABILITY_VERSION_3}};

	return syscall(SYS_capget, &r.head, r.data) == 0 &&
	       (r.data[0].effective & CHANGE_USER) == CHANGE_USER;
}

int rights_give_up(bool keep_change_user)
{
	struct rights r = {.head = {.version = _LINUX_CAPABILITY_VERSION_3}};

	r.data[0].effective = r.data[0].permitted = keep_change_user ? CHANGE_USER : 0;
	return syscall(SYS_capset, &r.head, r.data) < 0 ? -errno : 0;
}
