/*
 * receive - the role that takes mail in: an SMTP server (RFC 5321), one fiber a session.
 *
 * The body of a process: it owns the listeners and the sessions, asks facts
 * whether a client may enter, and hands each message to queue, whose word that
 * it is on disk comes before every 250. It opens no file and never connects.
 */
#pragma once

struct role;

/* Runs until the role is stopped and the sessions have ended. The process's exit status. */
int receive_serve(struct role *role);
