/*
 * lab - `abide lab`: an SMTP peer that answers as real and as nasty servers do.
 *
 * For trying any mail server, abide's own tests included. It reads and writes
 * raw bytes by itself and shares no parser with abide, so that it can't share
 * its mistakes; reply texts are literals here and nowhere else.
 */
#pragma once

/* argv[0] is "lab". Runs until SIGTERM or SIGINT; a status of sysexits(3). */
int cli_lab(int argc, char **argv);
