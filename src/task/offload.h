/*
 * offload - helper threads for what would block the process.
 *
 * Started on demand up to the limit; those without work for some seconds end.
 * All signals are blocked in them.
 */
#pragma once

void offload_open(unsigned threads_max);
void offload_close(void); /* waits for the threads' end; no job may be left */
