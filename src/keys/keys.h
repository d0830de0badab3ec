/*
 * keys - the role that holds the private keys and signs for TLS.
 *
 * The supervisor hands it the files of certificates and keys by descriptor
 * (role->files, two for each of conf_certificate). receive asks for the
 * certificates (IPC_KEYS_GET), for signatures (IPC_KEYS_SIGN) and for the keys
 * of session tickets (IPC_KEYS_TICKETS). A key never leaves it.
 */
#pragma once
#include "ipc/role.h"

/* The body of the process; returns its exit status once it was told to stop. */
int keys_serve(struct role *role);
