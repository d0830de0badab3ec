/*
 * role_main - the beginning of every process but the supervisor's.
 *
 * Takes in what it is (ipc/role.h), gives up its rights (chroot, user,
 * no_new_privs), and calls the role's body as the first task.
 */
#pragma once

/* `abide role NAME`, with the supervisor's channel as descriptor 3. The exit status. */
int role_main(int argc, char **argv);
