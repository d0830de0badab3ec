/*
 * log_reader - one reader for each server's log lines; log_line.h asks them in turn.
 *
 * Each fills *l and gives true where the line is of its kind, else leaves *l alone. A line without
 * a reply is of its kind too: l->reply is empty then. Inside report/ only; linear.
 */
#pragma once
#include "report/log_line.h"

bool log_postfix_read(struct span line, struct log_line *l);
bool log_exim_read(struct span line, struct log_line *l);
bool log_sendmail_read(struct span line, struct log_line *l);
bool log_opensmtpd_read(struct span line, struct log_line *l);
bool log_qmail_read(struct span line, struct arena *arena, struct log_line *l);
bool log_exchange_read(struct span line, struct arena *arena, struct log_line *l);
bool log_powermta_read(struct span line, struct arena *arena, struct log_line *l);
bool log_hmailserver_read(struct span line, struct log_line *l);
bool log_json_read(struct span line, struct arena *arena, struct log_line *l);

/*
 * A reply within a program's words: "… with message '550 5.1.1 …'", "(550, b'5.1.1 …')". The text
 * itself where there is none.
 */
struct span log_quoted(struct span text, struct arena *arena);
