/*
 * cli - abide's subcommands, one file each.
 *
 * Each takes its own name ("abide NAME") as argv[0] and returns an exit status of sysexits(3).
 * They write to standard output, and complain on standard error.
 */
#pragma once

#define CLI_CONFIGURATION "/etc/abide/abide.conf" /* without -c FILE */

int cli_check(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_queue(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_sites(int argc, char **argv);
int cli_deferrals(int argc, char **argv);
int cli_diagnose(int argc, char **argv);
int cli_letter(int argc, char **argv);
int cli_dkim(int argc, char **argv);
int cli_dns(int argc, char **argv);
int cli_map(int argc, char **argv);
int cli_spool(int argc, char **argv);
int cli_trace(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_logs(int argc, char **argv);
