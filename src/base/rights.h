/*
 * rights - what a process may do beside what its user may (capabilities(7)).
 *
 * One system call each; owns nothing, never logs.
 */
#pragma once
#include <stdbool.h>

/* Change to other users: CAP_SETUID and CAP_SETGID. */
bool rights_may_change_user(void);
/* Keeps these two alone where keep is set, else none, for good. 0 or -errno. */
int rights_give_up(bool keep_change_user);
