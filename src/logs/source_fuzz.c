/* Any bytes as a log file, packed or not: no crash, no memory that grows with them. */
#include "logs/source.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *arg, struct span line)
{
	if (line.len > (size_t)LOGS_LINE_MAX * 4)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	(void)logs_source_read(fd, take, NULL);
	(void)close(fd);
	return 0;
}
