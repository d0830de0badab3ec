/*
 * share - a task that does others' work gets a larger share of the turns.
 *
 * One that reads the answers that sessions wait for, or lets clients in, has as
 * much to do as all of them together; with the share of one it would be what all
 * wait for. And where more is ready than can be done soon, some go ahead of the
 * rest. Within a task only.
 */
#pragma once
#include <stdbool.h>

/* The running task may do so many times as much as another before the others get their turn. */
void task_take_share(unsigned times);
/*
 * From its next wait on the running task goes ahead of those that don't, or no longer does; of four
 * turns, one is theirs even so. Among themselves all are equal.
 */
void task_go_ahead(bool does);
