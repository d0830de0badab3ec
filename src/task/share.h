/*
 * share - a task that does others' work gets a larger share of the turns.
 *
 * One that reads the answers that sessions wait for, or lets clients in, has as
 * much to do as all of them together; with the share of one it would be what all
 * wait for. Within a task only.
 */
#pragma once

/* The running task may do so many times as much as another before the others get their turn. */
void task_take_share(unsigned times);
