/*
 * serve - `abide serve -c FILE`: reads its arguments and becomes the supervisor.
 */
#pragma once

/* argv[0] is "serve". A status of sysexits(3), once all processes have ended. */
int serve_main(int argc, char **argv);
